// A machine with nothing in it: a bus, some RAM and a clock that a test moves by hand. Unit tests put one device on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"
#include "machine/fabric/ram.hpp"

namespace orrery::test {

// Time stands still until a test says otherwise.
class FakeTime final : public TimeSource {
public:
    [[nodiscard]] u64 now_ns() const override { return now_ns_; }
    void set_ns(u64 ns) override { now_ns_ = ns; }
    void run(bool) override {}

private:
    u64 now_ns_ = 0;
};

// Interrupt pins that remember their level and how often each rose.
class FakeIrqSink final : public IrqSink {
public:
    void set_irq(u32 pin, bool level) override {
        if (pin >= pins_.size()) pins_.resize(pin + 1);
        if (level && !pins_[pin].level) ++pins_[pin].rises;
        pins_[pin].level = level;
    }
    [[nodiscard]] bool level(u32 pin = 0) const { return pin < pins_.size() && pins_[pin].level; }
    [[nodiscard]] u32 rises(u32 pin = 0) const { return pin < pins_.size() ? pins_[pin].rises : 0; }
    [[nodiscard]] IrqLine line(u32 pin = 0) { return {*this, pin}; }

private:
    struct Pin {
        bool level = false;
        u32 rises = 0;
    };
    std::vector<Pin> pins_;
};

class FakeBus {
public:
    static constexpr GuestPhysical ram_base{0x8000'0000};
    static constexpr GuestPhysical device_base{0x1000'0000};

    explicit FakeBus(u64 ram_size_bytes = 1 * MiB) : clock("clock", time), memory("memory", lock) {
        ram = Ram::create("ram", ram_size_bytes).value();
        memory.map({ram_base, ram->size_bytes(), ram.get(), 0, false, nullptr, "ram"}).value();
    }

    // Puts `device` at device_base.
    void plug(IoHandler& device, u64 window_size_bytes) {
        memory.map({device_base, window_size_bytes, nullptr, 0, false, &device, "device"}).value();
    }
    void unplug() { memory.unmap(device_base); }

    // An access by a vCPU to the plugged device. A bus error reads as all ones.
    u64 read(u64 offset, Width width = Width::word) {
        return memory.read(device_base + offset, width).value_or(~u64{0});
    }
    bool write(u64 offset, u64 value, Width width = Width::word) {
        return memory.write(device_base + offset, value, width);
    }

    // Lets virtual time pass, firing what becomes due at its own time.
    void advance(u64 by_ns) {
        const u64 end = time.now_ns() + by_ns;
        while (clock.next_deadline_ns() <= end) {
            if (clock.next_deadline_ns() > time.now_ns()) time.set_ns(clock.next_deadline_ns());
            clock.run_due(time.now_ns());
        }
        time.set_ns(end);
    }

    MachineLock lock;
    FakeTime time;
    Clock clock;
    AddressSpace memory;
    std::unique_ptr<Ram> ram;
};

inline std::vector<u8> save(Component& component) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    component.state(visitor);
    return bytes;
}

// False: the bytes don't fit the component's state.
inline bool restore(Component& component, std::span<const u8> bytes) {
    RestoreVisitor visitor(bytes);
    component.state(visitor);
    component.restored();
    return !visitor.failed() && visitor.at_end();
}

} // namespace orrery::test
