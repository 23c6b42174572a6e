// movs, stos, lods, scas and cmps, also repeated (SDM 1, 7.3.9; SDM 2, REP). A repeated one does a bounded number of
// elements, and then the instruction is come back to: an interrupt may come in between, as on a processor, and debug
// exceptions do. A fault leaves the registers where the element that faults begins.
#include <algorithm>
#include <cstring>
#include <span>

#include "cpu/x86/breakpoints.hpp"
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/instruction.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/segmentation.hpp"
#include "cpu/x86/tasks.hpp"

namespace orrery::x86 {
namespace {

constexpr u64 elements_at_once = 4096;

class StringOperation {
public:
    StringOperation(Core& core, StringRequest request)
        : core_(core), request_(request), address_mask_(mask(static_cast<Size>(request.address_size))) {}

    // 1: RIP stays, there are elements left.
    Faulting<bool> run();
    [[nodiscard]] bool repeats() const { return static_cast<Repeat>(request_.repeat) != Repeat::none; }
    [[nodiscard]] bool uses_ports() const {
        return request_.operation == Operation::ins || request_.operation == Operation::outs;
    }
    // Whether there is a breakpoint on the port that it uses.
    [[nodiscard]] bool breaks() const { return uses_ports() && port_breaks() != 0; }

private:
    using Operation = StringRequest::Operation;

    [[nodiscard]] u64 address(u32 number) const { return core_.state().r[number] & address_mask_; }
    void put(u32 number, u64 value) {
        u64& to = core_.state().r[number];
        to = request_.address_size == 2 ? (to & ~address_mask_) | (value & address_mask_) : value & address_mask_;
    }
    void advance(u32 number) {
        put(number, goes_down() ? address(number) - request_.size : address(number) + request_.size);
    }
    [[nodiscard]] u64 port_breaks() const { return port_breakpoints(core_.state(), port(), request_.size); }
    [[nodiscard]] u16 port() const { return static_cast<u16>(core_.state().r[gpr::rdx]); }
    [[nodiscard]] bool goes_down() const { return (core_.state().rflags & flag::direction) != 0; }
    Faulting<u64> linear(Segment segment, u32 number, u64 size_bytes, bool write) const;
    [[nodiscard]] u64 block_first(u32 number, u64 count) const;
    [[nodiscard]] u64 block_limit(Segment segment, u32 number, u64 count) const;
    void advance_block(u32 number, u64 size_bytes);
    Faulting<u64> block(u64 count);
    Faulting<u64> load(Segment segment, u32 number);
    Faulting<void> store(u64 value);
    Faulting<void> element();
    void copy(std::span<const u8> from, std::span<u8> to) const;
    void fill(std::span<u8> to, u64 value) const;
    void compare(u64 first, u64 second);
    [[nodiscard]] bool goes_on() const;

    Core& core_;
    const StringRequest request_;
    const u64 address_mask_;
};

Faulting<u64> StringOperation::linear(Segment segment, u32 number, u64 size_bytes, bool write) const {
    return linear_address(core_, segment, address(number), size_bytes, write);
}

Faulting<u64> StringOperation::load(Segment segment, u32 number) {
    const u64 place = TRY(linear(segment, number, request_.size, false));
    return TRY(core_.read(place, request_.size, explicit_access));
}

Faulting<void> StringOperation::store(u64 value) {
    const u64 place = TRY(linear(Segment::es, gpr::rdi, request_.size, true));
    return core_.write(place, value, request_.size, explicit_access);
}

void StringOperation::compare(u64 first, u64 second) {
    const u32 size_log2 = request_.size == 8 ? 3 : request_.size == 4 ? 2 : request_.size == 2 ? 1 : 0;
    const u64 width_mask = request_.size == 8 ? ~u64{0} : (u64{1} << 8 * request_.size) - 1;
    core_.state().lazy = {flag_kind(FlagOperation::subtract, size_log2), (first - second) & width_mask, second};
}

Faulting<void> StringOperation::element() {
    const auto source = static_cast<Segment>(request_.segment);
    State& state = core_.state();
    const u64 width_mask = request_.size == 8 ? ~u64{0} : (u64{1} << 8 * request_.size) - 1;
    u64& rax = state.r[gpr::rax];
    u64 loaded = 0;
    switch (request_.operation) {
    case Operation::movs:
        loaded = TRY(load(source, gpr::rsi));
        TRY_STATUS(store(loaded));
        advance(gpr::rsi);
        advance(gpr::rdi);
        return {};
    case Operation::stos:
        TRY_STATUS(store(rax));
        advance(gpr::rdi);
        return {};
    case Operation::lods:
        loaded = TRY(load(source, gpr::rsi));
        rax = request_.size >= 4 ? loaded : (rax & ~width_mask) | loaded;
        advance(gpr::rsi);
        return {};
    case Operation::ins:
        // The page is known to be there before the device is asked.
        loaded = TRY(load(Segment::es, gpr::rdi));
        TRY_STATUS(store(core_.services().read_port(port(), static_cast<Width>(request_.size))));
        state.pending_debug |= port_breaks();
        advance(gpr::rdi);
        return {};
    case Operation::outs:
        loaded = TRY(load(source, gpr::rsi));
        core_.services().write_port(port(), loaded, static_cast<Width>(request_.size));
        state.pending_debug |= port_breaks();
        advance(gpr::rsi);
        return {};
    case Operation::scas:
        loaded = TRY(load(Segment::es, gpr::rdi));
        compare(rax & width_mask, loaded);
        advance(gpr::rdi);
        return {};
    case Operation::cmps: {
        const u64 first = TRY(load(source, gpr::rsi));
        loaded = TRY(load(Segment::es, gpr::rdi));
        compare(first, loaded);
        advance(gpr::rsi);
        advance(gpr::rdi);
        return {};
    }
    }
    return {};
}

// Where the lowest of so many elements is, the first of which is at the address in a register.
u64 StringOperation::block_first(u32 number, u64 count) const {
    return goes_down() ? address(number) - (count - 1) * request_.size : address(number);
}

void StringOperation::advance_block(u32 number, u64 size_bytes) {
    put(number, goes_down() ? address(number) - size_bytes : address(number) + size_bytes);
}

// How many elements from the address in a register on lie in one page, without wrapping around and within the segment.
u64 StringOperation::block_limit(Segment segment, u32 number, u64 count) const {
    const auto first = linear(segment, number, request_.size, false);
    if (!first) return 0;
    const u64 in_page = *first & (page_size - 1);
    const u64 up_to_end = (page_size - in_page) / request_.size;
    if (goes_down() && up_to_end == 0) return 0; // the highest lies in two pages
    count = std::min(count, goes_down() ? in_page / request_.size + 1 : up_to_end);
    if (core_.code64() && !goes_down()) return count;
    const auto fits = [&] {
        const u64 offset = block_first(number, count);
        if (goes_down() && offset > address(number)) return false;
        // The last byte may be the segment's last.
        return core_.code64() || (offset + count * request_.size - 1 <= address_mask_ &&
                                  within_limit(core_.state().segment(segment), offset, count * request_.size));
    };
    while (count > 1 && !fits()) count /= 2;
    return count;
}

// Copies or fills as many elements as lie in one page of each operand, at the host's speed. 0: they have to be taken
// one by one, since they are few or aren't memory.
Faulting<u64> StringOperation::block(u64 count) {
    const bool copies = request_.operation == Operation::movs;
    if ((!copies && request_.operation != Operation::stos) || core_.checks_alignment()) return 0;
    const auto source = static_cast<Segment>(request_.segment);
    count = block_limit(Segment::es, gpr::rdi, count);
    if (copies) count = block_limit(source, gpr::rsi, count);
    if (count < 2) return 0;
    const u64 size = count * request_.size;
    std::span<u8> from;
    if (copies) {
        const u64 place = TRY(linear_address(core_, source, block_first(gpr::rsi, count), size, false));
        from = TRY(core_.services().direct({place}, size, MemoryAction::read));
        if (from.size() != size) return 0;
    }
    const u64 place = TRY(linear_address(core_, Segment::es, block_first(gpr::rdi, count), size, true));
    const std::span<u8> to = TRY(core_.services().direct({place}, size, MemoryAction::write));
    if (to.size() != size) return 0;
    if (copies)
        copy(from, to);
    else
        fill(to, core_.state().r[gpr::rax]);
    if (copies) advance_block(gpr::rsi, size);
    advance_block(gpr::rdi, size);
    return count;
}

// What was copied may be copied again: then it is a pattern.
void StringOperation::copy(std::span<const u8> from, std::span<u8> to) const {
    const u64 size = to.size();
    const bool overtakes = goes_down() ? from.data() > to.data() && from.data() < to.data() + size
                                       : to.data() > from.data() && to.data() < from.data() + size;
    if (!overtakes) {
        std::memmove(to.data(), from.data(), size);
        return;
    }
    for (u64 done = 0; done < size; done += request_.size) {
        const u64 at = goes_down() ? size - request_.size - done : done;
        u64 element = 0;
        std::memcpy(&element, &from[at], request_.size);
        std::memcpy(&to[at], &element, request_.size);
    }
}

void StringOperation::fill(std::span<u8> to, u64 value) const {
    if (request_.size == 1 || value == 0) {
        std::memset(to.data(), static_cast<u8>(value), to.size());
        return;
    }
    for (u64 i = 0; i < to.size(); i += request_.size) std::memcpy(&to[i], &value, request_.size);
}

// Whether a repeated comparison wants another element.
bool StringOperation::goes_on() const {
    if (request_.operation != Operation::scas && request_.operation != Operation::cmps) return true;
    const bool equal = core_.state().lazy.result == 0;
    return equal == (static_cast<Repeat>(request_.repeat) == Repeat::f3);
}

Faulting<bool> StringOperation::run() {
    if (uses_ports()) TRY_STATUS(may_use_ports(core_, port(), request_.size));
    if (!repeats()) {
        TRY_STATUS(element());
        return false;
    }
    const State& state = core_.state();
    const u64 most = (state.rflags & flag::trap) != 0 ? 1 : elements_at_once;
    for (u64 done = 0; done < most && state.pending_debug == 0;) {
        const u64 count = address(gpr::rcx);
        if (count == 0) return false;
        if (const u64 moved = TRY(block(std::min(count, most - done))); moved != 0) {
            put(gpr::rcx, count - moved);
            done += moved;
            continue;
        }
        TRY_STATUS(element());
        ++done;
        put(gpr::rcx, address(gpr::rcx) - 1);
        if (!goes_on()) return false;
    }
    return address(gpr::rcx) != 0;
}

} // namespace

u64 helper::string(void* self, u64 packed, u64, u64) {
    Core& core = core_of(self);
    State& state = core.state();
    StringOperation operation(core, StringRequest::unpack(packed));
    if (operation.breaks() && !core.services().executes_alone()) {
        core.services().execute_alone();
        return 0;
    }
    const auto unfinished = operation.run();
    // Whatever comes between iterations is pushed with RF (SDM 3B 17.3.1.1).
    if (operation.repeats()) state.rflags &= ~u64{flag::resume};
    if (!unfinished) {
        core.services().leave_raising(unfinished.error());
    } else if (*unfinished) {
        state.rflags |= flag::resume;
        if ((state.rflags & flag::trap) != 0) state.pending_debug |= dr6::single_step;
        core.state().pc = core.services().current_pc();
        core.services().leave_with_pc_in_state();
    }
    return 0;
}

} // namespace orrery::x86
