// `orrery run`.
#pragma once

#include "app/run_options.hpp"

namespace orrery::app {

// Runs to the end; the exit code.
int run(const RunArguments& arguments);

} // namespace orrery::app
