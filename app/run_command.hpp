// `orrery run`.
#pragma once

#include "app/run_options.hpp"

namespace orrery::app {

// Finds out what the image without an option is, and puts it where it belongs.
Status place_image(RunPlan& plan);

// Runs to the end; the exit code.
int run(const RunArguments& arguments);

} // namespace orrery::app
