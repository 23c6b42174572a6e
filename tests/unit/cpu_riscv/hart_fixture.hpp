// A hart on an empty machine, with an engine that only takes notes of what it is asked to do.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "cpu/riscv/csr.hpp"
#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/helpers.hpp"
#include "tests/support/fake_bus.hpp"

namespace orrery::riscv::test {

class FakeEngine final : public EngineServices {
public:
    void flush_all() override { note("flush_all"); }
    void flush_space(u64 space) override { note(fmt::format("flush_space {:#x}", space)); }
    void flush_page(GuestVirtual address) override { note(fmt::format("flush_page {:#x}", address.value)); }
    void flush_page_in_space(GuestVirtual address, u64 space) override {
        note(fmt::format("flush_page {:#x} in {:#x}", address.value, space));
    }
    void context_changed() override { ++context_changes; }
    void synchronize_code() override { note("synchronize_code"); }
    void leave_after() override { left = true; }
    void leave_with_pc_in_state() override { left_with_pc = true; }
    void transferred(u64) override {}
    void leave_raising(Fault fault) override { raised = fault; }
    [[nodiscard]] u64 retired() const override { return retired_count; }
    [[nodiscard]] u64 current_pc() const override { return 0; }
    std::expected<u64, Fault> load(GuestVirtual, Width, u8) override { return 0; }
    std::expected<void, Fault> store(GuestVirtual, u64, Width, u8) override { return {}; }
    std::expected<u64, Fault> update(GuestVirtual, Width, const std::function<u64(u64)>&) override { return 0; }
    std::expected<Pair, Fault> compare_exchange_pair(GuestVirtual, const Pair& expected, const Pair&) override {
        return expected;
    }
    u64 read_port(u16, Width) override { return 0; }
    void write_port(u16, u64, Width) override {}
    std::expected<void, Fault> zero(GuestVirtual address, u64 size_bytes) override {
        note(fmt::format("zero {:#x} {}", address.value, size_bytes));
        return {};
    }
    void run_waiting(const std::function<void()>& work) override { work(); }
    void notice_interrupt() override { ++notices; }

    std::vector<std::string> notes;
    u32 context_changes = 0;
    u32 notices = 0;
    bool left = false;
    bool left_with_pc = false;
    std::optional<Fault> raised;
    u64 retired_count = 0;

private:
    void note(std::string text) { notes.push_back(std::move(text)); }
};

struct HartFixture : CpuEnvironment {
    explicit HartFixture(const HartConfiguration& configuration = {}) : hart(registers, *this, configuration) {
        hart.attach(engine);
        hart.reset();
        engine = {};
    }
    [[nodiscard]] AddressSpace& memory() override { return bus.memory; }
    [[nodiscard]] AddressSpace& ports() override { return bus.memory; }
    [[nodiscard]] Clock& clock() override { return bus.clock; }

    // One entry that lets S and U mode do everything.
    void open_pmp() {
        registers.pmpaddr[15] = (u64{1} << 54) - 1;
        registers.pmpcfg[15] = pmpcfg::r | pmpcfg::w | pmpcfg::x | pmpcfg::napot << pmpcfg::a_low;
        hart.pmp().decode();
    }
    void set_privilege(Privilege privilege) { registers.privilege = privilege; }

    u64& word(u64 address) { return *reinterpret_cast<u64*>(bus.memory.memory({address}, sizeof(u64), true).data()); }

    std::optional<u64> access(std::string_view name, CsrOperation operation, u64 value = 0);
    // The value of a CSR that must be accessible.
    u64 read(std::string_view name) { return access(name, CsrOperation::read).value(); }
    void write(std::string_view name, u64 value) { access(name, CsrOperation::write, value).value(); }

    FakeEngine engine;
    orrery::test::FakeBus bus;
    State registers;
    Hart hart;
};

} // namespace orrery::riscv::test
