// MB1, the first version of the specification.
#include <algorithm>
#include <cstring>
#include <optional>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"
#include "machine/loader/multiboot.hpp"

namespace orrery {
namespace {

using namespace x86_boot;

// MB1 3.1: within so many bytes of the file's start, at a multiple of 4.
constexpr u64 search_bytes = 8192;
constexpr u32 header_magic = 0x1bad'b002;
constexpr u32 entry_magic = 0x2bad'b002; // in EAX (MB1 3.2)
constexpr u64 short_header_bytes = 12, header_bytes = 32;

namespace wish { // header flags, MB1 3.1.2
constexpr u32 page_aligned_modules = 1 << 0, memory = 1 << 1, video = 1 << 2;
constexpr u32 addresses = 1 << 16;
constexpr u32 must_be_known = 0xffff;
} // namespace wish

namespace given { // flags of the boot information, MB1 3.3
constexpr u32 memory = 1 << 0, command_line = 1 << 2, modules = 1 << 3, elf_sections = 1 << 5, memory_map = 1 << 6,
              loader_name = 1 << 9, frame_buffer = 1 << 12;
} // namespace given

struct Information {
    u32 flags = 0;
    u32 memory_lower_kib = 0;
    u32 memory_upper_kib = 0;
    u32 boot_device = 0;
    u32 command_line = 0;
    u32 module_count = 0;
    u32 modules = 0;
    u32 section_count = 0;
    u32 section_entry_bytes = 0;
    u32 sections = 0;
    u32 section_names = 0;
    u32 memory_map_bytes = 0;
    u32 memory_map = 0;
    u32 drives[2] = {};
    u32 configuration_table = 0;
    u32 loader_name = 0;
    u32 apm_table = 0;
    u32 vbe[4] = {};
    u32 frame_buffer_low = 0;
    u32 frame_buffer_high = 0;
    u32 frame_buffer_pitch = 0;
    u32 frame_buffer_width = 0;
    u32 frame_buffer_height = 0;
    u8 frame_buffer_bits = 0;
    u8 frame_buffer_type = 0;
    u8 colors[6] = {};
};
static_assert(offsetof(Information, memory_map_bytes) == 44 && offsetof(Information, frame_buffer_low) == 88 &&
              sizeof(Information) == 116);

struct Module {
    u32 first = 0;
    u32 end = 0;
    u32 command_line = 0;
    u32 reserved = 0;
};

std::optional<u64> find_header(std::span<const u8> file) {
    const ByteView view(file);
    for (u64 at = 0; at + short_header_bytes <= search_bytes && view.has(at, short_header_bytes); at += 4)
        if (view.word(at) == header_magic && view.word(at) + view.word(at + 4) + view.word(at + 8) == 0) return at;
    return {};
}

template <typename T> std::vector<u8> bytes_of(const T& value) {
    std::vector<u8> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

class Planner {
public:
    Planner(X86BootRequest request, u64 limit_bytes)
        : request_(std::move(request)), limit_(limit_bytes), layout_(request_.memory) {}

    Result<X86BootPlan> plan() {
        TRY_STATUS(place_kernel());
        TRY_STATUS(tell_modules());
        TRY_STATUS(tell_sections());
        TRY_STATUS(tell_memory());
        tell_screen();
        information_.flags |= given::command_line | given::loader_name;
        information_.command_line = static_cast<u32>(
            TRY(place_text(plan_, layout_, multiboot::command_line(request_.name, request_.command_line))));
        information_.loader_name = static_cast<u32>(TRY(place_text(plan_, layout_, multiboot::loader_name)));
        plan_.entry.rax = entry_magic;
        plan_.entry.rbx = TRY(place(plan_, layout_, bytes_of(information_), 8, "its boot information"));
        TRY_STATUS(prepare_protected_mode(plan_, layout_));
        return std::move(plan_);
    }

private:
    Status place_kernel() {
        const ByteView file(request_.kernel);
        const u64 at = find_header(request_.kernel).value_or(0);
        const u32 flags = file.word(at + 4);
        constexpr u32 known = wish::page_aligned_modules | wish::memory | wish::video;
        if (const u32 unknown = flags & wish::must_be_known & ~known; unknown != 0)
            return error("asks its multiboot loader for what orrery doesn't know (header flags {:#x}); start it from a "
                         "disk with its boot loader",
                         unknown);
        std::vector<LoadSegment> segments;
        if ((flags & wish::addresses) != 0) {
            if (!file.has(at, header_bytes))
                return error("is cut short within its multiboot header; fetch or copy it again");
            plan_.entry.rip = file.word(at + 28);
            segments.push_back(TRY(multiboot::flat_segment(
                request_.kernel, at, {file.word(at + 12), file.word(at + 16), file.word(at + 20), file.word(at + 24)},
                limit_)));
        } else {
            if (!is_elf(request_.kernel))
                return error("has a multiboot header that doesn't say where it goes, and isn't an ELF file; build it "
                             "as one of these");
            KernelImage image = TRY(parse_x86_elf(request_.kernel, limit_));
            plan_.entry.rip = image.entry;
            segments = std::move(image.segments);
        }
        TRY_STATUS(place_segments(plan_, layout_, std::move(segments)));
        return check_entry(plan_);
    }

    // MB1 3.3: they are listed by their first byte and the one behind their last.
    Status tell_modules() {
        multiboot::name_modules(request_.modules);
        std::vector<u8> list;
        for (const PlacedModule& module : TRY(place_modules(plan_, layout_, std::move(request_.modules)))) {
            const std::vector<u8> entry =
                bytes_of(Module{static_cast<u32>(module.first), static_cast<u32>(module.first + module.size_bytes),
                                static_cast<u32>(module.command_line), 0});
            list.insert(list.end(), entry.begin(), entry.end());
            ++information_.module_count;
        }
        information_.flags |= given::modules;
        if (list.empty()) return {};
        information_.modules =
            static_cast<u32>(TRY(place(plan_, layout_, std::move(list), 16, "the list of its modules")));
        return {};
    }

    Status tell_sections() {
        multiboot::ElfSections sections = TRY(multiboot::place_elf_sections(plan_, layout_, request_.kernel));
        if (sections.headers.empty()) return {};
        information_.flags |= given::elf_sections;
        information_.section_count = sections.count;
        information_.section_entry_bytes = sections.entry_bytes;
        information_.section_names = sections.names;
        information_.sections =
            static_cast<u32>(TRY(place(plan_, layout_, std::move(sections.headers), 16, "the list of its sections")));
        return {};
    }

    // Each entry is preceded by its size, which doesn't count itself.
    Status tell_memory() {
        constexpr u32 entry_bytes = 20;
        information_.flags |= given::memory | given::memory_map;
        information_.memory_lower_kib = multiboot::lower_kib(request_.memory);
        information_.memory_upper_kib = multiboot::upper_kib(request_.memory);
        std::vector<u8> map;
        for (const MemoryRange& range : request_.memory) {
            const u64 at = map.size();
            map.resize(at + sizeof entry_bytes + entry_bytes);
            std::memcpy(map.data() + at, &entry_bytes, 4);
            std::memcpy(map.data() + at + 4, &range.first, 8);
            std::memcpy(map.data() + at + 12, &range.size_bytes, 8);
            std::memcpy(map.data() + at + 20, &range.type, 4);
        }
        information_.memory_map_bytes = static_cast<u32>(map.size());
        information_.memory_map =
            static_cast<u32>(TRY(place(plan_, layout_, std::move(map), 16, "the list of its memory")));
        return {};
    }

    void tell_screen() {
        if (!request_.vga_text) return;
        information_.flags |= given::frame_buffer;
        information_.frame_buffer_low = multiboot::text_screen_address;
        information_.frame_buffer_pitch = multiboot::text_screen_columns * 2;
        information_.frame_buffer_width = multiboot::text_screen_columns;
        information_.frame_buffer_height = multiboot::text_screen_lines;
        information_.frame_buffer_bits = 16;
        information_.frame_buffer_type = multiboot::text_screen_type;
    }

    X86BootRequest request_;
    const u64 limit_;
    MemoryLayout layout_;
    X86BootPlan plan_;
    Information information_;
};

} // namespace

bool has_multiboot1_header(std::span<const u8> file) { return find_header(file).has_value(); }

Result<X86BootPlan> plan_multiboot1(X86BootRequest request, u64 limit_bytes) {
    return Planner(std::move(request), limit_bytes).plan();
}

} // namespace orrery
