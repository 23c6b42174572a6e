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
    [[nodiscard]] u64 read(std::size_t index) const override;
    Status write(std::size_t index, u64 value) override;
    [[nodiscard]] std::optional<GuestPhysical> translate(GuestVirtual address) const override;
    [[nodiscard]] Walk walk(GuestVirtual address) const override;
    [[nodiscard]] std::string_view gdb_architecture() const override { return "i386:x86-64"; }
    [[nodiscard]] std::string_view llvm_triple() const override;
    [[nodiscard]] std::string condition() const override;
    [[nodiscard]] CpuWords words() const override;

private:
    Processor& processor_;
};

// "page fault", by vector; empty if it has no name.
std::string_view exception_name(u8 vector);
// "read by the user of a page that isn't present"
std::string page_fault_text(u32 error_code);

} // namespace orrery::x86
