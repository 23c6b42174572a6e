#include "jit/ir/parse.hpp"

#include <optional>
#include <vector>

#include "jit/ir/text_reader.hpp"

namespace orrery::ir {
namespace {

constexpr u64 any_number = ~u64{0};

// Finds the enumerator of `count` that has this name.
template <typename Enum> std::optional<Enum> by_name(std::string_view wanted, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        if (name(static_cast<Enum>(i)) == wanted) return static_cast<Enum>(i);
    return std::nullopt;
}

std::optional<Op> op_by_name(std::string_view wanted) {
    for (std::size_t i = 0; i < op_count; ++i)
        if (info(static_cast<Op>(i)).name == wanted) return static_cast<Op>(i);
    return std::nullopt;
}

// Splits off what stands before the first dot.
std::string_view take_part(std::string_view& text) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    return part;
}

std::optional<u8> size_log2(std::string_view bits) {
    if (bits == "8") return u8{0};
    if (bits == "16") return u8{1};
    if (bits == "32") return u8{2};
    if (bits == "64") return u8{3};
    return std::nullopt;
}

std::optional<MemoryAccess> access_of(Op op, std::string_view suffix) {
    MemoryAccess access;
    std::string_view size = take_part(suffix);
    if (op != Op::store && op != Op::store_conditional) {
        access.sign_extend = size.starts_with('s');
        if (!access.sign_extend && !size.starts_with('u')) return std::nullopt;
        size.remove_prefix(1);
    }
    const auto log2 = size_log2(size);
    if (!log2) return std::nullopt;
    access.size_log2 = *log2;
    if (suffix.starts_with("mmu")) {
        const std::string_view index = take_part(suffix).substr(3);
        if (index.size() != 1 || index[0] < '1' || index[0] > '3') return std::nullopt;
        access.mmu_index = static_cast<u8>(index[0] - '0');
    }
    if (op == Op::amo) {
        const auto atomic = by_name<AtomicOp>(take_part(suffix), static_cast<std::size_t>(AtomicOp::maxu) + 1);
        if (!atomic) return std::nullopt;
        access.atomic = *atomic;
    }
    return suffix.empty() ? std::optional(access) : std::nullopt;
}

class Parser {
public:
    Parser(std::string_view text, const GuestDescription& guest) : reader_(text), guest_(guest) {}
    Result<Block> block();

private:
    Status header();
    Status line();
    Result<Instruction> instruction(std::string_view op_text);
    Status operands(Instruction& instruction);
    Status memory(Instruction& instruction, std::string_view suffix);
    Status append(const Instruction& instruction, std::optional<u64> result_name);
    Result<Value> value();
    Result<Condition> condition();
    Result<Type> type(std::string_view suffix);
    template <typename Named> Result<u64> index_of(std::span<const Named> table, std::string_view what);
    Result<bool> terminal(std::string_view verb, std::string_view suffix);
    Result<Terminal> goto_();
    Result<Terminal> branch(std::string_view suffix);
    Result<Terminal> indirect();
    Result<Terminal> raise();
    Result<Terminal> leave();
    JumpKind kind();
    Result<u64> link(JumpKind kind);

    TextReader reader_;
    const GuestDescription& guest_;
    Block block_;
    std::vector<Value> named_; // the value that a %number in the text means
};

Result<Value> Parser::value() {
    if (reader_.take('-')) return no_value;
    TRY_STATUS(reader_.expect('%'));
    const u64 number = TRY(reader_.number(no_value - 1, "a value's number"));
    if (number >= named_.size() || named_[number] == no_value) return reader_.fail("%{} has no value yet", number);
    return named_[number];
}

Result<Condition> Parser::condition() {
    const std::string_view text = reader_.word();
    if (const auto found = by_name<Condition>(text, static_cast<std::size_t>(Condition::geu) + 1)) return *found;
    return reader_.fail("'{}' is no condition", text);
}

Result<Type> Parser::type(std::string_view suffix) {
    if (suffix.empty()) return Type::i64;
    if (suffix == "i32") return Type::i32;
    return reader_.fail("'{}' is no type of this operation", suffix);
}

template <typename Named> Result<u64> Parser::index_of(std::span<const Named> table, std::string_view what) {
    const std::string_view text = reader_.word();
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].name == text) return i;
    return reader_.fail("{} has no {} '{}'", guest_.name, what, text);
}

Status Parser::operands(Instruction& instruction) {
    const u8 count = info(instruction.op).operands;
    if (count > 0) instruction.a = TRY(value());
    if (count > 1) {
        TRY_STATUS(reader_.expect(','));
        instruction.b = TRY(value());
    }
    if (count > 2) {
        TRY_STATUS(reader_.expect(','));
        instruction.c = TRY(value());
    }
    return {};
}

Status Parser::memory(Instruction& instruction, std::string_view suffix) {
    const auto access = access_of(instruction.op, suffix);
    if (!access) return reader_.fail("'{}' is no memory access of this operation", suffix);
    instruction.aux = access->pack();
    TRY_STATUS(reader_.expect('['));
    instruction.a = TRY(value());
    if (info(instruction.op).immediate == Immediate::offset) {
        if (reader_.take('+'))
            instruction.imm = TRY(reader_.number(any_number >> 1, "an offset"));
        else if (reader_.take('-'))
            instruction.imm = u64{0} - TRY(reader_.number(u64{1} << 63, "an offset"));
    }
    TRY_STATUS(reader_.expect(']'));
    if (info(instruction.op).operands < 2) return {};
    TRY_STATUS(reader_.expect(','));
    instruction.b = TRY(value());
    return {};
}

Result<Instruction> Parser::instruction(std::string_view op_text) {
    std::string_view suffix = op_text;
    const auto op = op_by_name(take_part(suffix));
    if (!op) return reader_.fail("'{}' is no operation", op_text);
    Instruction result{.op = *op};
    const bool accesses = info(*op).effects == Effects::memory && *op != Op::call && *op != Op::fence;
    if (accesses) {
        TRY_STATUS(memory(result, suffix));
        return result;
    }
    result.type = TRY(type(suffix));
    switch (*op) {
    case Op::insn:
        result.imm = TRY(reader_.number(any_number, "a pc"));
        result.aux = static_cast<u16>(TRY(reader_.number(0xffff, "a length")));
        return result;
    case Op::constant:
        result.imm = TRY(reader_.number(any_number, "a constant"));
        return result;
    case Op::get:
        result.imm = TRY(index_of(guest_.slots, "slot"));
        return result;
    case Op::put:
        result.imm = TRY(index_of(guest_.slots, "slot"));
        TRY_STATUS(reader_.expect(','));
        break;
    case Op::compare:
        result.aux = static_cast<u16>(TRY(condition()));
        break;
    case Op::call:
        result.imm = TRY(index_of(guest_.helpers, "helper"));
        break;
    default:
        break;
    }
    TRY_STATUS(operands(result));
    return result;
}

Status Parser::append(const Instruction& instruction, std::optional<u64> result_name) {
    if (block_.instructions.size() >= max_instructions) return reader_.fail("the block has too many instructions");
    if (info(instruction.op).result != result_name.has_value())
        return reader_.fail("{} {} value", info(instruction.op).name, result_name ? "yields no" : "yields a");
    if (result_name) {
        if (*result_name >= named_.size()) named_.resize(*result_name + 1, no_value);
        if (named_[*result_name] != no_value) return reader_.fail("there is a %{} already", *result_name);
        named_[*result_name] = static_cast<Value>(block_.instructions.size());
    }
    if (instruction.op == Op::insn) {
        ++block_.guest_instructions;
        block_.guest_bytes += instruction.aux;
    }
    block_.instructions.push_back(instruction);
    return {};
}

JumpKind Parser::kind() {
    if (reader_.take_word("call")) return JumpKind::call;
    if (reader_.take_word("system")) return JumpKind::system;
    return reader_.take_word("ret") ? JumpKind::ret : JumpKind::plain;
}

Result<u64> Parser::link(JumpKind kind) {
    if (reader_.take_word("link")) return reader_.number(any_number, "a pc");
    if (kind == JumpKind::call) TRY_STATUS(reader_.expect_word("link"));
    return 0;
}

Result<Terminal> Parser::goto_() {
    Goto end{.pc = 0, .kind = kind()};
    end.pc = TRY(reader_.number(any_number, "a pc"));
    end.link = TRY(link(end.kind));
    return end;
}

Result<Terminal> Parser::branch(std::string_view suffix) {
    Branch end{};
    end.type = TRY(type(suffix));
    end.condition = TRY(condition());
    end.a = TRY(value());
    TRY_STATUS(reader_.expect(','));
    end.b = TRY(value());
    TRY_STATUS(reader_.expect_word("then"));
    end.taken_pc = TRY(reader_.number(any_number, "a pc"));
    TRY_STATUS(reader_.expect_word("else"));
    end.not_taken_pc = TRY(reader_.number(any_number, "a pc"));
    return end;
}

Result<Terminal> Parser::indirect() {
    Indirect end{.pc = no_value, .kind = kind()};
    end.pc = TRY(value());
    end.link = TRY(link(end.kind));
    return end;
}

Result<Terminal> Parser::raise() {
    Raise end{};
    end.code = TRY(reader_.number(any_number, "a code"));
    TRY_STATUS(reader_.expect_word("value"));
    end.value = TRY(reader_.number(any_number, "a trap value"));
    return end;
}

Result<Terminal> Parser::leave() {
    Leave end{};
    end.pc = TRY(reader_.number(any_number, "a pc"));
    end.pc_in_state = reader_.take_word("pc_in_state");
    return end;
}

// False: `verb` begins no terminal.
Result<bool> Parser::terminal(std::string_view verb, std::string_view suffix) {
    if (verb == "branch") {
        block_.terminal = TRY(branch(suffix));
        return true;
    }
    if (!suffix.empty()) return false;
    if (verb == "goto")
        block_.terminal = TRY(goto_());
    else if (verb == "indirect")
        block_.terminal = TRY(indirect());
    else if (verb == "raise")
        block_.terminal = TRY(raise());
    else if (verb == "leave")
        block_.terminal = TRY(leave());
    else
        return false;
    return true;
}

Status Parser::line() {
    std::optional<u64> result_name;
    if (reader_.take('%')) {
        result_name = TRY(reader_.number(no_value - 1, "a value's number"));
        TRY_STATUS(reader_.expect('='));
    }
    const std::string_view op_text = reader_.word();
    if (op_text.empty()) return reader_.fail("an operation is missing here");
    const Instruction read = TRY(instruction(op_text));
    TRY_STATUS(append(read, result_name));
    return reader_.end_of_line();
}

Status Parser::header() {
    TRY_STATUS(reader_.expect_word("block"));
    block_.key.pc = TRY(reader_.number(any_number, "a pc"));
    TRY_STATUS(reader_.expect_word("mode"));
    block_.key.mode = TRY(reader_.number(any_number, "a mode"));
    return reader_.end_of_line();
}

Result<Block> Parser::block() {
    TRY_STATUS(header());
    for (;;) {
        if (reader_.at_end()) return reader_.fail("the block has no terminal");
        TextReader ahead = reader_;
        std::string_view suffix = ahead.word();
        const std::string_view verb = take_part(suffix);
        std::swap(reader_, ahead);
        if (TRY(terminal(verb, suffix))) break;
        std::swap(reader_, ahead);
        TRY_STATUS(line());
    }
    TRY_STATUS(reader_.end_of_line());
    if (!reader_.at_end()) return reader_.fail("nothing may follow the terminal");
    return std::move(block_);
}

} // namespace

Result<Block> parse(std::string_view text, const GuestDescription& guest) { return Parser(text, guest).block(); }

} // namespace orrery::ir
