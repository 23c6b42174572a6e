// What Ctrl-] and another key do while the guest has the terminal.
#pragma once

#include "machine/boards/riscv_virt.hpp"

namespace orrery::app {

class EscapeKeys {
public:
    // The terminal is made before the machine is complete, so the machine comes later.
    void attach(Machine& machine) { machine_ = &machine; }
    // For the terminal; on the event loop's thread, under the machine lock.
    [[nodiscard]] Terminal::Escape handler() {
        return [this](u8 key) { pressed(key); };
    }
    // Whether the user asked for the end.
    [[nodiscard]] bool quit() const { return quit_; }

private:
    void pressed(u8 key);

    Machine* machine_ = nullptr;
    bool quit_ = false;
};

} // namespace orrery::app
