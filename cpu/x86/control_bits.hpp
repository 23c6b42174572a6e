// Bits of the control registers and the model-specific registers, by the manual's names.
#pragma once

#include "cpu/x86/flags.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::x86 {

// Of RFLAGS, besides the flags in flags.hpp: bit 1 is always set, IOPL begins at bit 12 (SDM 1, 3.4.3).
inline constexpr u64 rflags_fixed = 1 << 1;
inline constexpr u32 iopl_shift = 12;

// SDM 3A 2.5
namespace cr0 {
inline constexpr u64 pe = 1 << 0;
inline constexpr u64 mp = 1 << 1;
inline constexpr u64 em = 1 << 2;
inline constexpr u64 ts = 1 << 3;
inline constexpr u64 et = 1 << 4;
inline constexpr u64 ne = 1 << 5;
inline constexpr u64 wp = 1 << 16;
inline constexpr u64 am = 1 << 18;
inline constexpr u64 nw = 1 << 29;
inline constexpr u64 cd = 1 << 30;
inline constexpr u64 pg = u64{1} << 31;
inline constexpr u64 known = pe | mp | em | ts | et | ne | wp | am | nw | cd | pg;
inline constexpr u64 reset = et | nw | cd;
} // namespace cr0

namespace cr3 {
inline constexpr u64 pwt = 1 << 3;
inline constexpr u64 pcd = 1 << 4;
inline constexpr u64 pcid = 0xfff;
inline constexpr u64 keep_translations = u64{1} << 63; // of the source operand of mov (SDM 3A 4.10.4.1)
} // namespace cr3

namespace cr4 {
inline constexpr u64 vme = 1 << 0;
inline constexpr u64 pvi = 1 << 1;
inline constexpr u64 tsd = 1 << 2;
inline constexpr u64 de = 1 << 3;
inline constexpr u64 pse = 1 << 4;
inline constexpr u64 pae = 1 << 5;
inline constexpr u64 mce = 1 << 6;
inline constexpr u64 pge = 1 << 7;
inline constexpr u64 pce = 1 << 8;
inline constexpr u64 osfxsr = 1 << 9;
inline constexpr u64 osxmmexcpt = 1 << 10;
inline constexpr u64 umip = 1 << 11;
inline constexpr u64 la57 = 1 << 12;
inline constexpr u64 fsgsbase = 1 << 16;
inline constexpr u64 pcide = 1 << 17;
inline constexpr u64 osxsave = 1 << 18;
inline constexpr u64 smep = 1 << 20;
inline constexpr u64 smap = 1 << 21;
} // namespace cr4

namespace xcr0 {
inline constexpr u64 x87 = 1 << 0;
inline constexpr u64 sse = 1 << 1;
inline constexpr u64 avx = 1 << 2;
} // namespace xcr0

// SDM 3A 2.2.1
namespace efer {
inline constexpr u64 sce = 1 << 0;
inline constexpr u64 lme = 1 << 8;
inline constexpr u64 lma = 1 << 10;
inline constexpr u64 nxe = 1 << 11;
} // namespace efer

// SDM 4, table 2-2
namespace misc_enable {
inline constexpr u64 fast_strings = 1 << 0;
inline constexpr u64 no_branch_trace = 1 << 11;
inline constexpr u64 no_pebs = 1 << 12;
inline constexpr u64 reset = fast_strings | no_branch_trace | no_pebs;
} // namespace misc_enable

// SDM 3A table 6-1
namespace vector {
inline constexpr u8 de = 0;
inline constexpr u8 db = 1;
inline constexpr u8 nmi = 2;
inline constexpr u8 bp = 3;
inline constexpr u8 of = 4;
inline constexpr u8 br = 5;
inline constexpr u8 ud = 6;
inline constexpr u8 nm = 7;
inline constexpr u8 df = 8;
inline constexpr u8 ts = 10;
inline constexpr u8 np = 11;
inline constexpr u8 ss = 12;
inline constexpr u8 gp = 13;
inline constexpr u8 pf = 14;
inline constexpr u8 mf = 16;
inline constexpr u8 ac = 17;
inline constexpr u8 mc = 18;
inline constexpr u8 xm = 19;
} // namespace vector

// SDM 3A 4.7
namespace page_fault_code {
inline constexpr u32 present = 1 << 0;
inline constexpr u32 write = 1 << 1;
inline constexpr u32 user = 1 << 2;
inline constexpr u32 reserved_bit = 1 << 3;
inline constexpr u32 fetch = 1 << 4;
} // namespace page_fault_code

} // namespace orrery::x86
