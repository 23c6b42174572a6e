// The privileged state of a hart, set once when it comes up, and its entry into S-mode.
#include "hart.h"

#include "csr.h"
#include "platform.h"
#include "sbi.h"

// Exceptions 0 to 8 without those decided below, page faults, and the hypervisor's 10 and 20 to 23, which stick only
// where they exist.
#define EXCEPTION_ILLEGAL_INSTRUCTION (1ull << 2)
#define DELEGATED_EXCEPTIONS (0x1fbull | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 15 | 0xfull << 20)
#define DELEGATED_INTERRUPTS                                                                                           \
    (INTERRUPT_S_SOFTWARE | INTERRUPT_S_TIMER | INTERRUPT_S_EXTERNAL | INTERRUPT_COUNTER_OVERFLOW)

#define PMP_NAPOT (3u << 3)
#define PMP_ALLOW_ALL 7u

#define MISA_FLOAT (1ull << 5)
#define MISA_VECTOR (1ull << 21)

// SE0, ENVCFG, CSRIND, AIA, IMSIC, CONTEXT; JVT, FCSR.
#define MSTATEEN0_ALL (1ull << 63 | 1ull << 62 | 1ull << 60 | 1ull << 59 | 1ull << 58 | 1ull << 57 | 1 << 2 | 1 << 1)

// Entry 0 closes the firmware's memory to S and U; entry 1 opens everything else.
static void protect_firmware(void) {
    if (!csr_try_write(CSR_PMPADDR0, (FIRMWARE_BASE | (FIRMWARE_SIZE / 2 - 1)) >> 2)) return;
    csr_write(CSR_PMPADDR1, ~0ull);
    csr_write(CSR_PMPCFG0, (PMP_NAPOT | PMP_ALLOW_ALL) << 8 | PMP_NAPOT);
    __asm__ volatile("sfence.vma" ::: "memory");
}

// menvcfg keeps only the bits of extensions that exist. Svadu is left off where the device tree promises Svade.
static void enable_environment(void) {
    u64 bits = MENVCFG_STCE | MENVCFG_PBMTE | MENVCFG_CBZE | MENVCFG_CBCFE | MENVCFG_CBIE_INVALIDATE;
    if (!platform.software_access_bits) bits |= MENVCFG_ADUE;
    csr_try_write(CSR_MENVCFG, bits);
    csr_try_write(CSR_MSTATEEN0, MSTATEEN0_ALL);
    u64 security;
    if (csr_try_read(CSR_MSECCFG, &security)) csr_write(CSR_MSECCFG, security | MSECCFG_SSEED); // Zkr, for the kernel
}

static void delegate(void) {
    u64 unused;
    u64 exceptions = DELEGATED_EXCEPTIONS;
    if (csr_try_read(CSR_TIME, &unused)) exceptions |= EXCEPTION_ILLEGAL_INSTRUCTION;
    csr_write(CSR_MEDELEG, exceptions);
    csr_write(CSR_MIDELEG, DELEGATED_INTERRUPTS);
}

void hart_setup(struct hart* hart) {
    const u64 misa = csr_read(CSR_MISA);
    u64 status = 0;
    if ((misa & MISA_FLOAT) != 0) status |= MSTATUS_FS_INITIAL;
    if ((misa & MISA_VECTOR) != 0) status |= MSTATUS_VS_INITIAL;
    csr_write(CSR_MSTATUS, status);
    csr_write(CSR_MCOUNTEREN, ~0ull);
    csr_write(CSR_SCOUNTEREN, 7);
    enable_environment();
    delegate();
    protect_firmware();
    timer_setup(hart);
    pmu_setup(hart);
}

void hart_enter_supervisor(struct hart* hart, u64 address, u64 argument) {
    csr_write(CSR_SATP, 0);
    csr_write(CSR_STVEC, address & ~3ull);
    csr_write(CSR_SSCRATCH, 0);
    csr_clear(CSR_MSTATUS, MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_MPRV);
    csr_set(CSR_MSTATUS, 1ull << MSTATUS_MPP_SHIFT);
    csr_write(CSR_MEPC, address);
    __asm__ volatile("sfence.vma\n fence.i" ::: "memory");
    register u64 a0 __asm__("a0") = hart->id;
    register u64 a1 __asm__("a1") = argument;
    __asm__ volatile("mret" ::"r"(a0), "r"(a1) : "memory");
    __builtin_unreachable();
}
