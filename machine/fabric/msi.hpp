// Message-signalled interrupts: a device's 32-bit store to an address that isn't memory. Called under the machine lock.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery {

struct DeviceMessage {
    GuestPhysical address;
    u32 data = 0;
    bool operator==(const DeviceMessage&) const = default;
};

class MsiSink {
public:
    virtual ~MsiSink() = default;
    virtual void message(GuestPhysical address, u32 data) = 0;
};

} // namespace orrery
