// What 64-bit code of privilege 0 can't write to control registers (SDM 2, MOV to control registers; SDM 3A 2.5), and
// the bits of CR0 that make x87 and SSE instructions fault. Frames are as in exceptions_64.S.
// expect: CR0 without PG: #GP(0) fault ring 0 RF main-30
// expect: CR0 without PE: #GP(0) fault ring 0 RF main-30
// expect: CR0, NW without CD: #GP(0) fault ring 0 RF main-30
// expect: CR0, bit 32: #GP(0) fault ring 0 RF main-30
// expect: CR0, unknown bits: nothing
// expect: CR0: 80010033
// expect: CR1: #UD fault ring 0 RF main-28
// expect: CR5: #UD fault ring 0 RF main-28
// expect: read of CR7: #UD fault ring 0 RF main-28
// expect: CR3, bit 52: #GP(0) fault ring 0 RF main-30
// expect: CR3, bit 40: #GP(0) fault ring 0 RF main-30
// expect: CR3, bit 63 without PCIDE: #GP(0) fault ring 0 RF main-30
// expect: CR4 without PAE: #GP(0) fault ring 0 RF main-30
// expect: CR4, bit 31: #GP(0) fault ring 0 RF main-30
// expect: CR4, bit 13: #GP(0) fault ring 0 RF main-30
// expect: CR4, LA57: #GP(0) fault ring 0 RF main-30
// expect: CR4, PCIDE with a PCID: #GP(0) fault ring 0 RF main-30
// expect: CR4, PCIDE: nothing
// expect: CR3, bit 63 with PCIDE: nothing
// expect: CR0 without PG under PCIDE: #GP(0) fault ring 0 RF main-30
// expect: CR8, 16: #GP(0) fault ring 0 RF main-30
// expect: CR8, 15: nothing
// expect: EFER, reserved: #GP(0) fault ring 0 RF main-30
// expect: EFER without LME: #GP(0) fault ring 0 RF main-30
// expect: EFER without LMA: nothing
// expect: EFER: d01
// expect: lmsw doesn't clear PE: 80010033
// expect: lmsw sets TS: #NM fault ring 0 RF main-28
// expect: clts: nothing
// expect: smsw: 80010033
// expect: xsetbv without OSXSAVE: #UD fault ring 0 RF main-28
// expect: xgetbv without OSXSAVE: #UD fault ring 0 RF main-28
// expect: xsetbv, XCR1: #GP(0) fault ring 0 RF main-30
// expect: xsetbv without x87: #GP(0) fault ring 0 RF main-30
// expect: xsetbv, AVX without SSE: #GP(0) fault ring 0 RF main-30
// expect: xsetbv, unknown: #GP(0) fault ring 0 RF main-30
// expect: xsetbv: nothing
// expect: user's xsetbv: #GP(0) fault ring 3 RF inner-30
// expect: user's xgetbv: nothing
// expect: user's mov from CR0: #GP(0) fault ring 3 RF inner-30
// expect: user's mov to CR3: #GP(0) fault ring 3 RF inner-30
// expect: user's clts: #GP(0) fault ring 3 RF inner-30
// expect: user's lmsw: #GP(0) fault ring 3 RF inner-30
// expect: user's smsw: nothing
// expect: user's smsw under UMIP: #GP(0) fault ring 3 RF inner-30
// expect: user's sgdt under UMIP: #GP(0) fault ring 3 RF inner-30
// expect: user's lgdt: #GP(0) fault ring 3 RF inner-30
// expect: user's hlt: #GP(0) fault ring 3 RF inner-30
// expect: user's wrmsr: #GP(0) fault ring 3 RF inner-30
// expect: user's invlpg: #GP(0) fault ring 3 RF inner-30
// expect: user's rdtsc: nothing
// expect: user's rdtsc under TSD: #GP(0) fault ring 3 RF inner-30
// expect: rdtsc under TSD: nothing
// expect: user's rdpmc: #GP(0) fault ring 3 RF inner-30
// expect: user's cli: #GP(0) fault ring 3 RF inner-30
// expect: user's cli with IOPL 3: nothing
// expect: user's sysret: #GP(0) fault ring 3 RF inner-30
// expect: user's rdfsbase: #UD fault ring 3 RF inner-28
// expect: wrfsbase, not canonical: #GP(0) fault ring 0 RF main-30
#define MODE 64
#include "guest.h"
    .macro WRITE name, number, set, clear = 0
    CASE "\name"
    movq %cr\number, %rax
    movabsq $~(\clear), %rcx
    andq %rcx, %rax
    movabsq $\set, %rcx
    orq %rcx, %rax
    AT
    movq %rax, %cr\number
    END
    .endm
    .macro USER name, instruction:vararg
    CASE "\name"
    TO_USER 1f
1:  AT
    \instruction
    END
    .endm
    .macro XSETBV name, number, value
    CASE "\name"
    movl $\number, %ecx
    movl $\value, %eax
    xorl %edx, %edx
    AT
    xsetbv
    END
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
main:
    WRITE "CR0 without PG", 0, 0, 0x80000000
    WRITE "CR0 without PE", 0, 0, 1
    WRITE "CR0, NW without CD", 0, 0x20000000
    WRITE "CR0, bit 32", 0, 0x100000000
    WRITE "CR0, unknown bits", 0, 0x10008040
    movq %cr0, %rax
    SHOW "CR0", %eax
    CASE "CR1"
    AT
    .byte 0x0f, 0x22, 0xc8
    END
    CASE "CR5"
    AT
    .byte 0x0f, 0x22, 0xe8
    END
    CASE "read of CR7"
    AT
    .byte 0x0f, 0x20, 0xf8
    END
    WRITE "CR3, bit 52", 3, 0x10000000000000
    WRITE "CR3, bit 40", 3, 0x10000000000
    WRITE "CR3, bit 63 without PCIDE", 3, 0x8000000000000000
    WRITE "CR4 without PAE", 4, 0, 0x20
    WRITE "CR4, bit 31", 4, 0x80000000
    WRITE "CR4, bit 13", 4, 0x2000 // VMXE
    WRITE "CR4, LA57", 4, 0x1000
    movq %cr3, %rax
    orl $8, %eax
    movq %rax, %cr3
    WRITE "CR4, PCIDE with a PCID", 4, 0x20000
    movl $TABLES, %eax
    movq %rax, %cr3
    WRITE "CR4, PCIDE", 4, 0x20000
    WRITE "CR3, bit 63 with PCIDE", 3, 0x8000000000000000
    WRITE "CR0 without PG under PCIDE", 0, 0, 0x80000000
    CR4_CLEAR 0x20000
    CASE "CR8, 16"
    movl $16, %eax
    AT
    movq %rax, %cr8
    END
    CASE "CR8, 15"
    movl $15, %eax
    AT
    movq %rax, %cr8
    END
    xorl %eax, %eax
    movq %rax, %cr8
    CASE "EFER, reserved"
    movl $0xc0000080, %ecx
    rdmsr
    orl $2, %eax
    AT
    wrmsr
    END
    CASE "EFER without LME"
    movl $0xc0000080, %ecx
    rdmsr
    andl $~0x100, %eax
    AT
    wrmsr
    END
    CASE "EFER without LMA" // which only paging changes
    movl $0xc0000080, %ecx
    rdmsr
    andl $~0x400, %eax
    AT
    wrmsr
    END
    movl $0xc0000080, %ecx
    rdmsr
    SHOW "EFER", %eax
    xorl %eax, %eax
    lmsw %ax
    movq %cr0, %rax
    orl $0x22, %eax
    movq %rax, %cr0
    SHOW "lmsw doesn't clear PE", %eax
    CASE "lmsw sets TS"
    movw $0xb, %ax
    lmsw %ax
    AT
    fldz
    END
    CASE "clts"
    clts
    AT
    fninit
    END
    smswl %eax
    SHOW "smsw", %eax
    XSETBV "xsetbv without OSXSAVE", 0, 1
    CASE "xgetbv without OSXSAVE"
    xorl %ecx, %ecx
    AT
    xgetbv
    END
    CR4_BITS 0x40000
    XSETBV "xsetbv, XCR1", 1, 1
    XSETBV "xsetbv without x87", 0, 2
    XSETBV "xsetbv, AVX without SSE", 0, 5
    XSETBV "xsetbv, unknown", 0, 0x103
    XSETBV "xsetbv", 0, 7
    USER "user's xsetbv", xsetbv
    CASE "user's xgetbv"
    xorl %ecx, %ecx
    TO_USER 1f
1:  AT
    xgetbv
    END
    USER "user's mov from CR0", movq %cr0, %rax
    USER "user's mov to CR3", movq %rax, %cr3
    USER "user's clts", clts
    USER "user's lmsw", lmsw %ax
    USER "user's smsw", smsw %ax
    CR4_BITS 0x800
    USER "user's smsw under UMIP", smsw %ax
    USER "user's sgdt under UMIP", sgdt STACKS
    CR4_CLEAR 0x800
    USER "user's lgdt", lgdt gdtr
    USER "user's hlt", hlt
    USER "user's wrmsr", wrmsr
    USER "user's invlpg", invlpg main
    USER "user's rdtsc", rdtsc
    CR4_BITS 4
    USER "user's rdtsc under TSD", rdtsc
    CASE "rdtsc under TSD"
    AT
    rdtsc
    END
    CR4_CLEAR 4
    USER "user's rdpmc", rdpmc
    USER "user's cli", cli
    CASE "user's cli with IOPL 3"
    TO_USER 1f, 0x3002
1:  AT
    cli
    END
    USER "user's sysret", sysretq
    USER "user's rdfsbase", .byte 0xf3, 0x48, 0x0f, 0xae, 0xc0
    CR4_BITS 0x10000
    CASE "wrfsbase, not canonical"
    movabsq $0x800000000000, %rax
    AT
    wrfsbase %rax
    END
    FINISH
