// `orrery doctor`: what this host offers, what is missing, and what would mend it.
#pragma once

namespace orrery::app {

// Prints its findings. The exit code: 0 if guests run at full speed here.
int doctor();

} // namespace orrery::app
