#include "app/explain/explain_command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>

#include <CLI/CLI.hpp>

#include "app/exit_codes.hpp"
#include "app/explain/byte_string.hpp"
#include "app/explain/html.hpp"
#include "app/explain/text.hpp"
#include "app/explain/workshop.hpp"
#include "app/host_probe.hpp"
#include "app/messages.hpp"
#include "app/run_command.hpp"
#include "app/values.hpp"
#include "machine/snapshot.hpp"

namespace orrery::app {
namespace {

constexpr u64 any_number = std::numeric_limits<u64>::max();
constexpr u64 most_blocks = 1000;

// What is to be explained, as far as it doesn't take a machine to know it.
struct Request {
    std::vector<u8> bytes;
    u64 at = 0x8000'0000;
    std::string mode;                      // with `bytes`
    Assembly assembly = Assembly::riscv64; // whose code it is
    u64 hottest = 0;
    std::optional<u64> address;
    u64 instructions = 0;
    RunPlan plan;
};

Result<u64> number(std::string_view option, const std::string& text, u64 least, u64 most) {
    Result<u64> parsed = parse_number(text, least, most);
    if (!parsed) return std::unexpected(parsed.error().in(option));
    return parsed;
}

Result<std::string> parse_mode(const std::string& word) {
    constexpr std::array<std::string_view, 6> words{"m", "s", "u", "16", "32", "64"};
    if (word.empty() || std::ranges::find(words, word) != words.end()) return word;
    return error("--mode: '{}' is no mode; expected m, s or u, or 16, 32 or 64 for x86 code", word);
}

// Of a machine's CPUs.
Result<Assembly> assembly_of(const Machine& machine) {
    const std::string_view triple = machine.cpus().front()->debug_view().debugger_triple();
    const auto assembly = app::assembly_of(triple);
    if (!assembly) return error("explain: nothing is known of '{}'", triple);
    return *assembly;
}

// Of a byte string: as --mode has it, or the machine that was named.
Result<Assembly> assembly_of(const ExplainArguments& arguments) {
    if (is_x86_mode(arguments.mode)) return Assembly::x86_64;
    if (arguments.run.machine == RunArguments{}.machine) return Assembly::riscv64;
    const Board* board = find_board(arguments.run.machine);
    if (!board) return error("--machine: there is no machine '{}'", arguments.run.machine);
    BoardOptions options;
    options.serial = "none";
    const std::unique_ptr<Machine> machine = TRY(board->create(options));
    return assembly_of(*machine);
}

Status check_alignment(std::string_view option, u64 address, Assembly assembly) {
    if (address % least_bytes(assembly) == 0) return {};
    return error("{}: {:#x} is odd, and instructions lie at even addresses", option, address);
}

Result<Request> understand(const ExplainArguments& arguments) {
    const int sources = !arguments.bytes.empty() + !arguments.hottest.empty() + !arguments.address.empty();
    if (sources != 1)
        return error("explain: say what, with one of --bytes HEX, --hottest N and --address ADDRESS; "
                     "`orrery explain --help` has examples");
    Request request;
    if (!arguments.at.empty()) request.at = TRY(number("--at", arguments.at, 0, any_number));
    if (!arguments.bytes.empty()) {
        request.mode = TRY(parse_mode(arguments.mode));
        request.assembly = TRY(assembly_of(arguments));
        request.bytes = TRY(parse_byte_string(arguments.bytes, request.assembly));
        TRY_STATUS(check_alignment("--at", request.at, request.assembly));
        return request;
    }
    request.instructions = TRY(number("--instructions", arguments.instructions, 1, any_number));
    if (!arguments.hottest.empty()) request.hottest = TRY(number("--hottest", arguments.hottest, 1, most_blocks));
    if (!arguments.address.empty()) request.address = TRY(number("--address", arguments.address, 0, any_number));
    RunArguments run = arguments.run;
    run.deterministic = true;
    for (const auto& [option, given] :
         {std::pair{"--save", run.save}, std::pair{"--hash-every", run.hash_every}, std::pair{"--gdb", run.gdb},
          std::pair{"--monitor", run.monitor}, std::pair{"--trace-file", run.trace_file}})
        if (!given.empty()) return error("{}: is an option of `orrery run` alone", option);
    if (run.engine == "interp")
        return error("--engine interp: explain counts executions in translated code; leave the option out");
    request.plan = TRY(plan_run(run));
    return request;
}

// Block after block to the string's end.
Status explain_bytes(const Request& request, ExplainWorkshop& workshop, Explanation& explanation) {
    const u64 mode = TRY(workshop.guest().mode_of(request.mode));
    explanation.title = fmt::format("{} bytes at {:#x}", request.bytes.size(), request.at);
    for (std::size_t done = 0; done < request.bytes.size();) {
        const dbt::CodeBytes code{
            .key = {request.at + done, mode},
            .bytes = {request.bytes.begin() + static_cast<std::ptrdiff_t>(done), request.bytes.end()}};
        explanation.blocks.push_back(workshop.explain(code));
        const u32 explained = explanation.blocks.back().block.guest_bytes;
        if (explained == 0) return {};
        done += explained;
    }
    return {};
}

void explain_hottest(const Request& request, const std::vector<dbt::CodeBytes>& executed, u64 retired,
                     ExplainWorkshop& workshop, Explanation& explanation) {
    const std::size_t count = std::min<std::size_t>(request.hottest, executed.size());
    explanation.title = fmt::format("The hottest {} of {} blocks, in {} instructions", count, executed.size(), retired);
    double shown = 0;
    for (std::size_t i = 0; i < count; ++i) {
        BlockView view = workshop.explain(executed[i]);
        view.share =
            retired == 0 ? 0 : static_cast<double>(view.executions) * executed[i].limit / static_cast<double>(retired);
        shown += view.share;
        explanation.blocks.push_back(std::move(view));
    }
    explanation.notes.push_back(fmt::format("together {:.1f} % of all instructions", shown * 100));
}

// `workshop` is made for the machine's CPUs.
Status explain_run(Request& request, std::unique_ptr<ExplainWorkshop>& made, Explanation& explanation) {
    TRY_STATUS(translator_usable());
    TRY_STATUS(place_image(request.plan));
    dbt::CodeInspector inspector;
    request.plan.board.engine = dbt::Engine::baseline;
    request.plan.board.inspector = &inspector;
    request.plan.board.count_executions = true;
    const std::unique_ptr<Machine> machine = TRY(request.plan.machine->create(request.plan.board));
    if (request.plan.restore) TRY_STATUS(restore_snapshot(*machine, *request.plan.restore));
    const Assembly assembly = TRY(assembly_of(*machine));
    if (request.address) TRY_STATUS(check_alignment("--address", *request.address, assembly));
    made = TRY(ExplainWorkshop::create(assembly, request.plan.board.cpu_model));
    ExplainWorkshop& workshop = *made;
    tell("runs {} instructions first", request.instructions);
    const u64 before = machine->retired();
    const Outcome outcome = machine->run_until(before + std::min(request.instructions, ~u64{0} - before));
    if (outcome.ending == Ending::failed)
        return error("{}", machine->failure() ? machine->failure()->message() : "the machine failed");
    const u64 retired = machine->retired() - before;
    if (outcome.ending != Ending::instructions)
        explanation.notes.push_back(fmt::format("the guest ended by itself, after {} instructions", retired));
    if (request.address) {
        const auto code = inspector.at(*request.address);
        if (!code)
            return error("--address: after {} instructions {} can't fetch from {:#x} (exception {}); its pc is {:#x}",
                         retired, machine->cpus().front()->name(), *request.address,
                         code.error().code & machine->cpus().front()->debug_view().words().code_mask,
                         machine->cpus().front()->pc());
        explanation.title = fmt::format("The block at {:#x}, after {} instructions", *request.address, retired);
        explanation.blocks.push_back(workshop.explain(*code));
    } else {
        explain_hottest(request, inspector.executed(), retired, workshop, explanation);
    }
    return {};
}

Status write(const std::string& text, const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) return error("--html: '{}' can't be written: {}", path, errno_text(errno));
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (std::fclose(file) != 0 || !written) return error("--html: '{}' can't be written: {}", path, errno_text(errno));
    return {};
}

Status carry_out(Request& request, const std::string& html) {
    std::unique_ptr<ExplainWorkshop> workshop;
    Explanation explanation;
    if (!request.bytes.empty()) {
        workshop = TRY(ExplainWorkshop::create(request.assembly, request.plan.board.cpu_model));
        TRY_STATUS(explain_bytes(request, *workshop, explanation));
    } else {
        TRY_STATUS(explain_run(request, workshop, explanation));
    }
    if (!workshop->missing().empty()) explanation.notes.push_back(workshop->missing());
    if (html.empty()) {
        std::fputs(explanation_text(explanation).c_str(), stdout);
        return {};
    }
    return write(explanation_html(explanation), html);
}

} // namespace

void ExplainArguments::add_to(CLI::App& command) {
    command.add_option("--bytes", bytes, "instructions in the order of memory, like '13050500 8280'")->type_name("HEX");
    command.add_option("--at", at, "with --bytes: where they lie (0x80000000)")->type_name("ADDRESS");
    command.add_option("--mode", mode, "with --bytes: the CPU's mode; m, s or u (m), and of x86 code 16, 32 or 64")
        ->type_name("NAME");
    command.add_option("--hottest", hottest, "the blocks in which a run spends the most instructions")->type_name("N");
    command.add_option("--address", address, "The block at an address, as the first CPU sees it after a run")
        ->type_name("ADDRESS");
    command.add_option("--instructions", instructions, "how long that run is (300000000)")->type_name("COUNT");
    command.add_option("--html", html, "write one page for a browser instead of text")->type_name("FILE");
    // The guest's console isn't to mix with the explanation.
    run.serial = "none";
    run.add_to(command);
}

int explain(const ExplainArguments& arguments) {
    Result<Request> request = understand(arguments);
    if (!request) {
        complain("{}", request.error().message());
        return exit_usage;
    }
    if (const Status done = carry_out(*request, arguments.html); !done) {
        complain("{}", done.error().message());
        return exit_failure;
    }
    return exit_powered_off;
}

} // namespace orrery::app
