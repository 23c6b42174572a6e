// A made-up machine for the debugger's session: two CPUs, 1 MiB of memory at 0x80000000, a program of which every
// instruction is four bytes long and does nothing.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/debug/target.hpp"

namespace orrery::app::gdb::test {

class FakeView final : public DebugView {
public:
    static constexpr std::size_t pc_index = 32;
    static constexpr std::size_t status_index = 33;

    FakeView();
    std::span<const RegisterDescription> registers() const override { return registers_; }
    u64 read(std::size_t index) const override { return values.at(index); }
    Status write(std::size_t index, u64 value) override;
    std::optional<GuestPhysical> translate(GuestVirtual address) const override;
    Walk walk(GuestVirtual address) const override;
    std::string_view gdb_architecture() const override { return "riscv:rv64"; }
    std::string_view llvm_triple() const override { return "riscv64-unknown-elf"; }
    std::string condition() const override { return "M-mode"; }

    std::array<u64, 35> values{};
    bool paging = false; // virtual 0xffffffff80000000 is physical 0x80000000

private:
    std::vector<RegisterDescription> registers_;
};

class FakeTarget final : public DebugTarget {
public:
    static constexpr u64 memory_base = 0x80000000;

    explicit FakeTarget(std::size_t memory_bytes = 1 * MiB);
    u32 add_listener(StopListener listener) override;
    void remove_listener(u32 number) override { listeners.erase(number); }
    u32 cpu_count() const override { return 2; }
    std::string cpu_name(u32 cpu) const override { return "hart" + std::to_string(cpu); }
    bool running() const override { return is_running; }
    const Stop& last_stop() const override { return stop; }
    void pause() override;
    void resume(const Resume& how) override;
    void kill() override;
    void reset() override;
    DebugView& view(u32 cpu) override { return views.at(cpu); }
    std::size_t read_memory(u32 cpu, MemorySpace space, u64 address, std::span<u8> out) override;
    std::size_t write_memory(u32 cpu, MemorySpace space, u64 address, std::span<const u8> in) override;
    std::vector<MemoryRegion> memory_map() const override;
    Status insert_breakpoint(u64 address, Condition condition) override;
    Status remove_breakpoint(u64 address) override;
    Status insert_watchpoint(const Watchpoint& watchpoint) override;
    Status remove_watchpoint(const Watchpoint& watchpoint) override;
    std::string monitor(std::string_view line) override;

    // What the machine does by itself.
    void stop_now(const Stop& why);
    void run_some(u32 instructions);

    std::array<FakeView, 2> views;
    std::vector<u8> memory;
    std::map<u32, StopListener> listeners;
    std::map<u64, Condition> breakpoints;
    std::vector<Watchpoint> watchpoints;
    std::vector<Resume> resumes;
    std::vector<std::string> monitor_lines;
    Stop stop;
    bool is_running = false;
    bool pauses_at_once = true;
    bool killed = false;
    u32 resets = 0;
    u32 pauses = 0;

private:
    [[nodiscard]] std::span<u8> memory_at(u32 cpu, MemorySpace space, u64 address, std::size_t size);
    u32 next_listener_ = 1;
};

} // namespace orrery::app::gdb::test
