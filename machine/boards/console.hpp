// A machine's screen and keyboard for whoever stands outside of it, where its board has them. Machine lock held.
#pragma once

#include <string>
#include <string_view>

#include "devices/host/host_window.hpp"
#include "machine/machine.hpp"

namespace orrery {

// What the screen shows now, as a PNG file.
Status save_screenshot(Machine& machine, const std::string& path);

// Shows the screen in a window until that is destroyed, which is before the machine is. Closing it stops the machine.
Result<std::unique_ptr<HostWindow>> open_window(Machine& machine, const WindowOptions& options, std::string title);

// Presses the keys, in their order, and lets go of them in the other: "ctrl-alt-delete", "f12", "a". Errors name the key
// that isn't one.
Status press_keys(Machine& machine, std::string_view combination);

// As a US keyboard types it; "\n" is Enter, "\t" Tab. All of it, or nothing when it is too long or has other characters.
Status type_text(Machine& machine, std::string_view text);

} // namespace orrery
