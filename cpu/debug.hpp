// What a debugger sees of one CPU, whatever its architecture: registers with the names and fields of the manual, and
// addresses as the CPU would translate them. Only while the CPU doesn't run; nothing here changes what the guest can
// see, but write().
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/table_source.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// Bits [first, first + count) of a register.
struct RegisterField {
    std::string_view name;
    u8 first = 0;
    u8 count = 1;
};

struct RegisterDescription {
    enum class Type : u8 { integer, code_pointer, data_pointer, ieee_double, flags, x87_extended, vector128 };

    std::string_view name;    // as debuggers know it: "a0", "mstatus"
    std::string_view alias;   // another name: "x10"; empty if there is none
    std::string_view feature; // of gdb's target descriptions: "org.gnu.gdb.riscv.cpu"
    std::string_view group;   // "general", "float", "vector", "system"
    u32 number = 0;           // gdb's register number
    u32 bits = 64;
    Type type = Type::integer;
    std::span<const RegisterField> fields; // with Type::flags, ascending
    bool tells_interrupts = false;         // which ones are pending, enabled or delegated
};

// Up to 128 bits; those beyond the register's width are 0.
struct RegisterValue {
    u64 low = 0;
    u64 high = 0;
    bool operator==(const RegisterValue&) const = default;
};

// One entry that a page walk read, or what it came to.
struct WalkStep {
    std::string what;      // "level 2", "page fault"
    u64 entry_address = 0; // guest-physical
    u64 entry = 0;
    std::string meaning; // decoded fields, or the reason
};

struct Walk {
    std::optional<GuestPhysical> address; // empty: the access would fault, the last step says why
    u64 page_size_bytes = 0;
    std::vector<WalkStep> steps;
};

// The names of numbers that a CPU tells; empty ones, and numbers behind the end, have none.
struct CpuWords {
    std::vector<std::string> privileges; // short, by Frontend::privilege(): "U", "S", "M"
    std::vector<std::string> exceptions; // by code, of which only `code_mask` counts
    std::vector<std::string> interrupts;
    u64 code_mask = ~u64{0};
    // How LLVM names the code, by Frontend::code_kind(); empty: there is one kind, DebugView::llvm_triple()'s.
    std::vector<std::string> triples{};
};

// A page whose translation an engine keeps, so that it need not be walked for again.
struct CachedTranslation {
    u64 address = 0;  // virtual
    u64 physical = 0; // guest-physical
    u64 space = 0;    // the address space, as the architecture numbers them
    u64 view = 0;     // what else its rights depend on: a privilege
    bool read = false, write = false, execute = false;
    bool current = false; // in the CPU's present address space and privilege
};

// Something an engine counts.
struct EngineCounter {
    std::string_view name; // "TLB misses"
    u64 value = 0;
    bool shared = false; // by the machine's CPUs, which all tell the same
};

// Its tables are those of the CPU.
class DebugView : public TableSource {
public:
    // Ascending numbers. The same for the life of the CPU.
    [[nodiscard]] virtual std::span<const RegisterDescription> registers() const = 0;
    // `index` is into registers().
    [[nodiscard]] virtual u64 read(std::size_t index) const = 0;
    // As the guest's most privileged code would write it: bits that can't be written stay. Errors name a register that
    // can't be written at all.
    virtual Status write(std::size_t index, u64 value) = 0;
    // The same of registers that may be wider than 64 bits, of which read() gives the low ones.
    [[nodiscard]] virtual RegisterValue read_wide(std::size_t index) const { return {read(index), 0}; }
    virtual Status write_wide(std::size_t index, RegisterValue value) { return write(index, value.low); }
    // Where a load of the CPU's current mode goes, permissions aside. Sets no accessed or dirty bits.
    [[nodiscard]] virtual std::optional<GuestPhysical> translate(GuestVirtual address) const = 0;
    // The same, told step by step.
    [[nodiscard]] virtual Walk walk(GuestVirtual address) const = 0;
    [[nodiscard]] virtual std::string_view gdb_architecture() const = 0; // "riscv:rv64"
    [[nodiscard]] virtual std::string_view llvm_triple() const = 0;      // "riscv64-unknown-elf"; of the present mode
    // The one that gdb_architecture() and the registers go with, in all modes.
    [[nodiscard]] virtual std::string_view debugger_triple() const { return llvm_triple(); }
    // For people: "S-mode", "M-mode, wfi".
    [[nodiscard]] virtual std::string condition() const = 0;
    [[nodiscard]] virtual CpuWords words() const { return {}; }
    // For people: what pends and whether it would be taken, as far as no register tells; may be empty.
    [[nodiscard]] virtual std::string interrupts() const { return {}; }
};

} // namespace orrery
