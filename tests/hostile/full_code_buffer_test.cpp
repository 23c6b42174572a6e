// More distinct code than a small code buffer holds: it is flushed again and again, and nothing changes for the guest.
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/riscv_test_machine.hpp"

using namespace orrery;
using test::RiscvTestMachine;

namespace {

constexpr u64 pages = 256;
constexpr u64 code = RiscvTestMachine::ram_base + 0x1000;
constexpr u32 addi_a0_a0_1 = 0x00150513;
constexpr u32 addi_s0_s0_minus_1 = 0xfff40413;
constexpr u32 beqz_s0_8 = 0x00040463;
constexpr u32 jr_s1 = 0x00048067;
constexpr u32 jump_to_itself = 0x0000006f;

// jal zero, offset (I 2.5)
constexpr u32 jump(i32 offset) {
    const auto o = static_cast<u32>(offset);
    return (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 | (o >> 12 & 0xff) << 12 | 0x6f;
}

// A block in every page; the last one goes back to the first, s0 times.
void write_program(RiscvTestMachine& machine) {
    for (u64 page = 0; page < pages; ++page) {
        std::vector<u32> words(16, addi_a0_a0_1);
        if (page + 1 < pages)
            words.push_back(jump(static_cast<i32>(page_size - 4 * words.size())));
        else
            words.insert(words.end(), {addi_s0_s0_minus_1, beqz_s0_8, jr_s1, jump_to_itself});
        machine.write(code + page * page_size, {reinterpret_cast<const u8*>(words.data()), words.size() * 4});
    }
}

} // namespace

TEST_CASE("a guest with more code than fits into the code buffer runs all the same") {
    for (const u64 buffer_bytes : {24 * KiB, 16 * KiB, 16 * MiB}) {
        RiscvTestMachine machine(
            {.engine = dbt::Engine::baseline, .reset_pc = code, .code_buffer_bytes = buffer_bytes});
        machine.machine().reset();
        write_program(machine);
        constexpr u64 rounds = 20;
        machine.registers().x[8] = rounds;
        machine.registers().x[9] = code;
        machine.machine().run_until(rounds * pages * 17 + 100);
        CHECK(machine.registers().x[10] == rounds * pages * 16);
        CHECK((machine.translator().statistics().flushes != 0) == (buffer_bytes < MiB));
    }
}
