// Error codes of page faults with four levels (SDM 3A 4.7): 1 the page is there, 2 a write, 4 by the user, 8 a reserved
// bit, 10h a fetch; CR2 holds the address. SMEP closes the user's pages to the supervisor's fetches, SMAP to its data
// accesses unless AC is set, and implicit ones always (4.6.1). Frames are as in exceptions_64.S.
// expect: read, absent: #PF(0) fault ring 0 RF main-30 cr2 600000
// expect: write, absent: #PF(2) fault ring 0 RF main-30 cr2 600008
// expect: fetch, absent: #PF(10) to 600000 ring 0 RF main-30 cr2 600000
// expect: write, read-only: #PF(3) fault ring 0 RF main-30 cr2 601000
// expect: write, read-only, without WP: nothing
// expect: fetch, NX: #PF(11) to 602000 ring 0 RF main-30 cr2 602000
// expect: read, NX: nothing
// expect: reserved bit: #PF(9) fault ring 0 RF main-30 cr2 603000
// expect: write, reserved bit: #PF(b) fault ring 0 RF main-30 cr2 603ffc
// expect: fetch, reserved bit: #PF(19) to 603000 ring 0 RF main-30 cr2 603000
// expect: reserved bit, absent: #PF(0) fault ring 0 RF main-30 cr2 604000
// expect: large page in PML4: #PF(9) fault ring 0 RF main-30 cr2 80_0
// expect: bit 13 of a page of 2 MiB: #PF(9) fault ring 0 RF main-30 cr2 800000
// expect: NX without NXE: #PF(9) fault ring 0 RF main-30 cr2 602000
// expect: fetch without NXE: #PF(0) to 600000 ring 0 RF main-30 cr2 600000
// expect: fetch without NXE with SMEP: #PF(10) to 600000 ring 0 RF main-30 cr2 600000
// expect: second page absent: #PF(2) fault ring 0 RF main-30 cr2 600000
// expect: fetch across: #PF(10) fault ring 0 RF main-30 cr2 600000
// expect: user reads, absent: #PF(4) fault ring 3 RF inner-30 cr2 600000
// expect: user writes, absent: #PF(6) fault ring 3 RF inner-30 cr2 600000
// expect: user fetches, absent: #PF(14) to 600000 ring 3 RF inner-30 cr2 600000
// expect: user reads the supervisor's: #PF(5) fault ring 3 RF inner-30 cr2 605000
// expect: user writes the supervisor's: #PF(7) fault ring 3 RF inner-30 cr2 605000
// expect: user fetches the supervisor's: #PF(15) to 605000 ring 3 RF inner-30 cr2 605000
// expect: user writes read-only: #PF(7) fault ring 3 RF inner-30 cr2 601000
// expect: user, reserved bit: #PF(d) fault ring 3 RF inner-30 cr2 603000
// expect: descriptor for the user: #PF(0) fault ring 3 RF inner-30 cr2 600008
// expect: closed from above: #PF(5) fault ring 3 RF inner-30 cr2 a00000
// expect: CR2 stays: 600000
// expect: SMEP: #PF(11) to 606000 ring 0 RF main-30 cr2 606000
// expect: SMAP read: #PF(1) fault ring 0 RF main-30 cr2 606100
// expect: SMAP write: #PF(3) fault ring 0 RF main-30 cr2 606100
// expect: SMAP with AC: nothing
// expect: SMAP with AC, by stac: nothing
// expect: SMAP with AC, descriptor: #PF(1) fault ring 0 RF AC main-30 cr2 606008
#define MODE 64
#include "guest.h"
    // Pages of 4 KiB from 6 MiB on: none, read-only, NX, reserved bit, absent with it, the supervisor's, the user's.
    .equ ABSENT, 0x600000
    .equ ONLY_READ, 0x601000
    .equ NO_EXECUTE, 0x602000
    .equ RESERVED, 0x603000
    .equ ABSENT_RESERVED, 0x604000
    .equ SUPERVISORS, 0x605000
    .equ USERS, 0x606000
    .equ PAGES, TABLES + 0x4000
    .macro PAGE number, low, high = 0
    movl $\low, PAGES + 8 * \number
    movl $\high, PAGES + 8 * \number + 4
    .endm
    .macro EFER bits, value
    movl $0xc0000080, %ecx
    rdmsr
    andl $~\bits, %eax
    orl $\value, %eax
    wrmsr
    .endm
    .macro CR4_BITS bits
    movq %cr4, %rax
    orl $\bits, %eax
    movq %rax, %cr4
    .endm
    .macro CR4_CLEAR bits
    movq %cr4, %rax
    andl $~\bits, %eax
    movq %rax, %cr4
    .endm
    .macro JUMP address
    movl $\address, %eax
    AT
    jmp *%rax
    END
    .endm
main:
    movl $PAGES + 7, TABLES + 0x2000 + 8 * 3
    movl $0, TABLES + 0x2000 + 8 * 3 + 4
    PAGE 1, 0x601005
    PAGE 2, 0x602007, 0x80000000
    PAGE 3, 0x603007, 0x00000200 // bit 41, beyond 40 address bits
    PAGE 4, 0x604006, 0x00000200
    PAGE 5, 0x605003
    PAGE 6, 0x606007
    movl $0x802087, TABLES + 0x2000 + 8 * 4 // 2 MiB at 8 MiB with bit 13
    movl $0xa00083, TABLES + 0x2000 + 8 * 5 // 2 MiB at 10 MiB for the supervisor alone
    movl $TABLES + 0x1087, TABLES + 8 // PS in PML4's second entry
    movb $0xc3, USERS
    movb $0xc3, NO_EXECUTE
    CASE "read, absent"
    AT
    movl ABSENT, %eax
    END
    CASE "write, absent"
    AT
    movl %eax, ABSENT + 8
    END
    CASE "fetch, absent"
    JUMP ABSENT
    CASE "write, read-only"
    AT
    movl %eax, ONLY_READ
    END
    CASE "write, read-only, without WP"
    movq %cr0, %rax
    andl $~0x10000, %eax
    movq %rax, %cr0
    AT
    movl %eax, ONLY_READ
    END
    movq %cr0, %rax
    orl $0x10000, %eax
    movq %rax, %cr0
    CASE "fetch, NX"
    JUMP NO_EXECUTE
    CASE "read, NX"
    AT
    movl NO_EXECUTE, %eax
    END
    CASE "reserved bit"
    AT
    movl RESERVED, %eax
    END
    CASE "write, reserved bit"
    AT
    movl %eax, RESERVED + 0xffc
    END
    CASE "fetch, reserved bit"
    JUMP RESERVED
    CASE "reserved bit, absent"
    AT
    movl ABSENT_RESERVED, %eax
    END
    CASE "large page in PML4"
    movabsq $0x8000000000, %rax
    AT
    movl (%rax), %ebx
    END
    CASE "bit 13 of a page of 2 MiB"
    AT
    movl 0x800000, %eax
    END
    EFER 0x800, 0
    CASE "NX without NXE"
    AT
    movl NO_EXECUTE, %eax
    END
    CASE "fetch without NXE"
    JUMP ABSENT
    CASE "fetch without NXE with SMEP"
    // The program's own pages become the supervisor's.
    movl $0, %ebx
1:  andb $~4, TABLES + 0x3000(%rbx)
    addl $8, %ebx
    cmpl $0x1000, %ebx
    jne 1b
    movq %cr3, %rax
    movq %rax, %cr3
    CR4_BITS 0x100000
    JUMP ABSENT
    CR4_CLEAR 0x100000
    movl $0, %ebx
1:  orb $4, TABLES + 0x3000(%rbx)
    addl $8, %ebx
    cmpl $0x1000, %ebx
    jne 1b
    movq %cr3, %rax
    movq %rax, %cr3
    EFER 0, 0x800
    CASE "second page absent"
    movl $0x5fffff, %eax
    movl $0x200087, TABLES + 0x2000 + 8 * 2 // at 4 MiB, so that there is something before 6 MiB
    AT
    movw %cx, (%rax)
    END
    CASE "fetch across" // of an instruction, to which the frame points
    movb $0xb8, 0x5ffffe
    movl $0x5ffffe, %eax
    movl %eax, case_at
    jmp *%rax
    END
    CASE "user reads, absent"
    TO_USER 1f
1:  AT
    movl ABSENT, %eax
    END
    CASE "user writes, absent"
    TO_USER 1f
1:  AT
    movl %eax, ABSENT
    END
    CASE "user fetches, absent"
    TO_USER 1f
1:  JUMP ABSENT
    CASE "user reads the supervisor's"
    TO_USER 1f
1:  AT
    movl SUPERVISORS, %eax
    END
    CASE "user writes the supervisor's"
    TO_USER 1f
1:  AT
    movl %eax, SUPERVISORS
    END
    CASE "user fetches the supervisor's"
    TO_USER 1f
1:  JUMP SUPERVISORS
    CASE "user writes read-only"
    TO_USER 1f
1:  AT
    movl %eax, ONLY_READ
    END
    CASE "user, reserved bit"
    TO_USER 1f
1:  AT
    movl RESERVED, %eax
    END
    CASE "descriptor for the user" // which the processor reads as the supervisor
    movabsq $0x00008260000000ff, %rax // an LDT at 600000h
    movq %rax, gdt + FREE
    movw $FREE, %ax
    lldt %ax
    TO_USER 1f
1:  movw $8 | 4, %bx
    AT
    movw %bx, %fs
    END
    CASE "closed from above"
    TO_USER 1f
1:  AT
    movl 0xa00000, %eax
    END
    movl $ABSENT, %eax
    movq %rax, %cr2
    movq %cr2, %rbx
    SHOW "CR2 stays", %ebx
    // ---- SMEP and SMAP: the program's own pages become the supervisor's
    xorl %ebx, %ebx
1:  andb $~4, TABLES + 0x3000(%rbx)
    addl $8, %ebx
    cmpl $0x1000, %ebx
    jne 1b
    andb $~4, TABLES + 0x2000 + 8 // and those of the tables
    movq %cr3, %rax
    movq %rax, %cr3
    CR4_BITS 0x300000
    CASE "SMEP"
    JUMP USERS
    CASE "SMAP read"
    AT
    movl USERS + 0x100, %eax
    END
    CASE "SMAP write"
    AT
    movl %eax, USERS + 0x100
    END
    CASE "SMAP with AC"
    pushq $0x40002
    popfq
    AT
    movl %eax, USERS + 0x100
    END
    CASE "SMAP with AC, by stac"
    stac
    AT
    movl %eax, USERS + 0x100
    END
    CASE "SMAP with AC, descriptor"
    movabsq $0x00008260600000ff, %rax // an LDT at 606000h
    movq %rax, gdt + FREE
    movw $FREE, %ax
    lldt %ax
    movw $8 | 4, %ax
    stac
    AT
    movw %ax, %fs
    END
    FINISH
