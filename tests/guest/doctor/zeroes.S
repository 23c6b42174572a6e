// The entry of a part of the program that wasn't loaded.
// diagnosis: runs into memory that is all zeroes: .*at pc 0x80300000
// transfer: \(main\+.*\) -> 0x80300000 \(jump\)
#include "doctor.h"
main:
    li t0, 0x80300000
    jr t0
