#include "app/trace/show/trace_command.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "app/exit_codes.hpp"
#include "app/explain/disassembler.hpp"
#include "app/messages.hpp"
#include "app/trace/show/line.hpp"
#include "app/trace/show/selection.hpp"
#include "app/trace/show/summary.hpp"
#include "app/values.hpp"
#include "machine/loader/file.hpp"

namespace orrery::app {
namespace {

using namespace trace;

constexpr u64 any_number = ~u64{0};
constexpr OptionNames options{.what = "--what", .code = "--range", .data = "--data"};

Result<u64> number(std::string_view option, const std::string& text, u64 otherwise) {
    if (text.empty()) return otherwise;
    auto parsed = parse_number(text, 0, any_number);
    if (!parsed) return std::unexpected(parsed.error().in(option));
    return parsed;
}

// As far as it doesn't take the file or the symbols to understand it.
Result<Selection> understand(const TraceShowArguments& arguments) {
    if (arguments.action != "show")
        return error("trace: there is no '{}'; say `orrery trace show FILE`", arguments.action);
    if (arguments.file.empty()) return error("trace show: say which file");
    Selection selection;
    selection.filter.kinds = TRY(parse_request(arguments.filter, options)).kinds;
    selection.from = TRY(number("--from", arguments.from, 0));
    selection.to = TRY(number("--to", arguments.to, any_number));
    selection.limit = TRY(number("--limit", arguments.limit, any_number));
    if (!arguments.cpu.empty())
        selection.cpu = static_cast<u32>(std::min<u64>(TRY(number("--cpu", arguments.cpu, 0)), ~u32{0}));
    if (selection.to < selection.from) return error("--to: {} is before --from {}", selection.to, selection.from);
    return selection;
}

Result<Symbols> read_symbols(const std::vector<std::string>& paths) {
    constexpr u64 largest_program = 2 * GiB;
    Symbols symbols;
    for (const std::string& path : paths) {
        auto file = read_file(path, largest_program, "the program");
        if (!file) return std::unexpected(file.error().in("--symbols"));
        symbols.add(*file);
    }
    if (symbols.empty() && !paths.empty()) return error("--symbols: '{}' is no ELF file with symbols", paths.front());
    return symbols;
}

// A disassembler for each kind of code that the guest has.
class Disassemblers {
public:
    static Result<Disassemblers> create(const Header& header) {
        Disassemblers made;
        for (const std::string& triple : header.triples) {
            const auto assembly = assembly_of(triple);
            if (!assembly) return error("--disassemble: nothing is known of '{}'", printable(triple));
            // Version 1 told the CPU's mode as it was when the trace began, and not when it changed.
            if (header.triples.size() == 1 && *assembly != Assembly::riscv64)
                return error(
                    "--disassemble: the file is of an older version, which didn't say which code has 16, 32 or "
                    "64 bits; trace the run again");
            made.by_code_kind_.push_back(TRY(Disassembler::create(*assembly)));
        }
        return made;
    }

    [[nodiscard]] std::string text(const Record& record) const {
        if (record.place.code_kind >= by_code_kind_.size()) return "?";
        const Disassembler& disassembler = *by_code_kind_[record.place.code_kind];
        std::string text;
        // A prefix may be taken for an instruction of its own.
        for (std::size_t done = 0; done < record.bytes.size();) {
            const auto part = disassembler.at(record.bytes.subspan(done), record.place.pc + done);
            text += fmt::format("{}{}", done == 0 ? "" : " ", part.length_bytes == 0 ? "?" : part.text);
            if (part.length_bytes == 0) break;
            done += part.length_bytes;
        }
        return text;
    }

private:
    std::vector<std::unique_ptr<Disassembler>> by_code_kind_;
};

// Standard output, until nobody reads on.
class Output {
public:
    bool put(const std::string& text) {
        if (failure_ == 0 && std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) failure_ = errno;
        return failure_ == 0;
    }
    Status finish() {
        if (failure_ == 0 && std::fflush(stdout) != 0) failure_ = errno;
        if (failure_ == 0 || failure_ == EPIPE) return {};
        return error("standard output can't be written: {}", errno_text(failure_));
    }

private:
    int failure_ = 0;
};

Status show(const TraceShowArguments& arguments, Selection selection, Output& output) {
    const Symbols symbols = TRY(read_symbols(arguments.symbols));
    const Request request = TRY(parse_request(arguments.filter, options));
    const auto ranges = find_ranges(request.code, symbols);
    if (!ranges) return std::unexpected(ranges.error().in(options.code));
    const auto data = find_ranges(request.data, symbols);
    if (!data) return std::unexpected(data.error().in(options.data));
    selection.filter.code = *ranges;
    selection.filter.data = *data;

    const auto input = TRY(FileInput::open(arguments.file));
    const auto reader = FileReader::create(*input);
    if (!reader) return std::unexpected(reader.error().in(arguments.file));
    const Header& header = (*reader)->header();
    if (selection.cpu && *selection.cpu >= header.cpus.size())
        return error("--cpu: there is no CPU {}; they are numbered from 0, and the trace is of {}", *selection.cpu,
                     header.cpus.size());
    Disassemblers disassemblers;
    LineStyle style{header, symbols, {}};
    if (arguments.disassemble) {
        disassemblers = TRY(Disassemblers::create(header));
        style.disassemble = [&](const Record& record) { return disassemblers.text(record); };
    }
    Summary summary;
    const Status read = for_each(**reader, selection, [&](u32 cpu, const Record& record) {
        if (!arguments.summary)
            return output.put(arguments.json ? json_line(style, cpu, record) : text_line(style, cpu, record));
        summary.add(cpu, record);
        return true;
    });
    if (arguments.summary) output.put(summary.text(style));
    if (!read) return std::unexpected(read.error().in(arguments.file));
    return {};
}

} // namespace

void TraceShowArguments::add_to(CLI::App& command) {
    const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* type) {
        command.add_option(name, list, help)->type_name(type)->allow_extra_args(false);
    };
    command.add_option("ACTION", action, "show: the only one")->type_name("");
    command.add_option("FILE", file, "what `orrery run --trace-file` wrote")->type_name("");
    command.add_option("--cpu", cpu, "only of this CPU, numbered from 0")->type_name("N");
    add_list("--what", filter.what,
             "only these: instructions, branches, memory, devices, exceptions; several with commas", "KIND[,KIND…]");
    add_list("--range", filter.code,
             "only what instructions at these addresses do: A..B, A+SIZE, A, or with --symbols a symbol", "RANGE");
    add_list("--data", filter.data, "of memory only accesses to these addresses, likewise", "RANGE");
    command.add_option("--from", from, "begin where so many instructions had retired")->type_name("COUNT");
    command.add_option("--to", to, "end where so many instructions had retired")->type_name("COUNT");
    command.add_option("--limit", limit, "no more than so many events")->type_name("N");
    command.add_flag("--json", json, "a JSON object a line");
    command.add_flag("--disassemble", disassemble, "also show instructions as the assembler writes them");
    add_list("--symbols", symbols, "an ELF file that has names for addresses; may be repeated", "FILE");
    command.add_flag("--summary", summary, "only count: kinds, CPUs, the most executed addresses");
}

int trace_show(const TraceShowArguments& arguments) {
    const Result<Selection> selection = understand(arguments);
    if (!selection) {
        complain("{}", selection.error().message());
        return exit_usage;
    }
    std::signal(SIGPIPE, SIG_IGN); // whoever has seen enough, like `head`, just stops reading
    Output output;
    const Status shown = show(arguments, *selection, output);
    for (const Status& part : {output.finish(), shown}) {
        if (part) continue;
        complain("{}", part.error().message());
        return exit_failure;
    }
    return exit_powered_off;
}

} // namespace orrery::app
