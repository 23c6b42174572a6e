// What a device may ask of the machine as a whole. Both requests are carried out after the guest's access has ended.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery {

class PowerControl {
public:
    virtual ~PowerControl() = default;
    // The guest switched itself off; `code` is 0 for success, else its own code.
    virtual void power_off(u32 code) = 0;
    virtual void reset() = 0;
};

} // namespace orrery
