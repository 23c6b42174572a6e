// A hart as a debugger sees it: registers by gdb's names and numbers, CSRs without side effects, and what its page
// tables say of an address. The hart mustn't run meanwhile.
#pragma once

#include <string>
#include <vector>

#include "cpu/debug.hpp"
#include "cpu/riscv/state.hpp"

namespace orrery::riscv {

class Hart;

class HartDebugView final : public DebugView {
public:
    explicit HartDebugView(Hart& hart) : hart_(hart) {}

    // Built when first asked for: most harts are never debugged.
    [[nodiscard]] std::span<const RegisterDescription> registers() const override;
    [[nodiscard]] u64 read(std::size_t index) const override;
    // Writes to CSRs go by the rules of csrrw in machine mode, but float registers leave a switched-off FS alone.
    Status write(std::size_t index, u64 value) override;
    // In debug_walk.cpp.
    [[nodiscard]] std::optional<GuestPhysical> translate(GuestVirtual address) const override;
    [[nodiscard]] Walk walk(GuestVirtual address) const override;
    [[nodiscard]] std::string_view gdb_architecture() const override { return "riscv:rv64"; }
    [[nodiscard]] std::string_view llvm_triple() const override { return "riscv64-unknown-elf"; }
    [[nodiscard]] std::string condition() const override;
    [[nodiscard]] CpuWords words() const override;

private:
    [[nodiscard]] bool exists(u32 csr) const;
    void write_csr(u32 number, u64 value);
    void write_privilege(u64 value);

    Hart& hart_;
    mutable std::vector<RegisterDescription> registers_;
};

} // namespace orrery::riscv
