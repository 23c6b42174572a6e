// A machine for single vector instructions: code, data at RDI, and pages that can be taken away.
#pragma once

#include <cstring>

#include "cpu/x86/fault.hpp"
#include "tests/support/x86_test_machine.hpp"

namespace orrery::x86::test {

inline constexpr u64 code = 0x10'0000;
inline constexpr u64 data = 0x20'0000;
inline constexpr u64 page_tables = 0x30'0000;

class VectorProgram {
public:
    explicit VectorProgram(dbt::Engine engine, Features features = {Feature::sse3, Feature::ssse3, Feature::sse41,
                                                                    Feature::xsave, Feature::xsaveopt})
        : guest(engine, features) {
        guest.add_ram("code", code, 0x1'0000);
        ram = &guest.add_ram("data", data, 0x2'0000);
        guest.state().pc = code;
        guest.state().r[gpr::rsp] = data + 0x1'f000;
        guest.state().r[gpr::rdi] = data;
    }
    State& state() { return guest.state(); }
    // Executes one instruction; the vector of the exception that it raised.
    std::optional<u8> run(std::initializer_list<u8> bytes) {
        std::vector<u8> instruction(bytes);
        instruction.insert(instruction.end(), {0xeb, 0xfe});
        guest.write(code, instruction);
        state().pc = code;
        guest.cpu().restored();
        guest.cpu().run(1);
        const auto taken = guest.taken();
        return taken ? std::optional(taken->vector) : std::nullopt;
    }
    template <typename T> T memory(u64 offset) const {
        T value;
        std::memcpy(&value, ram->host() + offset, sizeof value);
        return value;
    }
    template <typename T> void set_memory(u64 offset, T value) {
        guest.write(data + offset, {reinterpret_cast<const u8*>(&value), sizeof value});
    }
    // The second page of `data` is away.
    void close_second_page() {
        tables = &guest.add_ram("page tables", page_tables, 2 * page_size);
        constexpr u64 rights = entry::present | entry::writable | entry::user | entry::accessed | entry::dirty;
        // The machine's table of 1 GiB pages stands behind its root: see X86TestMachine.
        const u64 directory = page_tables | rights;
        guest.write(0x2000, {reinterpret_cast<const u8*>(&directory), 8});
        const std::array<u64, 2> pages{0 | rights | entry::large, (page_tables + page_size) | rights};
        guest.write(page_tables, {reinterpret_cast<const u8*>(pages.data()), sizeof pages});
        for (u64 i = 0; i < 512; ++i) {
            const u64 page = data + i * page_size;
            const u64 value = i == 1 ? 0 : page | rights;
            guest.write(page_tables + page_size + i * 8, {reinterpret_cast<const u8*>(&value), 8});
        }
    }

    orrery::test::X86TestMachine guest;
    Ram* ram = nullptr;
    Ram* tables = nullptr;
};

} // namespace orrery::x86::test
