// How far the host's processor reads an instruction: the bytes are put at the end of a page with none behind it and
// jumped to. In a process of its own, which the instruction may spoil.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "cpu/x86/feature.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::tests {

enum class NativeOutcome : u8 {
    executed, // or faulted on its operands
    invalid,  // #UD
    more,     // there aren't all bytes of an instruction
};

// The register that holds the address of memory for operands, of native_window_bytes and some more.
inline constexpr u8 native_base = 3; // rBX
inline constexpr u32 native_window_bytes = 4096;

x86::Features native_features();

class NativeProcessor {
public:
    NativeProcessor();
    ~NativeProcessor();
    NativeProcessor(const NativeProcessor&) = delete;
    NativeProcessor& operator=(const NativeProcessor&) = delete;

    // Only within run_apart: takes over signals. The bytes must neither leave for elsewhere nor enter the kernel.
    NativeOutcome run(std::span<const u8> bytes);

private:
    u8* code_end_;     // the end of a page, and of what is mapped
    u8* writable_end_; // the same page, to be written
    u8* window_;
};

// Calls `body` in a child process; its result, or -1 if it came to a bad end.
int run_apart(const std::function<int()>& body);

} // namespace orrery::tests
