#include "tests/unit/cpu_riscv/hart_fixture.hpp"

#include "cpu/riscv/names.hpp"

namespace orrery::riscv::test {

std::optional<u64> HartFixture::access(std::string_view name, CsrOperation operation, u64 value) {
    return access_csr(hart, csr_number(name).value(), operation, value);
}

} // namespace orrery::riscv::test
