#include "devices/storage/ahci_port.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {

using namespace ahci;

namespace {

log::TracePoint trace_register{"ahci.port"};

constexpr u32 no_signature = 0xffff'ffff;
constexpr u32 tfd_of_nothing = 0x7f; // 3.3.8

void set_half(u64& value, bool upper, u32 half, u32 written) {
    const u32 shift = upper ? 32 : 0;
    value = (value & ~(u64{written} << shift)) | u64{half & written} << shift;
}

} // namespace

AhciPort::AhciPort(std::string name, Clock& clock, AddressSpace& memory, AtaDrive* drive,
                   std::function<void()> interrupt_changed)
    : name_(std::move(name)), memory_(memory), drive_(drive), timer_(clock, name_ + ".transfer", [this] { step(); }),
      interrupt_changed_(std::move(interrupt_changed)) {
    reset();
}

// Power-on brings the link up at once: staggered spin-up isn't offered (10.1.1).
void AhciPort::reset() {
    s_ = {};
    timer_.cancel();
    if (drive_) drive_->hardware_reset();
    bring_link_up();
}

void AhciPort::host_reset() {
    const u64 list = s_.clb, frames = s_.fb;
    reset();
    s_.clb = list;
    s_.fb = frames;
}

void AhciPort::restored() {
    s_.slot %= slot_count;
    if (s_.step > Step::link || (s_.step == Step::commands && !drive_)) s_.step = Step::none;
    if (!drive_) s_.signature_waiting = false;
    if (s_.step == Step::none) s_.step_at_ns = never_ns;
    if (s_.step_at_ns != never_ns)
        timer_.arm_at(s_.step_at_ns);
    else
        timer_.cancel();
}

// ---- registers ----

// Two of the causes only show bits of PxSERR.
u32 AhciPort::interrupt_status() const {
    u32 status = s_.is;
    if (s_.serr & link::diag_exchanged) status |= is::connect_changed;
    if (s_.serr & link::diag_phy_ready_changed) status |= is::phy_ready_changed;
    return status;
}

u32 AhciPort::read(u32 offset) const {
    switch (offset) {
    case port::clb:
        return static_cast<u32>(s_.clb);
    case port::clbu:
        return static_cast<u32>(s_.clb >> 32);
    case port::fb:
        return static_cast<u32>(s_.fb);
    case port::fbu:
        return static_cast<u32>(s_.fb >> 32);
    case port::is:
        return interrupt_status();
    case port::ie:
        return s_.ie;
    case port::cmd: {
        u32 value = s_.cmd | cmd::spin_up | cmd::power_on;
        if (s_.cmd & cmd::start) value |= cmd::list_running | static_cast<u32>(s_.slot) << cmd::current_slot_shift;
        if (s_.cmd & cmd::fis_receive) value |= cmd::fis_receive_running;
        return value;
    }
    case port::tfd:
        return s_.tfd;
    case port::sig:
        return s_.sig;
    case port::ssts:
        return s_.ssts;
    case port::sctl:
        return s_.sctl;
    case port::serr:
        return s_.serr;
    case port::sact:
        return s_.sact;
    case port::ci:
        return s_.ci;
    default:
        return 0;
    }
}

void AhciPort::write(u32 offset, u32 value, u32 written) {
    trace_register("{} {:#04x} <- {:#x}", name_, offset, value);
    value &= written;
    switch (offset) {
    case port::clb:
    case port::clbu:
        set_half(s_.clb, offset == port::clbu, value, written);
        s_.clb &= ~u64{0x3ff};
        return;
    case port::fb:
    case port::fbu:
        set_half(s_.fb, offset == port::fbu, value, written);
        s_.fb &= ~u64{0xff};
        return;
    case port::is: // ones clear
        s_.is &= ~value;
        break;
    case port::ie:
        s_.ie = ((s_.ie & ~written) | value) & is::implemented;
        break;
    case port::cmd:
        write_command(value, written);
        break;
    case port::sctl:
        write_control(value, written);
        break;
    case port::serr: // ones clear
        s_.serr &= ~value;
        break;
    case port::sact: // ones set, while the list runs (3.3.13)
        if (started()) s_.sact |= value;
        return;
    case port::ci:
        issue(value);
        return;
    default:
        return;
    }
    interrupt_changed_();
}

void AhciPort::write_command(u32 value, u32 written) {
    const u32 before = s_.cmd;
    s_.cmd = ((s_.cmd & ~written) | value) & cmd::kept;
    const u32 risen = s_.cmd & ~before, fallen = before & ~s_.cmd;
    if (fallen & cmd::start) { // 3.3.14: the slots are forgotten, whatever they were at
        s_.ci = s_.sact = 0;
        s_.slot = 0;
        s_.stopped = false;
        if (s_.step == Step::commands) drop_step();
    }
    if ((value & cmd::command_list_override) && !started())
        s_.tfd &= ~u32{ata::status::busy | ata::status::data_request};
    if ((risen & cmd::fis_receive) && s_.signature_waiting) show_signature();
}

// 10.4.2: DET 1 holds the link in COMRESET, 0 lets the two sides find each other again.
void AhciPort::write_control(u32 value, u32 written) {
    const u32 before = s_.sctl & link::detection;
    s_.sctl = ((s_.sctl & ~written) | value) & 0xfff;
    const u32 now = s_.sctl & link::detection;
    if (now == before) return;
    if (now == link::detection_reset || now == link::detection_off) {
        s_.ssts = now == link::detection_off ? 4 : 0;
        s_.tfd = tfd_of_nothing;
        s_.sig = no_signature;
        s_.signature_waiting = false;
        drop_step();
    } else if (now == 0) {
        schedule(Step::link);
    }
}

void AhciPort::issue(u32 slots) {
    if (!started()) return;
    s_.ci |= slots;
    if (s_.ci != 0 && s_.step == Step::none && drive_ && !s_.stopped) schedule(Step::commands);
}

// ---- what takes time ----

void AhciPort::schedule(Step step) {
    s_.step = step;
    s_.step_at_ns = timer_.clock().now_ns() + delay_ns;
    timer_.arm_at(s_.step_at_ns);
}

void AhciPort::drop_step() {
    s_.step = Step::none;
    s_.step_at_ns = never_ns;
    timer_.cancel();
}

void AhciPort::step() {
    const Step step = s_.step;
    s_.step = Step::none;
    s_.step_at_ns = never_ns;
    if (step == Step::link) {
        if (drive_) drive_->hardware_reset();
        bring_link_up();
    } else if (step == Step::commands) {
        run_commands();
    }
    interrupt_changed_();
}

void AhciPort::bring_link_up() {
    s_.soft_reset = false;
    if (!drive_) {
        s_.ssts = 0;
        s_.tfd = tfd_of_nothing;
        s_.sig = no_signature;
        return;
    }
    s_.ssts = link::up;
    s_.serr |= link::diag_exchanged | link::diag_phy_ready_changed;
    show_signature();
}

// The first frame after a reset; it waits in the port for FRE (10.3.2).
void AhciPort::show_signature() {
    const ata::Registers& r = drive_->registers();
    s_.sig = static_cast<u32>((r.lba_high & 0xff) << 24 | (r.lba_mid & 0xff) << 16 | (r.lba_low & 0xff) << 8 |
                              (r.count & 0xff));
    s_.signature_waiting = (s_.cmd & cmd::fis_receive) == 0;
    receive_registers(false);
}

} // namespace orrery
