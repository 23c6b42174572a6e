// The decoder's rules one by one, each from the manual.
#include "cpu/x86/decode.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/operands.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_x86/decoder_cases.hpp"

namespace orrery::tests {
namespace {

using namespace x86;
using enum CodeSize;

std::vector<u8> as_bytes(std::initializer_list<unsigned> values) {
    std::vector<u8> bytes;
    for (const unsigned value : values) bytes.push_back(static_cast<u8>(value));
    return bytes;
}

Instruction decoded(CodeSize code_size, std::initializer_list<unsigned> values, Features features = Features::all()) {
    return decode(as_bytes(values), code_size, features);
}

bool is(Op op, unsigned length, const Instruction& instruction) {
    return instruction.valid() && instruction.row->op == op && instruction.length == length;
}

bool is_invalid(const Instruction& instruction) {
    return instruction.outcome == Outcome::invalid && instruction.row == nullptr;
}

// Counts what is read.
class CountingReader : public ByteReader {
public:
    explicit CountingReader(std::span<const u8> bytes) : bytes_(bytes) {}
    std::optional<u8> next() override {
        if (count == bytes_.size()) return std::nullopt;
        return bytes_[count++];
    }
    std::size_t count = 0;

private:
    std::span<const u8> bytes_;
};

bool same(const Instruction& a, const Instruction& b) {
    return a.row == b.row && a.outcome == b.outcome && a.length == b.length && a.displacement == b.displacement &&
           a.immediate == b.immediate && a.immediate2 == b.immediate2 && a.memory == b.memory && a.rex == b.rex &&
           a.operand_size == b.operand_size && a.address_size == b.address_size && a.has_memory == b.has_memory;
}

} // namespace

TEST_CASE("REX counts only as the last prefix") {
    CHECK(decoded(bits64, {0x48, 0x01, 0xc8}).operand_size == 8);
    CHECK(decoded(bits64, {0x48, 0x66, 0x01, 0xc8}).operand_size == 2);
    CHECK(decoded(bits64, {0x48, 0x66, 0x01, 0xc8}).length == 4);
    CHECK(decoded(bits64, {0x4f, 0x41, 0x50}).opcode_register() == 8);
    CHECK(is(Op::dec, 1, decoded(bits32, {0x48, 0x01})));
}

TEST_CASE("of segment prefixes the last counts, in 64-bit mode only FS and GS") {
    CHECK(decoded(bits32, {0x64, 0x2e, 0x8b, 0x00}).memory.segment == Segment::cs);
    CHECK(decoded(bits64, {0x64, 0x2e, 0x8b, 0x00}).memory.segment == Segment::fs);
    CHECK_FALSE(decoded(bits64, {0x2e, 0x8b, 0x00}).segment_override);
    CHECK(decoded(bits32, {0x8b, 0x45, 0x04}).memory.segment == Segment::ss);
    CHECK(decoded(bits32, {0x3e, 0x8b, 0x45, 0x04}).memory.segment == Segment::ds);
}

TEST_CASE("the last of F3 and F2 is the mandatory prefix, before 66") {
    CHECK(is(Op::movss, 5, decoded(bits64, {0xf2, 0xf3, 0x0f, 0x10, 0xc1})));
    CHECK(is(Op::movsd_vector, 5, decoded(bits64, {0xf3, 0xf2, 0x0f, 0x10, 0xc1})));
    CHECK(is(Op::movss, 5, decoded(bits64, {0xf3, 0x66, 0x0f, 0x10, 0xc1})));
    CHECK(is(Op::movupd, 4, decoded(bits64, {0x66, 0x0f, 0x10, 0xc1})));
    const Instruction crc = decoded(bits64, {0x66, 0xf2, 0x0f, 0x38, 0xf1, 0xc1});
    CHECK(is(Op::crc32, 6, crc));
    CHECK(operand_of(crc, 1).size_bytes == 2);
    CHECK(is(Op::movbe, 5, decoded(bits64, {0x66, 0x0f, 0x38, 0xf0, 0x01})));
}

TEST_CASE("a mandatory prefix where the manual says NP is an invalid opcode") {
    CHECK(is(Op::paddb, 3, decoded(bits64, {0x0f, 0xfc, 0xc1})));
    CHECK(is_invalid(decoded(bits64, {0xf3, 0x0f, 0xfc, 0xc1})));
    CHECK(is_invalid(decoded(bits64, {0x66, 0x0f, 0x77})));
    CHECK(is_invalid(decoded(bits64, {0xf3, 0x0f, 0xc3, 0x01})));
}

TEST_CASE("LOCK needs a lockable operation with its destination in memory") {
    CHECK(is(Op::add, 3, decoded(bits64, {0xf0, 0x01, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x01, 0xc8})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x03, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x39, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x90})));
    CHECK(is(Op::xchg, 3, decoded(bits64, {0xf0, 0x87, 0x08})));
    CHECK(is(Op::cmpxchg16b, 5, decoded(bits64, {0xf0, 0x48, 0x0f, 0xc7, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x0f, 0xba, 0x20, 0x01})));
    CHECK(is(Op::bts, 5, decoded(bits64, {0xf0, 0x0f, 0xba, 0x28, 0x01})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0x0f, 0x20, 0xc0})));
}

// SDM 2, LOCK: its list is all there is.
TEST_CASE("the lockable operations are those of the manual") {
    using enum Op;
    const std::vector<Op> lockable = {add, adc, and_, btc, btr, bts, cmpxchg, cmpxchg8b, cmpxchg16b, dec,
                                      inc, neg, not_, or_, sbb, sub, xor_,    xadd,      xchg};
    for (const Row& row : instruction_rows()) {
        const bool listed = std::find(lockable.begin(), lockable.end(), row.op) != lockable.end();
        const Place first = row.operands[0].place;
        const bool fits = listed && (first == Place::E || first == Place::M);
        INFO(describe(row));
        CHECK(row.has(trait::lockable) == fits);
    }
}

TEST_CASE("an instruction is at most 15 bytes long") {
    std::vector<u8> bytes(14, 0x66);
    bytes.push_back(0x90);
    CHECK(decode(bytes, bits64, Features::all()).length == 15);
    bytes.insert(bytes.begin(), 0x66);
    CHECK(decode(bytes, bits64, Features::all()).outcome == Outcome::too_long);
    const std::vector<u8> long_immediate =
        as_bytes({0x66, 0x66, 0x66, 0x66, 0x66, 0x64, 0x67, 0x81, 0x84, 0x08, 1, 2, 3, 4, 5, 6});
    CHECK(decode(long_immediate, bits32, Features::all()).outcome == Outcome::valid);
    std::vector<u8> longer = long_immediate;
    longer.insert(longer.begin(), {0x66, 0x66, 0x66, 0x66, 0x66});
    CHECK(decode(longer, bits32, Features::all()).outcome == Outcome::too_long);
}

TEST_CASE("where bytes end too early the fault is at the first that is missing") {
    const std::vector<u8> bytes = as_bytes({0x48, 0x81, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 7, 8});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Instruction instruction = decode(std::span(bytes).first(size), bits64, Features::all());
        CHECK(instruction.outcome == Outcome::fetch_fault);
        CHECK(instruction.length == size);
    }
    CHECK(decode(bytes, bits64, Features::all()).valid());
}

TEST_CASE("one byte at a time and all at once give the same, and none beyond the last is read") {
    test::Random random{.seed = 5};
    for (int i = 0; i < 200'000; ++i) {
        const CaseBytes bytes = random_case(random);
        const auto code_size = static_cast<CodeSize>(random.below(3));
        const std::size_t available = random.one_in(4) ? random.below(12) : bytes.size();
        const std::span<const u8> some(bytes.data(), available);
        CountingReader reader(some);
        const Instruction one = decode(reader, code_size, Features::all());
        const Instruction all = decode(some, code_size, Features::all());
        REQUIRE(same(one, all));
        REQUIRE(reader.count == one.length);
    }
}

TEST_CASE("16-bit addresses") {
    const Instruction bx_si = decoded(bits16, {0x8b, 0x40, 0xff});
    CHECK(bx_si.memory == MemoryAddress{.base = 3, .index = 6});
    CHECK(bx_si.displacement == -1);
    const Instruction absolute = decoded(bits16, {0x8b, 0x06, 0x34, 0x92});
    CHECK(absolute.memory == MemoryAddress{});
    CHECK((absolute.displacement & 0xffff) == 0x9234);
    CHECK(decoded(bits16, {0x8b, 0x46, 0x00}).memory.segment == Segment::ss);
    CHECK(decoded(bits16, {0x67, 0x8b, 0x04, 0x8b}).memory == MemoryAddress{.base = 3, .index = 1, .scale = 2});
    CHECK(decoded(bits32, {0x67, 0x8b, 0x00}).address_size == 2);
}

TEST_CASE("32- and 64-bit addresses") {
    const Instruction relative = decoded(bits64, {0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff});
    CHECK(relative.memory.base == instruction_pointer);
    CHECK(relative.displacement == -16);
    CHECK(decoded(bits64, {0x67, 0x8b, 0x05, 0, 0, 0, 0}).address_size == 4);
    CHECK(decoded(bits32, {0x8b, 0x05, 0, 0, 0, 0}).memory.base == no_register);
    CHECK(decoded(bits64, {0x42, 0x8b, 0x04, 0x20}).memory.index == 12);
    CHECK(decoded(bits64, {0x8b, 0x04, 0x20}).memory.index == no_register);
    CHECK(decoded(bits64, {0x41, 0x8b, 0x45, 0x00}).memory == MemoryAddress{.base = 13});
    CHECK(decoded(bits64, {0x8b, 0x04, 0x25, 1, 0, 0, 0x80}).displacement == i64{-0x7fff'ffff});
    CHECK(decoded(bits64, {0xa1, 1, 2, 3, 4, 5, 6, 7, 8}).displacement == 0x0807'0605'0403'0201);
    CHECK(decoded(bits64, {0x67, 0xa1, 1, 2, 3, 0x84}).displacement == 0x8403'0201);
}

TEST_CASE("operand sizes in 64-bit mode") {
    CHECK(decoded(bits64, {0x50}).operand_size == 8);
    CHECK(decoded(bits64, {0x66, 0x50}).operand_size == 2);
    CHECK(decoded(bits64, {0x66, 0xe8, 1, 2, 3, 4}).length == 6); // Intel's: 66 is ignored
    CHECK(decoded(bits32, {0x66, 0xe8, 1, 2, 3, 4}).length == 4);
    CHECK(decoded(bits64, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 0x88}).immediate ==
          static_cast<i64>(0x8807'0605'0403'0201));
    CHECK(decoded(bits64, {0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff}).immediate == -1);
    CHECK(decoded(bits64, {0x0f, 0x22, 0xc0}).operand_size == 8);
    CHECK(decoded(bits32, {0x0f, 0x22, 0xc0}).operand_size == 4);
    CHECK(decoded(bits64, {0x66, 0x48, 0x0f, 0x6e, 0xc0}).operand_size == 8);
}

TEST_CASE("immediates of two parts") {
    const Instruction enter = decoded(bits64, {0xc8, 0x34, 0x92, 0x05});
    CHECK(enter.immediate == 0x9234);
    CHECK(enter.immediate2 == 5);
    CHECK(operand_of(enter, 1).value == 5);
    const Instruction far = decoded(bits32, {0xea, 1, 2, 3, 4, 5, 6});
    CHECK(far.immediate == 0x04030201);
    CHECK(far.immediate2 == 0x0605);
    CHECK(is_invalid(decoded(bits64, {0xea, 1, 2, 3, 4, 5, 6})));
}

TEST_CASE("90 is NOP, PAUSE or an exchange") {
    CHECK(is(Op::nop, 1, decoded(bits64, {0x90})));
    CHECK(is(Op::pause, 2, decoded(bits64, {0xf3, 0x90})));
    CHECK(is(Op::xchg, 2, decoded(bits64, {0x41, 0x90})));
    CHECK(is(Op::xchg, 3, decoded(bits64, {0xf3, 0x41, 0x90})));
    CHECK(is(Op::nop, 2, decoded(bits64, {0x48, 0x90})));
}

TEST_CASE("bytes that mean something else in 64-bit mode") {
    CHECK(is(Op::arpl, 2, decoded(bits32, {0x63, 0xc8})));
    CHECK(is(Op::movsxd, 2, decoded(bits64, {0x63, 0xc8})));
    CHECK(is(Op::les, 2, decoded(bits32, {0xc4, 0x01})));
    CHECK(is_invalid(decoded(bits64, {0x06})));
    CHECK(is_invalid(decoded(bits64, {0x82, 0xc0, 0x01})));
    CHECK(is_invalid(decoded(bits64, {0xd6})));
    CHECK(is(Op::bound, 2, decoded(bits32, {0x62, 0x01})));
    CHECK(is_invalid(decoded(bits32, {0x62, 0xc1, 0, 0, 0, 0})));
}

TEST_CASE("forms of ModRM that aren't instructions") {
    CHECK(is_invalid(decoded(bits64, {0xff, 0xd8})));             // CALL far with a register
    CHECK(is_invalid(decoded(bits64, {0xff, 0xf8})));             // FF /7
    CHECK(is_invalid(decoded(bits64, {0x8d, 0xc0})));             // LEA of a register
    CHECK(is_invalid(decoded(bits64, {0x8e, 0xc8})));             // MOV to CS
    CHECK(is_invalid(decoded(bits64, {0x8c, 0xf0})));             // a seventh segment register
    CHECK(is_invalid(decoded(bits64, {0x0f, 0x22, 0xc8})));       // CR1
    CHECK(is_invalid(decoded(bits64, {0x44, 0x0f, 0x23, 0xc0}))); // DR8
    CHECK(is(Op::mov_control, 4, decoded(bits64, {0x44, 0x0f, 0x22, 0xc0})));
    CHECK(is(Op::mov_control, 3, decoded(bits64, {0x0f, 0x22, 0x00}))); // mod is ignored
    CHECK(is(Op::invlpg, 3, decoded(bits64, {0x0f, 0x01, 0x38})));
    CHECK(is(Op::swapgs, 3, decoded(bits64, {0x0f, 0x01, 0xf8})));
    CHECK(is_invalid(decoded(bits32, {0x0f, 0x01, 0xf8})));
}

TEST_CASE("byte registers with and without REX") {
    CHECK(operand_of(decoded(bits64, {0x88, 0xe0}), 1) ==
          OperandValue{.kind = OperandKind::high_byte, .number = 0, .size_bytes = 1});
    CHECK(operand_of(decoded(bits64, {0x40, 0x88, 0xe0}), 1) ==
          OperandValue{.kind = OperandKind::general, .number = 4, .size_bytes = 1});
}

TEST_CASE("VEX takes no other extension prefix, and vvvv only where an operand is there") {
    CHECK(is(Op::paddb, 4, decoded(bits64, {0xc5, 0xf1, 0xfc, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0x66, 0xc5, 0xf1, 0xfc, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0xf3, 0xc5, 0xf1, 0xfc, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0xf0, 0xc5, 0xf1, 0xfc, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0x48, 0xc5, 0xf1, 0xfc, 0xc2})));
    CHECK(is(Op::paddb, 6, decoded(bits64, {0x64, 0x67, 0xc5, 0xf1, 0xfc, 0x02})));
    CHECK(is(Op::movdqa, 4, decoded(bits64, {0xc5, 0xf9, 0x6f, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0xc5, 0xf1, 0x6f, 0xc2})));
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe4, 0x71, 0xfc, 0xc2}))); // map 4
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe2, 0xf9, 0x58, 0xc0}))); // VPBROADCASTD with W1
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe2, 0x7c, 0xf2, 0xc0}))); // ANDN with L1
}

TEST_CASE("a gather's registers must differ and its address must have a SIB") {
    CHECK(is(Op::vpgatherdd, 6, decoded(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe2, 0x79, 0x90, 0x04, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe2, 0x71, 0x90, 0x04, 0x08})));
    CHECK(is_invalid(decoded(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x00})));
    CHECK(decoded(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x20}).memory.index == 4);
}

TEST_CASE("without its feature an encoding is invalid, or what it was before") {
    const Features none;
    CHECK(is_invalid(decoded(bits64, {0xf3, 0x0f, 0xb8, 0xc1}, none)));
    CHECK(is(Op::tzcnt, 4, decoded(bits64, {0xf3, 0x0f, 0xbc, 0xc1})));
    CHECK(is(Op::bsf, 4, decoded(bits64, {0xf3, 0x0f, 0xbc, 0xc1}, none)));
    CHECK(is(Op::bsr, 4, decoded(bits64, {0xf3, 0x0f, 0xbd, 0xc1}, none)));
    CHECK(is_invalid(decoded(bits32, {0xc5, 0xf1, 0xfc, 0xc2}, none)));
    CHECK(is_invalid(decoded(bits64, {0xc5, 0xf5, 0xfc, 0xc2}, {Feature::avx})));
    CHECK(is(Op::paddb, 4, decoded(bits64, {0xc5, 0xf1, 0xfc, 0xc2}, {Feature::avx})));
    CHECK(is_invalid(decoded(bits64, {0x9f}, none)));
    CHECK(is(Op::lahf, 1, decoded(bits32, {0x9f}, none)));
}

} // namespace orrery::tests
