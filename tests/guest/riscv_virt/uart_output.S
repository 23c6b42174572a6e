// Characters leave the serial port in order, polled as a driver does it; its scratch and divisor registers hold.
// output: "Hello from machine mode\n"
// expect: tp = 0x5
#include "guest.h"
main:
    li s0, UART
    li t0, 0x80
    sb t0, 3(s0)                // DLAB
    li t0, 0x12
    sb t0, 0(s0)
    sb zero, 1(s0)
    lbu a0, 0(s0)
    CHECK(a0, 0x12)
    li t0, 3
    sb t0, 3(s0)
    li t0, 0x5a
    sb t0, 7(s0)
    lbu a0, 7(s0)
    CHECK(a0, 0x5a)
    li t0, 1
    sb t0, 2(s0)                // FIFOs on
    la s3, message
1:  lbu s4, 0(s3)
    beqz s4, 3f
2:  lbu t0, 5(s0)
    andi t0, t0, 0x20
    beqz t0, 2b
    sb s4, 0(s0)
    addi s3, s3, 1
    j 1b
3:  lbu a0, 5(s0)
    CHECK(a0, 0x60)
    // Loop-back: what is sent comes in, and doesn't leave.
    li t0, 0x10
    sb t0, 4(s0)
    li t0, 'x'
    sb t0, 0(s0)
    lbu a0, 5(s0)
    CHECK(a0, 0x61)
    lbu a0, 0(s0)
    CHECK(a0, 'x')
    j pass
    .data
message:
    .asciz "Hello from machine mode\n"
