// What debuggers see of an x86 CPU: general, segment and system registers by the manual's names, and page walks told
// step by step.
#pragma once

#include "cpu/debug.hpp"

namespace orrery::x86 {

class Processor;

class ProcessorDebugView final : public DebugView {
public:
    explicit ProcessorDebugView(Processor& processor) : processor_(processor) {}

    [[nodiscard]] std::span<const RegisterDescription> registers() const override;
    [[nodiscard]] u64 read(std::size_t index) const override { return read_wide(index).low; }
    Status write(std::size_t index, u64 value) override { return write_wide(index, {value, 0}); }
    [[nodiscard]] RegisterValue read_wide(std::size_t index) const override;
    Status write_wide(std::size_t index, RegisterValue value) override;
    [[nodiscard]] std::optional<GuestPhysical> translate(GuestVirtual address) const override;
    [[nodiscard]] Walk walk(GuestVirtual address) const override;
    [[nodiscard]] std::string_view gdb_architecture() const override { return "i386:x86-64"; }
    [[nodiscard]] std::string_view llvm_triple() const override;
    [[nodiscard]] std::string condition() const override;
    [[nodiscard]] std::string_view debugger_triple() const override { return "x86_64-unknown-elf"; }
    [[nodiscard]] CpuWords words() const override;
    [[nodiscard]] std::string interrupts() const override;
    // Those of its local APIC, too.
    [[nodiscard]] std::vector<TableName> tables() const override;
    [[nodiscard]] Table table(std::string_view name) const override;

private:
    [[nodiscard]] const TableSource* local_tables() const;

    Processor& processor_;
};

// "page fault", by vector; empty if it has no name.
std::string_view exception_name(u8 vector);
// "read by the user of a page that isn't present"
std::string page_fault_text(u32 error_code);

} // namespace orrery::x86
