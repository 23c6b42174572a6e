// A whole machine in a file: the state of every component, and the memory that holds anything. A file fits a machine
// built with the same options only. Called while the machine doesn't run, on the thread that runs it.
#pragma once

#include <string>

#include "machine/machine.hpp"

namespace orrery {

// Replaces the file at `path` once all of it is written. Also from the event loop, under the machine lock.
Status save_snapshot(Machine& machine, const std::string& path);

// Checks the whole file before it touches the machine. Errors say what differs: no snapshot, damaged, of another
// version of orrery, of another machine. If only then something fails, the machine is reset: it is never half restored.
Status restore_snapshot(Machine& machine, const std::string& path);

// A number that differs when any state differs. The same for machines whose memory differs only in whether zeroes
// were ever written.
u64 state_hash(Machine& machine);

} // namespace orrery
