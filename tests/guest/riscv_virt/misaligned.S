// Misaligned loads and stores are done, within a page and across two; what faults on the second page says so in mtval.
// expect: tp = 0x1d
#include "guest.h"
#define ALL V | R | W | A | D
#define VIRTUAL 0x200000000
main:
    OPEN_MEMORY
    li s0, PAGE(0)
    li t0, 0x8877665544332211
    sd t0, 0(s0)
    li t0, 0xffeeddccbbaa9988
    sd t0, 8(s0)
    lh a0, 1(s0)
    CHECK(a0, 0x3322)
    lhu a0, 7(s0)
    CHECK(a0, 0x8888)
    lw a0, 5(s0)
    CHECK(a0, 0xffffffff88887766)
    lwu a0, 5(s0)
    CHECK(a0, 0x88887766)
    ld a0, 3(s0)
    CHECK(a0, 0xaa99888877665544)
    li t0, 0x1234
    sh t0, 7(s0)
    ld a0, 0(s0)
    CHECK(a0, 0x3477665544332211)
    ld a0, 8(s0)
    CHECK(a0, 0xffeeddccbbaa9912)
    li t0, 0x0102030405060708
    sd t0, 5(s0)
    ld a0, 0(s0)
    CHECK(a0, 0x0607085544332211)
    ld a0, 8(s0)
    CHECK(a0, 0xffeedd0102030405)
    // Floating-point ones too.
    li t0, MSTATUS_FS
    csrs mstatus, t0
    fld fa0, 5(s0)
    fsd fa0, 17(s0)
    ld a0, 17(s0)
    CHECK(a0, 0x0102030405060708)

    // Two pages that lie the other way round in memory.
    IDENTITY_SV39(TABLE(0), 0)
    SET_PTE(TABLE(0), 8, PTE(TABLE(1), V))
    SET_PTE(TABLE(1), 0, PTE(TABLE(2), V))
    SET_PTE(TABLE(2), 0, PTE(PAGE(6), ALL))
    SET_PTE(TABLE(2), 1, PTE(PAGE(4), ALL))
    STORE_DOUBLE(PAGE(6) + 0xff8, 0x8877665544332211)
    STORE_DOUBLE(PAGE(4), 0xffeeddccbbaa9988)
    li t0, SATP(SV39, 0, TABLE(0))
    csrw satp, t0
    sfence.vma
    ENTER(SUPERVISOR)
    li s0, VIRTUAL + 0x1000
    ld a0, -3(s0)
    CHECK(a0, 0xccbbaa9988887766)
    lw a0, -1(s0)
    CHECK(a0, 0xffffffffaa998888)
    li t0, 0x0102030405060708
    sd t0, -5(s0)
    LOAD_DOUBLE(a0, PAGE(6) + 0xff8)
    CHECK(a0, 0x0405060708332211)
    LOAD_DOUBLE(a0, PAGE(4))
    CHECK(a0, 0xffeeddccbb010203)
    // The second page is missing, or can't be written: that page's address, and mepc of the instruction.
    li s0, VIRTUAL + 0x2000
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL + 0x2000, ld a0, -1(s0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL + 0x2000, sw a0, -2(s0))
    SET_PTE(TABLE(2), 2, PTE(PAGE(8), V | R | A))
    ENTER(SUPERVISOR)
    sfence.vma
    ld a0, -1(s0)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL + 0x2000, sd a0, -7(s0))
    // The first is missing: the address itself.
    li s0, VIRTUAL - 3
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_LOAD_PAGE, VIRTUAL - 3, ld a0, 0(s0))
    ENTER(SUPERVISOR)
    TRAPS_VALUE(CAUSE_STORE_PAGE, VIRTUAL - 3, sd a0, 0(s0))
    j pass
