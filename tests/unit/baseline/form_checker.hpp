// Emits one instruction at a time, and compares its disassembly and length with the text that a test composes.
#pragma once

#include "jit/baseline/assembler.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/disassembler.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace orrery::test {

class FormChecker {
public:
    // Reports at the end: one Catch2 assertion per case would cost more than the case.
    ~FormChecker() {
        INFO(report_);
        CHECK(mismatches_ == 0);
        CHECK(cases_ > 0);
    }

    void check(const std::string& expected, auto&& emit) {
        u8 buffer[64];
        std::fill_n(buffer, sizeof buffer, u8{0xcc});
        x64::Assembler assembler(buffer, buffer + sizeof buffer);
        emit(assembler);
        ++cases_;
        std::string actual = assembler.failed() ? "failed" : disassemble({buffer, assembler.size()});
        if (actual != expected && ++mismatches_ <= 20) report_ += expected + "  was  " + actual + "\n";
    }

    u64 cases() const { return cases_; }

private:
    // A lock prefix decodes as an instruction of its own; the texts are joined.
    std::string disassemble(std::span<const u8> bytes) const {
        std::string result;
        while (!bytes.empty()) {
            const auto decoded = disassembler_.decode(bytes);
            if (decoded.length == 0) return result + "(bad)";
            if (!result.empty()) result += " ";
            result += decoded.text;
            bytes = bytes.subspan(decoded.length);
        }
        return result;
    }

    Disassembler disassembler_;
    std::string report_;
    u64 cases_ = 0;
    u64 mismatches_ = 0;
};

} // namespace orrery::test
