#include "cpu/riscv/names.hpp"

#include <array>

#include <fmt/format.h>

namespace orrery::riscv {
namespace {

using namespace std::string_view_literals;

constexpr std::array registers = {"zero"sv, "ra"sv, "sp"sv,  "gp"sv,  "tp"sv, "t0"sv, "t1"sv, "t2"sv,
                                  "s0"sv,   "s1"sv, "a0"sv,  "a1"sv,  "a2"sv, "a3"sv, "a4"sv, "a5"sv,
                                  "a6"sv,   "a7"sv, "s2"sv,  "s3"sv,  "s4"sv, "s5"sv, "s6"sv, "s7"sv,
                                  "s8"sv,   "s9"sv, "s10"sv, "s11"sv, "t3"sv, "t4"sv, "t5"sv, "t6"sv};

constexpr std::array float_registers = {"ft0"sv, "ft1"sv, "ft2"sv,  "ft3"sv,  "ft4"sv, "ft5"sv, "ft6"sv,  "ft7"sv,
                                        "fs0"sv, "fs1"sv, "fa0"sv,  "fa1"sv,  "fa2"sv, "fa3"sv, "fa4"sv,  "fa5"sv,
                                        "fa6"sv, "fa7"sv, "fs2"sv,  "fs3"sv,  "fs4"sv, "fs5"sv, "fs6"sv,  "fs7"sv,
                                        "fs8"sv, "fs9"sv, "fs10"sv, "fs11"sv, "ft8"sv, "ft9"sv, "ft10"sv, "ft11"sv};

struct NamedCsr {
    u32 number;
    std::string_view name;
};

// II 2.2, and the extensions Sstc, Sscofpmf (a family below) and Smstateen.
constexpr auto named_csrs = std::to_array<NamedCsr>({
    {0x001, "fflags"},    {0x002, "frm"},        {0x003, "fcsr"},      {0xc00, "cycle"},         {0xc01, "time"},
    {0xc02, "instret"},   {0x100, "sstatus"},    {0x104, "sie"},       {0x105, "stvec"},         {0x106, "scounteren"},
    {0x10a, "senvcfg"},   {0x140, "sscratch"},   {0x141, "sepc"},      {0x142, "scause"},        {0x143, "stval"},
    {0x144, "sip"},       {0x14d, "stimecmp"},   {0x180, "satp"},      {0x5a8, "scontext"},      {0xda0, "scountovf"},
    {0xf11, "mvendorid"}, {0xf12, "marchid"},    {0xf13, "mimpid"},    {0xf14, "mhartid"},       {0xf15, "mconfigptr"},
    {0x300, "mstatus"},   {0x301, "misa"},       {0x302, "medeleg"},   {0x303, "mideleg"},       {0x304, "mie"},
    {0x305, "mtvec"},     {0x306, "mcounteren"}, {0x30a, "menvcfg"},   {0x320, "mcountinhibit"}, {0x340, "mscratch"},
    {0x341, "mepc"},      {0x342, "mcause"},     {0x343, "mtval"},     {0x344, "mip"},           {0x34a, "mtinst"},
    {0x34b, "mtval2"},    {0x747, "mseccfg"},    {0xb00, "mcycle"},    {0xb02, "minstret"},      {0x7a0, "tselect"},
    {0x7a1, "tdata1"},    {0x7a2, "tdata2"},     {0x7a3, "tdata3"},    {0x7a8, "mcontext"},      {0x7b0, "dcsr"},
    {0x7b1, "dpc"},       {0x7b2, "dscratch0"},  {0x7b3, "dscratch1"},
});

// Numbered registers in a row: prefix and first index, e.g. mhpmevent3 at 0x323. `step` skips what RV64 has not.
struct CsrFamily {
    u32 number;
    u32 count;
    std::string_view prefix;
    u32 first_index;
    u32 step = 1;
};

constexpr auto csr_families = std::to_array<CsrFamily>({
    {0xc03, 29, "hpmcounter", 3},
    {0xb03, 29, "mhpmcounter", 3},
    {0x323, 29, "mhpmevent", 3},
    {0x3a0, 8, "pmpcfg", 0, 2},
    {0x3b0, 64, "pmpaddr", 0},
    {0x10c, 4, "sstateen", 0},
    {0x30c, 4, "mstateen", 0},
});

} // namespace

std::string_view register_name(u32 number) { return registers[number & 31]; }
std::string_view float_register_name(u32 number) { return float_registers[number & 31]; }

std::string csr_name(u32 number) {
    for (const NamedCsr& csr : named_csrs) {
        if (csr.number == number) return std::string(csr.name);
    }
    for (const CsrFamily& family : csr_families) {
        const u32 offset = number - family.number;
        if (number < family.number || offset >= family.count * family.step || offset % family.step != 0) continue;
        return fmt::format("{}{}", family.prefix, family.first_index + offset);
    }
    return {};
}

std::optional<u32> csr_number(std::string_view name) {
    for (const NamedCsr& csr : named_csrs) {
        if (csr.name == name) return csr.number;
    }
    for (const CsrFamily& family : csr_families) {
        if (!name.starts_with(family.prefix)) continue;
        for (u32 offset = 0; offset < family.count * family.step; offset += family.step) {
            if (fmt::format("{}{}", family.prefix, family.first_index + offset) == name) return family.number + offset;
        }
    }
    return std::nullopt;
}

} // namespace orrery::riscv
