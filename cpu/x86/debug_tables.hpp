// The tables of an x86 CPU, decoded for debuggers: GDT, LDT, IDT or the real mode's vectors, and the TSS.
#pragma once

#include "cpu/x86/core.hpp"
#include "machine/fabric/table_source.hpp"

namespace orrery::x86 {

std::vector<TableName> table_names();
// Empty descriptors are left out.
Table decoded_table(const Core& core, std::string_view name);

} // namespace orrery::x86
