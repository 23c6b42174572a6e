#include "cpu/riscv/debug_registers.hpp"

#include <deque>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/names.hpp"

namespace orrery::riscv::gdb {
namespace {

using Type = RegisterDescription::Type;

constexpr std::string_view cpu_feature = "org.gnu.gdb.riscv.cpu", float_feature = "org.gnu.gdb.riscv.fpu",
                           csr_feature = "org.gnu.gdb.riscv.csr", virtual_feature = "org.gnu.gdb.riscv.virtual";
constexpr u32 last_float_csr = 3; // fflags, frm, fcsr
constexpr u32 sepc = 0x141, mepc = 0x341, tinfo = 0x7a4;
constexpr u32 mideleg = 0x303, mie = 0x304, mip = 0x344;

// LLVM's assembler, whose names csr_name() gives, has none for tinfo (Sdtrig 5.7.5); gdb has.
std::string name_of(u32 csr) { return csr == tinfo ? "tinfo" : csr_name(csr); }

class Descriptions {
public:
    Descriptions() {
        for (u32 i = 0; i < 32; ++i) {
            add(register_name(i), first_x + i, cpu_feature, "general", general_type(i)).alias = keep("x", i);
        }
        add("pc", pc, cpu_feature, "general", Type::code_pointer);
        for (u32 i = 0; i < 32; ++i) {
            add(float_register_name(i), first_float + i, float_feature, "float", Type::ieee_double).alias =
                keep("f", i);
        }
        for (const CsrDefinition& csr : csr_definitions()) add_csr(csr);
        // gdb's manual makes it one byte ("RISC-V Features").
        add("priv", privilege, virtual_feature, "system", Type::integer).bits = 8;
    }
    [[nodiscard]] std::span<const RegisterDescription> all() const { return all_; }

private:
    static Type general_type(u32 i) {
        if (i == 1) return Type::code_pointer;                        // ra
        return i >= 2 && i <= 4 ? Type::data_pointer : Type::integer; // sp, gp, tp
    }

    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::string_view keep(std::string_view prefix, u32 number) { return keep(fmt::format("{}{}", prefix, number)); }

    RegisterDescription& add(std::string_view name, u32 number, std::string_view feature, std::string_view group,
                             Type type) {
        RegisterDescription& description = all_.emplace_back();
        description.name = name;
        description.number = number;
        description.feature = feature;
        description.group = group;
        description.type = type;
        return description;
    }

    // gdb takes the three float CSRs in either feature, and wants them where the f registers are; there they are 32
    // bits wide.
    void add_csr(const CsrDefinition& csr) {
        const bool is_float = csr.number <= last_float_csr;
        const bool is_code = csr.number == sepc || csr.number == mepc;
        const Type type = !csr.fields.empty() ? Type::flags : is_code ? Type::code_pointer : Type::integer;
        RegisterDescription& description =
            add(keep(name_of(csr.number)), first_csr + csr.number, is_float ? float_feature : csr_feature,
                is_float ? "float" : "system", type);
        description.bits = is_float ? 32 : 64;
        description.fields = csr.fields;
        description.tells_interrupts = csr.number == mideleg || csr.number == mie || csr.number == mip;
    }

    std::deque<std::string> texts_; // names stay where they are
    std::vector<RegisterDescription> all_;
};

} // namespace

std::span<const RegisterDescription> register_descriptions() {
    static const Descriptions descriptions;
    return descriptions.all();
}

} // namespace orrery::riscv::gdb
