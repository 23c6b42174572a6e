// RISC-V code for explanations.
#include <cstring>

#include "accel/dbt/explain.hpp"
#include "app/explain/guest.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::app {
namespace {

class RiscvGuest final : public ExplainedGuest {
public:
    explicit RiscvGuest(Machine& machine) : hart_(state_, machine, {}) {}

    [[nodiscard]] Frontend& frontend() override { return hart_; }
    [[nodiscard]] u32 state_offset_bytes() const override {
        return dbt::VcpuMemory<riscv::State>::state_offset_bytes();
    }
    [[nodiscard]] Assembly assembly(u64) const override { return Assembly::riscv64; }
    [[nodiscard]] std::string mode_words(u64 packed) const override {
        const riscv::Mode mode = riscv::Mode::unpack(packed);
        const char* letter = mode.privilege == riscv::Privilege::machine      ? "M"
                             : mode.privilege == riscv::Privilege::supervisor ? "S"
                                                                              : "U";
        return fmt::format("{}-mode, floating point {}", letter, mode.float_enabled ? "on" : "off");
    }
    [[nodiscard]] DecodedInstruction decode(std::span<const u8> bytes, const ir::BlockKey&, u64 pc) const override {
        u32 bits = 0;
        std::memcpy(&bits, bytes.data(), std::min(bytes.size(), sizeof bits));
        return decode_for_reader(bits, pc);
    }
    [[nodiscard]] Result<u64> mode_of(const std::string& word) const override {
        riscv::Mode mode{.float_enabled = true};
        if (word == "m" || word.empty())
            mode.privilege = riscv::Privilege::machine;
        else if (word == "s")
            mode.privilege = riscv::Privilege::supervisor;
        else if (word == "u")
            mode.privilege = riscv::Privilege::user;
        else
            return error("--mode: '{}' is no mode; expected m, s or u, or 16, 32 or 64 for x86", word);
        return mode.pack();
    }

private:
    riscv::State state_;
    riscv::Hart hart_;
};

} // namespace

Result<std::unique_ptr<ExplainedGuest>> make_riscv_guest(Machine& machine) {
    return std::make_unique<RiscvGuest>(machine);
}

} // namespace orrery::app
