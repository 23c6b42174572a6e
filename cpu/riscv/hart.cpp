#include "cpu/riscv/hart.hpp"

#include <algorithm>
#include <atomic>

#include "cpu/riscv/exceptions.hpp"
#include "cpu/riscv/helpers.hpp"

namespace orrery::riscv {
namespace {

constexpr u64 external_pins = mip::msip | mip::mtip | mip::seip | mip::meip;
constexpr u32 first_argument = 10; // a0
constexpr std::size_t argument_registers = 8;

bool is_privilege(u64 value) { return value <= 1 || value == 3; }

// A snapshot may hold anything; these values would lead out of tables or into modes that don't exist.
void make_legal(State& state, u32 paging_levels) {
    state.x[0] = 0;
    state.pc &= ~u64{1};
    state.fflags &= 0x1f;
    state.frm &= 7;
    if (!is_privilege(static_cast<u64>(state.privilege))) state.privilege = Privilege::machine;
    state.mstatus &= mstatus::writable;
    if (!is_privilege(field(state.mstatus, mstatus::mpp_low, 2))) state.mstatus &= ~mstatus::mpp;
    const u64 mode = field(state.satp, satp::mode_low, 4);
    if (mode != satp::bare && (mode < satp::sv39 || mode >= satp::sv39 + paging_levels - 2)) state.satp = 0;
}

} // namespace

Hart::Hart(State& state, CpuEnvironment& environment, const HartConfiguration& configuration)
    : state_(state), configuration_(configuration), pmp_(state), mmu_(state, environment.memory(), pmp_),
      counters_(state), timer_(state, environment.clock(), fmt::format("hart{}.stimecmp", configuration.hart_id),
                               configuration.timebase_hz, [this] { notice_interrupt(); }) {}

const ir::GuestDescription& Hart::guest_description() {
    static const ir::GuestDescription description{"riscv64", slots(), slot::pc, hot_slots(), helper_table()};
    return description;
}

void Hart::reset() {
    timer_.reset();
    state_ = {};
    state_.pc = configuration_.reset_pc;
    if (!configuration_.hardware_page_updates) state_.menvcfg &= ~envcfg::adue;
    pmp_.decode();
    counters_.configure();
    if (!services_) return;
    services_->flush_all();
    services_->context_changed();
}

void Hart::state(StateVisitor& visitor) {
    // When the counters were last looked at depends on how the engine was called: the state must not show it.
    if (services_ && counters_.active()) counters_.advance(services_->retired());
    visit_fields(visitor, state_);
}

void Hart::restored() {
    make_legal(state_, configuration_.paging_levels);
    pmp_.decode();
    counters_.configure();
    timer_.restored();
    if (!services_) return;
    services_->flush_all();
    services_->context_changed();
}

void Hart::set_entry(u64 pc, std::span<const u64> arguments) {
    state_.pc = pc & ~u64{1};
    std::ranges::copy(arguments.first(std::min(arguments.size(), argument_registers)),
                      state_.x.begin() + first_argument);
}

ir::BlockKey Hart::key() const {
    const Mode mode{state_.privilege, (state_.mstatus & mstatus::fs) != 0, state_.frm > 4};
    return {state_.pc, mode.pack()};
}

std::expected<Translation, Fault> Hart::translate_address(GuestVirtual address, MemoryAction action, u8) {
    return mmu_.translate(address, action);
}

Fault Hart::bus_fault(GuestVirtual address, MemoryAction action) const { return access_fault(address, action); }

Fault Hart::alignment_fault(GuestVirtual address, MemoryAction action) const {
    return misaligned_fault(address, action);
}

void Hart::raise(Fault fault) { enter_trap(*this, fault.code, false, fault.value); }

bool Hart::take_interrupt() {
    if (counters_.active()) counters_.advance(services_->retired());
    if (state_.halted && wakes()) state_.halted = false;
    const std::optional<u32> number = deliverable_interrupt(state_);
    if (!number) return false;
    last_interrupt_ = *number;
    enter_trap(*this, *number, true, 0);
    return true;
}

bool Hart::wakes() const { return (pending_interrupts(state_) & state_.mie) != 0; }

void Hart::set_irq(u32 pin, bool level) {
    if (pin >= 64 || (bit(pin) & external_pins) == 0) return;
    std::atomic_ref lines(state_.irq_lines);
    if (!level) {
        lines.fetch_and(~bit(pin));
        return;
    }
    if ((lines.fetch_or(bit(pin)) & bit(pin)) == 0) notice_interrupt();
}

void Hart::notice_interrupt() {
    if (services_) services_->notice_interrupt();
}

void Hart::set_mode(Privilege privilege, u64 mstatus) {
    if (counters_.active()) counters_.advance(services_->retired());
    const u64 changed = state_.mstatus ^ mstatus;
    const bool privilege_changed = privilege != state_.privilege;
    state_.privilege = privilege;
    state_.mstatus = mstatus;
    const bool moved = (mstatus & mstatus::mprv) != 0 && (changed & mstatus::mpp) != 0;
    if (privilege_changed || moved || (changed & (mstatus::mprv | mstatus::sum | mstatus::mxr)) != 0)
        services_->context_changed();
}

void Hart::leave_if_interrupted() {
    if (deliverable_interrupt(state_)) services_->leave_after();
}

} // namespace orrery::riscv
