// Services that do not exist answer with the carry flag and leave the registers alone but AH; those that do keep what
// they don't answer in, the upper halves and segments included.
#include "tests/guest/pc_bios/guest.h"

static const struct registers pattern = {.ebx = 0x11223344,
                                         .ecx = 0x55667788,
                                         .edx = 0x99aabb80,
                                         .esi = 0xccddeeff,
                                         .edi = 0x12345678,
                                         .ebp = 0x23456789,
                                         .ds = 0x1234,
                                         .es = 0x2345};

static void check_kept(const struct registers* r) {
    CHECK_EQUAL(r->ebx, pattern.ebx);
    CHECK_EQUAL(r->ecx, pattern.ecx);
    CHECK_EQUAL(r->esi, pattern.esi);
    CHECK_EQUAL(r->edi, pattern.edi);
    CHECK_EQUAL(r->ds, pattern.ds);
    CHECK_EQUAL(r->es, pattern.es);
    CHECK_EQUAL(r->edx, pattern.edx);
}

static void check_refused(u8 vector, u16 ax, u8 answer) {
    struct registers r = pattern;
    r.eax = 0xabcd0000U | ax;
    interrupt(vector, &r);
    CHECK_EQUAL(r.flags & carry, 1);
    CHECK_EQUAL(r.ah, answer);
    CHECK_EQUAL(r.al, ax & 0xff);
    CHECK_EQUAL(r.eax >> 16, 0xabcd);
    check_kept(&r);
}

void test(void) {
    check_refused(0x15, 0x5305, 0x86); // no APM
    check_refused(0x15, 0xe899, 0x86);
    check_refused(0x15, 0xd800, 0x86);
    check_refused(0x13, 0x6f00, 0x01);
    check_refused(0x1a, 0x8000, 0x86);
    check_refused(0x1a, 0xb1ff, 0x81);
    struct registers r = pattern;
    r.eax = 0xabcd0200;
    interrupt(0x16, &r);
    CHECK_EQUAL(r.eax >> 8, 0xabcd02);
    check_kept(&r);
    r = pattern;
    r.eax = 0xabcd0e2e;
    interrupt(0x10, &r);
    CHECK_EQUAL(r.eax, 0xabcd0e2e);
    check_kept(&r);
    interrupt(0x12, &r);
    CHECK_EQUAL(r.ax, 639);
    check_kept(&r);
}
