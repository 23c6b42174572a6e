// Register and CSR names against LLVM's.
#include <set>
#include <string>

#include <fmt/format.h>

#include "cpu/riscv/names.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/cpu_riscv/llvm_disassembler.hpp"

using namespace orrery;
using namespace orrery::riscv;
using namespace orrery::tests;

TEST_CASE("every CSR with a name has the name that LLVM's assembler takes") {
    const LlvmRiscv llvm;
    u32 named = 0;
    for (u32 number = 0; number < 4096; ++number) {
        const std::string name = csr_name(number);
        if (name.empty()) continue;
        ++named;
        REQUIRE(llvm.plain(number << 20 | 0x2573).text == fmt::format("csrrs a0, {}, zero", name));
    }
    REQUIRE(named > 200);
}

TEST_CASE("a CSR's name leads back to its number and to no other") {
    std::set<std::string> seen;
    for (u32 number = 0; number < 4096; ++number) {
        const std::string name = csr_name(number);
        if (name.empty()) continue;
        REQUIRE(seen.insert(name).second);
        REQUIRE(csr_number(name) == number);
    }
    for (const char* nonsense :
         {"", "mstatuss", "pmpaddr", "pmpaddr64", "pmpcfg1", "pmpaddr01", "hpmcounter2", "288"}) {
        REQUIRE_FALSE(csr_number(nonsense).has_value());
    }
    REQUIRE(csr_name(4096).empty());
}

TEST_CASE("registers have their ABI names") {
    const LlvmRiscv llvm;
    for (u32 number = 0; number < 32; ++number) {
        REQUIRE(llvm.plain(0x37 | number << 7).text == fmt::format("lui {}, 0", register_name(number)));
        REQUIRE(llvm.plain(0x2007 | number << 7).text == fmt::format("flw {}, 0(zero)", float_register_name(number)));
    }
}
