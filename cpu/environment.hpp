// All that a CPU may know of its machine.
#pragma once

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery {

class CpuEnvironment {
public:
    virtual ~CpuEnvironment() = default;
    [[nodiscard]] virtual AddressSpace& memory() = 0;
    // The bus of in and out, where the architecture has one: addresses are port numbers.
    [[nodiscard]] virtual AddressSpace& ports() = 0;
    [[nodiscard]] virtual Clock& clock() = 0;
};

} // namespace orrery
