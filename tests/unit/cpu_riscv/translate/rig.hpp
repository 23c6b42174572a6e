// A hart whose translations the interpreter runs, with one page of memory to load from and store to. Every other
// address faults, and so does a misaligned atomic access.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cpu/riscv/csr_bits.hpp"
#include "cpu/riscv/hart.hpp"
#include "jit/interpreter/interpreter.hpp"
#include "tests/support/fake_bus.hpp"

namespace orrery::riscv::test {

// Code bytes anywhere; an address without any faults.
class FakeCode final : public CodeReader {
public:
    void place(u64 pc, u16 half) { halves_[pc] = half; }
    void place(u64 pc, u32 word) {
        place(pc, static_cast<u16>(word));
        place(pc + 2, static_cast<u16>(word >> 16));
    }
    std::expected<u16, Fault> fetch16(u64 pc) override;
    std::expected<u8, Fault> fetch8(u64 pc) override;

private:
    std::map<u64, u16> halves_;
};

class TranslationRig : public CpuEnvironment, public EngineServices {
public:
    static constexpr u64 memory_base = orrery::test::FakeBus::ram_base.value;
    static constexpr u64 memory_bytes = 4096;

    TranslationRig();

    // Translates what stands at the state's pc.
    ir::Block translate(FakeCode& code, u32 limit);
    // Runs it once. Afterwards `exit()` says how it ended and `fault`, if it raised, with what.
    void run(ir::Block block);

private:
    orrery::test::FakeBus bus_; // outlives the hart, whose timer is the bus's clock's

public:
    State registers;
    Hart hart;
    FakeCode code;
    std::optional<Fault> fault;
    bool left = false; // the block went back to the dispatcher
    [[nodiscard]] std::span<u8> bytes() { return {bus_.ram->host(), memory_bytes}; }

    // ---- CpuEnvironment
    [[nodiscard]] AddressSpace& memory() override { return bus_.memory; }
    [[nodiscard]] AddressSpace& ports() override { return bus_.memory; }
    [[nodiscard]] Clock& clock() override { return bus_.clock; }

    // ---- EngineServices
    void flush_all() override {}
    void flush_space(u64) override {}
    void flush_page(GuestVirtual) override {}
    void flush_page_in_space(GuestVirtual, u64) override {}
    void context_changed() override {}
    void synchronize_code() override {}
    void leave_after() override {}
    void leave_with_pc_in_state() override { context_->leave = jit::LeaveRequest::in_state; }
    void transferred(u64) override {}
    void leave_raising(Fault raised) override;
    [[nodiscard]] u64 retired() const override { return 0; }
    [[nodiscard]] u64 current_pc() const override { return registers.pc; }
    std::expected<u64, Fault> load(GuestVirtual, Width, u8) override { return 0; }
    std::expected<void, Fault> store(GuestVirtual, u64, Width, u8) override { return {}; }
    std::expected<u64, Fault> update(GuestVirtual, Width, const std::function<u64(u64)>&) override { return 0; }
    std::expected<Pair, Fault> compare_exchange_pair(GuestVirtual, const Pair& expected, const Pair&) override {
        return expected;
    }
    u64 read_port(u16, Width) override { return 0; }
    void write_port(u16, u64, Width) override {}
    std::expected<void, Fault> zero(GuestVirtual address, u64 size_bytes) override;
    void run_waiting(const std::function<void()>& work) override { work(); }
    void notice_interrupt() override {}

private:
    struct Slow;
    std::unique_ptr<jit::Context> context_;
    jit::Interpreter interpreter_;
};

} // namespace orrery::riscv::test
