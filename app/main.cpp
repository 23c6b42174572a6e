// The `orrery` program: which command it is, and what the command line as a whole says wrong.
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/doctor_command.hpp"
#include "app/exit_codes.hpp"
#include "app/explain/explain_command.hpp"
#include "app/list_command.hpp"
#include "app/messages.hpp"
#include "app/monitor_client.hpp"
#include "app/run_command.hpp"
#include "app/trace/show/trace_command.hpp"
#include "app/unknown_option.hpp"

namespace orrery::app {
namespace {

constexpr const char* run_examples =
    "\nExamples:\n"
    "  orrery run --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'\n"
    "  orrery run --cpus 4 --memory 4G --disk root.img --net user,forward=tcp:2222:22 \\\n"
    "             --kernel vmlinuz --append 'console=ttyS0 root=/dev/vda1'\n"
    "  orrery run --bios fw_dynamic.bin --kernel uboot.elf\n"
    "  orrery run --bios none program.elf\n"
    "  orrery run --machine pc --cdrom debian.iso\n"
    "  orrery run --machine q35 --cpus 4 --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0'\n\n"
    "On a terminal Ctrl-] is the escape key: Ctrl-] q quits, Ctrl-] ? shows the other keys.\n\n";

constexpr const char* list_examples = "\nExample:\n  orrery list devices\n";

constexpr const char* explain_examples =
    "\nExamples:\n"
    "  orrery explain --bytes '130505ff 3334b500 8280'\n"
    "  orrery explain --hottest 10 --kernel vmlinuz --initrd initrd.gz --html hottest.html\n"
    "  orrery explain --address 0x80000000 --instructions 1000 --kernel vmlinuz\n\n"
    "The options of `orrery run` say which machine is run; it is deterministic, and its console leads nowhere.\n\n";

constexpr const char* trace_examples = "\nExamples:\n"
                                       "  orrery run --trace-file boot.trace --trace-privilege M --kernel vmlinuz\n"
                                       "  orrery trace show boot.trace --summary\n"
                                       "  orrery trace show boot.trace --what instructions --limit 100 --disassemble\n"
                                       "  orrery trace show boot.trace --what devices --json\n\n";

constexpr const char* monitor_examples = "\nExamples:\n"
                                         "  orrery run --monitor unix:/tmp/pc.socket --machine pc --cdrom debian.iso\n"
                                         "  orrery monitor unix:/tmp/pc.socket registers rip\n"
                                         "  echo 'type root\\n' | orrery monitor unix:/tmp/pc.socket\n"
                                         "  orrery screenshot unix:/tmp/pc.socket grub.png\n\n"
                                         "`orrery monitor PLACE help` lists the commands.\n\n";

struct CommandLine {
    CLI::App program{"Orrery, a machine that imitates a machine: runs whole guest systems in a translator.", "orrery"};
    RunArguments run_arguments;
    ExplainArguments explain_arguments;
    TraceShowArguments trace_arguments;
    MonitorArguments monitor_arguments;
    ScreenshotArguments screenshot_arguments;
    std::string list_topic;
    CLI::App* run = nullptr;
    CLI::App* list = nullptr;
    CLI::App* doctor = nullptr;
    CLI::App* explain = nullptr;
    CLI::App* trace = nullptr;
    CLI::App* monitor = nullptr;
    CLI::App* screenshot = nullptr;

    CommandLine() {
        program.set_version_flag("--version", "orrery " ORRERY_VERSION);
        program.footer(std::string("\n`orrery COMMAND --help` says more about a command.\n\n") + exit_codes_help);
        run = program.add_subcommand("run", "run a machine until its guest powers off");
        run->footer(std::string(run_examples) + exit_codes_help);
        run_arguments.add_to(*run);
        list = program.add_subcommand("list", "show what there is: machines, devices, engines or traces");
        list->add_option("TOPIC", list_topic, "machines, devices, engines or traces")->type_name("");
        list->footer(list_examples);
        explain = program.add_subcommand("explain", "show what becomes of guest instructions, down to host code");
        explain->footer(explain_examples);
        explain_arguments.add_to(*explain);
        trace = program.add_subcommand("trace", "show what `orrery run --trace-file` wrote");
        trace->footer(trace_examples);
        trace_arguments.add_to(*trace);
        monitor = program.add_subcommand("monitor", "say something to the monitor of a machine that runs");
        monitor->footer(monitor_examples);
        monitor->add_option("PLACE", monitor_arguments.place, "what the machine's --monitor names")->required();
        monitor->add_option("COMMAND", monitor_arguments.words,
                            "a command and its arguments; without it commands are read from standard input");
        monitor->prefix_command();
        screenshot = program.add_subcommand("screenshot", "take a picture of the screen of a machine that runs");
        screenshot->footer(monitor_examples);
        screenshot->add_option("PLACE", screenshot_arguments.place, "what the machine's --monitor names")->required();
        screenshot->add_option("FILE", screenshot_arguments.file, "the picture, a PNG file")->required();
        // Given twice, the later value counts.
        for (CLI::App* command : {run, explain, trace})
            for (CLI::Option* option : command->get_options())
                if (option->get_expected_max() == 1) option->take_last();
        doctor = program.add_subcommand("doctor", "what this host offers, what is missing and what mends it");
        doctor->footer("\nExample:\n  orrery doctor\n\n"
                       "Exit codes:\n"
                       "  0        guests run translated\n"
                       "  200      only the interpreter runs them\n");
        // Unknown arguments are collected, so that the sentence about them is ours.
        for (CLI::App* command : {&program, run, list, doctor, explain, trace, monitor, screenshot})
            command->allow_extras();
    }

    [[nodiscard]] CLI::App& chosen() {
        for (CLI::App* command : {run, list, doctor, explain, trace, monitor, screenshot})
            if (command->parsed()) return *command;
        return program;
    }
};

int complain_about_option(CLI::App& command, const std::string& given) {
    std::vector<std::string> known;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    const std::string name = given.substr(0, given.find('='));
    const std::string meant = nearest(name, known);
    complain("there is no option '{}'{}; `{} --help` shows all options", name,
             meant.empty() ? "" : fmt::format(" (was '{}' meant?)", meant),
             command.get_parent() ? "orrery " + command.get_name() : "orrery");
    return exit_usage;
}

// Options come first: behind an unknown one its value may look like an argument too many.
int complain_about_extras(CLI::App& command, const std::vector<std::string>& extras) {
    for (const std::string& extra : extras)
        if (extra.starts_with("-") && extra != "-") return complain_about_option(command, extra);
    if (!command.get_parent()) {
        const std::vector<std::string> commands{"run", "list", "doctor", "explain", "trace", "monitor", "screenshot"};
        const std::string meant = nearest(extras.front(), commands);
        complain("there is no command '{}'{}; the commands are {}", extras.front(),
                 meant.empty() ? "" : fmt::format(" (was '{}' meant?)", meant), fmt::join(commands, ", "));
    } else {
        complain("'{}' is one argument too many; `orrery {} --help` shows what is expected", extras.front(),
                 command.get_name());
    }
    return exit_usage;
}

// What CLI11 itself finds wrong: mostly an option without its value.
int complain_about(const CommandLine& line, const CLI::ParseError& wrong) {
    std::string text = wrong.what();
    while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&wrong)) text = text.substr(0, text.find(':')) + ": needs a value";
    std::string command = "orrery";
    for (const CLI::App* known : line.program.get_subcommands()) command += " " + known->get_name();
    complain("{}; `{} --help` shows what is expected", text, command);
    return exit_usage;
}

int start(int argument_count, char** arguments) {
    CommandLine line;
    try {
        line.program.parse(argument_count, arguments);
    } catch (const CLI::Success& help_or_version) {
        line.program.exit(help_or_version);
        return exit_powered_off;
    } catch (const CLI::ParseError& wrong) {
        return complain_about(line, wrong);
    }
    CLI::App& command = line.chosen();
    if (const std::vector<std::string> extras = line.program.remaining(true); !extras.empty())
        return complain_about_extras(command, extras);
    if (line.run->parsed()) return run(line.run_arguments);
    if (line.list->parsed() && !line.list_topic.empty()) return list(line.list_topic);
    if (line.doctor->parsed()) return doctor();
    if (line.explain->parsed()) return explain(line.explain_arguments);
    if (line.trace->parsed()) return trace_show(line.trace_arguments);
    if (line.monitor->parsed()) return ask_monitor(line.monitor_arguments);
    if (line.screenshot->parsed()) return take_screenshot(line.screenshot_arguments);
    complain("{}", line.list->parsed()
                       ? "list: say what: machines, devices, engines or traces"
                       : "say what to do: `orrery run --help`, `orrery list machines`, `orrery doctor`");
    return exit_usage;
}

} // namespace
} // namespace orrery::app

int main(int argument_count, char** arguments) {
    try {
        return orrery::app::start(argument_count, arguments);
    } catch (const std::bad_alloc&) {
        orrery::app::complain("the host has no memory left; use a smaller --memory, or end other programs");
    } catch (const std::exception& exception) {
        orrery::app::complain("unexpected: {}; this is a bug in orrery, please report it", exception.what());
    }
    return orrery::app::exit_failure;
}
