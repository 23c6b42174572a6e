#include "machine/loader/elf.hpp"

#include <array>

#include "machine/loader/byte_view.hpp"

namespace orrery {
namespace {

// gABI: ELF Identification, ELF Header, Program Header
constexpr u64 ident_class = 4;
constexpr u64 ident_data = 5;
constexpr u8 class_64 = 2;
constexpr u8 data_little_endian = 1;
constexpr u64 header_bytes = 64;
constexpr u64 program_header_bytes = 56;
constexpr u16 type_executable = 2;
constexpr u16 type_shared = 3; // a position-independent executable
constexpr u32 segment_load = 1;

struct ProgramHeader {
    u32 type;
    u64 offset;
    u64 virtual_address;
    u64 physical_address;
    u64 file_bytes;
    u64 memory_bytes;
};

ProgramHeader program_header(const ByteView& file, u64 at) {
    return {.type = file.word(at),
            .offset = file.dword(at + 8),
            .virtual_address = file.dword(at + 16),
            .physical_address = file.dword(at + 24),
            .file_bytes = file.dword(at + 32),
            .memory_bytes = file.dword(at + 40)};
}

Status check_header(const ByteView& file, u16 machine) {
    const u16 actual = file.half(18);
    if (file.number<u8>(ident_data) != data_little_endian)
        return error("is a big-endian ELF file; this machine runs little-endian programs only");
    if (actual != machine)
        return error("is an ELF file for {}, but this machine is {}; use one built for it", elf_machine_name(actual),
                     elf_machine_name(machine));
    if (file.number<u8>(ident_class) != class_64)
        return error("is a 32-bit ELF file; this machine runs 64-bit programs only");
    if (!file.has(0, header_bytes)) return error("is cut short: it ends within its ELF header; fetch or copy it again");
    const u16 type = file.half(16);
    if (type != type_executable && type != type_shared)
        return error("is an ELF file but not a program (type {}); link it first", type);
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

Result<KernelImage> parse_elf(std::span<const u8> bytes, u16 machine, u64 limit_bytes) {
    const ByteView file(bytes);
    TRY_STATUS(check_header(file, machine));
    KernelImage image;
    image.kind = KernelImage::Kind::elf;
    image.entry = file.dword(24);
    const u64 table = file.dword(32);
    const u16 entry_bytes = file.half(54);
    const u16 count = file.half(56);
    if (count != 0 && (entry_bytes < program_header_bytes || !file.has(table, u64{entry_bytes} * count)))
        return error("is cut short: its table of segments lies beyond its end; fetch or copy it again");

    const u64 virtual_entry = image.entry;
    bool entry_found = false;
    for (u64 i = 0; i < count; ++i) {
        const ProgramHeader header = program_header(file, table + i * entry_bytes);
        if (header.type != segment_load || header.memory_bytes == 0) continue;
        image.segments.push_back(TRY(load_segment(file, header, limit_bytes)));
        limit_bytes -= header.memory_bytes;
        // The entry is a virtual address, which need not be the physical one (Linux's vmlinux).
        if (!entry_found && virtual_entry - header.virtual_address < header.memory_bytes) {
            image.entry = virtual_entry - header.virtual_address + header.physical_address;
            entry_found = true;
        }
    }
    if (image.segments.empty()) return error("is an ELF file without anything to load; link it as a program");
    if (!entry_found)
        return error("has its entry point at {:#x}, outside all it loads; link it with an entry point", virtual_entry);
    return image;
}

} // namespace orrery
