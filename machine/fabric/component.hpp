// Anything with a name in the machine: a device, a CPU, the clock, RAM. The machine resets, saves and restores its
// components in the order in which it was given them.
#pragma once

#include <string>
#include <string_view>

#include "machine/fabric/state_visitor.hpp"

namespace orrery {

class Component {
public:
    explicit Component(std::string name) : name_(std::move(name)) {}
    virtual ~Component() = default;
    Component(const Component&) = delete;
    Component& operator=(const Component&) = delete;

    // The instance's name, unique in its machine: "uart0".
    [[nodiscard]] const std::string& name() const { return name_; }
    // The model: "ns16550a". Snapshots refuse a state of another type.
    [[nodiscard]] virtual std::string_view type() const = 0;
    // Raised whenever the meaning or layout of state() changes; snapshots refuse another version.
    [[nodiscard]] virtual u32 state_version() const { return 1; }
    // Power-on values. Must not raise interrupt edges that power-on doesn't give.
    virtual void reset() = 0;
    // The one declaration of the component's state.
    virtual void state(StateVisitor& visitor) = 0;
    // Called on every component once all of them are restored: rebuild derived data. Must not raise an edge.
    virtual void restored() {}

private:
    std::string name_;
};

} // namespace orrery
