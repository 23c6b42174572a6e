// What every program of this folder begins with: the entry, the trap handlers and the checks.
//
// A program runs in machine mode on hart 0 from `main` on; other harts go to `other_hart`, or wait for ever where a
// program doesn't define it. It ends by jumping to `pass`. A check that fails ends the machine with the number of its
// line as the finisher's code, what was found in t5 and what was expected in t6.
//
// Registers:  s1        where a trap to machine mode goes on, still in machine mode; nothing else is changed but
//             s2 to s5  mcause, mtval, mepc and mstatus as the trap left them
//             s10       where a trap to supervisor mode goes on, in supervisor mode
//             s6 to s9  scause, stval, sepc and sstatus likewise
//             tp        how many checks have been made;  gp  the line of the last one;  t5, t6  used by every macro
#pragma once

#define UART 0x10000000
#define FINISHER 0x100000
#define RTC 0x101000
#define CLINT 0x2000000
#define PLIC 0xc000000

#define USER 0
#define SUPERVISOR 1
#define MACHINE 3

#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_ECALL_USER 8
#define CAUSE_ECALL_SUPERVISOR 9
#define CAUSE_ECALL_MACHINE 11
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15
#define INTERRUPT(number) ((1 << 63) | (number))

#define MSTATUS_SIE (1 << 1)
#define MSTATUS_MIE (1 << 3)
#define MSTATUS_SPIE (1 << 5)
#define MSTATUS_MPIE (1 << 7)
#define MSTATUS_SPP (1 << 8)
#define MSTATUS_MPP (3 << 11)
#define MSTATUS_FS (3 << 13)
#define MSTATUS_MPRV (1 << 17)
#define MSTATUS_SUM (1 << 18)
#define MSTATUS_MXR (1 << 19)
#define MSTATUS_TVM (1 << 20)
#define MSTATUS_TW (1 << 21)
#define MSTATUS_TSR (1 << 22)

#define SSI 1
#define MSI 3
#define STI 5
#define MTI 7
#define SEI 9
#define MEI 11

// Memory that programs use for page tables and data; it is zero at the start.
#define TABLE(n) (0x80100000 + (n) * 0x1000)
#define PAGE(n) (0x80200000 + (n) * 0x1000)
#define PTE(address, flags) ((((address) >> 12) << 10) | (flags))
#define V 1
#define R 2
#define W 4
#define X 8
#define U 16
#define G 32
#define A 64
#define D 128
#define SV39 8
#define SV48 9
#define SV57 10
#define SATP(mode, asid, table) (((mode) << 60) | ((asid) << 44) | ((table) >> 12))

#define CHECK(register, value) \
    mv t5, register; li gp, __LINE__; addi tp, tp, 1; li t6, value; beq t5, t6, 8f; j fail; 8:
#define CHECK_ADDRESS(register, label) \
    mv t5, register; li gp, __LINE__; addi tp, tp, 1; la t6, label; beq t5, t6, 8f; j fail; 8:
#define CHECK_SAME(register, other) \
    mv t5, register; mv t6, other; li gp, __LINE__; addi tp, tp, 1; beq t5, t6, 8f; j fail; 8:
#define CHECK_CSR(csr, value) csrr t5, csr; CHECK(t5, value)
// Unsigned, both ends included.
#define CHECK_RANGE(register, least, most) \
    mv t5, register; li gp, __LINE__; addi tp, tp, 1; li t6, least; bltu t5, t6, 7f; li t6, most; bgeu t6, t5, 8f; \
    7: j fail; 8:

// The instruction must trap to machine mode with this cause. Leaves the program in machine mode.
#define TRAPS(cause, ...) \
    la s1, 9f; li s2, -1; 6: __VA_ARGS__; li gp, __LINE__; j untrapped; 9: CHECK(s2, cause); CHECK_ADDRESS(s4, 6b)
#define TRAPS_VALUE(cause, value, ...) TRAPS(cause, __VA_ARGS__); CHECK(s3, value)
// The same for a trap that is delegated, from user or supervisor mode; goes on in supervisor mode.
#define TRAPS_TO_SUPERVISOR(cause, ...) \
    la s10, 9f; li s6, -1; 6: __VA_ARGS__; li gp, __LINE__; j untrapped; 9: CHECK(s6, cause); CHECK_ADDRESS(s8, 6b)

// From machine mode to another one, and back with an ecall (which is then seen in s2).
#define ENTER(mode) \
    li t5, MSTATUS_MPP; csrc mstatus, t5; li t5, (mode) << 11; csrs mstatus, t5; la t5, 9f; csrw mepc, t5; mret; 9:
#define BACK la s1, 9f; ecall; 9:

// Before anything below machine mode can run: without a PMP entry it has no memory at all.
#define OPEN_MEMORY li t5, -1; csrw pmpaddr0, t5; li t5, 0x1f; csrw pmpcfg0, t5

#define SET_PTE(table, index, value) li t5, (table) + 8 * (index); li t6, value; sd t6, 0(t5)
// Where the programs are, for supervisor mode, and for user mode.
#define IDENTITY_SV39(table, more) SET_PTE(table, 2, PTE(0x80000000, V | R | W | X | A | D | (more)))
#define STORE_WORD(address, value) li t5, address; li t6, value; sw t6, 0(t5)
#define STORE_DOUBLE(address, value) li t5, address; li t6, value; sd t6, 0(t5)
#define LOAD_DOUBLE(register, address) li register, address; ld register, 0(register)

    .section .text.start, "ax"
    .globl _start
_start:
    la t5, trap_to_machine
    csrw mtvec, t5
    la t5, trap_to_supervisor
    csrw stvec, t5
    csrr t5, mhartid
    bnez t5, start_other_hart
    li tp, 0
    j main
start_other_hart:
    la t5, other_hart
    beqz t5, sleep
    jr t5
sleep:
    csrw mie, zero
    wfi
    j sleep
    .weak other_hart

untrapped:
    li t5, 0
    li t6, 1
fail:
    slli t0, gp, 16
    li t1, 0x3333
    or t0, t0, t1
    j finish
pass:
    li t0, 0x5555
finish:
    la s1, finish // where paging hides the finisher, the store traps and is done again in machine mode
    li t1, FINISHER
    sw t0, 0(t1)
1:  j 1b

    .balign 4
trap_to_machine:
    csrr s2, mcause
    csrr s3, mtval
    csrr s4, mepc
    csrr s5, mstatus
    jr s1

    .balign 4
trap_to_supervisor:
    csrr s6, scause
    csrr s7, stval
    csrr s8, sepc
    csrr s9, sstatus
    jr s10

    .text
