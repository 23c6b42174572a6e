// One command of the monitor, as the tables of the commands_….cpp files have it.
#pragma once

#include <span>

#include "app/monitor/answer.hpp"
#include "machine/fabric/table_source.hpp"

namespace orrery::app::monitor {

class Monitor;

// Where a line comes from.
enum class Door : u8 { terminal, socket, debugger };

struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view meaning;
    std::string_view example;
    std::size_t least_words; // behind the name
    std::size_t most_words;
    // Whether the machine has to stand still; one that runs is stopped for the duration of the command.
    bool standing;
    Result<Answer> (*answer)(Monitor&, Door, const Words&);
    // Everything that the next word, behind `before`, may be. Null: there is nothing to offer.
    Words (*candidates)(Monitor&, const Words& before);
};

std::span<const Command> run_control_commands();
std::span<const Command> breakpoint_commands();
std::span<const Command> register_commands();
std::span<const Command> memory_commands();
std::span<const Command> code_commands();
std::span<const Command> translation_commands();
std::span<const Command> device_commands();
std::span<const Command> interrupt_commands();
std::span<const Command> statistics_commands();
std::span<const Command> console_commands();
std::span<const Command> table_commands();
// The tables of the machine's CPUs and devices: their names are commands, too.
std::vector<TableName> all_tables(Monitor& monitor);

} // namespace orrery::app::monitor
