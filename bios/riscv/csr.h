// Control and status registers: numbers and fields (Privileged ISA, chapters 2 and 3), access, and probing access that
// survives a register that does not exist.
#pragma once

#include "hart.h"
#include "types.h"

#define CSR_SSTATUS 0x100
#define CSR_SIE 0x104
#define CSR_STVEC 0x105
#define CSR_SCOUNTEREN 0x106
#define CSR_SSCRATCH 0x140
#define CSR_SEPC 0x141
#define CSR_SCAUSE 0x142
#define CSR_STVAL 0x143
#define CSR_STIMECMP 0x14d
#define CSR_SATP 0x180
#define CSR_MSTATUS 0x300
#define CSR_MISA 0x301
#define CSR_MEDELEG 0x302
#define CSR_MIDELEG 0x303
#define CSR_MIE 0x304
#define CSR_MTVEC 0x305
#define CSR_MCOUNTEREN 0x306
#define CSR_MENVCFG 0x30a
#define CSR_MSTATEEN0 0x30c
#define CSR_MCOUNTINHIBIT 0x320
#define CSR_MSCRATCH 0x340
#define CSR_MEPC 0x341
#define CSR_MCAUSE 0x342
#define CSR_MTVAL 0x343
#define CSR_MIP 0x344
#define CSR_PMPCFG0 0x3a0
#define CSR_PMPADDR0 0x3b0
#define CSR_PMPADDR1 0x3b1
#define CSR_MSECCFG 0x747
#define CSR_MCYCLE 0xb00
#define CSR_MINSTRET 0xb02
#define CSR_CYCLE 0xc00
#define CSR_TIME 0xc01
#define CSR_INSTRET 0xc02
#define CSR_MVENDORID 0xf11
#define CSR_MARCHID 0xf12
#define CSR_MIMPID 0xf13

#define MSTATUS_SIE (1ull << 1)
#define MSTATUS_MIE (1ull << 3)
#define MSTATUS_SPIE (1ull << 5)
#define MSTATUS_MPIE (1ull << 7)
#define MSTATUS_SPP (1ull << 8)
#define MSTATUS_VS_INITIAL (1ull << 9)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_MPP (3ull << MSTATUS_MPP_SHIFT)
#define MSTATUS_FS_INITIAL (1ull << 13)
#define MSTATUS_MPRV (1ull << 17)
#define MSTATUS_MXR (1ull << 19)

#define INTERRUPT_S_SOFTWARE (1ull << 1)
#define INTERRUPT_M_SOFTWARE (1ull << 3)
#define INTERRUPT_S_TIMER (1ull << 5)
#define INTERRUPT_M_TIMER (1ull << 7)
#define INTERRUPT_S_EXTERNAL (1ull << 9)
#define INTERRUPT_COUNTER_OVERFLOW (1ull << 13)

#define MENVCFG_CBIE_INVALIDATE (3ull << 4)
#define MENVCFG_CBCFE (1ull << 6)
#define MENVCFG_CBZE (1ull << 7)
#define MENVCFG_ADUE (1ull << 61)
#define MENVCFG_PBMTE (1ull << 62)
#define MENVCFG_STCE (1ull << 63)

#define MSECCFG_SSEED (1ull << 9)

#define csr_read(csr)                                                                                                  \
    ({                                                                                                                 \
        u64 csr_value_;                                                                                                \
        __asm__ volatile("csrr %0, %1" : "=r"(csr_value_) : "i"(csr) : "memory");                                      \
        csr_value_;                                                                                                    \
    })
#define csr_write(csr, value) __asm__ volatile("csrw %0, %1" ::"i"(csr), "rK"((u64)(value)) : "memory")
#define csr_set(csr, bits) __asm__ volatile("csrs %0, %1" ::"i"(csr), "rK"((u64)(bits)) : "memory")
#define csr_clear(csr, bits) __asm__ volatile("csrc %0, %1" ::"i"(csr), "rK"((u64)(bits)) : "memory")

// True if the register exists; `*value` gets what it holds, or 0. CSR instructions are four bytes long, as
// trap recovery needs.
#define csr_try_read(csr, value)                                                                                       \
    ({                                                                                                                 \
        u64 csr_value_ = 0;                                                                                            \
        trap_expect();                                                                                                 \
        __asm__ volatile("csrr %0, %1" : "+r"(csr_value_) : "i"(csr) : "memory");                                      \
        *(value) = csr_value_;                                                                                         \
        !trap_happened();                                                                                              \
    })
#define csr_try_write(csr, value)                                                                                      \
    ({                                                                                                                 \
        trap_expect();                                                                                                 \
        csr_write(csr, value);                                                                                         \
        !trap_happened();                                                                                              \
    })
