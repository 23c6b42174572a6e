#include "tests/differ/chaos_device.hpp"

#include <array>

#include "cpu/riscv/csr_bits.hpp"
#include "tests/differ/operands.hpp"

namespace orrery::test::differ {
namespace {

constexpr std::array<u32, 4> pins{riscv::irq::machine_software, riscv::irq::machine_timer,
                                  riscv::irq::supervisor_external, riscv::irq::machine_external};
constexpr u32 most_idle_timers = 8;
constexpr std::size_t recent_limit = 12;

} // namespace

ChaosDevice::ChaosDevice(Machine& machine, IrqSink& hart, u64 seed)
    : Component("chaos"), machine_(machine), hart_(hart), seed_(seed),
      timer_(machine.clock(), "chaos", [this] { expired(); }) {}

void ChaosDevice::reset() {
    state_ = {.random = {seed_}};
    state_.deadline_ns = machine_.clock().now_ns() + 500;
    timer_.arm_at(state_.deadline_ns);
}

void ChaosDevice::set_lines(u64 levels) {
    for (u32 i = 0; i < pins.size(); ++i) hart_.set_irq(pins[i], (levels >> i & 1) != 0);
}

void ChaosDevice::expired() {
    const u64 retired = machine_.retired();
    state_.idle_timers = retired == state_.retired_at_timer ? state_.idle_timers + 1 : 0;
    state_.retired_at_timer = retired;
    if (state_.idle_timers >= most_idle_timers) machine_.power_off(1);
    set_lines(u64{1} << state_.random.below(pins.size()));
    state_.deadline_ns = machine_.clock().now_ns() + 1 + state_.random.below(1200);
    timer_.arm_at(state_.deadline_ns);
}

u64 ChaosDevice::next_mstatus() {
    using namespace riscv::mstatus;
    constexpr std::array<u64, 8> modes{0, 0, 0, 1, 1, 1, 3, 3};
    const u64 mode = state_.random.among<u64>(modes);
    state_.supervisor = mode == 1;
    u64 value = mode << mpp_low | (state_.random.one_in(16) ? 0 : state_.random.below(3) + 1) << fs_low;
    value |= state_.random.next() & (mpie | sie | spie | spp | mxr);
    if (!state_.random.one_in(4)) value |= sum;
    for (const u64 rare : {mprv, tvm, tw, tsr})
        if (state_.random.one_in(8)) value |= rare;
    return value;
}

u64 ChaosDevice::next_satp() {
    state_.paging = state_.random.one_in(2);
    if (!state_.paging) return 0;
    return riscv::satp::sv39 << riscv::satp::mode_low | state_.random.below(3) << riscv::satp::asid_low |
           root_table >> page_shift;
}

u64 ChaosDevice::value(u64 port) {
    Random& random = state_.random;
    switch (port) {
    case port::operand:
        return random_operand(random);
    case port::next:
        set_lines(0);
        if (random.one_in(12)) return next_set_up;
        if (random.one_in(6)) return next_change_page;
        return random_pc(random, state_.supervisor, state_.paging);
    case port::pointer:
        return random_pointer(random);
    case port::global_pointer:
        return (state_.supervisor ? operands_supervisor : operands_user) + 0x800;
    case port::mstatus:
        return next_mstatus();
    case port::satp:
        return next_satp();
    // Never the environment call from S: it is how the firmware gets back to M.
    case port::medeleg:
        return random.one_in(2) ? 0 : random.next() & 0xb1ff;
    case port::mideleg:
        return random.one_in(2) ? 0 : random.next();
    case port::mie:
        return random.one_in(4) ? random.next() : ~u64{0};
    case port::mip:
        return random.one_in(4) ? random.next() & riscv::mip::ssip : 0;
    case port::mtvec:
        return random.one_in(2) ? machine_trap : machine_vectors | 1;
    case port::stvec:
        return random.one_in(2) ? supervisor_trap : supervisor_vectors | 1;
    case port::pmpaddr0:
    case port::pmpaddr1:
        return (ram_base + random.below(ram_end - ram_base)) >> 2 | ((u64{1} << random.below(8)) - 1);
    // Entries 8 and 9 at random but never locked, 15 for all that they leave.
    case port::pmpcfg0:
        return u64{0x1f} << 56 | (random.one_in(2) ? 0 : random.next() & 0x1f1f);
    case port::counteren:
        return random.one_in(2) ? 0 : random.next();
    case port::envcfg:
        return random.one_in(4) ? random.next() : ~u64{0};
    case port::stimecmp:
        return random.one_in(2) ? ~u64{0} : machine_.clock().now_ns() / 100 + random.below(64);
    case port::counter_event:
        return random.one_in(2) ? random.next() : random.below(3);
    case port::pte_place:
        state_.leaf = random.below(2 * ram_pages);
        return state_.leaf < ram_pages ? alias_leaves + 8 * state_.leaf : ram_leaves + 8 * (state_.leaf - ram_pages);
    case port::pte_value: {
        const u64 page = state_.leaf < ram_pages ? random.below(ram_pages) : state_.leaf - ram_pages;
        return random_leaf(random, ram_base + page * page_size, state_.leaf % 2 == 0);
    }
    case port::pte_address:
        return (state_.leaf < ram_pages ? alias_base + state_.leaf * page_size
                                        : ram_base + (state_.leaf - ram_pages) * page_size) +
               random.below(page_size);
    case port::pc:
        return random_pc(random, state_.supervisor, state_.paging);
    case port::rounding:
        return random.one_in(8) ? random.next() : random.below(5);
    default:
        return random.next();
    }
}

u64 ChaosDevice::read(u64 offset, Width width) {
    const u64 port = offset & (page_size - 1) & ~u64{7};
    const u64 result = value(port) >> (8 * (offset & 7)) & mask(width);
    log(offset, result, width, false);
    return result;
}

void ChaosDevice::write(u64 offset, u64 value, Width width) {
    log(offset, value, width, true);
    if (state_.random.one_in(2)) set_lines(value);
}

void ChaosDevice::log(u64 offset, u64 value, Width width, bool writing) {
    const u64 retired = machine_.retired();
    ++state_.accesses;
    for (const u64 word : {retired, offset, value, bytes(width), u64{writing}})
        state_.log_hash = (state_.log_hash ^ word) * 0x9e37'79b9'7f4a'7c15 + 1;
    if (recent_.size() == recent_limit) recent_.pop_front();
    recent_.push_back(
        fmt::format("{}: {} {:#x} {} {:#x}", retired, bytes(width), offset, writing ? "<-" : "->", value));
}

std::string ChaosDevice::recent_accesses() const {
    std::string text;
    for (const std::string& line : recent_) text += "  " + line + "\n";
    return text;
}

} // namespace orrery::test::differ
