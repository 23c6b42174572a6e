// A function without a return at its end runs on into the one behind it, which resets the machine.
// diagnosis: keeps resetting the machine .* from pc 0x[0-9a-f]+ \(reboot\+.*no exception came before
// transfer: \(main\) -> 0x[0-9a-f]+ \(start_devices\) \(call\)
// transfer: \(reboot\+.*\) -> 0x1000 \(reset\)
// exit: 202
#include "doctor.h"
main:
    call start_devices
1:  j 1b
start_devices:
    li a0, UART
    sb zero, 1(a0)
reboot:
    RESET
1:  j 1b
