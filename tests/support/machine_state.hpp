// A whole machine's state as tests compare it: every component's saved bytes, virtual time and all memory.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.hpp"

namespace orrery::test {

struct StateDifference {
    std::string path; // "hart0.x", "ram" …
    std::string left;
    std::string right;
};

// Every component's state, one after another.
std::vector<u8> saved_state(Machine& machine);

bool same_state(Machine& left, Machine& right);
bool same_memory(Machine& left, Machine& right);
// The first `limit` fields and words of memory in which two machines of the same make differ.
std::vector<StateDifference> differences(Machine& left, Machine& right, std::size_t limit = 20);
std::string text(const std::vector<StateDifference>& differences);

} // namespace orrery::test
