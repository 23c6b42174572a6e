#include "finisher.h"

#include "csr.h"
#include "platform.h"

#define FINISHER_FAIL 0x3333
#define FINISHER_PASS 0x5555
#define FINISHER_RESET 0x7777

static _Noreturn void finish(u32 command) {
    if (platform.finisher_base != 0) mmio_write32(platform.finisher_base, command);
    csr_write(CSR_MIE, 0);
    for (;;) wait_for_interrupt();
}

void finisher_power_off(void) { finish(FINISHER_PASS); }
void finisher_restart(void) { finish(FINISHER_RESET); }
void finisher_fail(enum failure code) { finish(FINISHER_FAIL | (u32)code << 16); }
