// All that a CPU may know of its machine.
#pragma once

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"

namespace orrery {

class CpuEnvironment {
public:
    virtual ~CpuEnvironment() = default;
    [[nodiscard]] virtual AddressSpace& memory() = 0;
    [[nodiscard]] virtual Clock& clock() = 0;
};

} // namespace orrery
