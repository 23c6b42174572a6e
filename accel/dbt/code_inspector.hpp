// Looks at the code of a translated machine while nothing runs: which blocks were executed how often, and what a vCPU
// would fetch at an address.
#pragma once

#include <expected>
#include <vector>

#include "cpu/frontend.hpp"

namespace orrery::dbt {

class DbtCpu;
class Translator;

// The bytes of a block.
struct CodeBytes {
    ir::BlockKey key;
    std::vector<u8> bytes;
    u32 limit = 64; // guest instructions at most
    u64 executions = 0;
};

class CodeInspector {
public:
    // Of a machine's first vCPU. All three outlive the inspector's use.
    void attach(Translator& translator, DbtCpu& cpu, Frontend& frontend) {
        translator_ = &translator;
        cpu_ = &cpu;
        frontend_ = &frontend;
    }

    // All blocks executed so far, most instructions first. The translator must have been made counting. Blocks whose
    // bytes were overwritten since are left out.
    [[nodiscard]] std::vector<CodeBytes> executed() const;

    // What the vCPU would translate if it came to `address` in its present mode.
    [[nodiscard]] std::expected<CodeBytes, Fault> at(u64 address) const;

    // In which it would translate it.
    [[nodiscard]] u64 mode() const { return frontend_->key().mode; }

private:
    Translator* translator_ = nullptr;
    DbtCpu* cpu_ = nullptr;
    Frontend* frontend_ = nullptr;
};

} // namespace orrery::dbt
