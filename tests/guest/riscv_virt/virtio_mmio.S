// The virtio-mmio slots as drivers probe them (VirtIO 1.2, 4.2.2): magic, version 2, which device; the first one here is
// the entropy source, the others are empty. xv6 and Linux begin so.
// virtio: mmio
// expect: a0 = 0x4, a1 = 0x1af40000
// expect: tp = 0xd
#include "guest.h"
#define SLOT(n) (0x10001000 + (n) * 0x1000)
#define CHECK_WORD(address, value) li a2, address; lwu a2, 0(a2); CHECK(a2, value)
main:
    CHECK_WORD(SLOT(0), 0x74726976)         // "virt"
    CHECK_WORD(SLOT(0) + 4, 2)
    CHECK_WORD(SLOT(0) + 8, 4)              // entropy source
    CHECK_WORD(SLOT(7), 0x74726976)
    CHECK_WORD(SLOT(7) + 4, 2)
    CHECK_WORD(SLOT(7) + 8, 0)              // no device
    // Reset, acknowledge, driver; the device offers VIRTIO_F_VERSION_1, which is accepted.
    li s0, SLOT(0)
    sw zero, 0x70(s0)
    CHECK_WORD(SLOT(0) + 0x70, 0)
    li t0, 3
    sw t0, 0x70(s0)
    CHECK_WORD(SLOT(0) + 0x70, 3)
    li t0, 1
    sw t0, 0x14(s0)                         // DeviceFeaturesSel: bits 32 and up
    lwu a0, 0x10(s0)
    andi a0, a0, 1
    CHECK(a0, 1)
    li t0, 1
    sw t0, 0x24(s0)
    sw t0, 0x20(s0)
    li t0, 11
    sw t0, 0x70(s0)
    CHECK_WORD(SLOT(0) + 0x70, 11)
    // One queue; eight random bytes asked for through it.
    sw zero, 0x30(s0)
    lwu a0, 0x34(s0)
    beqz a0, untrapped
    li t0, 8
    sw t0, 0x38(s0)
    li t0, PAGE(0)
    sw t0, 0x80(s0)
    sw zero, 0x84(s0)
    li t0, PAGE(1)
    sw t0, 0x90(s0)
    sw zero, 0x94(s0)
    li t0, PAGE(2)
    sw t0, 0xa0(s0)
    sw zero, 0xa4(s0)
    li t0, 1
    sw t0, 0x44(s0)
    li t0, 15
    sw t0, 0x70(s0)
    STORE_DOUBLE(PAGE(0), PAGE(3))
    STORE_DOUBLE(PAGE(0) + 8, 8 | (2 << 32))    // eight bytes, written by the device
    STORE_WORD(PAGE(1), 1 << 16)                // available: one, descriptor 0
    fence rw, rw
    sw zero, 0x50(s0)
1:  LOAD_DOUBLE(a0, PAGE(2))
    srli t0, a0, 16
    andi t0, t0, 1
    beqz t0, 1b
    li a2, PAGE(2) + 8
    lwu a2, 0(a2)
    CHECK(a2, 8)                                // all of them used
    LOAD_DOUBLE(a2, PAGE(3))
    beqz a2, untrapped
    CHECK_WORD(SLOT(0) + 0x60, 1)               // the interrupt's reason: a used buffer
    li t0, 1
    sw t0, 0x64(s0)
    CHECK_WORD(SLOT(0) + 0x60, 0)
    lwu a0, 8(s0)
    li a1, 0x1af40000
    j pass
