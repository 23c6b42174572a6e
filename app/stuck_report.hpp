// What the user reads when his guest will never get anywhere again: the cause in one sentence, then what led there.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.hpp"

namespace orrery::app {

struct StuckReport {
    std::string sentence;
    std::vector<std::string> lines;
};

// After a run() that ended with Ending::stuck or Ending::reset_loop. Addresses get the names that those of `programs`
// have for them which are ELF files.
StuckReport stuck_report(Machine& machine, Outcome outcome, const std::vector<std::string>& programs);

} // namespace orrery::app
