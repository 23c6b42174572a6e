// What the firmware keeps for each hart. A hart finds its own record in tp (and in mscratch while a guest runs). Fields
// that other harts touch are read and written with __atomic builtins.
#pragma once

#include "hart_layout.h"
#include "types.h"

// SBI 2.0, table 9.1.
enum hart_state {
    HART_STARTED = 0,
    HART_STOPPED = 1,
    HART_START_PENDING = 2,
    HART_STOP_PENDING = 3,
    HART_SUSPENDED = 4,
};

enum fence_kind { FENCE_INSTRUCTIONS, FENCE_ADDRESSES, FENCE_ADDRESS_SPACE };

// A fence that a hart asks others to do. Its owner may not change it while fence_outstanding is above 0.
struct fence_request {
    enum fence_kind kind;
    u64 start;
    u64 size;
    u64 asid;
};

struct hart {
    u64 stack_top;
    u64 saved_sp; // only within the first instructions of trap_entry
    u64 saved_t0; // likewise
    u64 id;

    u32 trap_expected; // an exception in M-mode now skips its instruction instead of being fatal
    u32 trap_taken;

    u32 state; // enum hart_state
    u32 start_requested;
    u64 start_address;
    u64 start_argument;

    u32 soft_interrupt_requested; // by other harts, through the IPI extension
    u32 fence_requesters;         // bit n: hart n's fence_request is for us
    u32 fence_outstanding;        // how many harts have yet to do our fence_request
    u32 fence_sleeping;           // the owner of fence_request sleeps until fence_outstanding is 0
    struct fence_request fence_request;

    bool has_stimecmp;
    bool has_counters; // Zicntr
    bool has_counter_inhibit;
    u32 counters_configured; // bits by logical counter number
    u32 counters_started;
} __attribute__((aligned(1 << HART_SIZE_SHIFT)));

_Static_assert(sizeof(struct hart) == 1 << HART_SIZE_SHIFT, "start.S shifts by HART_SIZE_SHIFT");
_Static_assert(offsetof(struct hart, stack_top) == HART_STACK_TOP, "hart_layout.h");
_Static_assert(offsetof(struct hart, saved_sp) == HART_SAVED_SP, "hart_layout.h");
_Static_assert(offsetof(struct hart, saved_t0) == HART_SAVED_T0, "hart_layout.h");
_Static_assert(offsetof(struct hart, id) == HART_ID, "hart_layout.h");

extern struct hart harts[HART_COUNT_MAX];

static inline struct hart* this_hart(void) {
    struct hart* hart;
    __asm__("mv %0, tp" : "=r"(hart));
    return hart;
}

static inline void trap_expect(void) {
    volatile struct hart* hart = this_hart();
    hart->trap_taken = 0;
    hart->trap_expected = 1;
}

// Ends what trap_expect began.
static inline bool trap_happened(void) {
    volatile struct hart* hart = this_hart();
    hart->trap_expected = 0;
    return hart->trap_taken != 0;
}

static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" ::: "memory"); }

// Zihintpause; a fence without effect on harts that lack it.
static inline void spin_pause(void) { __asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory"); }

// hart_setup.c: privileged state that a hart sets once, when it comes up.
void hart_setup(struct hart* hart);

// hart_setup.c: leaves the firmware for S-mode with the registers SBI 2.0, table 9.2, prescribes.
_Noreturn void hart_enter_supervisor(struct hart* hart, u64 address, u64 argument);

// ext_hsm.c: waits, stopped, for hart_start.
_Noreturn void hart_wait_for_start(struct hart* hart);
