#include "cpu/x86/diagnosis_instruction.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/model.hpp"
#include "cpu/x86/segmentation.hpp"

namespace orrery::x86 {
namespace {

std::vector<u8> bytes_at(const Core& core, u64 pc, std::size_t count) {
    std::vector<u8> bytes;
    while (bytes.size() < count) {
        const auto byte = core.mmu().peek(pc + bytes.size(), 1);
        if (!byte) break;
        bytes.push_back(static_cast<u8>(*byte));
    }
    return bytes;
}

std::string hexadecimal(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : " ", byte);
    return text;
}

std::string bit_list(u64 bits) {
    std::string text;
    for (; bits != 0; bits &= bits - 1) text += fmt::format("{}{}", text.empty() ? "" : ", ", std::countr_zero(bits));
    return text;
}

// The conditions of SDM 3A 2.5 and 4.1.
std::string why_control_refused(const Core& core, u32 number, u64 value, Features features) {
    const State& state = core.state();
    const auto has = [&](u64 bit) { return (value & bit) != 0; };
    switch (number) {
    case 0:
        if (has(cr0::pg) && !has(cr0::pe)) return "PG is set without PE";
        if (has(cr0::nw) && !has(cr0::cd)) return "NW is set without CD";
        if (value >> 32 != 0) return "bits 63:32 must be 0";
        if (has(cr0::pg) && (state.efer & efer::lme) != 0 && (state.cr4 & cr4::pae) == 0)
            return "PG is set with EFER.LME, but CR4.PAE is 0";
        if (!has(cr0::pg) && core.code64()) return "64-bit code can't switch paging off";
        return "a PDPTE that CR3 leads to has reserved bits set";
    case 3:
        if (value >> physical_address_bits != 0)
            return fmt::format("physical addresses have {} bits, and bits {} are set", physical_address_bits,
                               bit_list(value >> physical_address_bits << physical_address_bits));
        return "a PDPTE that it leads to has reserved bits set";
    case 4:
        if (const u64 unknown = value & ~known_cr4(features); unknown != 0)
            return fmt::format("this CPU model has no bits {}", bit_list(unknown));
        if (core.long_mode() && !has(cr4::pae)) return "PAE can't be switched off in long mode";
        if (has(cr4::pcide)) return "PCIDE needs long mode, and a PCID of 0 in CR3";
        return "a PDPTE that CR3 leads to has reserved bits set";
    default:
        return "there is no such bit";
    }
}

u64 register_value(const State& state, u8 number) { return number < gpr::count ? state.r[number] : 0; }

} // namespace

std::string FaultyInstruction::words() const {
    const std::vector<u8> bytes = bytes_at(core, pc, maximum_length);
    if (bytes.empty()) return {};
    const Instruction instruction = decode(bytes, mode.code, features);
    if (!instruction.valid())
        return fmt::format("({})", hexadecimal(std::span(bytes).first(std::min<std::size_t>(bytes.size(), 4))));
    return fmt::format("{} ({})", mnemonic(instruction), hexadecimal(std::span(bytes).first(instruction.length)));
}

std::string FaultyInstruction::why_invalid() const {
    const std::vector<u8> bytes = bytes_at(core, pc, maximum_length);
    if (bytes.empty()) return "jump to nowhere: no memory is there";
    if (std::ranges::all_of(bytes, [](u8 byte) { return byte == 0xff; }))
        return "the program runs into memory that is all ones";
    const Instruction instruction = decode(bytes, mode.code, features);
    if (!instruction.valid()) {
        const auto shown = std::span(bytes).first(std::min<std::size_t>(bytes.size(), 4));
        return fmt::format("no instruction of this CPU model begins with {}", hexadecimal(shown));
    }
    if (instruction.row->op == Op::ud2) return "ud2, by which programs say that they can't go on";
    if (mode.vectors_off)
        return fmt::format("{}: CR4.OSFXSR is 0, or CR0.EM is 1, if it is an SSE instruction", words());
    return fmt::format("{} isn't allowed in this mode", words());
}

std::string FaultyInstruction::why_protected() const {
    const std::vector<u8> bytes = bytes_at(core, pc, maximum_length);
    const Instruction instruction = decode(bytes, mode.code, features);
    if (!instruction.valid()) return {};
    const State& state = core.state();
    const Row& row = *instruction.row;
    if (row.has(trait::privileged) && mode.cpl != 0) return fmt::format("{} in ring {}", words(), mode.cpl);
    if (row.has(trait::io_sensitive) && mode.protected_mode && mode.cpl > core.iopl())
        return fmt::format("{} in ring {} with IOPL {}", words(), mode.cpl, core.iopl());
    if (row.op == Op::mov_control && instruction.opcode == 0x22) {
        const u64 value = register_value(state, instruction.rm());
        return fmt::format("{}: CR{} can't become {:#x}: {}", words(), instruction.reg(), value,
                           why_control_refused(core, instruction.reg(), value, features));
    }
    if (row.op == Op::wrmsr)
        return fmt::format("{}: MSR {:#x} doesn't take {:#x}", words(), state.r[gpr::rcx] & 0xffff'ffff,
                           (state.r[gpr::rdx] << 32) | (state.r[gpr::rax] & 0xffff'ffff));
    if (row.op == Op::rdmsr) return fmt::format("{}: there is no MSR {:#x}", words(), state.r[gpr::rcx] & 0xffff'ffff);
    if (!instruction.has_memory || row.has(trait::vsib)) return {};
    const MemoryAddress& memory = instruction.memory;
    const u64 base = memory.base == instruction_pointer ? pc + instruction.length : register_value(state, memory.base);
    const u64 offset =
        base + (register_value(state, memory.index) << memory.scale) + static_cast<u64>(instruction.displacement);
    const SegmentCache& segment = state.segment(memory.segment);
    if (mode.code == CodeSize::bits64) {
        const bool based = memory.segment == Segment::fs || memory.segment == Segment::gs;
        const u64 linear = offset + (based ? segment.base : 0);
        return core.canonical(linear) ? std::string{}
                                      : fmt::format("{}: its address {:#x} isn't canonical", words(), linear);
    }
    constexpr std::array<std::string_view, segment_count> names{"ES", "CS", "SS", "DS", "FS", "GS"};
    const std::string_view name = names[static_cast<std::size_t>(memory.segment)];
    if (!segment.usable()) return fmt::format("{}: {} holds a null selector", words(), name);
    const u64 within = offset & (instruction.address_size == 2 ? mask(Size::word) : mask(Size::dword));
    if (!within_limit(segment, within, 1))
        return fmt::format("{}: its offset {:#x} lies beyond {}, whose limit is {:#x}", words(), within, name,
                           segment.limit);
    return {};
}

bool FaultyInstruction::follows_write_of(u32 control_register) const {
    // Paging may hide it by now; its physical address was the same.
    constexpr u64 length = 3; // 0f 22 11-number-register
    const u64 at = pc - length;
    std::array<u8, length> bytes{};
    if (!core.mmu().memory().read_memory({at}, bytes)) return false;
    return bytes[0] == 0x0f && bytes[1] == 0x22 && bytes[2] >> 6 == 3 && (bytes[2] >> 3 & 7) == control_register;
}

} // namespace orrery::x86
