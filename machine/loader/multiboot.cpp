#include "machine/loader/multiboot.hpp"

#include <algorithm>

#include "machine/loader/byte_view.hpp"

namespace orrery::multiboot {
namespace {

// How far RAM reaches from `first` on without a gap.
u64 reach(std::span<const MemoryRange> memory, u64 first) {
    u64 end = first;
    for (bool grown = true; grown;) {
        grown = false;
        for (const MemoryRange& range : memory) {
            const u64 range_end = range.first + range.size_bytes;
            if (range.type != MemoryRange::Type::ram || range.first > end || range_end <= end) continue;
            end = range_end;
            grown = true;
        }
    }
    return end - first;
}

} // namespace

Result<LoadSegment> flat_segment(std::span<const u8> file, u64 header_offset, const AddressFields& addresses,
                                 u64 limit_bytes) {
    const u64 before_header = u64{addresses.header} - addresses.load;
    if (addresses.load > addresses.header || before_header > header_offset)
        return error("is damaged: its multiboot header at {:#x} is to be loaded before the file's start; build it anew",
                     addresses.header);
    const u64 offset = header_offset - before_header;
    const u64 end = addresses.load_end == 0 ? addresses.load + (file.size() - offset) : addresses.load_end;
    const u64 memory_end = std::max<u64>(end, addresses.bss_end);
    if (end <= addresses.load || !ByteView(file).has(offset, end - addresses.load))
        return error("is cut short: its multiboot header says that {:#x} to {:#x} are loaded from offset {}, but the "
                     "file has only {} bytes; fetch or copy it again",
                     addresses.load, end, offset, file.size());
    if (memory_end - addresses.load > limit_bytes)
        return error("needs {} bytes of memory, but the guest has only {}; give it more with --memory",
                     memory_end - addresses.load, limit_bytes);
    const auto part = file.subspan(offset, end - addresses.load);
    return LoadSegment{addresses.load, {part.begin(), part.end()}, memory_end - addresses.load};
}

std::string command_line(std::string_view file, std::string_view arguments) {
    std::string line(file.substr(file.find_last_of('/') + 1));
    std::ranges::replace(line, ' ', '_'); // it is one word
    if (!arguments.empty()) line.append(" ").append(arguments);
    return line;
}

void name_modules(std::vector<X86BootModule>& modules) {
    for (X86BootModule& module : modules) module.command_line = command_line(module.name, module.command_line);
}

u32 lower_kib(std::span<const MemoryRange> memory) {
    return static_cast<u32>(std::min(reach(memory, 0), 640 * KiB) / KiB);
}

u32 upper_kib(std::span<const MemoryRange> memory) {
    return static_cast<u32>(std::min(reach(memory, MiB) / KiB, u64{0xffff'ffff}));
}

} // namespace orrery::multiboot
