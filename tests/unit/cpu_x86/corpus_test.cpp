// Compilers' code against LLVM's disassembler: the program itself and every library it has loaded, from end to end.
// ORRERY_X86_CORPUS_BYTES: how much of each, instead of 1 MB. LD_PRELOAD adds libraries.
#include <algorithm>
#include <cstdlib>
#include <link.h>
#include <span>
#include <string>
#include <vector>

#include "cpu/x86/decode.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_x86/llvm_agreement.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

std::size_t bytes_of_each() {
    const char* wanted = std::getenv("ORRERY_X86_CORPUS_BYTES");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::size_t{1'000'000};
}

struct Code {
    std::string name;
    std::span<const u8> bytes;
};

// The executable segments of what is loaded.
std::vector<Code> loaded_code() {
    std::vector<Code> code;
    const auto visit = [](dl_phdr_info* info, std::size_t, void* result) {
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
            const auto& segment = info->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
            const auto* begin = reinterpret_cast<const u8*>(info->dlpi_addr + segment.p_vaddr);
            static_cast<std::vector<Code>*>(result)->push_back({info->dlpi_name, {begin, segment.p_memsz}});
        }
        return 0;
    };
    ::dl_iterate_phdr(visit, &code);
    return code;
}

// How long the instruction is to which a sweep goes on; where there is none, a byte.
std::size_t step(std::span<const u8> bytes) {
    const Instruction instruction = decode(bytes, CodeSize::bits64, Features::all());
    return instruction.valid() ? instruction.length : 1;
}

} // namespace

TEST_CASE("compilers' code is what LLVM takes it for") {
    const LlvmOracle oracle(CodeSize::bits64);
    constexpr std::size_t window = 24;
    std::size_t instructions = 0;
    for (const Code& code : loaded_code()) {
        const std::size_t size = std::min(code.bytes.size(), bytes_of_each());
        if (size < window) continue;
        for (std::size_t at = 0; at + window <= size; at += step(code.bytes.subspan(at, window))) {
            ++instructions;
            const Comparison comparison = oracle.compare(code.bytes.subspan(at, window), true);
            if (comparison.verdict == Verdict::different)
                FAIL_CHECK(code.name << " at " << at << ": " << comparison.why);
        }
    }
    INFO(instructions << " instructions compared");
    CHECK(instructions > 100'000);
}

} // namespace orrery::tests
