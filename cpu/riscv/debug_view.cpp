#include "cpu/riscv/debug_view.hpp"

#include <array>
#include <utility>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/debug_registers.hpp"
#include "cpu/riscv/diagnosis_words.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::riscv {
namespace {

constexpr u32 fflags = 0x001, fcsr = 0x003, stimecmp = 0x14d, mcountinhibit = 0x320, mcycle = 0xb00, minstret = 0xb02;

constexpr std::array<std::pair<u32, std::string_view>, 7> interrupt_names{
    {{irq::supervisor_software, "supervisor software interrupt"},
     {irq::machine_software, "machine software interrupt"},
     {irq::supervisor_timer, "supervisor timer interrupt"},
     {irq::machine_timer, "machine timer interrupt"},
     {irq::supervisor_external, "supervisor external interrupt"},
     {irq::machine_external, "machine external interrupt"},
     {irq::counter_overflow, "counter overflow interrupt"}}};

std::string_view short_mode_name(Privilege privilege) {
    switch (privilege) {
    case Privilege::machine:
        return "M-mode";
    case Privilege::supervisor:
        return "S-mode";
    case Privilege::user:
        break;
    }
    return "U-mode";
}

bool float_is_off(const State& state) { return (state.mstatus & mstatus::fs) == 0; }

} // namespace

bool HartDebugView::exists(u32 csr) const { return csr != stimecmp || hart_.configuration().supervisor_timer; }

std::span<const RegisterDescription> HartDebugView::registers() const {
    if (registers_.empty()) {
        for (const RegisterDescription& description : gdb::register_descriptions()) {
            if (!gdb::is_csr(description.number) || exists(description.number - gdb::first_csr))
                registers_.push_back(description);
        }
    }
    return registers_;
}

u64 HartDebugView::read(std::size_t index) const {
    const u32 number = registers()[index].number;
    const State& state = hart_.registers();
    if (number < gdb::pc) return state.x[number];
    if (number == gdb::pc) return state.pc;
    if (number < gdb::first_csr) return state.f[number - gdb::first_float];
    if (number == gdb::privilege) return static_cast<u64>(state.privilege);
    return peek_csr(hart_, number - gdb::first_csr).value_or(0);
}

Status HartDebugView::write(std::size_t index, u64 value) {
    const RegisterDescription& description = registers()[index];
    const u32 number = description.number;
    State& state = hart_.registers();
    if (gdb::is_csr(number)) {
        if (csr_read_only(number - gdb::first_csr)) return error("{} is read-only", description.name);
        write_csr(number - gdb::first_csr, value);
        hart_.restored();
    } else if (number == gdb::privilege) {
        write_privilege(value);
        hart_.restored();
    } else if (number < gdb::pc) {
        if (number != 0) state.x[number] = value;
    } else if (number == gdb::pc) {
        if (value != state.pc) state.halted = false; // it was the instruction before the old pc that waits
        state.pc = value & ~u64{1};
    } else {
        state.f[number - gdb::first_float] = value;
        if (!float_is_off(state)) state.mstatus |= mstatus_fs_dirty;
    }
    return {};
}

void HartDebugView::write_csr(u32 number, u64 value) {
    State& state = hart_.registers();
    const bool float_was_off = float_is_off(state);
    const u64 retired = hart_.services().retired();
    const u64 cycle = hart_.counters().read_fixed(counter::cycle, retired);
    const u64 instret = hart_.counters().read_fixed(counter::instret, retired);

    poke_csr(hart_, number, value);

    // The guest's software keeps the float registers of a context with FS off elsewhere: it stays off.
    if (number >= fflags && number <= fcsr && float_was_off) state.mstatus &= ~mstatus::fs;
    // The counters take a write for one by an instruction, which isn't counted; here was none.
    const u64 before = retired - 1;
    if (number == mcycle || number == mcountinhibit)
        hart_.counters().write_fixed(counter::cycle, number == mcycle ? value : cycle, before);
    if (number == minstret || number == mcountinhibit)
        hart_.counters().write_fixed(counter::instret, number == minstret ? value : instret, before);
}

// 2 isn't a mode: the hart stays in the one it is in.
void HartDebugView::write_privilege(u64 value) {
    if (value <= 1 || value == 3) hart_.set_mode(static_cast<Privilege>(value), hart_.registers().mstatus);
}

std::string HartDebugView::condition() const {
    std::string text(short_mode_name(hart_.registers().privilege));
    if (hart_.halted()) text += ", wfi";
    return text;
}

// Privileges by their encoding, in which 2 isn't used.
CpuWords HartDebugView::words() const {
    constexpr u64 exception_codes = 16;
    CpuWords words{.privileges = {"U", "S", "", "M"}, .exceptions = {}, .interrupts = {}};
    for (u64 code = 0; code < exception_codes; ++code) words.exceptions.emplace_back(exception_name(code));
    for (const auto& [number, name] : interrupt_names) {
        if (words.interrupts.size() <= number) words.interrupts.resize(number + 1);
        words.interrupts[number] = name;
    }
    return words;
}

} // namespace orrery::riscv
