// Why a hart gets nowhere, in words: from the first exception of those that led there to what the program did wrong.

#include <fmt/format.h>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/diagnosis_words.hpp"
#include "cpu/riscv/hart.hpp"
#include "machine/fabric/address_space.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 near_stack_bytes = 4096;
constexpr u32 stack_pointer = 2, return_address = 1;

// While it lives the hart's addresses mean what they meant in another mode, to loads as to fetches.
class InMode {
public:
    InMode(State& state, Privilege privilege) : state_(state), privilege_(state.privilege), mstatus_(state.mstatus) {
        state_.privilege = privilege;
        state_.mstatus &= ~mstatus::mprv;
    }
    ~InMode() {
        state_.privilege = privilege_;
        state_.mstatus = mstatus_;
    }
    InMode(const InMode&) = delete;
    InMode& operator=(const InMode&) = delete;

private:
    State& state_;
    const Privilege privilege_;
    const u64 mstatus_;
};

class Diagnosis {
public:
    Diagnosis(Hart& hart, const StuckQuestion& question)
        : hart_(hart), state_(hart.registers()), question_(question), view_(question.memory.view()) {}

    StuckAnswer answer() {
        StuckAnswer answer{.sentence = sentence(), .lines = {}};
        add_exceptions(answer.lines);
        add_registers(answer.lines);
        if (question_.kind != StuckKind::standstill && !question_.exceptions.empty()) add_walk(answer.lines);
        return answer;
    }

private:
    static Privilege privilege_of(const ExceptionRecord& record) { return Mode::unpack(record.mode).privilege; }

    // Those that take turns have come equally often, all but the last round.
    [[nodiscard]] std::span<const ExceptionRecord> chase() const {
        const auto& all = question_.exceptions;
        std::size_t count = 1;
        while (count < all.size() && all[all.size() - 1 - count].count + 1 >= all.back().count) ++count;
        return all.last(count);
    }

    // The one that the others came from: of a row, the first at which the count of retired instructions stood still.
    [[nodiscard]] const ExceptionRecord& root() const {
        const auto& all = question_.exceptions;
        std::size_t i = all.size() - 1;
        if (question_.kind == StuckKind::chase) return chase().front();
        if (question_.kind != StuckKind::row) return all[i];
        while (i > 0 && all[i - 1].retired == all.back().retired) --i;
        return all[i];
    }

    [[nodiscard]] std::string sentence() const {
        if (question_.kind == StuckKind::standstill) return standstill();
        const std::string_view resets = "the guest keeps resetting the machine without getting anywhere";
        if (question_.kind == StuckKind::resets && question_.exceptions.empty())
            return fmt::format("{}, at last from pc {}; no exception came before", resets, question_.place(state_.pc));
        if (question_.exceptions.empty()) return "it gets nowhere, though it took no exception";
        const ExceptionRecord& first = root();
        if (question_.kind == StuckKind::resets)
            return fmt::format("{}, at last from pc {}; the exception before that was {}", resets,
                               question_.place(state_.pc), cause(first));
        return cause(first) + what_follows(first);
    }

    // ---- what the exceptions end in
    [[nodiscard]] bool delegated(const ExceptionRecord& record) const {
        return privilege_of(record) != Privilege::machine && (state_.medeleg & bit(record.code & 63)) != 0;
    }

    [[nodiscard]] std::string what_follows(const ExceptionRecord& first) const {
        const bool to_supervisor = delegated(first);
        const std::string_view name = to_supervisor ? "stvec" : "mtvec";
        const u64 vector = to_supervisor ? state_.stvec : state_.mtvec;
        const u64 entry = vector & ~u64{3};
        if (question_.kind == StuckKind::retry)
            return fmt::format("; its handler (at {}) returns to the same instruction each time and changes nothing",
                               question_.place(entry));
        if (question_.kind == StuckKind::chase)
            return fmt::format("; its handler (at {}) returns to {}, and so for ever", question_.place(entry),
                               others());
        if (question_.kind == StuckKind::nest)
            return fmt::format("; the handler (at {}) doesn't return but comes to the same exception, again and again",
                               question_.place(entry));
        if (vector == 0 && hart_.refused_vector())
            return fmt::format("; there is no handler: {} is still 0, since {:#x}, which was written to a trap vector, "
                               "is not aligned to 4 bytes and was refused",
                               name, *hart_.refused_vector());
        if (vector == 0) return fmt::format("; there is no handler: {} was never set and is 0", name);
        const std::string why = fetch_obstacle(entry, to_supervisor ? Privilege::supervisor : Privilege::machine);
        if (!why.empty()) return fmt::format("; its handler at {}={:#x} can't be fetched: {}", name, vector, why);
        return fmt::format("; its handler at {}={} at once raises an exception too", name, question_.place(vector));
    }

    [[nodiscard]] std::string others() const {
        std::string text;
        for (const ExceptionRecord& record : chase().subspan(1))
            text += fmt::format("{} at pc {}, whose handler returns to ", exception_name(record.code),
                                question_.place(record.pc));
        return text + "the first";
    }

    // ---- places
    [[nodiscard]] const Window* window(u64 physical) const { return view_->find({physical}); }

    [[nodiscard]] std::string where(u64 physical) const {
        const Window* found = window(physical);
        if (!found) return "nothing answers there (no RAM and no device)";
        return fmt::format("that is {} '{}'", found->ram ? found->read_only ? "ROM" : "RAM" : "the device",
                           found->name);
    }

    // Why a page walk or what it leads to refuses; empty if it doesn't.
    [[nodiscard]] std::string walk_obstacle(u64 address, std::string_view what) const {
        const Walk walk = hart_.debug_view().walk({address});
        if (walk.steps.empty()) return {};
        const WalkStep& last = walk.steps.back();
        if (!walk.address && walk.page_size_bytes == 0) {
            if (walk.steps.size() == 1) return last.meaning;
            const WalkStep& entry = walk.steps[walk.steps.size() - 2];
            return fmt::format("the page walk fails at {}, entry {:#x} at {:#x}: {}", entry.what, entry.entry,
                               entry.entry_address, last.meaning);
        }
        const std::string refusal = fmt::format("{} no (", what);
        const std::size_t begin = last.meaning.find(refusal);
        if (begin == std::string::npos) return {};
        const std::size_t from = begin + refusal.size();
        return last.meaning.substr(from, last.meaning.find(')', from) - from);
    }

    [[nodiscard]] std::string fetch_obstacle(u64 address, Privilege privilege) const {
        const InMode mode(state_, privilege);
        if (std::string why = walk_obstacle(address, "fetch"); !why.empty()) return why;
        const auto place = hart_.debug_view().translate({address});
        const Window* found = place ? window(place->value) : nullptr;
        return found && found->ram ? std::string{} : where(place ? place->value : address);
    }

    // ---- what an exception came from
    [[nodiscard]] std::string cause(const ExceptionRecord& record) const {
        const InMode mode(state_, privilege_of(record));
        const std::string at = question_.place(record.pc);
        switch (static_cast<Exception>(record.code)) {
        case Exception::instruction_access_fault:
        case Exception::instruction_page_fault:
            return lost_in_rom() + fetch_cause(record);
        case Exception::illegal_instruction:
            return lost_in_rom() + fmt::format("{} at pc {}", illegal_cause(record), at);
        case Exception::load_address_misaligned:
        case Exception::store_address_misaligned:
            return fmt::format("misaligned {} at {:#x}, at pc {}", is_load(record) ? "load" : "store or atomic access",
                               record.value, at);
        case Exception::load_access_fault:
        case Exception::store_access_fault:
        case Exception::load_page_fault:
        case Exception::store_page_fault:
            return data_cause(record);
        default:
            return fmt::format("{} at pc {}", exception_name(record.code), at);
        }
    }

    static bool is_load(const ExceptionRecord& record) {
        const auto code = static_cast<Exception>(record.code);
        return code == Exception::load_address_misaligned || code == Exception::load_access_fault ||
               code == Exception::load_page_fault;
    }

    [[nodiscard]] std::string obstacle(const ExceptionRecord& record, std::string_view what) const {
        if (std::string why = walk_obstacle(record.value, what); !why.empty() && why != "nothing answers there")
            return why;
        const auto place = hart_.debug_view().translate({record.value});
        return where(place ? place->value : record.value);
    }

    [[nodiscard]] std::string data_cause(const ExceptionRecord& record) const {
        const u64 sp = state_.x[stack_pointer];
        const bool stack = question_.kind != StuckKind::row && question_.kind != StuckKind::nest
                               ? false
                               : record.value - sp + near_stack_bytes < 2 * near_stack_bytes;
        const std::string at = question_.place(record.pc);
        const std::string why = obstacle(record, is_load(record) ? "load" : "store");
        if (stack || record.value - sp < near_stack_bytes)
            return fmt::format("the stack pointer ({:#x}) leads out of memory: {} at {:#x}, at pc {}: {}", sp,
                               exception_name(record.code), record.value, at, why);
        return fmt::format("{} at {:#x}, at pc {}: {}", exception_name(record.code), record.value, at, why);
    }

    [[nodiscard]] std::string fetch_cause(const ExceptionRecord& record) const {
        const std::string why = obstacle(record, "fetch");
        if (satp_was_written_before(record.pc))
            return fmt::format(
                "satp ({:#x}) is wrong: the instruction after the write to it, at {}, can't be fetched: {}",
                state_.satp, question_.place(record.pc), why);
        return fmt::format("jump to nowhere, {} at pc {} (ra {}): {}", exception_name(record.code),
                           question_.place(record.pc), question_.place(state_.x[return_address]), why);
    }

    // Programs are at the same address before and after, or else they couldn't go on; fences may stand between.
    [[nodiscard]] bool satp_was_written_before(u64 pc) const {
        for (u64 back = 4; back <= 8; back += 4) {
            const u32 instruction = instruction_at(pc - back);
            if (is_csr_access(instruction) && csr_of(instruction) == satp_number) return true;
            if (!is_address_fence(instruction)) return false;
        }
        return false;
    }

    [[nodiscard]] u32 instruction_at(u64 physical) const {
        u8 bytes[4] = {};
        if (!question_.memory.read_memory({physical}, bytes)) return 0;
        return bytes[0] | static_cast<u32>(bytes[1]) << 8 | static_cast<u32>(bytes[2]) << 16 |
               static_cast<u32>(bytes[3]) << 24;
    }

    [[nodiscard]] std::string illegal_cause(const ExceptionRecord& record) const {
        u32 bits = static_cast<u32>(record.value);
        if (const auto place = hart_.debug_view().translate({record.pc}); bits == 0 && place)
            bits = instruction_at(place->value);
        if (bits == 0) return "the program runs into memory that is all zeroes: illegal instruction 0";
        if (!is_csr_access(bits)) return illegal_instruction_words(bits, state_);
        const u32 number = csr_of(bits);
        const std::string name = csr_name(number);
        const std::string what = fmt::format("illegal access to CSR {:#x}{}", number, name.empty() ? "" : ", " + name);
        if (const u64 needed = number >> 8 & 3; needed > static_cast<u64>(privilege_of(record)))
            return fmt::format("{}, which {} mode may not touch", what, mode_name(privilege_of(record)));
        if (number >> 10 == 3 && writes_csr(bits)) return fmt::format("{}: it is read-only", what);
        if (!peek_csr(hart_, number)) return fmt::format("{}: this hart has no such register", what);
        return fmt::format("{}: it is switched off in this mode", what);
    }

    // A stack in ROM loses what is put there, return addresses among it.
    [[nodiscard]] std::string lost_in_rom() const {
        const u64 sp = state_.x[stack_pointer];
        const auto place = hart_.debug_view().translate({sp});
        const Window* found = place ? window(place->value) : nullptr;
        if (!found || (found->ram && !found->read_only)) return {};
        return fmt::format("the stack pointer ({:#x}) lies in {} '{}', where stores are lost: ", sp,
                           found->ram ? "ROM" : "the device", found->name);
    }

    // ---- a standstill
    [[nodiscard]] std::string standstill() const {
        const Standstill how = hart_.standstill();
        const std::string at = question_.place(state_.pc);
        const std::string what = hart_.halted() ? fmt::format("waits for an interrupt (wfi before pc {})", at)
                                                : fmt::format("jumps to itself at pc {}", at);
        if (how.timer)
            return fmt::format("{}, and the timer interrupt that it waits for never comes: no timer is set", what);
        if (how.other_cpu)
            return fmt::format("{}, and only another hart's message could end that, which no hart will send", what);
        if (state_.mie == 0) return fmt::format("{} with all interrupts masked: mie is 0", what);
        return fmt::format("{} with interrupts off: mie is {:#x}, mstatus.MIE {}, mstatus.SIE {}, in {} mode", what,
                           state_.mie, (state_.mstatus & mstatus::mie) != 0 ? 1 : 0,
                           (state_.mstatus & mstatus::sie) != 0 ? 1 : 0, mode_name(state_.privilege));
    }

    // ---- the lines
    void add_exceptions(std::vector<std::string>& lines) const {
        if (question_.exceptions.empty()) return;
        lines.push_back("the last exceptions, oldest first:");
        for (const ExceptionRecord& record : question_.exceptions)
            lines.push_back(fmt::format("  {:>8}x  {} ({}), value {:#x}, {} mode, pc {}", record.count,
                                        exception_name(record.code), record.code, record.value,
                                        mode_name(privilege_of(record)), question_.place(record.pc)));
    }

    void add_registers(std::vector<std::string>& lines) const {
        lines.push_back(fmt::format("now: pc {}, {}", question_.place(state_.pc), hart_.debug_view().condition()));
        lines.push_back(
            fmt::format("  ra {}, sp {:#x}", question_.place(state_.x[return_address]), state_.x[stack_pointer]));
        const auto bit_of = [&](u64 mask) { return (state_.mstatus & mask) != 0 ? 1 : 0; };
        lines.push_back(fmt::format("  mstatus {:#x}: MIE {}, SIE {}, MPIE {}, SPIE {}, MPP {}, SPP {}, MPRV {}",
                                    state_.mstatus, bit_of(mstatus::mie), bit_of(mstatus::sie), bit_of(mstatus::mpie),
                                    bit_of(mstatus::spie), field(state_.mstatus, mstatus::mpp_low, 2),
                                    bit_of(mstatus::spp), bit_of(mstatus::mprv)));
        lines.push_back(fmt::format("  mie {:#x}, mip {:#x}, mideleg {:#x}, medeleg {:#x}, satp {:#x}", state_.mie,
                                    pending_interrupts(state_), state_.mideleg, state_.medeleg, state_.satp));
        lines.push_back(fmt::format("  mtvec {:#x}, mepc {:#x}, mcause {:#x}, mtval {:#x}", state_.mtvec, state_.mepc,
                                    state_.mcause, state_.mtval));
        lines.push_back(fmt::format("  stvec {:#x}, sepc {:#x}, scause {:#x}, stval {:#x}", state_.stvec, state_.sepc,
                                    state_.scause, state_.stval));
    }

    void add_walk(std::vector<std::string>& lines) const {
        const ExceptionRecord& record = root();
        if (!has_address(record.code)) return;
        const InMode mode(state_, privilege_of(record));
        lines.push_back(
            fmt::format("the page walk of {:#x}, in {} mode:", record.value, mode_name(privilege_of(record))));
        for (const WalkStep& step : hart_.debug_view().walk({record.value}).steps)
            lines.push_back(step.entry_address == 0 ? fmt::format("  {}: {}", step.what, step.meaning)
                                                    : fmt::format("  {}: entry {:#x} at {:#x}: {}", step.what,
                                                                  step.entry, step.entry_address, step.meaning));
    }

    Hart& hart_;
    State& state_;
    const StuckQuestion& question_;
    const std::shared_ptr<const AddressSpace::View> view_;
};

} // namespace

StuckAnswer Hart::explain_stuck(const StuckQuestion& question) { return Diagnosis(*this, question).answer(); }

} // namespace orrery::riscv
