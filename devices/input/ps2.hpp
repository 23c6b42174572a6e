// The serial line between a PS/2 device and its controller, a byte at a time. The device is the one that sends when it
// is allowed to; the controller asks for a byte when it has room for it. Machine lock held.
#pragma once

#include "machine/fabric/types.hpp"

namespace orrery {

// The controller's end.
class Ps2Host {
public:
    virtual ~Ps2Host() = default;
    // The device has something to send, or more than before.
    virtual void byte_waiting() = 0;
};

class Ps2Device {
public:
    virtual ~Ps2Device() = default;
    void connect(Ps2Host& host) { host_ = &host; }
    // A byte from the host: a command or its argument.
    virtual void receive(u8 byte) = 0;
    [[nodiscard]] virtual bool has_byte() const = 0;
    // The next byte for the host. Only when has_byte().
    virtual u8 take_byte() = 0;

protected:
    void announce() {
        if (host_ && has_byte()) host_->byte_waiting();
    }

private:
    Ps2Host* host_ = nullptr;
};

namespace ps2 {

inline constexpr u8 acknowledge = 0xfa;
inline constexpr u8 resend = 0xfe;
inline constexpr u8 self_test_passed = 0xaa;

} // namespace ps2
} // namespace orrery
