// What the parts of one x86 CPU share: the state, memory as the CPU itself reads it, and who it runs for. Segmentation,
// interrupts, far transfers and tasks are functions on it, each in a file named after the manual's chapter; what they
// can't do they answer with a Fault and have changed nothing that the guest could see.
#pragma once

#include <expected>
#include <functional>

#include "cpu/environment.hpp"
#include "cpu/x86/fault.hpp"
#include "cpu/x86/mmu.hpp"
#include "cpu/x86/state.hpp"

namespace orrery::x86 {

template <typename T> using Faulting = std::expected<T, Fault>;

// How wide an operand, an address or a stack pointer is.
enum class Size : u8 { word = 2, dword = 4, qword = 8 };
constexpr u32 bytes(Size size) { return static_cast<u32>(size); }
constexpr u64 mask(Size size) { return size == Size::qword ? ~u64{0} : (u64{1} << (8 * bytes(size))) - 1; }

class Core {
public:
    Core(State& state, AddressSpace& memory) : state_(state), mmu_(state, memory) {}
    void attach(EngineServices& services) { services_ = &services; }

    [[nodiscard]] State& state() { return state_; }
    [[nodiscard]] const State& state() const { return state_; }
    [[nodiscard]] Mmu& mmu() { return mmu_; }
    [[nodiscard]] const Mmu& mmu() const { return mmu_; }
    [[nodiscard]] EngineServices& services() { return *services_; }

    // ---- modes (SDM 3A 2.2)
    [[nodiscard]] bool protected_mode() const { return (state_.cr0 & cr0::pe) != 0; }
    [[nodiscard]] bool virtual_8086() const { return protected_mode() && (state_.rflags & flag::virtual_8086) != 0; }
    // Selectors are indexes of descriptors, not paragraphs.
    [[nodiscard]] bool has_descriptors() const { return protected_mode() && (state_.rflags & flag::virtual_8086) == 0; }
    [[nodiscard]] bool long_mode() const { return (state_.efer & efer::lma) != 0; }
    [[nodiscard]] bool code64() const { return long_mode() && state_.segment(Segment::cs).is(access::long_mode); }
    // The privilege that code runs at stands in SS, also where CS is a conforming segment (SDM 3A 5.5).
    [[nodiscard]] u32 cpl() const { return state_.segment(Segment::ss).dpl(); }
    [[nodiscard]] u32 iopl() const { return static_cast<u32>((state_.rflags & flag::privilege_level) >> iopl_shift); }
    [[nodiscard]] Size stack_size() const {
        if (code64()) return Size::qword;
        return state_.segment(Segment::ss).is(access::big) ? Size::dword : Size::word;
    }
    // RIP, EIP or IP, which is relative to CS.
    [[nodiscard]] u64 rip() const { return rip_of(state_.pc); }
    [[nodiscard]] u64 rip_of(u64 pc) const {
        return code64() ? pc : (pc - state_.segment(Segment::cs).base) & mask(Size::dword);
    }
    void set_rip(u64 rip) { state_.pc = code64() ? rip : (state_.segment(Segment::cs).base + rip) & mask(Size::dword); }
    [[nodiscard]] bool canonical(u64 linear) const {
        return x86::canonical(linear, (state_.cr4 & cr4::la57) != 0 ? 57 : 48);
    }

    // Whether the program's data accesses must be aligned (SDM 3A 6.15, #AC).
    [[nodiscard]] bool checks_alignment() const {
        return (state_.rflags & flag::alignment_check) != 0 && (state_.cr0 & cr0::am) != 0 && cpl() == 3;
    }

    // ---- memory at linear addresses. 1, 2, 4 or 8 bytes.
    Faulting<u64> read(u64 linear, u32 size_bytes, u8 mmu_index = implicit_access);
    Faulting<void> write(u64 linear, u64 value, u32 size_bytes, u8 mmu_index = implicit_access);
    // #AC, where alignment is checked and the address isn't a multiple of the size.
    [[nodiscard]] Faulting<void> check_alignment(u64 linear, u32 size_bytes) const;
    // Whether running code may write all of it, on two pages at most: for stores in parts, which mustn't stop midway.
    Faulting<void> check_writable(u64 linear, u64 size_bytes);
    // Where a linear address is that was computed: outside of 64-bit code they wrap after 4 GiB.
    [[nodiscard]] u64 wrapped(u64 linear) const { return code64() ? linear : linear & mask(Size::dword); }

private:
    [[nodiscard]] u8 remembered(u8 mmu_index) const;

    State& state_;
    Mmu mmu_;
    EngineServices* services_ = nullptr;
};

} // namespace orrery::x86
