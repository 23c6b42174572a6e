// Two ports that no PC has but that guests made for emulators know: one ends the machine with a code, as QEMU's
// isa-debug-exit, and one writes characters to a console, as Bochs's and QEMU's port 402h.
#pragma once

#include "devices/firmware/power.hpp"
#include "devices/serial/character.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

// By convention at port F4h. A guest that writes v ends the machine with the code 2 * v + 1, so that no value means
// success: guests agree with their runners on one, say 10h for 33.
class DebugExit final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 4;

    DebugExit(std::string name, PowerControl& power) : Component(std::move(name)), power_(power) {}

    // IoHandler
    u64 read(u64, Width) override { return 0; }
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-debug-exit"; }
    void reset() override {}
    void state(StateVisitor&) override {}

private:
    // Wiring
    PowerControl& power_;
};

// By convention at port 402h. Reading gives E9h: the console is there.
class DebugConsole final : public Component, public IoHandler {
public:
    static constexpr u64 ports_size_bytes = 1;
    static constexpr u8 presence = 0xe9;

    DebugConsole(std::string name, CharacterBackend& backend) : Component(std::move(name)), backend_(backend) {}

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
    u64 read(u64, Width) override { return presence; }
    void write(u64 offset, u64 value, Width width) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "pc-debug-console"; }
    void reset() override {}
    void state(StateVisitor&) override {}

private:
    // Wiring
    CharacterBackend& backend_;
};

} // namespace orrery
