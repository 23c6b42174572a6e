#include "devices/serial/uart16550.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"uart.register"};

// Registers by offset. RBR/THR and IER give way to the divisor while LCR.DLAB is set (16550D table II).
namespace offset {
enum : u64 { rbr_thr = 0, ier = 1, iir_fcr = 2, lcr = 3, mcr = 4, lsr = 5, msr = 6, scr = 7 };
}

namespace ier {
enum : u8 { received_data = 0x01, transmitter_empty = 0x02, line_status = 0x04, modem_status = 0x08, all = 0x0f };
}

// Interrupt identification, highest priority first (16550D table IV). Bits 7:6 tell that the FIFOs are on.
namespace iir {
enum : u8 {
    receiver_line_status = 0x06,
    received_data_available = 0x04,
    character_timeout = 0x0c,
    transmitter_holding_empty = 0x02,
    modem_status = 0x00,
    none = 0x01,
    fifos_enabled = 0xc0,
};
}

namespace fcr {
enum : u8 { enable = 0x01, reset_receiver = 0x02, kept = 0xc9 };
}

namespace lcr {
enum : u8 { word_length = 0x03, two_stop_bits = 0x04, parity = 0x08, set_break = 0x40, divisor_latch = 0x80 };
}

namespace mcr {
enum : u8 { dtr = 0x01, rts = 0x02, out1 = 0x04, out2 = 0x08, loopback = 0x10, all = 0x1f };
}

namespace lsr {
enum : u8 {
    data_ready = 0x01,
    overrun = 0x02,
    break_interrupt = 0x10,
    errors = 0x1e,
    transmitter_holding_empty = 0x20,
    transmitter_empty = 0x40,
    error_in_fifo = 0x80,
};
}

namespace msr {
enum : u8 {
    deltas = 0x0f,
    trailing_edge_ring = 0x04,
    cts = 0x10,
    dsr = 0x20,
    ring = 0x40,
    dcd = 0x80,
    inputs = 0xf0,
    peer_present = cts | dsr | dcd,
};
}

constexpr const char* read_names[] = {"RBR", "IER", "IIR", "LCR", "MCR", "LSR", "MSR", "SCR"};
constexpr const char* write_names[] = {"THR", "IER", "FCR", "LCR", "MCR", "LSR", "MSR", "SCR"};

// PE, FE and BI travel with a character; OE belongs to the receiver as a whole (16550D 8.4).
constexpr u8 travelling_errors = 0x1c;

} // namespace

Uart16550::Uart16550(std::string name, Configuration configuration, Clock& clock, IrqLine irq,
                     CharacterBackend& backend)
    : Component(std::move(name)), configuration_(configuration), irq_(irq), backend_(backend),
      timeout_(clock, this->name() + ".timeout", [this] { timeout_expired(); }) {
    backend_.connect(*this);
}

void Uart16550::reset() {
    const bool sent_break = (s_.lcr & lcr::set_break) != 0;
    s_ = {};
    timeout_.cancel();
    irq_.set(false);
    if (sent_break) backend_.set_break(false);
    backend_.resume_input();
}

void Uart16550::restored() {
    s_.fifo_count = static_cast<u8>(std::min<u32>(s_.fifo_count, capacity()));
    if (s_.timeout_ns != never_ns)
        timeout_.arm_at(s_.timeout_ns);
    else
        timeout_.cancel();
    backend_.resume_input();
}

// ---- the register file ----

// Which of the two at 0 and 1 it was depends on LCR at the time.
std::string Uart16550::register_name(u64 offset, bool write) const {
    constexpr std::array divisor{"/DLL", "/DLM"};
    if (offset >= std::size(read_names)) return {};
    const std::string name = write ? write_names[offset] : read_names[offset];
    return offset < divisor.size() ? name + divisor[offset] : name;
}

u64 Uart16550::read(u64 offset, Width) {
    u8 value = 0;
    switch (offset) {
    case offset::rbr_thr:
        value = divisor_latch_access() ? static_cast<u8>(s_.divisor) : read_receiver_buffer();
        break;
    case offset::ier:
        value = divisor_latch_access() ? static_cast<u8>(s_.divisor >> 8) : s_.ier;
        break;
    case offset::iir_fcr:
        value = read_interrupt_identification();
        break;
    case offset::lcr:
        value = s_.lcr;
        break;
    case offset::mcr:
        value = s_.mcr;
        break;
    case offset::lsr:
        value = read_line_status();
        break;
    case offset::msr:
        value = read_modem_status();
        break;
    case offset::scr:
        value = s_.scr;
        break;
    default:
        return 0;
    }
    trace_register("{} read  {} = {:#04x}", name(), read_names[offset], value);
    return value;
}

void Uart16550::write(u64 offset, u64 wide_value, Width) {
    const u8 value = static_cast<u8>(wide_value);
    if (offset >= window_size_bytes) return;
    trace_register("{} write {} = {:#04x}", name(), write_names[offset], value);
    switch (offset) {
    case offset::rbr_thr:
        if (divisor_latch_access())
            s_.divisor = static_cast<u16>((s_.divisor & 0xff00) | value);
        else
            write_transmitter_holding(value);
        break;
    case offset::ier:
        if (divisor_latch_access())
            s_.divisor = static_cast<u16>((s_.divisor & 0x00ff) | value << 8);
        else
            write_interrupt_enable(value);
        break;
    case offset::iir_fcr:
        write_fifo_control(value);
        break;
    case offset::lcr:
        write_line_control(value);
        break;
    case offset::mcr:
        write_modem_control(value);
        break;
    case offset::lsr:
        break; // for factory testing only (16550D table II, note 2)
    case offset::msr:
        break;
    case offset::scr:
        s_.scr = value;
        break;
    }
}

bool Uart16550::divisor_latch_access() const { return (s_.lcr & lcr::divisor_latch) != 0; }
bool Uart16550::fifos_enabled() const { return (s_.fcr & fcr::enable) != 0; }
bool Uart16550::loopback() const { return (s_.mcr & mcr::loopback) != 0; }
u32 Uart16550::capacity() const { return fifos_enabled() ? fifo_depth : 1; }

// ---- receiver ----

std::size_t Uart16550::receive(std::span<const u8> characters) {
    // In loopback the receiver is cut off from its pin (16550D 8.8).
    if (loopback()) return 0;
    const std::size_t taken = std::min<std::size_t>(characters.size(), capacity() - s_.fifo_count);
    for (const u8 character : characters.first(taken)) push(character, 0);
    if (taken != 0) update_irq();
    return taken;
}

void Uart16550::receive_break() {
    if (loopback()) return;
    push(0, lsr::break_interrupt);
    update_irq();
}

void Uart16550::push(u8 character, u8 errors) {
    if (s_.fifo_count >= capacity()) {
        s_.line_errors |= lsr::overrun;
        // Without FIFOs the newcomer destroys what was there; with them it is lost itself (16550D 8.4).
        if (fifos_enabled()) return;
        s_.fifo_count = 0;
    }
    s_.fifo[s_.fifo_count++] = {character, errors};
    if (s_.fifo_count == 1) show_top_errors();
    restart_timeout();
}

u8 Uart16550::read_receiver_buffer() {
    const u8 character = s_.fifo[0].character;
    if (s_.fifo_count == 0) return character;
    // The last character stays readable, as in the chip's holding register.
    if (--s_.fifo_count != 0) std::shift_left(s_.fifo.begin(), s_.fifo.end(), 1);
    show_top_errors();
    restart_timeout();
    update_irq();
    if (s_.fifo_count == 0) backend_.resume_input();
    return character;
}

void Uart16550::clear_receiver() {
    s_.fifo_count = 0;
    restart_timeout();
    backend_.resume_input();
}

// Errors are revealed when their character reaches the top of the FIFO (16550D 8.4).
void Uart16550::show_top_errors() {
    if (s_.fifo_count != 0) s_.line_errors = static_cast<u8>(s_.line_errors | (s_.fifo[0].errors & travelling_errors));
}

u8 Uart16550::read_line_status() {
    u8 value = lsr::transmitter_holding_empty | lsr::transmitter_empty | s_.line_errors;
    if (s_.fifo_count != 0) value |= lsr::data_ready;
    const auto waiting = std::span(s_.fifo).first(s_.fifo_count);
    if (fifos_enabled() && std::ranges::any_of(waiting, [](const Received& place) { return place.errors != 0; }))
        value |= lsr::error_in_fifo;
    if (s_.line_errors != 0) {
        s_.line_errors = 0;
        if (s_.fifo_count != 0) s_.fifo[0].errors = 0;
        update_irq();
    }
    return value;
}

// Start bit, data, parity, stop bits; RCLK is sixteen times the baud rate (16550D 8.3).
u64 Uart16550::character_time_ns() const {
    const u64 data_bits = 5 + (s_.lcr & lcr::word_length);
    const u64 parity_bits = (s_.lcr & lcr::parity) ? 1 : 0;
    const u64 stop_bits = (s_.lcr & lcr::two_stop_bits) ? 2 : 1;
    const u64 divisor = std::max<u64>(s_.divisor, 1);
    return (1 + data_bits + parity_bits + stop_bits) * divisor * 16 * 1'000'000'000 / configuration_.input_clock_hz;
}

// Any read or arrival starts the four character times anew (16550D 8.12).
void Uart16550::restart_timeout() {
    s_.timed_out = false;
    if (fifos_enabled() && s_.fifo_count != 0) {
        s_.timeout_ns = timeout_.clock().now_ns() + 4 * character_time_ns();
        timeout_.arm_at(s_.timeout_ns);
    } else if (s_.timeout_ns != never_ns) {
        s_.timeout_ns = never_ns;
        timeout_.cancel();
    }
}

void Uart16550::timeout_expired() {
    s_.timeout_ns = never_ns;
    s_.timed_out = s_.fifo_count != 0;
    update_irq();
}

// ---- transmitter ----

void Uart16550::write_transmitter_holding(u8 character) {
    if (loopback())
        push(character, 0);
    else
        backend_.write({&character, 1});
    s_.transmit_event = true; // THRE went to 0 and back to 1 within this access
    update_irq();
}

// ---- interrupts ----

void Uart16550::write_interrupt_enable(u8 value) {
    const u8 newly_enabled = static_cast<u8>(value & ~s_.ier);
    s_.ier = value & ier::all;
    // Enabling the transmitter's interrupt while THRE is 1 raises it at once (16550D 8.12).
    if (newly_enabled & ier::transmitter_empty) s_.transmit_event = true;
    update_irq();
}

u32 Uart16550::trigger_level() const {
    static constexpr u32 levels[] = {1, 4, 8, 14}; // 16550D 8.5
    return fifos_enabled() ? levels[s_.fcr >> 6] : 1;
}

u8 Uart16550::interrupt_identification() const {
    if ((s_.ier & ier::line_status) && s_.line_errors != 0) return iir::receiver_line_status;
    if ((s_.ier & ier::received_data) && s_.fifo_count >= trigger_level()) return iir::received_data_available;
    if ((s_.ier & ier::received_data) && s_.timed_out) return iir::character_timeout;
    if ((s_.ier & ier::transmitter_empty) && s_.transmit_event) return iir::transmitter_holding_empty;
    if ((s_.ier & ier::modem_status) && (s_.msr & msr::deltas)) return iir::modem_status;
    return iir::none;
}

u8 Uart16550::read_interrupt_identification() {
    const u8 identification = interrupt_identification();
    // Reading IIR takes note of THRE, but only when THRE is what it names (16550D table IV).
    if (identification == iir::transmitter_holding_empty) {
        s_.transmit_event = false;
        update_irq();
    }
    return fifos_enabled() ? identification | iir::fifos_enabled : identification;
}

void Uart16550::update_irq() { irq_.set(interrupt_identification() != iir::none); }

// ---- control ----

void Uart16550::write_fifo_control(u8 value) {
    const bool toggled = ((value ^ s_.fcr) & fcr::enable) != 0;
    // The other bits are only programmed together with FCR0 (16550D 8.5).
    s_.fcr = (value & fcr::enable) ? value & fcr::kept : 0;
    if (toggled || ((value & fcr::enable) && (value & fcr::reset_receiver))) clear_receiver();
    update_irq();
}

void Uart16550::write_line_control(u8 value) {
    const bool break_changed = ((value ^ s_.lcr) & lcr::set_break) != 0;
    s_.lcr = value;
    if (!break_changed) return;
    const bool sending = (value & lcr::set_break) != 0;
    if (!loopback()) {
        backend_.set_break(sending);
    } else if (sending) {
        push(0, lsr::break_interrupt);
        update_irq();
    }
}

void Uart16550::write_modem_control(u8 value) {
    const bool was_loopback = loopback();
    s_.mcr = value & mcr::all;
    u8 inputs = msr::peer_present;
    if (loopback()) { // the four outputs feed the four inputs (16550D 8.8)
        inputs = 0;
        if (value & mcr::rts) inputs |= msr::cts;
        if (value & mcr::dtr) inputs |= msr::dsr;
        if (value & mcr::out1) inputs |= msr::ring;
        if (value & mcr::out2) inputs |= msr::dcd;
    }
    set_modem_inputs(inputs);
    update_irq();
    if (was_loopback && !loopback()) backend_.resume_input();
}

void Uart16550::set_modem_inputs(u8 inputs) {
    u8 deltas = static_cast<u8>((inputs ^ s_.msr) & msr::inputs) >> 4;
    // RI counts only when it ends (16550D 8.9).
    if (inputs & msr::ring) deltas &= static_cast<u8>(~msr::trailing_edge_ring);
    s_.msr = static_cast<u8>(inputs | (s_.msr & msr::deltas) | deltas);
}

u8 Uart16550::read_modem_status() {
    const u8 value = s_.msr;
    s_.msr &= msr::inputs;
    update_irq();
    return value;
}

} // namespace orrery
