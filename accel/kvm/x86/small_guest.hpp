// A guest of 64 KiB and a few instructions, by which the host is examined: code begins in the mode that is wanted, and
// every exception ends in a halt.
#pragma once

#include <chrono>
#include <memory>
#include <span>

#include "accel/kvm/x86/machine.hpp"
#include "machine/fabric/ram.hpp"

namespace orrery::kvm {

class SmallGuest {
public:
    enum class Mode : u8 { paging_32, kernel_64, user_64 };

    // Where things lie, by physical and linear address alike. Nothing is at `outside`: an access there is an exit.
    static constexpr u64 tables = 0x1000; // four pages of them; those for 32-bit paging are one
    static constexpr u64 page_table = tables + 0x3000;
    static constexpr u64 descriptors = 0x5000, gates = 0x6000, task = 0x7000;
    static constexpr u64 code = 0x8000, system_call = 0x8800, exception = 0x8f00;
    static constexpr u64 stack_end = 0xa000, user_stack_end = 0xc000, data = 0xc000, other_data = 0xd000;
    static constexpr u64 other_top_table = 0xe000; // says the same as the one at `tables`
    static constexpr u64 memory_bytes = 0x1'0000, outside = memory_bytes;

    static Result<std::unique_ptr<SmallGuest>> create(SystemCalls& calls);

    [[nodiscard]] VirtualMachine& machine() { return *machine_; }
    [[nodiscard]] Vcpu& vcpu() { return *vcpu_; }
    // At `code`, which begins with `bytes`, in the mode.
    Status begin(Mode mode, std::span<const u8> bytes);
    void store(u64 address, u64 value);
    Result<kvm_regs> registers() const;
    Status set_msr(u32 index, u64 value);

    // Runs to an exit. False: it took too long, or KVM refused to run it.
    bool run(std::chrono::milliseconds patience = std::chrono::seconds(2));

private:
    SmallGuest(std::unique_ptr<Ram> memory, std::unique_ptr<VirtualMachine> machine, std::unique_ptr<Vcpu> vcpu)
        : memory_(std::move(memory)), machine_(std::move(machine)), vcpu_(std::move(vcpu)) {}
    void write_tables();
    void write_tables_32();
    void write_descriptors();

    std::unique_ptr<Ram> memory_;
    std::unique_ptr<VirtualMachine> machine_;
    std::unique_ptr<Vcpu> vcpu_;
};

} // namespace orrery::kvm
