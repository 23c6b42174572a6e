// A small deterministic machine for tests that run the same guest on several engines: one hart, RAM at 0x80000000 and
// whatever windows a test adds.
#pragma once

#include <memory>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/dbt/translator.hpp"
#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/state.hpp"
#include "machine/machine.hpp"

namespace orrery::test {

struct RiscvTestOptions {
    dbt::Engine engine = dbt::Engine::interpreter;
    u64 ram_bytes = 2 * MiB;
    u64 reset_pc = 0x8000'0000;
    u64 code_buffer_bytes = 16 * MiB; // small ones fill up, and are flushed
};

class RiscvTestMachine {
public:
    static constexpr u64 ram_base = 0x8000'0000;

    // Ends the test program when the host refuses.
    explicit RiscvTestMachine(const RiscvTestOptions& options);

    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] riscv::State& registers() { return memory_->state; }
    [[nodiscard]] riscv::Hart& hart() { return *hart_; }
    [[nodiscard]] Cpu& cpu() { return *machine_->cpus().front(); }
    [[nodiscard]] dbt::Translator& translator() { return *translator_; }
    [[nodiscard]] Ram& ram() { return *machine_->rams().front(); }

    // More memory at `base`. Guest stores to one that is read-only are ignored.
    Ram& add_ram(std::string name, u64 base, u64 size_bytes, bool read_only = false);
    template <typename Device> Device& add_device(std::unique_ptr<Device> device, u64 base, u64 size_bytes) {
        Device& added = machine_->add(std::move(device));
        machine_->memory().map({.base = {base}, .size_bytes = size_bytes, .io = &added, .name = added.name()}).value();
        return added;
    }
    void write(u64 address, std::span<const u8> bytes);
    void write(u64 address, std::span<const u64> values);

private:
    using HartMemory = dbt::VcpuMemory<riscv::State>;

    std::unique_ptr<Machine> machine_;
    dbt::Translator* translator_ = nullptr;
    HartMemory* memory_ = nullptr;
    riscv::Hart* hart_ = nullptr;
};

} // namespace orrery::test
