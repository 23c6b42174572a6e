// LLVM's disassembler for one architecture. The library is loaded when it is first needed and nothing depends on it
// otherwise: it is large, and only explanations want it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

enum class Assembly : u8 { riscv64, x86_64, x86_32, x86_16 };

// Of the code that LLVM has this triple for; empty: there is none here.
std::optional<Assembly> assembly_of(std::string_view triple);
// The shortest instruction, and whether instructions are shown as bytes in the order of memory rather than as a number.
constexpr u64 least_bytes(Assembly assembly) { return assembly == Assembly::riscv64 ? 2 : 1; }
constexpr bool shown_as_bytes(Assembly assembly) { return assembly != Assembly::riscv64; }

class Disassembler {
public:
    // The error is one sentence that says what to install.
    static Result<std::unique_ptr<Disassembler>> create(Assembly assembly);
    ~Disassembler();

    struct Answer {
        u32 length_bytes = 0; // 0: no instruction
        std::string text;     // "addi a0, a0, 1"; x86-64 in Intel's syntax
    };
    // The instruction that begins with the bytes, whose address is `pc`.
    [[nodiscard]] Answer at(std::span<const u8> bytes, u64 pc) const;

private:
    struct Library;
    Disassembler(const Library& library, void* context);
    std::unique_ptr<const Library> library_;
    void* context_;
};

} // namespace orrery::app
