#include "cpu/riscv/translate.hpp"

#include <array>
#include <expected>
#include <optional>
#include <utility>

#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/instruction_table.hpp"

namespace orrery::riscv {
namespace {

struct Translator {
    void (*emit)(BlockTranslation&, const Instruction&);
    bool floating_point; // illegal while mstatus.FS is Off, or with a reserved rounding mode
};

constexpr bool is_floating_point(Extension extension) {
    return extension == Extension::f || extension == Extension::d || extension == Extension::zfhmin;
}

constexpr auto translator_of_op = std::to_array<Translator>({
    {translators::illegal, false},
#define INSTRUCTION(op, name, pattern, format, extension, section)                                                     \
    {translators::op, is_floating_point(Extension::extension)},
#include "cpu/riscv/instructions.def"
#undef INSTRUCTION
});

constexpr u32 dynamic_rounding = 7;

// II 3.1.6.6, I 11.2. Also where the result doesn't depend on it, a reserved rounding mode is illegal.
bool float_instruction_legal(Mode mode, const Instruction& instruction) {
    if (!mode.float_enabled || instruction.rm == 5 || instruction.rm == 6) return false;
    return instruction.rm != dynamic_rounding || !mode.frm_reserved;
}

struct Fetched {
    u32 bits;
    u32 length_bytes;
};

// Where the instruction has its second half on another page, that isn't read unless `may_cross`; then nothing is
// fetched.
struct NotFetched {
    std::optional<Fault> fault;
};
std::expected<Fetched, NotFetched> fetch(CodeReader& code, u64 pc, bool may_cross) {
    const auto low = code.fetch16(pc);
    if (!low) return std::unexpected(NotFetched{low.error()});
    if (instruction_length(*low) == 2) return Fetched{*low, 2};
    const bool crosses = (pc & (page_size - 1)) == page_size - 2;
    if (crosses && !may_cross) return std::unexpected(NotFetched{});
    const auto high = code.fetch16(pc + 2);
    if (!high) return std::unexpected(NotFetched{high.error()});
    return Fetched{*low | u32{*high} << 16, 4};
}

constexpr bool same_page(u64 a, u64 b) { return (a ^ b) < page_size; }

} // namespace

void BlockTranslation::begin_instruction(u64 pc, u32 length_bytes) {
    builder_.insn(pc, length_bytes);
    pc_ = pc;
    next_pc_ = pc + length_bytes;
}

ir::Value BlockTranslation::x(u32 number) { return number == 0 ? builder_.constant(0) : builder_.get(slot::x(number)); }

void BlockTranslation::put_x(u32 number, ir::Value value) {
    if (number != 0) builder_.put(slot::x(number), value);
}

void BlockTranslation::put_f(u32 number, ir::Value value) {
    mark_float_state_dirty();
    builder_.put(slot::f(number), value);
}

void BlockTranslation::mark_float_state_dirty() {
    if (float_state_dirty_) return;
    float_state_dirty_ = true;
    builder_.put(slot::mstatus, binary(ir::Op::or_, builder_.get(slot::mstatus), mstatus_fs_dirty));
}

ir::Value BlockTranslation::call(HelperNumber helper, ir::Value a, ir::Value b, ir::Value c) {
    const auto number = std::to_underlying(helper);
    return builder_.call(number, helper_table()[number].writes_slots, a, b, c);
}

void BlockTranslation::end(ir::Terminal terminal) {
    builder_.end(terminal);
    ended_ = true;
}

void translators::illegal(BlockTranslation& t, const Instruction& i) { t.raise_illegal(i); }

void translate_instruction(BlockTranslation& translation, const Instruction& instruction) {
    const Translator& translator = translator_of_op[std::to_underlying(instruction.op)];
    if (translator.floating_point && !float_instruction_legal(translation.mode(), instruction))
        translation.raise_illegal(instruction);
    else
        translator.emit(translation, instruction);
}

void Hart::translate(ir::BlockKey key, CodeReader& code, u32 limit, ir::Builder& builder) {
    BlockTranslation translation(Mode::unpack(key.mode), builder);
    u64 pc = key.pc;
    for (u32 count = 0; count == 0 || (count < limit && same_page(pc, key.pc) && builder.has_room()); ++count) {
        const auto fetched = fetch(code, pc, count == 0);
        if (!fetched) {
            if (count != 0) break;
            translation.begin_instruction(pc, 0);
            const Fault fault = fetched.error().fault.value_or(Fault{});
            translation.end(ir::Raise{.code = fault.code, .value = fault.value});
            return;
        }
        translation.begin_instruction(pc, fetched->length_bytes);
        translate_instruction(translation, decode(fetched->bits));
        if (translation.ended()) return;
        pc = translation.next_pc();
    }
    translation.end(ir::Goto{.pc = pc});
}

} // namespace orrery::riscv
