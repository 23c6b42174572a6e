// What explanations have to know of a guest's architecture: a CPU that translates and is never run, the words for its
// modes and encodings, and which disassembler goes with a mode.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "app/explain/decoded.hpp"
#include "app/explain/disassembler.hpp"
#include "cpu/frontend.hpp"
#include "machine/machine.hpp"

namespace orrery::app {

class ExplainedGuest {
public:
    virtual ~ExplainedGuest() = default;
    [[nodiscard]] virtual Frontend& frontend() = 0;
    [[nodiscard]] virtual u32 state_offset_bytes() const = 0;
    [[nodiscard]] virtual Assembly assembly(u64 mode) const = 0;
    [[nodiscard]] virtual std::string mode_words(u64 mode) const = 0; // "S-mode, floating point on"
    [[nodiscard]] virtual DecodedInstruction decode(std::span<const u8> bytes, const ir::BlockKey& key,
                                                    u64 pc) const = 0;
    // The mode that goes with a word of --mode; the error names those there are.
    [[nodiscard]] virtual Result<u64> mode_of(const std::string& word) const = 0;
};

// By a word of --mode that only one architecture has; else RISC-V.
[[nodiscard]] bool is_x86_mode(const std::string& word);

// `machine` outlives it. `cpu_model` is an x86 CPU's, empty for the default.
Result<std::unique_ptr<ExplainedGuest>> make_riscv_guest(Machine& machine);
Result<std::unique_ptr<ExplainedGuest>> make_x86_guest(Machine& machine, const std::string& cpu_model);

} // namespace orrery::app
