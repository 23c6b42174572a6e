// A random program and the machine it runs on: everything follows from one number.
#pragma once

#include <memory>
#include <vector>

#include "tests/differ/chaos_device.hpp"
#include "tests/differ/instructions.hpp"
#include "tests/support/riscv_test_machine.hpp"

namespace orrery::test::differ {

class Program {
public:
    explicit Program(u64 seed);

    struct Place {
        u32 offset = 0; // from the start of RAM
        Encoded instruction;
        bool removed = false; // a nop instead
    };
    [[nodiscard]] u64 seed() const { return seed_; }
    [[nodiscard]] std::vector<Place>& places() { return places_; }
    [[nodiscard]] const std::vector<Place>& places() const { return places_; }
    [[nodiscard]] std::vector<u8> code() const;

private:
    u64 seed_;
    std::vector<Place> places_;
};

struct ProgramMachine {
    ProgramMachine(const Program& program, dbt::Engine engine);
    Machine& machine() { return test.machine(); }

    RiscvTestMachine test;
    ChaosDevice* device = nullptr;
};

} // namespace orrery::test::differ
