// What lldb asks and gdb doesn't (lldb's document "GDB Remote Protocol Extensions").
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "app/gdb/session.hpp"
#include "app/gdb/target_description.hpp"

namespace orrery::app::gdb {
namespace {

constexpr u64 page_size_bytes = 4096;

std::string hex_of(std::string_view text) {
    std::string out;
    append_hex(out, text);
    return out;
}

std::string json_text(std::string_view text) {
    std::string out;
    for (const char character : text) {
        if (character == '"' || character == '\\') out += '\\';
        out += static_cast<u8>(character) < ' ' ? ' ' : character;
    }
    return out;
}

std::string_view permissions(MemoryRegion::Kind kind) {
    switch (kind) {
    case MemoryRegion::Kind::ram:
        return "rwx";
    case MemoryRegion::Kind::rom:
        return "rx";
    case MemoryRegion::Kind::device:
        break;
    }
    return "rw";
}

const MemoryRegion* region_at(std::span<const MemoryRegion> map, u64 address) {
    const auto found = std::ranges::find_if(
        map, [&](const MemoryRegion& region) { return address - region.base < region.size_bytes; });
    return found == map.end() ? nullptr : &*found;
}

std::string describe_region(u64 start, u64 size, const MemoryRegion& region) {
    return fmt::format("start:{:x};size:{:x};permissions:{};name:{};", start, size, permissions(region.kind),
                       hex_of(region.name));
}

// From `address` to where the next region begins.
std::string describe_hole(std::span<const MemoryRegion> map, u64 address) {
    u64 end = ~u64{0};
    for (const MemoryRegion& region : map)
        if (region.base > address) end = std::min(end, region.base);
    return fmt::format("start:{:x};size:{:x};", address, end - address);
}

} // namespace

std::span<const Session::Handler> Session::lldb_handlers() {
    static constexpr std::array handlers{
        Handler{"QThreadSuffixSupported", &Session::thread_suffixes},
        Handler{"QListThreadsInStopReply", &Session::threads_in_stop_reply},
        Handler{"QEnableErrorStrings", &Session::error_strings},
        Handler{"qHostInfo", &Session::host_info},
        Handler{"qProcessInfo", &Session::process_info},
        Handler{"qGDBServerVersion", &Session::server_version},
        Handler{"qMemoryRegionInfo", &Session::memory_region_info},
        Handler{"qSupportsDetachAndStayStopped", &Session::answer_ok},
        Handler{"jThreadsInfo", &Session::threads_info},
    };
    return handlers;
}

void Session::thread_suffixes(Scanner) {
    lldb_ = true;
    reply_ok();
}

void Session::threads_in_stop_reply(Scanner) {
    lldb_ = true;
    reply_ok();
}

void Session::error_strings(Scanner) {
    error_strings_ = true;
    reply_ok();
}

void Session::host_info(Scanner) {
    reply(fmt::format("triple:{};endian:little;ptrsize:8;vm-page-size:{};", hex_of(target_.view(0).debugger_triple()),
                      page_size_bytes));
}

void Session::process_info(Scanner) {
    reply(fmt::format("pid:1;parent-pid:0;triple:{};endian:little;ptrsize:8;",
                      hex_of(target_.view(0).debugger_triple())));
}

void Session::server_version(Scanner) { reply("name:orrery;"); }

void Session::memory_region_info(Scanner arguments) {
    if (arguments.at_end()) return reply_ok(); // asked whether it is known
    const auto address = arguments.skip(':') ? arguments.number() : std::nullopt;
    if (!address) return reply_error(ErrorCode::syntax, "the address is missing");
    const std::vector<MemoryRegion> map = target_.memory_map();
    const Walk walk = target_.view(cpu_).walk({*address});
    const bool pages = space_ == MemorySpace::of_cpu && walk.page_size_bytes != 0;
    if (!pages && (space_ == MemorySpace::physical || walk.address)) {
        const MemoryRegion* region = region_at(map, *address);
        return reply(region != nullptr ? describe_region(region->base, region->size_bytes, *region)
                                       : describe_hole(map, *address));
    }
    const u64 size = std::max(walk.page_size_bytes, page_size_bytes);
    const u64 start = *address - *address % size;
    const MemoryRegion* region = walk.address ? region_at(map, walk.address->value) : nullptr;
    reply(region != nullptr ? describe_region(start, size, *region)
                            : fmt::format("start:{:x};size:{:x};", start, size));
}

// Of a watchpoint lldb reads three numbers (watched, index, accessed) and leaves the words to people.
void Session::append_json_stop(std::string& out, const Stop& stop) const {
    const bool watched = stop.reason == Stop::Reason::watchpoint;
    const std::string numbers = watched ? fmt::format("{} 0 {} ", stop.watchpoint.address, stop.accessed) : "";
    const u32 signal = stop.reason == Stop::Reason::paused ? signal_interrupt : signal_trap;
    fmt::format_to(std::back_inserter(out), ",\"signal\":{},\"reason\":\"{}\",\"description\":\"{}{}\"", signal,
                   lldb_reason(stop.reason), numbers, json_text(describe_stop(stop)));
}

void Session::threads_info(Scanner) {
    const Stop& stop = target_.last_stop();
    std::string out = "[";
    for (u32 cpu = 0; cpu < target_.cpu_count(); ++cpu) {
        const DebugView& view = target_.view(cpu);
        fmt::format_to(std::back_inserter(out), "{}{{\"tid\":{},\"name\":\"{}\"", cpu == 0 ? "" : ",", cpu + 1,
                       json_text(thread_description(target_, cpu)));
        if (cpu == stop.cpu) append_json_stop(out, stop);
        if (const auto pc = program_counter(view)) {
            fmt::format_to(std::back_inserter(out), ",\"registers\":{{\"{}\":\"", view.registers()[*pc].number);
            append_register_hex(out, view.read_wide(*pc), (view.registers()[*pc].bits + 7) / 8);
            out += "\"}";
        }
        out += '}';
    }
    out += ']';
    writer_.begin();
    append_escaped(writer_.text(), out);
    writer_.end();
}

} // namespace orrery::app::gdb
