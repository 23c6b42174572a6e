// What a CPU tells of its work, instruction by instruction, to whoever asked with Cpu::set_trace(). A frontend's
// privileges and codes are numbers here; CpuWords (cpu/debug.hpp) has their names.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

// First and last address, so that all of them can be said.
struct AddressRange {
    u64 first = 0;
    u64 last = ~u64{0};
    [[nodiscard]] constexpr bool contains(u64 address) const { return address - first <= last - first; }
};

enum class TraceKind : u8 { instructions, branches, memory, devices, exceptions };
inline constexpr std::size_t trace_kinds = 5;

struct TraceFilter {
    u8 kinds = 0;                   // a bit for each TraceKind
    u32 privileges = ~u32{0};       // a bit for each of CpuWords::privileges
    std::vector<AddressRange> code; // where the instructions lie that are traced, with all they do; empty: everywhere
    std::vector<AddressRange> data; // TraceKind::memory: bytes that must be touched; empty: any

    [[nodiscard]] bool wants(TraceKind kind) const { return (kinds >> static_cast<u8>(kind) & 1) != 0; }
    // Whether something can only be seen by executing instructions one by one.
    [[nodiscard]] bool watches_code() const {
        return wants(TraceKind::instructions) || wants(TraceKind::branches) || wants(TraceKind::memory);
    }
    [[nodiscard]] bool wants_privilege(u32 privilege) const { return privilege < 32 && (privileges >> privilege & 1); }
    // Any of `size_bytes` bytes, of which there is at least one.
    [[nodiscard]] static bool touches(std::span<const AddressRange> ranges, u64 address, u64 size_bytes) {
        if (ranges.empty()) return true;
        for (const AddressRange& range : ranges)
            if (range.contains(address) || range.first - address < size_bytes) return true;
        return false;
    }
};

// The instruction that an event belongs to. For an interrupt: the one that it comes before.
struct TracePlace {
    u64 pc = 0;
    u64 retired = 0; // by this CPU, before the instruction
    u32 privilege = 0;
    u32 code_kind = 0; // what its bytes mean: see Frontend::code_kind()
};

enum class TraceJump : u8 {
    jump,
    call,
    ret,
    conditional, // taken
    other,       // by an instruction of the system: back from an exception's handler
};

struct TraceAccess {
    u64 address = 0;   // virtual
    u64 value = 0;     // read or written
    u8 size_bytes = 1; // 1, 2, 4 or 8
    bool write = false;
};

struct TraceDeviceAccess {
    std::string_view window; // valid during the call
    u64 offset = 0;
    u64 value = 0;
    u8 size_bytes = 1;
    bool write = false;
};

// Called on the vCPU's own thread, in the order of execution. Mustn't touch the machine.
class TraceSink {
public:
    virtual ~TraceSink() = default;
    // Begins; what it does follows. It retires unless an exception of the same place does.
    virtual void instruction(const TracePlace& place, std::span<const u8> bytes) = 0;
    // `place` is the jump's. Not called for conditional ones that aren't taken.
    virtual void branch(const TracePlace& place, TraceJump kind, u64 to) = 0;
    // An access that was made: one that faults isn't told. An atomic operation is a read and a write.
    virtual void memory(const TracePlace& place, const TraceAccess& access) = 0;
    virtual void device(const TracePlace& place, const TraceDeviceAccess& access) = 0;
    // `to` is the handler.
    virtual void exception(const TracePlace& place, u64 code, u64 value, u64 to) = 0;
    virtual void interrupt(const TracePlace& place, u64 code, u64 to) = 0;
};

} // namespace orrery
