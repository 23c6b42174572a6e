#include "machine/loader/elf.hpp"

#include <algorithm>
#include <array>

#include "machine/loader/byte_view.hpp"

namespace orrery {
namespace {

// gABI: ELF Identification, ELF Header, Program Header
constexpr u64 ident_class = 4;
constexpr u64 ident_data = 5;
constexpr u8 class_32 = 1;
constexpr u8 class_64 = 2;
constexpr u8 data_little_endian = 1;
constexpr u16 type_executable = 2;
constexpr u16 type_shared = 3; // a position-independent executable
constexpr u32 segment_load = 1;
constexpr u32 segment_note = 4;
constexpr u16 elf_machine_x86_32 = 3;

struct ProgramHeader {
    u32 type;
    u64 offset;
    u64 virtual_address;
    u64 physical_address;
    u64 file_bytes;
    u64 memory_bytes;
};

// The headers, whose addresses and sizes have 32 or 64 bits.
class Headers {
public:
    explicit Headers(std::span<const u8> file) : file_(file), wide_(file_.number<u8>(ident_class) == class_64) {}

    [[nodiscard]] bool is_wide() const { return wide_; }
    [[nodiscard]] u64 header_bytes() const { return wide_ ? 64 : 52; }
    [[nodiscard]] u64 entry() const { return address(24); }
    [[nodiscard]] u64 table() const { return wide_ ? file_.dword(32) : file_.word(28); }
    [[nodiscard]] u64 entry_bytes() const { return file_.half(wide_ ? 54 : 42); }
    [[nodiscard]] u64 count() const { return file_.half(wide_ ? 56 : 44); }
    [[nodiscard]] bool has_table() const {
        const u64 smallest = wide_ ? 56 : 32;
        return count() == 0 || (entry_bytes() >= smallest && file_.has(table(), entry_bytes() * count()));
    }
    [[nodiscard]] ProgramHeader program_header(u64 number) const {
        const u64 at = table() + number * entry_bytes();
        const u64 step = wide_ ? 8 : 4;
        const u64 first = at + step; // behind the type, and with 64 bits the flags
        return {.type = file_.word(at),
                .offset = address(first),
                .virtual_address = address(first + step),
                .physical_address = address(first + 2 * step),
                .file_bytes = address(first + 3 * step),
                .memory_bytes = address(first + 4 * step)};
    }

private:
    [[nodiscard]] u64 address(u64 at) const { return wide_ ? file_.dword(at) : file_.word(at); }

    ByteView file_;
    bool wide_;
};

Status check_header(const ByteView& file, u16 machine) {
    const u16 actual = file.half(18);
    if (file.number<u8>(ident_data) != data_little_endian)
        return error("is a big-endian ELF file; this machine runs little-endian programs only");
    if (actual != machine)
        return error("is an ELF file for {}, but this machine is {}; use one built for it", elf_machine_name(actual),
                     elf_machine_name(machine));
    return {};
}

Result<LoadSegment> load_segment(const ByteView& file, const ProgramHeader& header, u64 limit_bytes) {
    if (!file.has(header.offset, header.file_bytes))
        return error("is cut short: the segment for {:#x} needs {} bytes at offset {}, but the file has only {}; fetch "
                     "or copy it again",
                     header.physical_address, header.file_bytes, header.offset, file.size());
    if (header.memory_bytes < header.file_bytes)
        return error("is damaged: the segment for {:#x} is larger in the file than in memory", header.physical_address);
    if (header.memory_bytes > limit_bytes || header.physical_address + header.memory_bytes < header.physical_address)
        return error("needs {} bytes of memory at {:#x}, more than the guest has; give it more with --memory",
                     header.memory_bytes, header.physical_address);
    const std::span<const u8> bytes = file.part(header.offset, header.file_bytes);
    return LoadSegment{header.physical_address, {bytes.begin(), bytes.end()}, header.memory_bytes};
}

Result<KernelImage> parse_program(std::span<const u8> bytes, u64 limit_bytes) {
    const ByteView file(bytes);
    const Headers headers(bytes);
    if (!file.has(0, headers.header_bytes()))
        return error("is cut short: it ends within its ELF header; fetch or copy it again");
    const u16 type = file.half(16);
    if (type != type_executable && type != type_shared)
        return error("is an ELF file but not a program (type {}); link it first", type);
    if (!headers.has_table())
        return error("is cut short: its table of segments lies beyond its end; fetch or copy it again");

    KernelImage image;
    image.kind = KernelImage::Kind::elf;
    image.entry = headers.entry();
    const u64 virtual_entry = image.entry;
    bool entry_found = false;
    for (u64 i = 0; i < headers.count(); ++i) {
        const ProgramHeader header = headers.program_header(i);
        if (header.type != segment_load || header.memory_bytes == 0) continue;
        image.segments.push_back(TRY(load_segment(file, header, limit_bytes)));
        limit_bytes -= header.memory_bytes;
        // The entry is a virtual address, which need not be the physical one (Linux's vmlinux)…
        if (!entry_found && virtual_entry - header.virtual_address < header.memory_bytes) {
            image.entry = virtual_entry - header.virtual_address + header.physical_address;
            entry_found = true;
        }
    }
    // …but some kernels name a physical one all the same (the vmlinux for x86).
    entry_found = entry_found || std::ranges::any_of(image.segments, [&](const LoadSegment& segment) {
                      return virtual_entry - segment.address < segment.memory_bytes;
                  });
    if (image.segments.empty()) return error("is an ELF file without anything to load; link it as a program");
    if (!entry_found)
        return error("has its entry point at {:#x}, outside all it loads; link it with an entry point", virtual_entry);
    return image;
}

} // namespace

bool is_elf(std::span<const u8> file) {
    return ByteView(file).holds(0, "\x7f"
                                   "ELF");
}

std::string elf_machine_name(u16 machine) {
    struct Name {
        u16 machine;
        const char* name;
    };
    static constexpr std::array names{Name{2, "SPARC"},
                                      Name{3, "x86 (32 bits)"},
                                      Name{4, "68000"},
                                      Name{8, "MIPS"},
                                      Name{20, "PowerPC"},
                                      Name{21, "PowerPC64"},
                                      Name{22, "S/390"},
                                      Name{40, "ARM (32 bits)"},
                                      Name{42, "SuperH"},
                                      Name{43, "SPARC64"},
                                      Name{elf_machine_x86_64, "x86-64"},
                                      Name{elf_machine_arm64, "arm64"},
                                      Name{elf_machine_riscv, "RISC-V"},
                                      Name{258, "LoongArch"}};
    for (const Name& known : names)
        if (known.machine == machine) return known.name;
    return fmt::format("machine number {}", machine);
}

Result<KernelImage> parse_elf(std::span<const u8> file, u16 machine, u64 limit_bytes) {
    TRY_STATUS(check_header(ByteView(file), machine));
    if (!Headers(file).is_wide()) return error("is a 32-bit ELF file; this machine runs 64-bit programs only");
    return parse_program(file, limit_bytes);
}

Result<KernelImage> parse_x86_elf(std::span<const u8> file, u64 limit_bytes) {
    const ByteView view(file);
    const bool is_32_bit = view.half(18) == elf_machine_x86_32 && view.number<u8>(ident_class) == class_32;
    TRY_STATUS(check_header(view, is_32_bit ? elf_machine_x86_32 : elf_machine_x86_64));
    return parse_program(file, limit_bytes);
}

// gABI: Note Section. Owner and content are padded to multiples of 4, in 64-bit files too.
std::optional<std::span<const u8>> find_elf_note(std::span<const u8> file, std::string_view owner, u32 type) {
    const ByteView view(file);
    const Headers headers(file);
    const auto padded = [](u64 bytes) { return (bytes + 3) & ~u64{3}; };
    for (u64 i = 0; headers.has_table() && i < headers.count(); ++i) {
        const ProgramHeader header = headers.program_header(i);
        if (header.type != segment_note || !view.has(header.offset, header.file_bytes)) continue;
        const ByteView notes(view.part(header.offset, header.file_bytes));
        for (u64 at = 0; notes.has(at, 12);) {
            const u64 owner_bytes = notes.word(at), content_bytes = notes.word(at + 4);
            const u64 content = at + 12 + padded(owner_bytes);
            if (!notes.has(content, content_bytes)) break;
            if (notes.word(at + 8) == type && owner_bytes == owner.size() + 1 &&
                notes.text(at + 12, owner_bytes) == owner)
                return notes.part(content, content_bytes);
            at = content + padded(content_bytes);
        }
    }
    return {};
}

} // namespace orrery
