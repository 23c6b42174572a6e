// What a trace file says, one record after another, and what writer and reader both remember while they go through a
// block of it. README.md has the format.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "cpu/trace.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app::trace {

// The low three bits of a record's first byte.
enum class RecordKind : u8 { instruction, branch, memory, device, exception, interrupt, privilege, name };
inline constexpr std::size_t record_kinds = 6; // that a reader gets to see

inline constexpr u8 has_pc = 1 << 3;
inline constexpr u8 has_count = 1 << 4;
inline constexpr u32 first_own_bit = 5;   // what a kind has flags of its own for
inline constexpr u8 has_bytes = 1 << 5;   // instruction
inline constexpr u8 is_write = 1 << 5;    // memory, device
inline constexpr u32 size_shift = 6;      // memory, device: log2 of the bytes
inline constexpr u32 privilege_shift = 3; // privilege: the number itself, to 7
inline constexpr u32 privilege_mask = 7;
inline constexpr u32 code_kind_shift = 6; // privilege: the kind of code

inline constexpr std::size_t longest_instruction = 15;
inline constexpr std::size_t longest_name = 255;
inline constexpr std::size_t most_names = 4096; // of devices, in one block
inline constexpr u32 block_bytes = 256 * KiB;   // a writer ends a block soon after
inline constexpr u32 largest_block_bytes = 1 * MiB;

struct Record {
    RecordKind kind = RecordKind::instruction;
    TracePlace place;
    std::span<const u8> bytes;        // instruction; valid until the next record
    TraceJump jump = TraceJump::jump; // branch
    u64 to = 0;                       // branch, exception, interrupt
    TraceAccess access;               // memory; of a device all but the address
    std::string_view device;          // device; valid until the next block
    u64 offset = 0;                   // device: within its window
    u64 code = 0;                     // exception, interrupt
    u64 value = 0;                    // exception
};

// What the values of a record are differences to. All 0 where a block begins.
struct Position {
    u64 pc = 0, count = 0;           // of the last record
    u64 next_pc = 0, next_count = 0; // where the next instruction is expected
    u64 address = 0;                 // of the last memory access
    u32 privilege = 0;
    u32 code_kind = 0;
};

// The bytes of the instructions that were seen last, by their addresses.
class CodeMemory {
public:
    CodeMemory() : entries_(size) {}
    void forget() { ++generation_; }
    // Empty: not known.
    [[nodiscard]] std::span<const u8> find(u64 pc) const {
        const Entry& entry = entries_[index(pc)];
        if (entry.pc != pc || entry.generation != generation_) return {};
        return std::span(entry.bytes).first(entry.length);
    }
    std::span<const u8> remember(u64 pc, std::span<const u8> bytes);

private:
    static constexpr std::size_t size = 4096;
    struct Entry {
        u64 pc = 0;
        u32 generation = 0;
        u8 length = 0;
        std::array<u8, longest_instruction> bytes{};
    };
    static std::size_t index(u64 pc) { return (pc >> 1) % size; }

    std::vector<Entry> entries_;
    u32 generation_ = 1;
};

// Small numbers of either sign become small numbers without one.
constexpr u64 zigzag(u64 difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
constexpr u64 unzigzag(u64 coded) { return (coded >> 1) ^ (0 - (coded & 1)); }

} // namespace orrery::app::trace
