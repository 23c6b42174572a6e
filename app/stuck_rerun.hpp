// How a guest on KVM came to its dead end. KVM keeps no record of where it has been; but if the run began from a saved
// state, the translator goes the same way again from there, and records it.
#pragma once

#include "app/run_options.hpp"
#include "app/stuck_report.hpp"

namespace orrery::app {

// The second run's report; the error says why there is none. `ended` is the machine of `plan`, which isn't touched. The
// second one talks to nobody: it has no serial port and no network outside, and changes no disk. SIGINT ends it.
Result<StuckReport> rerun_stuck(const RunPlan& plan, Machine& ended, const std::vector<std::string>& programs);

} // namespace orrery::app
