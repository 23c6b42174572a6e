// The section headers of an ELF kernel, by which kernels find their own symbols (MB1 3.3 "syms", MB2 3.6.7).
#include <cstring>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"
#include "machine/loader/multiboot.hpp"

namespace orrery::multiboot {
namespace {

// gABI: ELF Header, Sections. Offsets for files of 32 and of 64 bits.
struct Form {
    u64 table, entry_bytes, count, names; // in the file's header
    u64 smallest_entry;
    u64 address, offset, size; // in a section's header
    bool wide;
};
constexpr Form form_32{32, 46, 48, 50, 40, 12, 16, 20, false};
constexpr Form form_64{40, 58, 60, 62, 64, 16, 24, 32, true};
constexpr u64 ident_class = 4;
constexpr u8 class_64 = 2;
constexpr u64 type_offset = 4;
constexpr u32 type_symbols = 2, type_strings = 3;

u64 number(const ByteView& view, const Form& form, u64 at) { return form.wide ? view.dword(at) : view.word(at); }

} // namespace

Result<ElfSections> place_elf_sections(X86BootPlan& plan, MemoryLayout& layout, std::span<const u8> file) {
    const ByteView view(file);
    const Form& form = view.number<u8>(ident_class) == class_64 ? form_64 : form_32;
    const u64 table = number(view, form, form.table);
    ElfSections sections{{}, view.half(form.count), view.half(form.entry_bytes), view.half(form.names)};
    const std::span<const u8> headers = view.part(table, u64{sections.count} * sections.entry_bytes);
    if (!is_elf(file) || table == 0 || headers.empty() || sections.entry_bytes < form.smallest_entry)
        return ElfSections{};
    sections.headers.assign(headers.begin(), headers.end());

    // What is part of a segment has an address already. The file's size bounds what sections that overlap can take.
    u64 left_bytes = file.size();
    for (u64 at = 0; at < headers.size(); at += sections.entry_bytes) {
        const ByteView header(headers.subspan(at, sections.entry_bytes));
        const u32 type = header.word(type_offset);
        const u64 size = number(header, form, form.size);
        const auto bytes = view.part(number(header, form, form.offset), size);
        if ((type != type_symbols && type != type_strings) || number(header, form, form.address) != 0) continue;
        if (bytes.empty() || size > left_bytes) continue;
        left_bytes -= size;
        const auto address = layout.claim_lowest(size, 16, MiB, x86_boot::four_gib);
        if (!address) return error("leaves no room for its symbols: {} bytes; give the guest more with --memory", size);
        plan.segments.push_back({*address, {bytes.begin(), bytes.end()}, size});
        std::memcpy(sections.headers.data() + at + form.address, &*address, form.wide ? 8 : 4);
    }
    return sections;
}

} // namespace orrery::multiboot
