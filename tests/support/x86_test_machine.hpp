// A small deterministic machine with one x86 CPU that is in 64-bit user code already: paging maps the first 4 GiB to
// themselves, and every exception has a handler that halts for ever. More RAM is where a test adds it.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/dbt/translator.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/machine.hpp"

namespace orrery::test {

class X86TestMachine {
public:
    // Makes the machine's CPU of the one that translates, for another engine that falls back to that.
    using AroundCpu = std::function<std::unique_ptr<Cpu>(Machine&, std::unique_ptr<dbt::DbtCpu>, x86::Processor&,
                                                         dbt::Translator&)>;

    // Ends the test program when the host refuses.
    // `random` and `floating_point_error`: see x86::ProcessorConfiguration.
    X86TestMachine(dbt::Engine engine, x86::Features features, std::function<u64()> random = {},
                   std::function<void()> floating_point_error = {}, const AroundCpu& around = {});

    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] x86::State& state() { return memory_->state; }
    [[nodiscard]] x86::Processor& processor() { return *processor_; }
    [[nodiscard]] Cpu& cpu() const { return *machine_->cpus().front(); }
    Ram& add_ram(std::string name, u64 base, u64 size_bytes);
    void write(u64 address, std::span<const u8> bytes);
    // The state that the constructor has made.
    void begin_anew();
    // What the handler that runs was called for; empty while the user's code runs.
    struct Taken {
        u8 vector = 0;
        u64 rip = 0;
        u64 rsp = 0;
        u64 flags = 0;
    };
    [[nodiscard]] std::optional<Taken> taken();

private:
    void write_system();
    using CpuMemory = dbt::VcpuMemory<x86::State>;
    std::unique_ptr<Machine> machine_;
    CpuMemory* memory_ = nullptr;
    x86::Processor* processor_ = nullptr;
};

} // namespace orrery::test
