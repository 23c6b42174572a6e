// RFENCE extension (SBI 2.0, chapter 8).
//
// Each hart owns one request. It announces the request with its own bit in the others' fence_requesters and waits until
// all have done it. A waiting hart goes on serving others' requests, so two harts that fence each other cannot
// deadlock. It spins for a moment and then sleeps: where harts outnumber the host's cores, spinning keeps the others
// from working.
#include "csr.h"
#include "sbi.h"

enum { REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID };

#define PAGE_SIZE 4096
#define PAGES_MAX 64 // beyond this many, flushing everything is cheaper
#define SPINS_MAX 256

static void fence_pages(const struct fence_request* request, bool with_asid) {
    const u64 first = request->start & ~(u64)(PAGE_SIZE - 1);
    const u64 count = (request->start - first + request->size + PAGE_SIZE - 1) / PAGE_SIZE;
    for (u64 i = 0; i < count; ++i) {
        const u64 address = first + i * PAGE_SIZE;
        if (with_asid) {
            __asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(request->asid) : "memory");
        } else {
            __asm__ volatile("sfence.vma %0, zero" ::"r"(address) : "memory");
        }
    }
}

static void fence_here(const struct fence_request* request) {
    if (request->kind == FENCE_INSTRUCTIONS) {
        __asm__ volatile("fence.i" ::: "memory");
        return;
    }
    // Section 8: start and size both 0, or a size of all ones, mean the whole address space.
    const bool all = (request->start == 0 && request->size == 0) || request->size > (u64)PAGES_MAX * PAGE_SIZE;
    if (!all) {
        fence_pages(request, request->kind == FENCE_ADDRESS_SPACE);
    } else if (request->kind == FENCE_ADDRESS_SPACE) {
        __asm__ volatile("sfence.vma zero, %0" ::"r"(request->asid) : "memory");
    } else {
        __asm__ volatile("sfence.vma" ::: "memory");
    }
}

void fence_serve(struct hart* hart) {
    const u32 requesters = __atomic_exchange_n(&hart->fence_requesters, 0, __ATOMIC_ACQ_REL);
    for (u32 id = 0; requesters >> id != 0; ++id) {
        if ((requesters >> id & 1) == 0) continue;
        fence_here(&harts[id].fence_request);
        const u32 left = __atomic_sub_fetch(&harts[id].fence_outstanding, 1, __ATOMIC_SEQ_CST);
        if (left == 0 && __atomic_load_n(&harts[id].fence_sleeping, __ATOMIC_SEQ_CST) != 0) ipi_wake(id);
    }
}

static bool is_outstanding(const struct hart* self) {
    return __atomic_load_n(&self->fence_outstanding, __ATOMIC_SEQ_CST) != 0;
}

static void wait_for_others(struct hart* self) {
    for (u32 spins = 0; spins < SPINS_MAX; ++spins) {
        if (!is_outstanding(self)) return;
        fence_serve(self);
        spin_pause();
    }
    // fence_sleeping is set before the count is looked at again, and whoever finishes looks the other way round, so the
    // wake-up cannot be missed. Nothing but software interrupts may end the sleep.
    const u64 enabled = csr_read(CSR_MIE);
    csr_write(CSR_MIE, INTERRUPT_M_SOFTWARE);
    __atomic_store_n(&self->fence_sleeping, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        ipi_receive(self);
        if (!is_outstanding(self)) break;
        wait_for_interrupt();
    }
    __atomic_store_n(&self->fence_sleeping, 0, __ATOMIC_SEQ_CST);
    csr_write(CSR_MIE, enabled);
}

void fence_everywhere(u32 hart_set, const struct fence_request* request) {
    struct hart* self = this_hart();
    const u32 self_bit = 1u << self->id;
    const u32 others = hart_set & hsm_running_harts() & ~self_bit;
    self->fence_request = *request;
    __atomic_store_n(&self->fence_outstanding, (u32)__builtin_popcount(others), __ATOMIC_RELEASE);
    for (u32 id = 0; others >> id != 0; ++id) {
        if ((others >> id & 1) == 0) continue;
        __atomic_fetch_or(&harts[id].fence_requesters, self_bit, __ATOMIC_ACQ_REL);
        ipi_wake(id);
    }
    if ((hart_set & self_bit) != 0) fence_here(request);
    wait_for_others(self);
}

struct sbi_result ext_rfence(const struct sbi_call* call) {
    struct fence_request request = {.start = call->arguments[2], .size = call->arguments[3]};
    switch (call->function) {
    case REMOTE_FENCE_I:
        request.kind = FENCE_INSTRUCTIONS;
        break;
    case REMOTE_SFENCE_VMA:
        request.kind = FENCE_ADDRESSES;
        break;
    case REMOTE_SFENCE_VMA_ASID:
        request.kind = FENCE_ADDRESS_SPACE;
        request.asid = call->arguments[4];
        break;
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED); // the others are the hypervisor's
    }
    u32 set;
    if (!sbi_hart_set(call->arguments[0], call->arguments[1], &set)) return sbi_error(SBI_ERR_INVALID_PARAM);
    fence_everywhere(set, &request);
    return sbi_error(SBI_SUCCESS);
}
