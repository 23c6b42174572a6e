// The layout of components' states, as a golden file holds it: each component with its type and version, then each
// field with its path, type and length.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine/fabric/component.hpp"

namespace orrery::test {

struct Schema {
    std::string heading; // "uart0 ns16550a version 1"
    std::vector<std::string> fields;
};

// By the component's name.
class Schemas {
public:
    void add(Component& component);
    // Compares with tests/golden/`file`, every difference a failed check. With ORRERY_UPDATE_GOLDEN set it writes the
    // file anew instead.
    void compare(const std::string& file) const;

private:
    std::map<std::string, Schema> schemas_;
};

} // namespace orrery::test
