// Every trap that reaches M-mode. What a guest may handle itself is delegated, so few do.
#include "trap.h"

#include "console.h"
#include "csr.h"
#include "finisher.h"
#include "sbi.h"

enum { CAUSE_ILLEGAL_INSTRUCTION = 2, CAUSE_SUPERVISOR_ECALL = 9 };
enum { CAUSE_SOFTWARE_INTERRUPT = 3, CAUSE_TIMER_INTERRUPT = 7 };

#define CAUSE_IS_INTERRUPT (1ull << 63)
#define RDTIME_MASK 0xfffff07f
#define RDTIME_MATCH 0xc0102073 // csrrs rd, time, x0

u64 load_as_guest(u64 address, u64 status_bits);
void trap_handle(struct trap_frame* frame);

static u64 mode_before(const struct trap_frame* frame) { return (frame->status & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT; }

bool guest_load_u64(const struct trap_frame* frame, u64 address, u64* value) {
    trap_expect();
    *value = load_as_guest(address, (frame->status & MSTATUS_MPP) | MSTATUS_MPRV);
    return !trap_happened();
}

static _Noreturn void fail(const struct trap_frame* frame, u64 cause) {
    print("\nOrrery SBI firmware stopped: unexpected trap within the firmware on hart ");
    print_decimal(this_hart()->id);
    print(".\n");
    const u64 values[] = {cause, frame->epc, csr_read(CSR_MTVAL), frame->status};
    const char* const names[] = {"mcause ", " mepc ", " mtval ", " mstatus "};
    for (u32 i = 0; i < 4; ++i) {
        print(names[i]);
        print_hex(values[i]);
    }
    for (u32 i = 1; i < 32; ++i) {
        print(i % 4 == 1 ? "\nx" : " x");
        print_decimal(i);
        print(" ");
        print_hex(frame->x[i]);
    }
    print("\n");
    finisher_fail(FAILURE_TRAP);
}

// Privileged ISA 3.1.6.1 and 12.1.1: the trap as S-mode would have taken it.
static void pass_to_supervisor(struct trap_frame* frame, u64 cause) {
    csr_write(CSR_SCAUSE, cause);
    csr_write(CSR_SEPC, frame->epc);
    csr_write(CSR_STVAL, csr_read(CSR_MTVAL));
    u64 status = frame->status & ~(MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE | MSTATUS_MPP);
    if (mode_before(frame) == 1) status |= MSTATUS_SPP;
    if ((frame->status & MSTATUS_SIE) != 0) status |= MSTATUS_SPIE;
    frame->status = status | 1ull << MSTATUS_MPP_SHIFT;
    frame->epc = csr_read(CSR_STVEC) & ~3ull;
}

// A hart may leave mtval 0 on an illegal instruction; then it is fetched as the guest would. MXR makes pages that are
// only executable readable. The eight bytes may reach into a page that isn't there, so they are read aligned downwards.
static u32 illegal_instruction(const struct trap_frame* frame) {
    const u64 reported = csr_read(CSR_MTVAL);
    if (reported != 0) return (u32)reported;
    u64 low = 0, high = 0;
    const u64 aligned = frame->epc & ~7ull;
    const u64 status = (frame->status & MSTATUS_MPP) | MSTATUS_MPRV | MSTATUS_MXR;
    trap_expect();
    low = load_as_guest(aligned, status);
    if (trap_happened()) return 0;
    const u32 shift = (u32)(frame->epc - aligned) * 8;
    if (shift <= 32) return (u32)(low >> shift);
    trap_expect();
    high = load_as_guest(aligned + 8, status);
    if (trap_happened()) return 0;
    return (u32)(low >> shift | high << (64 - shift));
}

// The time register may be missing from a hart whose board keeps time in the CLINT.
static bool emulate_read_time(struct trap_frame* frame) {
    const u32 instruction = illegal_instruction(frame);
    if ((instruction & RDTIME_MASK) != RDTIME_MATCH) return false;
    const u32 target = instruction >> 7 & 31;
    if (target != 0) frame->x[target] = timer_now();
    frame->epc += 4;
    return true;
}

static void handle_interrupt(struct trap_frame* frame, u64 cause) {
    switch (cause & ~CAUSE_IS_INTERRUPT) {
    case CAUSE_SOFTWARE_INTERRUPT:
        ipi_receive(this_hart());
        return;
    case CAUSE_TIMER_INTERRUPT:
        timer_expired();
        return;
    default:
        fail(frame, cause);
    }
}

void trap_handle(struct trap_frame* frame) {
    struct hart* hart = this_hart();
    const u64 cause = csr_read(CSR_MCAUSE);
    if ((cause & CAUSE_IS_INTERRUPT) != 0) {
        handle_interrupt(frame, cause);
    } else if (mode_before(frame) == 3) {
        if (!hart->trap_expected) fail(frame, cause);
        hart->trap_expected = 0;
        hart->trap_taken = 1;
        frame->epc += 4; // whoever expects traps uses four-byte instructions
    } else if (cause == CAUSE_SUPERVISOR_ECALL) {
        sbi_dispatch(frame);
    } else if (cause != CAUSE_ILLEGAL_INSTRUCTION || !emulate_read_time(frame)) {
        pass_to_supervisor(frame, cause);
    }
}
