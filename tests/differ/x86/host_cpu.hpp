// The host's processor as an oracle: executes one instruction of 64-bit user code natively, in this process. What it
// may touch is the caller's business; faults are caught.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"
#include "tests/differ/x86/fpu_image.hpp"

namespace orrery::test {

struct UserRegisters {
    std::array<u64, 16> r{}; // in the order of their numbers
    u64 flags = 0;
    FpuImage fpu;
    std::array<x86::Vector, 16> ymm_high{}; // without AVX they stay as they are
};

struct HostOutcome {
    UserRegisters registers;
    std::optional<u8> vector; // of the exception it raised
};

class HostCpu {
public:
    static Result<std::unique_ptr<HostCpu>> create();
    ~HostCpu();
    HostCpu(const HostCpu&) = delete;
    HostCpu& operator=(const HostCpu&) = delete;

    // Memory that instructions may use, at an address below 2 GiB; pages around it are closed.
    [[nodiscard]] std::span<u8> window() const { return window_; }
    [[nodiscard]] u64 window_address() const { return reinterpret_cast<u64>(window_.data()); }
    HostOutcome run(std::span<const u8> instruction, const UserRegisters& before);

    static constexpr std::size_t window_bytes = 8192;

private:
    HostCpu(u8* area, std::span<u8> window) : area_(area), window_(window) {}
    u8* area_;
    std::span<u8> window_;
};

} // namespace orrery::test
