#include "devices/input/i8042.hpp"
#include "devices/input/scan_codes.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"i8042"};

// IBM, "Status register".
namespace status_bit {
enum : u8 {
    output_full = 0x01,
    system_flag = 0x04,
    command = 0x08,
    not_inhibited = 0x10,
    auxiliary_output = 0x20,
};
}

// IBM, "Controller command byte".
namespace command_byte {
enum : u8 {
    keyboard_interrupt = 0x01,
    auxiliary_interrupt = 0x02,
    system_flag = 0x04,
    keyboard_disabled = 0x10,
    auxiliary_disabled = 0x20,
    translate = 0x40,
};
}

// IBM, "Controller commands".
namespace command {
enum : u8 {
    read_memory = 0x20,
    write_memory = 0x60,
    test_password = 0xa4,
    disable_auxiliary = 0xa7,
    enable_auxiliary = 0xa8,
    test_auxiliary = 0xa9,
    self_test = 0xaa,
    test_keyboard = 0xab,
    disable_keyboard = 0xad,
    enable_keyboard = 0xae,
    read_input_port = 0xc0,
    read_output_port = 0xd0,
    write_output_port = 0xd1,
    write_keyboard_output = 0xd2,
    write_auxiliary_output = 0xd3,
    write_auxiliary = 0xd4,
    close_a20 = 0xdd,
    open_a20 = 0xdf,
    read_test_inputs = 0xe0,
    pulse_outputs = 0xf0,
};
}

// IBM, "Output port".
namespace output_pin {
enum : u8 {
    not_reset = 0x01,
    a20 = 0x02,
    keyboard_irq = 0x10,
    auxiliary_irq = 0x20,
    latched = 0xcf,
};
}

constexpr u8 memory_index = 0x1f;
constexpr u8 input_port = 0x80; // the keyboard lock is open
constexpr u8 no_password = 0xf1;
constexpr u8 self_test_passed = 0x55;
constexpr u8 line_test_passed = 0x00;
constexpr u8 break_prefix = 0xf0;

} // namespace

I8042::I8042(std::string name, Configuration configuration, Clock& clock, const Wiring& wiring, Ps2Device& keyboard,
             Ps2Device& auxiliary)
    : Component(std::move(name)), configuration_(configuration), wiring_(wiring), keyboard_(keyboard),
      auxiliary_(auxiliary), transfer_(clock, this->name() + ".transfer", [this] { transfer_ended(); }) {
    keyboard_.connect(line_);
    auxiliary_.connect(line_);
}

void I8042::reset() {
    s_ = {};
    transfer_.cancel();
    wiring_.a20.set(true);
    update_irqs();
}

void I8042::restored() {
    if (s_.transfer_done_ns != never_ns)
        transfer_.arm_at(s_.transfer_done_ns);
    else
        transfer_.cancel();
}

// ---- the two ports ----

u8 I8042::status() const {
    u8 value = status_bit::not_inhibited;
    if (s_.output_full) value |= status_bit::output_full;
    if (s_.output_full && s_.output_is_auxiliary) value |= status_bit::auxiliary_output;
    if (s_.memory[0] & command_byte::system_flag) value |= status_bit::system_flag;
    if (s_.last_write_was_command) value |= status_bit::command;
    return value;
}

u8 I8042::read_output_buffer() {
    const u8 value = s_.output;
    trace_register("{} read  {:#04x}{}", name(), value, s_.output_full ? "" : " again");
    s_.output_full = false;
    update_irqs();
    start_transfer();
    return value;
}

void I8042::write_data(u8 value) {
    trace_register("{} data  {:#04x}", name(), value);
    s_.last_write_was_command = false;
    if (s_.awaiting != 0) {
        const u8 command = s_.awaiting;
        s_.awaiting = 0;
        execute_argument(command, value);
        return;
    }
    // What is meant for the keyboard also lets it answer.
    set_line_enabled(false, true);
    keyboard_.receive(value);
}

void I8042::write_command(u8 command) {
    trace_register("{} command {:#04x}", name(), command);
    s_.last_write_was_command = true;
    s_.awaiting = 0;
    if (command >= command::read_memory && command <= (command::read_memory | memory_index)) {
        reply(s_.memory[command & memory_index]);
        return;
    }
    if (command >= command::write_memory && command <= (command::write_memory | memory_index)) {
        s_.awaiting = command;
        return;
    }
    if (command >= command::pulse_outputs) { // the low four bits say which pins stay as they are
        if ((command & output_pin::not_reset) == 0) reset_machine();
        return;
    }
    switch (command) {
    case command::test_password:
        reply(no_password);
        break;
    case command::disable_auxiliary:
    case command::enable_auxiliary:
        set_line_enabled(true, command == command::enable_auxiliary);
        break;
    case command::disable_keyboard:
    case command::enable_keyboard:
        set_line_enabled(false, command == command::enable_keyboard);
        break;
    case command::test_auxiliary:
    case command::test_keyboard:
        reply(line_test_passed);
        break;
    case command::self_test:
        set_memory(0, s_.memory[0] | command_byte::system_flag);
        reply(self_test_passed);
        break;
    case command::read_input_port:
        reply(input_port);
        break;
    case command::read_output_port:
        reply(output_port());
        break;
    case command::read_test_inputs: // both clock lines are high when idle
        reply(0x03);
        break;
    case command::close_a20:
    case command::open_a20:
        write_output_port(static_cast<u8>((s_.output_port & ~output_pin::a20) | (command & output_pin::a20)));
        break;
    case command::write_output_port:
    case command::write_keyboard_output:
    case command::write_auxiliary_output:
    case command::write_auxiliary:
        s_.awaiting = command;
        break;
    default:
        log::guest_error(name(), "there is no controller command {:#04x}", command);
        break;
    }
}

void I8042::execute_argument(u8 command, u8 argument) {
    switch (command) {
    case command::write_output_port:
        write_output_port(argument);
        break;
    case command::write_keyboard_output:
        reply(argument);
        break;
    case command::write_auxiliary_output:
        reply(argument, true);
        break;
    case command::write_auxiliary:
        set_line_enabled(true, true);
        auxiliary_.receive(argument);
        break;
    default:
        set_memory(command & memory_index, argument);
        break;
    }
}

void I8042::set_memory(u8 index, u8 value) {
    s_.memory[index] = value;
    if (index != 0) return;
    update_irqs();
    start_transfer();
}

void I8042::set_line_enabled(bool auxiliary, bool enabled) {
    const u8 disabled = auxiliary ? command_byte::auxiliary_disabled : command_byte::keyboard_disabled;
    set_memory(0, static_cast<u8>(enabled ? s_.memory[0] & ~disabled : s_.memory[0] | disabled));
}

// ---- bytes on their way to the output buffer ----

bool I8042::may_send(bool auxiliary) const {
    const u8 disabled = auxiliary ? command_byte::auxiliary_disabled : command_byte::keyboard_disabled;
    return (s_.memory[0] & disabled) == 0 && device(auxiliary).has_byte();
}

// The controller's own replies go first; of two devices that wait the one that didn't send last.
void I8042::start_transfer() {
    if (s_.output_full) return;
    if (!s_.replies.empty()) {
        const Reply next = s_.replies.front();
        s_.replies.erase(s_.replies.begin());
        fill_output(next.byte, next.auxiliary);
        return;
    }
    if (s_.transfer_done_ns != never_ns) return;
    const bool other = !s_.transfer_auxiliary;
    if (!may_send(other) && !may_send(!other)) return;
    s_.transfer_auxiliary = may_send(other) ? other : !other;
    s_.transfer_done_ns = transfer_.clock().now_ns() + configuration_.byte_time_ns;
    transfer_.arm_at(s_.transfer_done_ns);
}

// A device that was stopped meanwhile keeps its byte and sends it again.
void I8042::transfer_ended() {
    s_.transfer_done_ns = never_ns;
    if (s_.output_full) return;
    const bool auxiliary = s_.transfer_auxiliary;
    if (may_send(auxiliary)) deliver_from(auxiliary, device(auxiliary).take_byte());
    start_transfer();
}

void I8042::deliver_from(bool auxiliary, u8 byte) {
    if (auxiliary || (s_.memory[0] & command_byte::translate) == 0) {
        fill_output(byte, auxiliary);
    } else if (byte == break_prefix) {
        s_.break_pending = true;
    } else {
        const u8 code = translate_to_set_1(byte);
        fill_output(s_.break_pending ? code | 0x80 : code, false);
        s_.break_pending = false;
    }
}

void I8042::fill_output(u8 byte, bool auxiliary) {
    s_.output = byte;
    s_.output_full = true;
    s_.output_is_auxiliary = auxiliary;
    update_irqs();
}

// A guest that never reads loses what it doesn't read.
void I8042::reply(u8 byte, bool auxiliary) {
    if (!s_.replies.full()) s_.replies.push_back({byte, auxiliary});
    start_transfer();
}

// ---- pins ----

void I8042::update_irqs() {
    const bool keyboard = s_.output_full && !s_.output_is_auxiliary;
    const bool auxiliary = s_.output_full && s_.output_is_auxiliary;
    wiring_.keyboard_irq.set(keyboard && (s_.memory[0] & command_byte::keyboard_interrupt));
    wiring_.auxiliary_irq.set(auxiliary && (s_.memory[0] & command_byte::auxiliary_interrupt));
}

u8 I8042::output_port() const {
    u8 value = s_.output_port & output_pin::latched;
    if (s_.output_full && !s_.output_is_auxiliary) value |= output_pin::keyboard_irq;
    if (s_.output_full && s_.output_is_auxiliary) value |= output_pin::auxiliary_irq;
    return value;
}

void I8042::write_output_port(u8 value) {
    s_.output_port = value | output_pin::not_reset;
    wiring_.a20.set((value & output_pin::a20) != 0);
    if ((value & output_pin::not_reset) == 0) reset_machine();
}

void I8042::reset_machine() {
    trace_register("{} resets the machine", name());
    wiring_.power.reset();
}

} // namespace orrery
