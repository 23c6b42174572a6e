// MB2, the second version of the specification.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"
#include "machine/loader/multiboot.hpp"

namespace orrery {
namespace {

using namespace x86_boot;

// MB2 3.1: within so many bytes of the file's start, at a multiple of 8.
constexpr u64 search_bytes = 32768;
constexpr u32 header_magic = 0xe852'50d6;
constexpr u32 entry_magic = 0x36d7'6289; // in EAX (MB2 3.3)
constexpr u32 architecture_i386 = 0;
constexpr u64 header_bytes = 16, tag_bytes = 8;
constexpr u64 most_tags = 4096; // more than a header within search_bytes has

enum class HeaderTag : u16 { // MB2 3.1.4 to 3.1.13
    end = 0,
    information_request = 1,
    address = 2,
    entry_address = 3,
    console_flags = 4,
    frame_buffer = 5,
    module_alignment = 6,
    efi_boot_services = 7,
    entry_address_efi32 = 8,
    entry_address_efi64 = 9,
    relocatable = 10,
};
constexpr u16 tag_is_optional = 1;

enum class InformationTag : u32 { // MB2 3.6
    end = 0,
    command_line = 1,
    loader_name = 2,
    module = 3,
    basic_memory = 4,
    memory_map = 6,
    frame_buffer = 8,
    elf_sections = 9,
    rsdp_old = 14,
    rsdp_new = 15,
    load_base = 21,
    last_known = 22,
};

constexpr u64 align_to_tag(u64 value) { return (value + 7) & ~u64{7}; }

std::optional<u64> find_header(std::span<const u8> file) {
    const ByteView view(file);
    for (u64 at = 0; at + header_bytes <= search_bytes && view.has(at, header_bytes); at += 8)
        if (view.word(at) == header_magic && view.word(at + 4) == architecture_i386 &&
            view.word(at) + view.word(at + 4) + view.word(at + 8) + view.word(at + 12) == 0)
            return at;
    return {};
}

// What a header's tags ask for.
struct Header {
    u64 offset = 0;
    std::optional<multiboot::AddressFields> addresses;
    std::optional<u32> entry;
    bool relocatable = false;
};

Status check_request(const ByteView& tag) {
    for (u64 at = tag_bytes; at + 4 <= tag.size(); at += 4)
        if (tag.word(at) >= static_cast<u32>(InformationTag::last_known))
            return error("asks its multiboot loader for information that orrery doesn't know (type {}); start it from "
                         "a disk with its boot loader",
                         tag.word(at));
    return {};
}

Status read_tag(const ByteView& tag, Header& header) {
    const bool optional = (tag.half(2) & tag_is_optional) != 0;
    switch (static_cast<HeaderTag>(tag.half(0))) {
    case HeaderTag::information_request:
        return optional ? Status{} : check_request(tag);
    case HeaderTag::address:
        header.addresses = multiboot::AddressFields{tag.word(8), tag.word(12), tag.word(16), tag.word(20)};
        return {};
    case HeaderTag::entry_address:
        header.entry = tag.word(8);
        return {};
    case HeaderTag::relocatable: // it may be moved, but it needn't
        header.relocatable = true;
        return {};
    case HeaderTag::console_flags: // wishes, and what concerns EFI only
    case HeaderTag::frame_buffer:
    case HeaderTag::module_alignment:
    case HeaderTag::efi_boot_services:
    case HeaderTag::entry_address_efi32:
    case HeaderTag::entry_address_efi64:
        return {};
    default:
        if (optional) return {};
        return error("asks its multiboot loader for what orrery doesn't know (header tag {}); start it from a disk "
                     "with its boot loader",
                     tag.half(0));
    }
}

Result<Header> read_header(std::span<const u8> file) {
    const ByteView view(file);
    Header header;
    header.offset = find_header(file).value_or(0);
    const u64 end = header.offset + view.word(header.offset + 8);
    u64 at = header.offset + header_bytes;
    for (u64 count = 0; count < most_tags; ++count) {
        const u64 size = view.word(at + 4);
        if (at + tag_bytes > end || size < tag_bytes || size > end - at || !view.has(at, size)) break;
        if (static_cast<HeaderTag>(view.half(at)) == HeaderTag::end) return header;
        TRY_STATUS(read_tag(ByteView(view.part(at, size)), header));
        at = align_to_tag(at + size);
    }
    return error("is damaged: the tags of its multiboot header have no end; build it anew");
}

// The boot information, tag by tag, each at a multiple of 8 (MB2 3.6.1).
class Information {
public:
    Information() : bytes_(tag_bytes) {}

    void begin(InformationTag type) {
        tag_ = bytes_.size();
        number(static_cast<u32>(type));
        number(u32{0});
    }
    template <typename T> void number(T value) {
        const u64 at = bytes_.size();
        bytes_.resize(at + sizeof value);
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    void text(std::string_view value) {
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        bytes_.push_back(0);
    }
    void bytes(std::span<const u8> value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
    void end() {
        const u32 size = static_cast<u32>(bytes_.size() - tag_);
        std::memcpy(bytes_.data() + tag_ + 4, &size, sizeof size);
        bytes_.resize(align_to_tag(bytes_.size()));
    }
    std::vector<u8> take() {
        begin(InformationTag::end);
        end();
        const u32 size = static_cast<u32>(bytes_.size());
        std::memcpy(bytes_.data(), &size, sizeof size);
        return std::move(bytes_);
    }

private:
    std::vector<u8> bytes_;
    u64 tag_ = 0;
};

class Planner {
public:
    Planner(X86BootRequest request, u64 limit_bytes)
        : request_(std::move(request)), limit_(limit_bytes), layout_(request_.memory) {}

    Result<X86BootPlan> plan() {
        header_ = TRY(read_header(request_.kernel));
        TRY_STATUS(place_kernel());
        tell_texts();
        TRY_STATUS(tell_modules());
        TRY_STATUS(tell_sections());
        tell_memory();
        tell_screen();
        tell_rsdp();
        tell_load_base();
        plan_.entry.rax = entry_magic;
        plan_.entry.rbx = TRY(place(plan_, layout_, information_.take(), 8, "its boot information"));
        TRY_STATUS(prepare_protected_mode(plan_, layout_));
        return std::move(plan_);
    }

private:
    Status place_kernel() {
        std::vector<LoadSegment> segments;
        if (header_.addresses) {
            segments.push_back(
                TRY(multiboot::flat_segment(request_.kernel, header_.offset, *header_.addresses, limit_)));
            if (!header_.entry)
                return error("has a multiboot header that says where it goes but not where it starts; build it anew");
        } else {
            if (!is_elf(request_.kernel))
                return error("has a multiboot header that doesn't say where it goes, and isn't an ELF file; build it "
                             "as one of these");
            KernelImage image = TRY(parse_x86_elf(request_.kernel, limit_));
            segments = std::move(image.segments);
            plan_.entry.rip = image.entry;
        }
        if (header_.entry) plan_.entry.rip = *header_.entry;
        for (const LoadSegment& segment : segments) load_base_ = std::min(load_base_, segment.address);
        TRY_STATUS(place_segments(plan_, layout_, std::move(segments)));
        return check_entry(plan_);
    }

    void tell_texts() {
        information_.begin(InformationTag::command_line);
        information_.text(multiboot::command_line(request_.name, request_.command_line));
        information_.end();
        information_.begin(InformationTag::loader_name);
        information_.text(multiboot::loader_name);
        information_.end();
    }

    Status tell_modules() {
        multiboot::name_modules(request_.modules);
        std::vector<std::string> lines; // they stand in the tags
        for (X86BootModule& module : request_.modules) lines.push_back(std::exchange(module.command_line, {}));
        const auto placed = TRY(place_modules(plan_, layout_, std::move(request_.modules)));
        for (u64 i = 0; i < placed.size(); ++i) {
            information_.begin(InformationTag::module);
            information_.number(static_cast<u32>(placed[i].first));
            information_.number(static_cast<u32>(placed[i].first + placed[i].size_bytes));
            information_.text(lines[i]);
            information_.end();
        }
        return {};
    }

    Status tell_sections() {
        const multiboot::ElfSections sections = TRY(multiboot::place_elf_sections(plan_, layout_, request_.kernel));
        if (sections.headers.empty()) return {};
        information_.begin(InformationTag::elf_sections);
        information_.number(sections.count);
        information_.number(sections.entry_bytes);
        information_.number(sections.names);
        information_.bytes(sections.headers);
        information_.end();
        return {};
    }

    void tell_memory() {
        information_.begin(InformationTag::basic_memory);
        information_.number(multiboot::lower_kib(request_.memory));
        information_.number(multiboot::upper_kib(request_.memory));
        information_.end();
        constexpr u32 entry_bytes = 24, entry_version = 0;
        information_.begin(InformationTag::memory_map);
        information_.number(entry_bytes);
        information_.number(entry_version);
        for (const MemoryRange& range : request_.memory) {
            information_.number(range.first);
            information_.number(range.size_bytes);
            information_.number(static_cast<u32>(range.type));
            information_.number(u32{0});
        }
        information_.end();
    }

    void tell_screen() {
        if (!request_.vga_text) return;
        information_.begin(InformationTag::frame_buffer);
        information_.number(multiboot::text_screen_address);
        information_.number(multiboot::text_screen_columns * 2);
        information_.number(multiboot::text_screen_columns);
        information_.number(multiboot::text_screen_lines);
        information_.number(u8{16});
        information_.number(multiboot::text_screen_type);
        information_.number(u16{0});
        information_.end();
    }

    // Copies of the root pointer: the 20 bytes of ACPI 1.0, and all of it.
    void tell_rsdp() {
        constexpr u64 old_bytes = 20;
        if (request_.rsdp.size() < old_bytes) return;
        information_.begin(InformationTag::rsdp_old);
        information_.bytes(std::span(request_.rsdp).first(old_bytes));
        information_.end();
        if (request_.rsdp.size() == old_bytes) return;
        information_.begin(InformationTag::rsdp_new);
        information_.bytes(request_.rsdp);
        information_.end();
    }

    void tell_load_base() {
        if (!header_.relocatable) return;
        information_.begin(InformationTag::load_base);
        information_.number(static_cast<u32>(load_base_));
        information_.end();
    }

    X86BootRequest request_;
    const u64 limit_;
    MemoryLayout layout_;
    X86BootPlan plan_;
    Header header_;
    Information information_;
    u64 load_base_ = ~u64{0};
};

} // namespace

bool has_multiboot2_header(std::span<const u8> file) { return find_header(file).has_value(); }

Result<X86BootPlan> plan_multiboot2(X86BootRequest request, u64 limit_bytes) {
    return Planner(std::move(request), limit_bytes).plan();
}

} // namespace orrery
