// What a user wants traced, or shown of a trace: as he writes it, and what it means.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cpu/debug.hpp"
#include "cpu/trace.hpp"
#include "machine/fabric/result.hpp"
#include "machine/loader/symbols.hpp"

namespace orrery::app::trace {

// Each may hold several, with commas between them. Empty: no restriction.
struct Arguments {
    std::vector<std::string> what;       // names of kinds
    std::vector<std::string> code;       // ranges of addresses of instructions
    std::vector<std::string> data;       // ranges of addresses that instructions access
    std::vector<std::string> privileges; // as CpuWords has them
    std::vector<std::string> devices;    // patterns like "uart*"
};

// A range as far as it can be understood without knowing the program.
struct RangeText {
    std::string symbol; // if this isn't empty, the range is still to be found
    AddressRange range;
};

struct Request {
    u8 kinds = 0; // a bit for each TraceKind
    std::vector<RangeText> code, data;
    std::vector<std::string> privileges;
    std::vector<std::string> devices;
};

// What the options are called where they were given; an empty list is never complained about.
struct OptionNames {
    std::string_view what = "--trace-what";
    std::string_view code = "--trace-range";
    std::string_view data = "--trace-data";
    std::string_view privileges = "--trace-privilege";
    std::string_view devices = "--trace-device";
};

// "instructions", "branches" …, in the order of TraceKind.
std::span<const std::string_view> kind_names();

// Errors are one sentence that names the option.
Result<Request> parse_request(const Arguments& arguments, const OptionNames& options = {});
// Names become addresses and numbers of this guest.
Result<std::vector<AddressRange>> find_ranges(const std::vector<RangeText>& texts, const Symbols& symbols);
Result<TraceFilter> make_filter(const Request& request, const Symbols& symbols, const CpuWords& words,
                                const OptionNames& options = {});
// One line for each restriction, for people.
std::vector<std::string> describe(const Arguments& arguments);

} // namespace orrery::app::trace
