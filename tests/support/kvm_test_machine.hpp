// A machine of one x86 CPU and 64 KiB of RAM, whose CPU runs on a KVM: the host's or a scripted one. The first 2 MiB
// are mapped to themselves for code of 64-bit mode. Port 80h and the page behind the RAM take notes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/kvm/system_calls.hpp"
#include "accel/kvm/x86/engine.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/machine.hpp"

namespace orrery::test {

// Remembers what is written, and answers reads from a counter.
class NoteTaker final : public IoHandler {
public:
    struct Note {
        u64 offset = 0;
        u64 value = 0;
        u64 size_bytes = 0;
        bool operator==(const Note&) const = default;
    };
    std::vector<Note> written;
    u64 next_read = 0x11;

    u64 read(u64, Width) override { return next_read++; }
    void write(u64 offset, u64 value, Width width) override { written.push_back({offset, value, bytes(width)}); }
};

// What an APIC lends, and what of it comes back.
class LentPage final : public LendableApic {
public:
    LocalApicRegisters registers{.base = 0xfee0'0900};
    LocalApicKeeper* keeper = nullptr; // while they are lent
    bool timer = false;                // so is it
    std::vector<u8> ends;

    LocalApicRegisters lend(LocalApicKeeper& to, bool with_timer) override {
        keeper = &to;
        timer = with_timer;
        return registers;
    }
    void take_back(const LocalApicRegisters& from) override {
        keeper = nullptr;
        registers = from;
    }
    void tell_end(u8 vector) override { ends.push_back(vector); }
    [[nodiscard]] bool timer_counts() override { return registers[0x38] != 0; }
};

// An APIC that has one interrupt at a time.
class OneInterrupt final : public LocalInterrupts {
public:
    LentPage lent;
    LocalInterruptSink* sink = nullptr;
    std::optional<u8> waiting;
    u8 priority = 0;

    void raise(u8 vector) {
        waiting = vector;
        sink->set_interrupt(true);
    }
    [[nodiscard]] bool deliverable() const override { return waiting.has_value(); }
    std::optional<u8> acknowledge() override {
        sink->set_interrupt(false);
        return std::exchange(waiting, std::nullopt);
    }
    [[nodiscard]] u8 task_priority() const override { return priority; }
    void set_task_priority(u8 value) override { priority = value; }
    std::optional<u64> read_msr(u32) override { return std::nullopt; }
    bool write_msr(u32, u64) override { return false; }
    [[nodiscard]] std::optional<GuestPhysical> register_page() const override { return std::nullopt; }
    u64 read_register(u64, Width) override { return 0; }
    void write_register(u64, u64, Width) override {}
    [[nodiscard]] LendableApic* lendable() override { return &lent; }
    [[nodiscard]] bool enabled() const override { return true; }
    void set_tsc_offset(u64) override {}
};

class KvmTestMachine {
public:
    enum class Mode : u8 { real, kernel_64, user_64 };
    static constexpr u64 memory_bytes = 0x1'0000, code = 0x8000, outside = memory_bytes, handler = 0x7000;
    static constexpr u64 user_stack_end = 0xc000, stack_end = 0xa000, data = 0xd000;
    static constexpr u16 port = 0x80;

    // Without `calls` the CPU is the software one alone. Ends the test program when the host refuses.
    KvmTestMachine(kvm::SystemCalls* calls, kvm::EngineOptions options = {}, x86::Features features = {},
                   bool bootstrap = true);

    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] x86::State& state() { return memory_->state; }
    [[nodiscard]] x86::Processor& processor() { return *processor_; }
    [[nodiscard]] Cpu& cpu() { return *machine_->cpus().front(); }
    // At `code`, which begins with `bytes`. Every vector leads to `handler`, a halt.
    void begin(Mode mode, std::span<const u8> bytes);
    void write(u64 address, std::span<const u8> bytes);
    [[nodiscard]] u64 read(u64 address) const;
    // Of the CPU's counters.
    [[nodiscard]] u64 count(std::string_view name);
    [[nodiscard]] std::string counts();

    NoteTaker ports, devices;
    OneInterrupt apic;
    std::vector<std::string> failures;
    u32 shutdowns = 0;

private:
    void write_system();
    using CpuMemory = dbt::VcpuMemory<x86::State>;
    std::unique_ptr<Machine> machine_;
    CpuMemory* memory_ = nullptr;
    x86::Processor* processor_ = nullptr;
};

} // namespace orrery::test
