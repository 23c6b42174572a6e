// IPI extension (SBI 2.0, chapter 7), and the one machine software interrupt by which harts ask each other for
// anything: the asker leaves its request in the other hart's record first and raises MSIP after.
#include "csr.h"
#include "platform.h"
#include "sbi.h"

enum { SEND_IPI };

static void set_software_interrupt(u64 hart_id, u32 level) {
    __asm__ volatile("fence rw, rw" ::: "memory");
    mmio_write32(platform.software_interrupt_base + hart_id * 4, level);
}

void ipi_wake(u64 hart_id) { set_software_interrupt(hart_id, 1); }

void ipi_send(u32 hart_set) {
    const u32 running = hart_set & hsm_running_harts();
    for (u32 id = 0; id < HART_COUNT_MAX; ++id) {
        if ((running >> id & 1) == 0) continue;
        if (id == this_hart()->id) {
            csr_set(CSR_MIP, INTERRUPT_S_SOFTWARE);
            continue;
        }
        __atomic_store_n(&harts[id].soft_interrupt_requested, 1, __ATOMIC_RELEASE);
        ipi_wake(id);
    }
}

// MSIP goes down before the requests are looked at: one that comes later raises it again.
void ipi_receive(struct hart* hart) {
    set_software_interrupt(hart->id, 0);
    __asm__ volatile("fence rw, rw" ::: "memory");
    if (__atomic_exchange_n(&hart->soft_interrupt_requested, 0, __ATOMIC_ACQ_REL) != 0)
        csr_set(CSR_MIP, INTERRUPT_S_SOFTWARE);
    fence_serve(hart);
}

struct sbi_result ext_ipi(const struct sbi_call* call) {
    if (call->function != SEND_IPI) return sbi_error(SBI_ERR_NOT_SUPPORTED);
    u32 set;
    if (!sbi_hart_set(call->arguments[0], call->arguments[1], &set)) return sbi_error(SBI_ERR_INVALID_PARAM);
    ipi_send(set);
    return sbi_error(SBI_SUCCESS);
}
