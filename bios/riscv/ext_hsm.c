// Hart state management (SBI 2.0, chapter 9).
#include "csr.h"
#include "platform.h"
#include "sbi.h"

enum { HART_START, HART_STOP, HART_GET_STATUS, HART_SUSPEND };

#define SUSPEND_RETENTIVE 0x00000000
#define SUSPEND_NON_RETENTIVE 0x80000000
#define SUSPEND_PLATFORM_FIRST 0x10000000 // of the retentive ones; likewise with bit 31 set

static u32 state_of(u64 id) { return __atomic_load_n(&harts[id].state, __ATOMIC_SEQ_CST); }
static void set_state(struct hart* hart, enum hart_state state) {
    __atomic_store_n(&hart->state, state, __ATOMIC_SEQ_CST);
}

static bool exists(u64 id) { return id < HART_COUNT_MAX && (platform.hart_mask >> id & 1) != 0; }

u32 hsm_running_harts(void) {
    u32 running = 0;
    for (u32 id = 0; id < HART_COUNT_MAX; ++id) {
        if (exists(id) && (state_of(id) == HART_STARTED || state_of(id) == HART_SUSPENDED)) running |= 1u << id;
    }
    return running;
}

static struct sbi_result hart_start(u64 id, u64 address, u64 argument) {
    if (!exists(id)) return sbi_error(SBI_ERR_INVALID_PARAM);
    if (!platform_is_guest_memory(address, 2) || address % 2 != 0) return sbi_error(SBI_ERR_INVALID_ADDRESS);
    struct hart* hart = &harts[id];
    u32 expected = HART_STOPPED;
    if (!__atomic_compare_exchange_n(&hart->state, &expected, HART_START_PENDING, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        const bool running = expected == HART_STARTED || expected == HART_SUSPENDED;
        return sbi_error(running ? SBI_ERR_ALREADY_AVAILABLE : SBI_ERR_FAILED);
    }
    hart->start_address = address;
    hart->start_argument = argument;
    __atomic_store_n(&hart->start_requested, 1, __ATOMIC_RELEASE);
    ipi_wake(id);
    return sbi_error(SBI_SUCCESS);
}

// A fence announced while the hart was still running is answered here too, or its owner would wait for ever. Soft
// interrupts for a stopped hart are dropped.
void hart_wait_for_start(struct hart* hart) {
    csr_write(CSR_MIE, INTERRUPT_M_SOFTWARE);
    set_state(hart, HART_STOPPED);
    for (;;) {
        if ((csr_read(CSR_MIP) & INTERRUPT_M_SOFTWARE) != 0) ipi_receive(hart);
        if (__atomic_exchange_n(&hart->start_requested, 0, __ATOMIC_ACQUIRE) != 0) break;
        wait_for_interrupt();
    }
    csr_clear(CSR_MIP, INTERRUPT_S_SOFTWARE);
    const u64 address = hart->start_address;
    const u64 argument = hart->start_argument;
    // From here on others send fences; those they left out before are made up for by hart_enter_supervisor's own.
    set_state(hart, HART_STARTED);
    hart_enter_supervisor(hart, address, argument);
}

static _Noreturn void hart_stop(struct hart* hart) {
    set_state(hart, HART_STOP_PENDING);
    timer_set(hart, ~0ull);
    hart_wait_for_start(hart);
}

static struct sbi_result hart_suspend(struct hart* hart, const struct sbi_call* call) {
    const u64 type = call->arguments[0];
    const u64 resume_address = call->arguments[1];
    if (type != SUSPEND_RETENTIVE && type != SUSPEND_NON_RETENTIVE) {
        const bool platform_specific = type <= 0xffffffff && (type & 0x7fffffff) >= SUSPEND_PLATFORM_FIRST;
        return sbi_error(platform_specific ? SBI_ERR_NOT_SUPPORTED : SBI_ERR_INVALID_PARAM);
    }
    if (type == SUSPEND_NON_RETENTIVE && (!platform_is_guest_memory(resume_address, 2) || resume_address % 2 != 0))
        return sbi_error(SBI_ERR_INVALID_ADDRESS);

    set_state(hart, HART_SUSPENDED);
    wait_for_interrupt(); // wakes on whatever mie enables, which contains the supervisor's sie
    set_state(hart, HART_STARTED);
    if (type == SUSPEND_NON_RETENTIVE) hart_enter_supervisor(hart, resume_address, call->arguments[2]);
    return sbi_error(SBI_SUCCESS);
}

struct sbi_result ext_hsm(const struct sbi_call* call) {
    const u64* arguments = call->arguments;
    switch (call->function) {
    case HART_START:
        return hart_start(arguments[0], arguments[1], arguments[2]);
    case HART_STOP:
        hart_stop(this_hart());
    case HART_GET_STATUS:
        return exists(arguments[0]) ? sbi_value(state_of(arguments[0])) : sbi_error(SBI_ERR_INVALID_PARAM);
    case HART_SUSPEND:
        return hart_suspend(this_hart(), call);
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
}
