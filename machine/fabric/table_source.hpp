// Tables that a part of the machine shows decoded, for people and their programs: descriptors, redirection entries,
// registers with their fields. A monitor lists and shows them by name and knows nothing else of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

struct TableName {
    std::string_view name;    // "gdt": what one types, the same for all parts that have such a table
    std::string_view meaning; // "the global descriptor table"
};

struct TableRow {
    std::string name;           // "14 #PF", "LVT timer"
    std::optional<u64> address; // where it lies in memory, as the CPU addresses it
    std::optional<u64> value;   // as it stands there
    std::string meaning;        // its fields
};

struct Table {
    std::string heading; // where it is and how long
    std::vector<TableRow> rows;
};

// Only while the machine stands still. Changes nothing.
class TableSource {
public:
    virtual ~TableSource() = default;
    [[nodiscard]] virtual std::vector<TableName> tables() const { return {}; }
    // One of those above.
    [[nodiscard]] virtual Table table(std::string_view /*name*/) const { return {}; }
};

} // namespace orrery
