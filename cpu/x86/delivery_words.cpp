#include "cpu/x86/delivery_words.hpp"

#include <fmt/format.h>

#include "cpu/x86/debug_view.hpp"
#include "cpu/x86/debug_walk.hpp"
#include "cpu/x86/descriptor_words.hpp"
#include "cpu/x86/interrupts.hpp"
#include "cpu/x86/segmentation.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 table_at_reset_limit = 0xffff; // IDTR and GDTR, whose bases are 0 then
constexpr u32 task_stack0 = 4, task_stack0_16 = 2;

class Delivery {
public:
    Delivery(const Core& core, Fault attempted, Fault answer)
        : core_(core), state_(core.state()), vector_(vector_of(attempted)), answer_(answer) {}

    RefusedDelivery refusal() {
        std::string reason = core_.protected_mode() ? in_protected_mode() : in_real_mode();
        if (reason.empty()) reason = fmt::format("its delivery gave {}", fault_words(answer_));
        return {std::move(reason), std::move(lines_)};
    }

private:
    // Each returns why it ends there, or nothing to go on.
    std::string in_real_mode() {
        const u32 offset = u32{vector_} * 4;
        if (offset + 3 > state_.idtr.limit)
            return fmt::format("vector {:#x} lies beyond the interrupt vector table, whose limit is {:#x}", vector_,
                               state_.idtr.limit);
        return stack_of(state_.segment(Segment::ss), state_.r[gpr::rsp]);
    }

    std::string in_protected_mode() {
        const bool long_mode = core_.long_mode();
        if (std::string why = gate(long_mode); !why.empty()) return why;
        if (gate_.system_type() == SystemType::task_gate) return task(gate_.gate_selector());
        if (std::string why = code_segment(long_mode); !why.empty()) return why;
        return long_mode ? stack_64() : stack_outside_64();
    }

    std::string gate(bool long_mode) {
        const u32 size = long_mode ? 16 : 8;
        const u64 offset = u64{vector_} * size;
        const u64 address = state_.idtr.base + offset;
        lines_.push_back(fmt::format("IDTR: base {:#x}, limit {:#x}", state_.idtr.base, state_.idtr.limit));
        if (state_.idtr.base == 0 && state_.idtr.limit == 0)
            return "no IDT was ever loaded: base and limit of IDTR are 0";
        if (offset + size - 1 > state_.idtr.limit)
            return fmt::format("there is no gate for it: the IDT (base {:#x}) has limit {:#x}, entry {} ends at {:#x}",
                               state_.idtr.base, state_.idtr.limit, vector_, offset + size - 1);
        const auto raw = core_.mmu().peek(address, 8);
        const auto upper = long_mode ? core_.mmu().peek(address + 8, 8) : 0;
        if (!raw || !upper) return unreadable(fmt::format("IDT entry {}", vector_), address);
        gate_ = {*raw};
        gate_upper_ = *upper;
        lines_.push_back(fmt::format("IDT entry {} at {:#x}: {:#018x}: {}", vector_, address, *raw,
                                     descriptor_words(gate_, gate_upper_, long_mode)));
        const std::string which = fmt::format("IDT entry {}", vector_);
        if (state_.idtr.base == 0 && state_.idtr.limit == table_at_reset_limit && !is_gate(long_mode))
            return "no IDT was ever loaded: IDTR is as after a reset";
        if (*raw == 0) return fmt::format("its gate, {}, is empty", which);
        if (!is_gate(long_mode))
            return fmt::format("{} is no gate for interrupts but: {}", which,
                               descriptor_words(gate_, gate_upper_, long_mode));
        if (!gate_.present()) return fmt::format("its gate, {}, isn't present (P is 0)", which);
        return {};
    }

    [[nodiscard]] bool is_gate(bool long_mode) const {
        return !gate_.is_code_or_data() && is_interrupt_gate(gate_.system_type(), long_mode);
    }

    // Reads a descriptor of the GDT or the LDT and tells it.
    std::string descriptor(std::string_view whose, u16 selector, Descriptor& out) {
        const bool local = (selector & selector::local) != 0;
        if (local && !state_.ldtr.usable()) return fmt::format("{} is in the LDT, and there is none", whose);
        const u64 base = local ? state_.ldtr.base : state_.gdtr.base;
        const u64 limit = local ? state_.ldtr.limit : state_.gdtr.limit;
        const u64 offset = selector::offset(selector);
        if (offset + 7 > limit)
            return fmt::format("{}, {}, lies beyond the table, whose limit is {:#x}", whose, selector_words(selector),
                               limit);
        const auto raw = core_.mmu().peek(base + offset, 8);
        if (!raw) return unreadable(fmt::format("{}, {},", whose, selector_words(selector)), base + offset);
        out = {*raw};
        lines_.push_back(fmt::format("{} at {:#x}: {:#018x}: {}", selector_words(selector), base + offset, *raw,
                                     descriptor_words(out, 0, core_.long_mode())));
        return {};
    }

    std::string code_segment(bool long_mode) {
        const u16 selector = gate_.gate_selector();
        if (selector::is_null(selector)) return fmt::format("its gate, IDT entry {}, has a null selector", vector_);
        const std::string whose = "its gate's code segment";
        Descriptor code;
        if (std::string why = descriptor(whose, selector, code); !why.empty()) return why;
        const std::string what = fmt::format("{}, {},", whose, selector_words(selector));
        if (code.value == 0) return what + " is empty";
        if (!code.is_code())
            return fmt::format("{} isn't code but {}", what,
                               code.is_code_or_data() ? segment_kind_words(code.rights())
                                                      : system_type_words(code.system_type(), long_mode));
        if (code.dpl() > core_.cpl())
            return fmt::format("{} has DPL {}, less privileged than the code that runs (CPL {})", what, code.dpl(),
                               core_.cpl());
        const bool code64 = code.is(access::long_mode) && !code.is(access::big);
        if (long_mode && !code64)
            return fmt::format("{} is {}, and long mode takes 64-bit code only", what,
                               segment_kind_words(code.rights()));
        if (!code.present()) return what + " isn't present (P is 0)";
        const bool conforming = code.is(access::conforming);
        privilege_ = conforming ? core_.cpl() : code.dpl();
        if (core_.virtual_8086() && privilege_ != 0)
            return fmt::format("{} isn't of privilege 0, which virtual-8086 mode can't be left for", what);
        const u64 offset = gate_.gate_offset() | (long_mode ? gate_upper_ << 32 : 0);
        if (long_mode && !core_.canonical(offset))
            return fmt::format("the handler's address {:#x} isn't canonical", offset);
        const bool wide =
            gate_.system_type() == SystemType::interrupt_gate || gate_.system_type() == SystemType::trap_gate;
        const u64 entry = wide ? offset : offset & 0xffff;
        if (!long_mode && !within_limit(code.segment(selector), entry, 1))
            return fmt::format("the handler at {:#x} lies beyond the limit of {} which is {:#x}", entry, what,
                               code.limit());
        return {};
    }

    std::string stack_64() {
        const u32 ist = gate_.gate_stack();
        u64 pointer = state_.r[gpr::rsp];
        if (ist != 0 || privilege_ < core_.cpl()) {
            const u32 number = ist != 0 ? ist + 3 : privilege_;
            const std::string name = ist != 0 ? fmt::format("IST{}", ist) : fmt::format("RSP{}", privilege_);
            const u32 offset = 4 + number * 8;
            if (std::string why = task_word(name, offset, 8, pointer); !why.empty()) return why;
            if (!core_.canonical(pointer)) return fmt::format("{} of the TSS, {:#x}, isn't canonical", name, pointer);
            return pushes(pointer & ~u64{15}, fmt::format("the stack that {} of the TSS names", name));
        }
        return pushes(pointer & ~u64{15}, "the stack");
    }

    std::string stack_outside_64() {
        if (privilege_ == core_.cpl() && !core_.virtual_8086())
            return stack_of(state_.segment(Segment::ss), state_.r[gpr::rsp]);
        const auto type = static_cast<SystemType>(state_.tr.rights & access::type);
        const bool narrow = type == SystemType::tss16_available || type == SystemType::tss16_busy;
        const u32 size = narrow ? 2 : 4;
        const u32 offset = (narrow ? task_stack0_16 : task_stack0) + privilege_ * 2 * size;
        u64 pointer = 0;
        u64 selector = 0;
        if (std::string why = task_word(fmt::format("ESP{}", privilege_), offset, size, pointer); !why.empty())
            return why;
        if (std::string why = task_word(fmt::format("SS{}", privilege_), offset + size, 2, selector); !why.empty())
            return why;
        const std::string whose = fmt::format("the stack segment that SS{} of the TSS names", privilege_);
        const auto stack = static_cast<u16>(selector);
        if (selector::is_null(stack)) return fmt::format("SS{} of the TSS is null", privilege_);
        Descriptor data;
        if (std::string why = descriptor(whose, stack, data); !why.empty()) return why;
        const bool writable = data.is_code_or_data() && !data.is_code() && data.is(access::writable);
        if (!writable)
            return fmt::format("{} isn't writable data: {}", whose, descriptor_words(data, 0, core_.long_mode()));
        if ((stack & selector::rpl) != privilege_ || data.dpl() != privilege_)
            return fmt::format("{} has RPL {} and DPL {}, the handler runs at {}", whose, stack & selector::rpl,
                               data.dpl(), privilege_);
        if (!data.present()) return whose + " isn't present (P is 0)";
        return stack_of(data.segment(stack), pointer);
    }

    // A word of the TSS that TR holds.
    std::string task_word(std::string_view name, u32 offset, u32 size, u64& out) {
        const SegmentCache& tss = state_.tr;
        lines_.push_back(
            fmt::format("TR: {}, base {:#x}, limit {:#x}", selector_words(tss.selector), tss.base, tss.limit));
        if (offset + size - 1 > tss.limit)
            return fmt::format("{} is beyond the TSS ({}), whose limit is {:#x}{}", name, selector_words(tss.selector),
                               tss.limit, selector::is_null(tss.selector) ? ": no TSS was loaded (ltr)" : "");
        const auto value = core_.mmu().peek(tss.base + offset, size);
        if (!value) return unreadable(fmt::format("{} of the TSS", name), tss.base + offset);
        out = *value;
        lines_.push_back(fmt::format("{} in the TSS at {:#x}: {:#x}{}", name, tss.base + offset, out,
                                     selector::is_null(tss.selector) ? " (no TSS was loaded: ltr)" : ""));
        return {};
    }

    // Outside of 64-bit code.
    std::string stack_of(const SegmentCache& segment, u64 pointer) {
        if (vector_of(answer_) == vector::ss)
            return fmt::format("the stack, {:#x} in {} (base {:#x}, limit {:#x}), leaves its segment", pointer,
                               selector_words(segment.selector), segment.base, segment.limit);
        return pushes(segment.base + pointer, "the stack");
    }

    std::string pushes(u64 pointer, std::string_view which) {
        if (vector_of(answer_) == vector::ss) return fmt::format("{} at {:#x} isn't canonical", which, pointer);
        if (vector_of(answer_) != vector::pf) return {};
        return unreachable_page(fmt::format("{} at {:#x} can't be written", which, pointer));
    }

    std::string task(u16 selector) {
        Descriptor task;
        if (std::string why = descriptor("its task gate's TSS", selector, task); !why.empty()) return why;
        return fmt::format("the switch to the task of {} gave {}", selector_words(selector), fault_words(answer_));
    }

    std::string unreadable(const std::string& what, u64 address) {
        if (vector_of(answer_) == vector::pf)
            return unreachable_page(fmt::format("{} at {:#x} can't be read", what, address));
        lines_.push_back(fmt::format("{} at {:#x} isn't in memory", what, address));
        return fmt::format("{} at {:#x} isn't in memory", what, address);
    }

    // The page fault that the answer is.
    std::string unreachable_page(std::string what) {
        PageAccess access = access_of(error_code_of(answer_));
        access.implicit = true;
        const std::string why = page_refusal(core_, answer_.value, access);
        lines_.push_back(fmt::format("the page walk of {:#x}:", answer_.value));
        add_walk_lines(core_, answer_.value, "  ", lines_);
        return why.empty() ? what : fmt::format("{}: {}", what, why);
    }

    const Core& core_;
    const State& state_;
    const u8 vector_;
    const Fault answer_;
    Descriptor gate_;
    u64 gate_upper_ = 0;
    u32 privilege_ = 0;
    std::vector<std::string> lines_;
};

} // namespace

RefusedDelivery why_refused(const Core& core, Fault attempted, Fault answer) {
    return Delivery(core, attempted, answer).refusal();
}

std::string vector_words(u8 vector) {
    constexpr std::array<std::string_view, 20> mnemonics{"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                                         "#NM", "#DF", "",    "#TS", "#NP", "#SS", "#GP",
                                                         "#PF", "",    "#MF", "#AC", "#MC", "#XM"};
    if (vector >= mnemonics.size() || mnemonics[vector].empty()) return fmt::format("vector {}", vector);
    return std::string(mnemonics[vector]);
}

std::string fault_words(Fault fault) {
    const u8 vector = vector_of(fault);
    std::string text = fmt::format("{} {}", vector_words(vector), exception_name(vector));
    if (vector == vector::pf)
        return fmt::format("{} at {:#x}, {}", text, fault.value, page_fault_text(error_code_of(fault)));
    if (!has_error_code(fault) || vector == vector::df || vector == vector::ac) return text;
    if (error_code_of(fault) == 0) return text + " (error code 0)";
    return fmt::format("{} (error code {:#x}: {})", text, error_code_of(fault),
                       selector_error_words(error_code_of(fault)));
}

void add_walk_lines(const Core& core, u64 linear, std::string_view indent, std::vector<std::string>& lines) {
    for (const WalkStep& step : tell_walk(core, linear).steps)
        lines.push_back(step.entry_address == 0 ? fmt::format("{}{}: {}", indent, step.what, step.meaning)
                                                : fmt::format("{}{}: entry {:#x} at {:#x}: {}", indent, step.what,
                                                              step.entry, step.entry_address, step.meaning));
}

} // namespace orrery::x86
