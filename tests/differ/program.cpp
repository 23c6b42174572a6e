#include "tests/differ/program.hpp"

#include <array>
#include <cstring>

#include "tests/differ/firmware.hpp"
#include "tests/differ/layout.hpp"
#include "tests/differ/operands.hpp"

namespace orrery::test::differ {
namespace {

using Page = std::array<u64, page_size / 8>;
constexpr u64 v = 1, rw = 2 | 4, x = 8, u = 16, ad = 64 | 128;

constexpr u64 entry(u64 physical, u64 flags) { return physical >> page_shift << 10 | flags; }

// Addresses, numbers, and, where random_instructions() looks for them, instructions.
Page operand_page(Random& random) {
    Page page{};
    for (u64& value : page) value = random.one_in(2) ? random_pointer(random) : random_operand(random);
    for (std::size_t i = 256; i < 288; ++i)
        page[i] = u64{random_harmless_instruction(random)} << 32 | random_harmless_instruction(random);
    return page;
}

void write_tables(RiscvTestMachine& machine, Random& random) {
    const auto table = [&](u64 address, std::initializer_list<std::pair<std::size_t, u64>> entries) {
        Page page{};
        for (const auto& [index, value] : entries) page[index] = value;
        machine.write(address, std::span<const u64>(page));
    };
    table(root_table, {{0, entry(low_table, v)}, {1, entry(alias_tables, v)}, {2, entry(ram_tables, v)}});
    table(low_table, {{0, entry(rom_leaves, v)}, {device_base >> 21, entry(device_leaves, v)}});
    table(alias_tables, {{0, entry(alias_leaves, v)}, {1, entry(ram_base, v | rw | x | u)}});
    table(ram_tables, {{0, entry(ram_leaves, v)}});
    table(rom_leaves, {{1, entry(rom_base, v | 2 | x | ad)},
                       {2, entry(operands_supervisor, v | 2 | ad)},
                       {6, entry(operands_user, v | 2 | u | ad)}});
    table(device_leaves, {{0, entry(device_base, v | rw | ad)}, {1, entry(device_base + page_size, v | rw | u | ad)}});
    Page aliases{}, own{};
    for (u64 i = 0; i < ram_pages; ++i) {
        const u64 aliased = i < code_pages ? i : random.below(ram_pages);
        aliases[i] = random_leaf(random, ram_base + aliased * page_size, i % 2 == 0);
        own[i] = random_leaf(random, ram_base + i * page_size, i % 2 == 0);
    }
    machine.write(alias_leaves, std::span<const u64>(aliases));
    machine.write(ram_leaves, std::span<const u64>(own));
}

} // namespace

Program::Program(u64 seed) : seed_(seed) {
    Random random{seed};
    for (u32 offset = 0; offset < code_end - ram_base;) {
        for (const Encoded& instruction : random_instructions(random)) {
            places_.push_back({offset, instruction});
            offset += instruction.length_bytes;
        }
    }
}

std::vector<u8> Program::code() const {
    std::vector<u8> bytes(code_end - ram_base + 64);
    for (const Place& place : places_) {
        const u32 nop = place.instruction.length_bytes == 2 ? 0x0001 : 0x0000'0013;
        const u32 bits = place.removed ? nop : place.instruction.bits;
        std::memcpy(&bytes[place.offset], &bits, place.instruction.length_bytes);
    }
    bytes.resize(code_end - ram_base);
    return bytes;
}

ProgramMachine::ProgramMachine(const Program& program, dbt::Engine engine)
    : test({.engine = engine,
            .ram_bytes = ram_end - ram_base,
            .reset_pc = set_up,
            .code_buffer_bytes = program.seed() % 4 == 0 ? 256 * KiB : 4 * MiB}) {
    Random random{~program.seed()};
    test.add_ram("rom", rom_base, rom_size, true);
    test.add_ram("tables", tables_base, tables_size);
    device =
        &test.add_device(std::make_unique<ChaosDevice>(machine(), test.cpu(), random.next()), device_base, device_size);
    machine().reset();
    test.write(rom_base, std::span<const u8>(firmware()));
    const Page operands = operand_page(random);
    test.write(operands_supervisor, std::span<const u64>(operands));
    test.write(operands_user, std::span<const u64>(operands));
    write_tables(test, random);
    std::vector<u64> data((ram_end - code_end) / 8);
    for (u64& word : data) word = random.one_in(4) ? random_pointer(random) : random_operand(random);
    test.write(code_end, std::span<const u64>(data));
    test.write(ram_base, std::span<const u8>(program.code()));
}

} // namespace orrery::test::differ
