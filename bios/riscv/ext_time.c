// Timer extension (SBI 2.0, chapter 6). With Sstc the supervisor's own comparator does it; else the machine timer
// interrupt is passed on as a supervisor timer interrupt.
#include "csr.h"
#include "platform.h"
#include "sbi.h"

enum { SET_TIMER };

#define NEVER (~0ull)

static void set_machine_timer(const struct hart* hart, u64 deadline) {
    mmio_write64(platform.timer_compare_base + hart->id * 8, deadline);
}

u64 timer_now(void) { return mmio_read64(platform.timer_base); }

void timer_setup(struct hart* hart) {
    set_machine_timer(hart, NEVER);
    u64 unused;
    hart->has_stimecmp = (csr_read(CSR_MENVCFG) & MENVCFG_STCE) != 0 && csr_try_read(CSR_STIMECMP, &unused);
    if (hart->has_stimecmp) csr_write(CSR_STIMECMP, NEVER);
}

void timer_set(struct hart* hart, u64 deadline) {
    if (hart->has_stimecmp) {
        csr_write(CSR_STIMECMP, deadline);
        return;
    }
    set_machine_timer(hart, deadline);
    csr_clear(CSR_MIP, INTERRUPT_S_TIMER);
    csr_set(CSR_MIE, INTERRUPT_M_TIMER);
}

// MTIP stays up until the next set_timer, so it is masked until then.
void timer_expired(void) {
    csr_clear(CSR_MIE, INTERRUPT_M_TIMER);
    csr_set(CSR_MIP, INTERRUPT_S_TIMER);
}

struct sbi_result ext_time(const struct sbi_call* call) {
    if (call->function != SET_TIMER) return sbi_error(SBI_ERR_NOT_SUPPORTED);
    timer_set(this_hart(), call->arguments[0]);
    return sbi_error(SBI_SUCCESS);
}
