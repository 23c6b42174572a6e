// The first exception finds an IDT that nobody has loaded.
// diagnosis: triple fault: #UD invalid opcode at pc 0x[0-9a-f]+ \(main\): ud2, .*; it couldn't be delivered: no IDT was ever loaded
// line: IDTR: base 0x0
#include "doctor.h"
main:
    ud2
