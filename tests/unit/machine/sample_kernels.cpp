#include "tests/unit/machine/sample_kernels.hpp"

#include <algorithm>

#include "tests/unit/machine/sample_files.hpp"

namespace orrery::test {

std::vector<u8> bzimage(const std::vector<u8>& code) {
    std::vector<u8> file(bzimage_setup_bytes + bzimage_kernel_bytes);
    for (u64 i = bzimage_setup_bytes; i < file.size(); ++i) file[i] = static_cast<u8>(i * 7);
    std::ranges::copy(code, file.begin() + bzimage_setup_bytes + 0x200);
    file[0x1f1] = 2;
    put32(file, 0x1f4, bzimage_kernel_bytes / 16);
    put16(file, 0x1fe, 0xaa55);
    file[0x200] = 0xeb;
    file[0x201] = 0x6a;
    put_text(file, 0x202, "HdrS");
    put16(file, 0x206, 0x20f);
    file[0x211] = 1;
    put32(file, 0x214, 0x10'0000);
    put32(file, 0x22c, 0x7fff'ffff);
    put32(file, 0x230, 0x20'0000);
    file[0x234] = 1;
    put16(file, 0x236, 3);
    put32(file, 0x238, 2047);
    put64(file, 0x258, bzimage_address);
    put32(file, 0x260, bzimage_memory_bytes);
    return file;
}

std::vector<u8> elf_program(const ElfForm& form, const std::vector<u8>& content) {
    constexpr u64 note_offset = 256, segment_bytes = 4096;
    std::vector<u8> file(elf_content_offset + segment_bytes);
    put_text(file, 0,
             form.wide ? "\x7f"
                         "ELF\x02\x01\x01"
                       : "\x7f"
                         "ELF\x01\x01\x01");
    put16(file, 16, 2);
    put16(file, 18, form.machine);
    const auto put_address = [&](u64 at, u64 value) {
        form.wide ? put64(file, at, value) : put32(file, at, static_cast<u32>(value));
    };
    const u64 table = form.wide ? 64 : 52, step = form.wide ? 8 : 4, header_bytes = form.wide ? 56 : 32;
    put_address(24, elf_address + content.size());
    put_address(24 + step, table);
    put16(file, form.wide ? 54 : 42, static_cast<u16>(header_bytes));
    put16(file, form.wide ? 56 : 44, 2);
    const auto put_segment = [&](u64 at, u32 type, u64 offset, u64 address, u64 bytes, u64 memory_bytes) {
        put32(file, at, type);
        for (const u64 value : {offset, address, address, bytes, memory_bytes}) put_address(at += step, value);
    };
    put_segment(table, 1, elf_content_offset, elf_address, segment_bytes, 2 * segment_bytes);
    if (form.note_entry != 0) put_segment(table + header_bytes, 4, note_offset, 0, 36, 0);
    // Another note of the same owner comes first.
    put32(file, note_offset, 4);
    put32(file, note_offset + 4, 1);
    put32(file, note_offset + 8, 6);
    put_text(file, note_offset + 12, "Xen");
    put32(file, note_offset + 20, 4);
    put32(file, note_offset + 24, 4);
    put32(file, note_offset + 28, 18);
    put_text(file, note_offset + 32, "Xen");
    put32(file, note_offset + 36, static_cast<u32>(form.note_entry));
    if (form.note_entry != 0) {
        const u64 at = table + header_bytes + (form.wide ? 32 : 16);
        put_address(at, 40);
    }
    std::ranges::copy(content, file.begin() + elf_content_offset);
    return file;
}

std::vector<u8> elf_with_sections(const ElfForm& form, const std::vector<u8>& content) {
    std::vector<u8> file = elf_program(form, content);
    const u64 symbols = file.size(), names = symbols + 48, table = names + 8;
    const u64 entry_bytes = form.wide ? 64 : 40;
    file.resize(names, 's');
    put_text(file, names, "names");
    file.resize(table + 5 * entry_bytes);
    const auto put_address = [&](u64 at, u64 value) {
        form.wide ? put64(file, at, value) : put32(file, at, static_cast<u32>(value));
    };
    put_address(form.wide ? 40 : 32, table);
    put16(file, form.wide ? 58 : 46, static_cast<u16>(entry_bytes));
    put16(file, form.wide ? 60 : 48, 5);
    put16(file, form.wide ? 62 : 50, 3);
    const auto put_section = [&](u64 number, u32 type, u64 address, u64 offset, u64 size) {
        const u64 at = table + number * entry_bytes, step = form.wide ? 8 : 4;
        put32(file, at + 4, type);
        put_address(at + 8 + step, address);
        put_address(at + 8 + 2 * step, offset);
        put_address(at + 8 + 3 * step, size);
    };
    put_section(1, 1, elf_address, elf_content_offset, 16);
    put_section(2, 2, 0, symbols, 48);
    put_section(3, 3, 0, names, 6);
    put_section(4, 1, 0, symbols, 48);
    return file;
}

std::vector<u8> multiboot1_header(u32 flags, bool addresses) {
    std::vector<u8> header;
    const u32 all = flags | (addresses ? u32{1} << 16 : 0);
    put32(header, 0, 0x1bad'b002);
    put32(header, 4, all);
    put32(header, 8, u32{0} - 0x1bad'b002 - all);
    if (!addresses) return header;
    put32(header, 12, elf_address);
    put32(header, 16, elf_address);
    put32(header, 20, 0);
    put32(header, 24, elf_address + flat_kernel_bytes + 4096);
    put32(header, 28, elf_address + 256);
    return header;
}

std::vector<u8> multiboot2_tag(u16 type, const std::vector<u32>& words, u16 flags) {
    std::vector<u8> tag;
    put16(tag, 0, type);
    put16(tag, 2, flags);
    put32(tag, 4, static_cast<u32>(8 + words.size() * 4));
    for (const u32 word : words) put32(tag, tag.size(), word);
    tag.resize((tag.size() + 7) / 8 * 8);
    return tag;
}

std::vector<u8> multiboot2_address_tags() {
    std::vector<u8> tags = multiboot2_tag(2, {elf_address, elf_address, 0, elf_address + flat_kernel_bytes + 4096});
    const std::vector<u8> entry = multiboot2_tag(3, {elf_address + 256});
    tags.insert(tags.end(), entry.begin(), entry.end());
    return tags;
}

std::vector<u8> multiboot2_header(const std::vector<u8>& tags) {
    std::vector<u8> header;
    const u32 size = static_cast<u32>(16 + tags.size() + 8);
    put32(header, 0, 0xe852'50d6);
    put32(header, 4, 0);
    put32(header, 8, size);
    put32(header, 12, u32{0} - 0xe852'50d6 - size);
    header.insert(header.end(), tags.begin(), tags.end());
    const std::vector<u8> end = multiboot2_tag(0, {});
    header.insert(header.end(), end.begin(), end.end());
    return header;
}

std::vector<u8> flat_kernel(const std::vector<u8>& header) {
    std::vector<u8> file(flat_kernel_bytes, 0x90);
    std::ranges::copy(header, file.begin());
    return file;
}

} // namespace orrery::test
