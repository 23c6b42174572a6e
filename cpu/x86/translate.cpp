#include "cpu/x86/translate.hpp"

#include <array>
#include <utility>

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/fault.hpp"
#include "cpu/x86/processor.hpp"
#include "cpu/x86/translate_vector.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

using Emit = void (*)(BlockTranslation&);

constexpr std::size_t operation_count = 1
#define OPERATION(op, name, access, flags, page) +1
#include "cpu/x86/operations.def"
#undef OPERATION
    ;

constexpr auto translator_of_op = [] {
    std::array<Emit, operation_count> table{};
#define TRANSLATOR(op) table[static_cast<std::size_t>(Op::op)] = translators::op;
#include "cpu/x86/translators.def"
#undef TRANSLATOR
    return table;
}();

Emit translator_of(Op op) {
    if (const Emit emit = translator_of_op[static_cast<std::size_t>(op)]) return emit;
    return kernel_of(op).kind != KernelKind::none ? vector_operation : nullptr;
}

constexpr bool same_page(u64 a, u64 b) { return (a ^ b) < page_size; }

// Whether the running privilege may not do it at all.
bool forbidden(const Row& row, const Mode& mode) {
    if (row.has(trait::privileged) && mode.cpl != 0) return true;
    return false;
}

// Instruction bytes as the decoder wants them. Bytes of the next page are asked for only where that is allowed.
class CodeBytes final : public ByteReader {
public:
    CodeBytes(CodeReader& code, u64 pc, bool may_cross) : code_(code), pc_(pc), at_(pc), may_cross_(may_cross) {}
    std::optional<u8> next() override {
        if (!may_cross_ && !same_page(at_, pc_)) {
            crossed_ = true;
            return std::nullopt;
        }
        const auto byte = code_.fetch8(at_);
        if (!byte) {
            fault_ = byte.error();
            return std::nullopt;
        }
        ++at_;
        return *byte;
    }
    [[nodiscard]] bool crossed() const { return crossed_; }
    [[nodiscard]] Fault fault() const { return fault_; }

private:
    CodeReader& code_;
    const u64 pc_;
    u64 at_;
    const bool may_cross_;
    bool crossed_ = false;
    Fault fault_;
};

} // namespace

bool is_translated(Op op) { return translator_of(op) != nullptr; }

void translate_instruction(BlockTranslation& translation) {
    const Row& row = *translation.instruction().row;
    const bool needs_descriptors = row.has(trait::protected_mode) || is_vex(row.map);
    if (needs_descriptors && (!translation.mode().protected_mode || translation.mode().virtual_8086))
        return translation.raise(exception(vector::ud));
    if (forbidden(row, translation.mode())) return translation.raise(general_protection());
    const Emit emit = translator_of(row.op);
    if (!emit) return translation.raise(exception(vector::ud));
    emit(translation);
}

void BlockTranslation::begin(const Instruction& instruction, u64 pc) {
    builder_.insn(pc, instruction.length);
    instruction_ = &instruction;
    pc_ = pc;
    next_pc_ = pc + instruction.length;
    stop_requested_ = false;
    helper_stores_ = false;
    if (!is_64()) next_pc_ &= mask(Size::dword);
    if (mode_.shadow || shadows_next_) builder_.put(slot::interrupt_shadow, constant(0));
    shadows_next_ = false;
    if (mode_.resume) builder_.put(slot::rflags, binary(ir::Op::and_, builder_.get(slot::rflags), ~u64{flag::resume}));
    if (mode_.code_limited)
        call(HelperNumber::check_code, constant((pc - mode_.code_base + instruction.length - 1) & mask(Size::dword)));
}

void BlockTranslation::end(ir::Terminal terminal) {
    builder_.end(terminal);
    ended_ = true;
}

void BlockTranslation::note_trap() {
    if (!mode_.trap) return;
    const ir::Value others = builder_.get(slot::pending_debug); // of breakpoints
    builder_.put(slot::pending_debug, binary(ir::Op::or_, others, dr6::single_step));
}

void BlockTranslation::finish_instruction() {
    if (ended_) return;
    if (stops_behind())
        leave();
    else if (helper_stores_)
        go_on(); // the instruction may have written the next one
}

// ---- jumps. Under a trap or in an interrupt's shadow they go through the dispatcher.

void BlockTranslation::jump(u64 target, ir::JumpKind kind) {
    if (stops_behind()) {
        note_trap();
        end(ir::Leave{.pc = target});
    } else {
        end(ir::Goto{.pc = target, .kind = kind, .link = kind == ir::JumpKind::call ? next_pc_ : 0});
    }
}

void BlockTranslation::jump_if(const Test& test, u64 target) {
    if (stops_behind()) {
        const ir::Value taken = builder_.compare(test.condition, test.a, test.b, test.type);
        jump_to(builder_.select(taken, constant(target), constant(next_pc_)));
    } else {
        end(ir::Branch{test.condition, test.type, test.a, test.b, target, next_pc_});
    }
}

void BlockTranslation::jump_to(ir::Value target, ir::JumpKind kind) {
    if (stops_behind()) {
        note_trap();
        builder_.put(slot::pc, target);
        leave_with_rip();
    } else {
        end(ir::Indirect{.pc = target, .kind = kind, .link = kind == ir::JumpKind::call ? next_pc_ : 0});
    }
}

void BlockTranslation::follow_rip() {
    if (stops_behind())
        leave_with_rip();
    else
        end(ir::Indirect{.pc = builder_.get(slot::pc), .kind = ir::JumpKind::system});
}

void BlockTranslation::go_on_elsewhere() {
    if (stops_behind())
        leave();
    else
        end(ir::Indirect{.pc = constant(next_pc_), .kind = ir::JumpKind::system});
}

void Processor::translate(ir::BlockKey key, CodeReader& code, u32 limit, ir::Builder& builder) {
    const Mode mode = Mode::unpack(key.mode);
    const Features features = features_in(mode, features_);
    BlockTranslation translation(mode, builder);
    u64 pc = key.pc;
    for (u32 count = 0; count == 0 || (count < limit && same_page(pc, key.pc) && builder.has_room()); ++count) {
        CodeBytes bytes(code, pc, count == 0);
        Instruction instruction = decode(bytes, mode.code, features);
        if (!instruction.valid()) {
            // What doesn't lie on this page begins a block of its own, and a fault comes when it is reached.
            if (count != 0) break;
            const Outcome outcome = instruction.outcome;
            instruction.length = 0;
            translation.begin(instruction, pc);
            translation.raise(outcome == Outcome::fetch_fault ? bytes.fault()
                              : outcome == Outcome::too_long  ? general_protection()
                                                              : exception(vector::ud));
            return;
        }
        // IP wraps after 64 KiB.
        const u64 end = (pc - mode.code_base) + instruction.length;
        const bool wraps = mode.code == CodeSize::bits16 && end > 0xffff && !mode.code_limited;
        translation.begin(instruction, pc);
        if (wraps && end > 0x10000) return translation.raise(general_protection());
        translate_instruction(translation);
        translation.finish_instruction();
        if (translation.ended()) return;
        pc = translation.next_pc();
        if (wraps) return translation.jump(mode.code_base);
    }
    if (translation.shadows_next()) return translation.leave();
    translation.jump(pc);
}

} // namespace orrery::x86
