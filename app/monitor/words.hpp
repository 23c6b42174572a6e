// Reading the words of a line, and showing those that can't be read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cpu/debug.hpp"

namespace orrery::app::monitor {

// A whole number, decimal or 0x….
std::optional<u64> number(std::string_view text);
// The word in an error: cut where it is long.
std::string shown(std::string_view word);
// " (was 'walk' meant?)", or nothing if no name is near.
std::string meant(const std::string& word, std::span<const std::string> names);
// The bits of a field.
u64 field_value(const RegisterField& field, u64 value);
// "mode=0x9 asid=0x1": the fields that aren't zero.
std::string fields_text(const RegisterDescription& description, u64 value);

} // namespace orrery::app::monitor
