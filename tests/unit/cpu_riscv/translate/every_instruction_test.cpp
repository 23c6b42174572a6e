// Every row of the instruction table, with random operands and edges, against the model.
#include <algorithm>
#include <random>

#include "cpu/riscv/instruction_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/assembler_text.hpp"
#include "tests/unit/cpu_riscv/translate/model.hpp"
#include "tests/unit/cpu_riscv/translate/rig.hpp"

namespace orrery::riscv::test {
namespace {

constexpr u32 repetitions = 400;
constexpr u64 code_base = 0x4000'0000;

class Random {
public:
    u64 bits() { return engine_(); }
    u64 below(u64 limit) { return engine_() % limit; }
    bool one_in(u64 n) { return below(n) == 0; }
    u64 integer() {
        static constexpr u64 edges[] = {0,
                                        1,
                                        ~u64{0},
                                        u64{1} << 63,
                                        ~(u64{1} << 63),
                                        0x7fff'ffff,
                                        0x8000'0000,
                                        0xffff'ffff,
                                        0x1'0000'0000,
                                        63,
                                        64,
                                        31,
                                        32,
                                        0x8000,
                                        0x80,
                                        0x7f,
                                        0xffff'ffff'8000'0000};
        if (one_in(2)) return edges[below(std::size(edges))];
        return bits() >> below(64);
    }
    // A register with a half, single or double in it, seldom wrongly boxed.
    u64 floating() {
        static constexpr u64 doubles[] = {0,
                                          u64{1} << 63,
                                          0x3ff0'0000'0000'0000,
                                          0xbff8'0000'0000'0000,
                                          0x7ff0'0000'0000'0000,
                                          0xfff0'0000'0000'0000,
                                          0x7ff8'0000'0000'0000,
                                          0x7ff0'0000'0000'0001,
                                          1,
                                          0x7fef'ffff'ffff'ffff,
                                          0x43e0'0000'0000'0000,
                                          0x41df'ffff'ffc0'0000};
        static constexpr u32 singles[] = {0,           0x8000'0000, 0x3f80'0000, 0xbfc0'0000, 0x7f80'0000, 0xff80'0000,
                                          0x7fc0'0000, 0x7f80'0001, 1,           0x7f7f'ffff, 0x4f00'0000, 0xff81'2345};
        switch (below(7)) {
        case 0:
            return doubles[below(std::size(doubles))];
        case 1:
            return bits();
        case 2:
            return u64{0xffff'ffff} << 32 | singles[below(std::size(singles))];
        case 3:
            return ~u64{0xffff} | (bits() & 0xffff);
        case 4:
            return singles[below(std::size(singles))]; // not boxed
        default:
            return u64{0xffff'ffff} << 32 | (bits() & 0xffff'ffff);
        }
    }
    u64 privilege() {
        static constexpr u64 all[] = {0, 1, 3};
        return all[below(3)];
    }

private:
    std::mt19937_64 engine_{20260101};
};

// All of a state as one list of numbers.
std::vector<u64> values_of(State& state) {
    std::vector<u64> values;
    const auto add = [&](const auto& value) {
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
            values.push_back(static_cast<u64>(value));
        else if constexpr (std::is_same_v<T, Reservation>)
            values.insert(values.end(), {value.valid, value.valid ? value.address : 0, value.valid ? value.value : 0});
        else
            values.insert(values.end(), value.begin(), value.end());
    };
    State::fields(state, [&](const char*, auto& value) { add(value); });
    return values;
}

u32 random_encoding(Random& random, const Row& row) {
    const u32 bits = row.match | (static_cast<u32>(random.bits()) & ~row.mask);
    if (row.format != Format::csr && row.format != Format::csr_immediate) return bits;
    static constexpr u32 csrs[] = {0x001, 0x002, 0x140, 0x141, 0x340, 0x341, 0xf14, 0x7ff};
    const u32 without_operand = random.one_in(4) ? 0xf8000u : 0u;
    return (bits & 0xf'ffff & ~without_operand) | csrs[random.below(std::size(csrs))] << 20;
}

void randomize(Random& random, State& state) {
    for (u32 number = 1; number < 32; ++number) state.x[number] = random.integer();
    for (u64& value : state.f) value = random.floating();
    state.pc = code_base + 2 * random.below(2048);
    state.fflags = random.below(32);
    state.frm = random.one_in(8) ? random.below(8) : random.below(5);
    state.privilege = static_cast<Privilege>(random.privilege());
    const u64 traps = random.one_in(2) ? 0 : random.below(8) << 20;
    const u64 previous = random.privilege() << 11 | random.below(2) << 8 | (random.bits() & 0xaa);
    state.mstatus = traps | previous | (random.one_in(8) ? 0 : random.below(3) + 1) << 13;
    for (u64* csr : {&state.sscratch, &state.mscratch}) *csr = random.integer();
    for (u64* csr : {&state.sepc, &state.mepc}) *csr = random.integer() & ~u64{1};
    state.menvcfg = random.one_in(2) ? 0xf0 : 0;
    state.senvcfg = random.one_in(2) ? 0xf0 : 0;
    state.halted = false;
    state.reservation = {};
}

// Points rs1 of most memory instructions at memory, aligned or not, and some at its very end or beyond.
void aim(Random& random, State& state, const Instruction& i, Format format) {
    const bool atomic = format == Format::atomic || format == Format::load_reserved;
    if (i.rs1 == 0 || random.one_in(10)) return;
    u64 address = TranslationRig::memory_base + random.below(TranslationRig::memory_bytes + 8);
    if (atomic && !random.one_in(8)) address &= ~u64{7};
    state.x[i.rs1] = address - static_cast<u64>(i.imm);
    if (atomic && !random.one_in(3) && address < TranslationRig::memory_base + TranslationRig::memory_bytes)
        state.reservation = {1, address, 0};
}

bool is_memory(Format format) {
    using enum Format;
    return format == load || format == store || format == float_load || format == float_store || format == atomic ||
           format == load_reserved || format == cache_block;
}

void compare_once(Random& random, TranslationRig& rig, const Meanings& meanings, const Row& row) {
    const u32 bits = random_encoding(random, row);
    const Instruction i = decode(bits);
    if (i.op == Op::illegal) return;
    randomize(random, rig.registers);
    if (is_memory(row.format)) aim(random, rig.registers, i, row.format);
    for (u8& byte : rig.bytes()) byte = static_cast<u8>(random.bits());

    Model model{.s = rig.registers,
                .memory = {rig.bytes().begin(), rig.bytes().end()},
                .memory_base = TranslationRig::memory_base,
                .fault = {}};
    execute(meanings, model, i);

    FakeCode code;
    code.place(rig.registers.pc, bits);
    ir::Block block = rig.translate(code, 1);
    REQUIRE(block.guest_instructions == 1);
    REQUIRE(block.guest_bytes == 4);
    rig.run(std::move(block));

    if (rig.fault) UNSCOPED_INFO("raised " << rig.fault->code << " with " << rig.fault->value);
    INFO(tests::assembler_text(i) << " privilege " << static_cast<u32>(model.s.privilege) << " rm " << u32{i.rm});
    REQUIRE(rig.fault.has_value() == model.fault.has_value());
    if (rig.fault) {
        REQUIRE(rig.fault->code == model.fault->code);
        REQUIRE(rig.fault->value == model.fault->value);
    }
    REQUIRE(rig.left == model.left);
    REQUIRE(values_of(rig.registers) == values_of(model.s));
    REQUIRE(std::ranges::equal(rig.bytes(), model.memory));
}

TEST_CASE("every instruction does what the manual says") {
    Random random;
    TranslationRig rig;
    const Meanings meanings = all_meanings();
    for (const Row& row : instruction_rows()) {
        INFO(row.name);
        REQUIRE(meanings.contains(row.op));
        for (u32 n = 0; n < repetitions; ++n) compare_once(random, rig, meanings, row);
    }
}

} // namespace
} // namespace orrery::riscv::test
