#include "devices/input/ps2_keyboard.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_command{"ps2.keyboard"};

// IBM, "Commands from the system".
namespace command {
enum : u8 {
    set_indicators = 0xed,
    echo = 0xee,
    select_set = 0xf0,
    read_identity = 0xf2,
    set_typematic = 0xf3,
    enable = 0xf4,
    default_disable = 0xf5,
    set_default = 0xf6,
    all_typematic = 0xf7,
    all_make_break = 0xf8,
    all_make = 0xf9,
    all_typematic_make_break = 0xfa,
    key_typematic = 0xfb,
    key_make_break = 0xfc,
    key_make = 0xfd,
    resend = 0xfe,
    reset = 0xff,
    lowest = set_indicators,
};
}

constexpr u8 identity[] = {0xab, 0x83};

// The keys that set 3 gives a break code from the start, and those that it never repeats (IBM, "Scan code set 3").
bool breaks_by_default(Key key) {
    return key == Key::left_shift || key == Key::right_shift || key == Key::left_control || key == Key::left_alt ||
           key == Key::caps_lock;
}

bool repeats_by_default(Key key) {
    const bool typing = key < Key::caps_lock && key != Key::escape;
    return typing || key == Key::non_us_backslash || key == Key::del || (key >= Key::right && key <= Key::up) ||
           key == Key::keypad_add;
}

} // namespace

void Ps2Keyboard::Bits::set(u8 index, bool on) {
    u8& byte = bytes[index / 8];
    const u8 bit = static_cast<u8>(1 << index % 8);
    byte = static_cast<u8>(on ? byte | bit : byte & ~bit);
}

bool Ps2Keyboard::Bits::any() const {
    return std::ranges::any_of(bytes, [](u8 byte) { return byte != 0; });
}

Ps2Keyboard::Ps2Keyboard(std::string name, Configuration configuration, Clock& clock)
    : Component(std::move(name)), configuration_(configuration), self_test_(clock, this->name() + ".self-test", [this] { self_test_ended(); }) {
    restore_defaults();
}

void Ps2Keyboard::reset() {
    s_ = {};
    self_test_.cancel();
    restore_defaults();
}

void Ps2Keyboard::restored() {
    if (s_.set < 1 || s_.set > 3) s_.set = 2;
    if (s_.self_test_done_ns != never_ns)
        self_test_.arm_at(s_.self_test_done_ns);
    else
        self_test_.cancel();
}

// ---- keys ----

std::size_t Ps2Keyboard::room() const { return s_.late_releases.any() ? 0 : queue_length - s_.events.size(); }

bool Ps2Keyboard::key(Key key, bool pressed) {
    if (!find_key(key)) return true; // this keyboard hasn't got it
    if (!s_.scanning || s_.self_test_done_ns != never_ns) {
        if (!pressed) s_.down.set(static_cast<u8>(key), false);
        return true;
    }
    const bool full = s_.events.full() || s_.late_releases.any();
    if (full && pressed) return false;
    if (full)
        s_.late_releases.set(static_cast<u8>(key), true);
    else
        s_.events.push_back({key, pressed});
    encode_keys();
    announce();
    return true;
}

std::optional<Ps2Keyboard::KeyEvent> Ps2Keyboard::next_event() {
    if (!s_.events.empty()) {
        const KeyEvent event = s_.events.front();
        s_.events.erase(s_.events.begin());
        return event;
    }
    for (const KeyRow& row : key_rows()) {
        const u8 number = static_cast<u8>(row.key);
        if (!s_.late_releases.has(number)) continue;
        s_.late_releases.set(number, false);
        return KeyEvent{row.key, false};
    }
    s_.late_releases = {}; // of keys that don't exist: a damaged snapshot
    return std::nullopt;
}

void Ps2Keyboard::encode_keys() {
    while (s_.codes.empty() && (!s_.events.empty() || s_.late_releases.any()))
        if (const auto event = next_event()) encode(*event);
}

void Ps2Keyboard::encode(KeyEvent event) {
    const u8 number = static_cast<u8>(event.key);
    const KeyRow* row = find_key(event.key);
    const bool was_down = s_.down.has(number);
    const HeldModifiers modifiers = held();
    s_.down.set(number, event.pressed);
    if (!row) return;
    if (s_.set == 3) {
        if (event.pressed && was_down && !s_.repeats.has(row->set_3)) return;
        if (!event.pressed && !s_.sends_break.has(row->set_3)) return;
    }
    const ScanSequence sequence = scan_sequence(event.key, event.pressed, static_cast<ScanCodeSet>(s_.set), modifiers);
    s_.codes.assign(sequence.codes().begin(), sequence.codes().end());
}

HeldModifiers Ps2Keyboard::held() const {
    const auto down = [&](Key key) { return s_.down.has(static_cast<u8>(key)); };
    return {.shift = down(Key::left_shift) || down(Key::right_shift),
            .control = down(Key::left_control) || down(Key::right_control),
            .alt = down(Key::left_alt) || down(Key::right_alt)};
}

u8 Ps2Keyboard::take_byte() {
    auto take = [](auto& from) {
        const u8 byte = from.front();
        from.erase(from.begin());
        return byte;
    };
    if (!has_byte()) return s_.last_sent;
    s_.last_sent = s_.replies.empty() ? take(s_.codes) : take(s_.replies);
    encode_keys();
    return s_.last_sent;
}

// ---- commands ----

void Ps2Keyboard::reply(std::initializer_list<u8> bytes) {
    for (const u8 byte : bytes)
        if (!s_.replies.full()) s_.replies.push_back(byte);
}

// What the host sends while the keyboard is still answering ends the answer. A command where an argument is due takes
// the argument's place.
void Ps2Keyboard::receive(u8 byte) {
    trace_command("{} receives {:#04x}", name(), byte);
    s_.replies.clear();
    const u8 awaiting = s_.awaiting;
    s_.awaiting = 0;
    if (awaiting != 0 && byte < command::lowest)
        execute_argument(awaiting, byte);
    else
        execute(byte);
    announce();
}

void Ps2Keyboard::execute(u8 command) {
    switch (command) {
    case command::echo:
        reply({command::echo});
        return;
    case command::resend:
        reply({s_.last_sent});
        return;
    case command::set_indicators:
    case command::select_set:
    case command::set_typematic:
    case command::key_typematic:
    case command::key_make_break:
    case command::key_make:
        s_.awaiting = command;
        break;
    case command::read_identity:
        reply({ps2::acknowledge, identity[0], identity[1]});
        return;
    case command::enable:
        s_.codes.clear();
        s_.scanning = true;
        break;
    case command::default_disable:
    case command::set_default:
        restore_defaults();
        forget_keys();
        s_.scanning = command == command::set_default;
        break;
    case command::all_typematic:
    case command::all_make_break:
    case command::all_make:
    case command::all_typematic_make_break:
        set_key_types(command);
        break;
    case command::reset:
        restore_defaults();
        forget_keys();
        s_.scanning = true;
        s_.leds = 0;
        s_.self_test_done_ns = self_test_.clock().now_ns() + configuration_.self_test_ns;
        self_test_.arm_at(s_.self_test_done_ns);
        break;
    default:
        reply({ps2::resend});
        return;
    }
    reply({ps2::acknowledge});
}

void Ps2Keyboard::execute_argument(u8 command, u8 argument) {
    switch (command) {
    case command::set_indicators:
        s_.leds = argument & 7;
        break;
    case command::set_typematic:
        s_.typematic = argument & 0x7f;
        break;
    case command::select_set:
        if (argument == 0) {
            reply({ps2::acknowledge, s_.set});
            return;
        }
        if (argument > 3) {
            reply({ps2::resend});
            return;
        }
        s_.codes.clear();
        s_.set = argument;
        break;
    default: // the types of single keys: a list that the next command ends
        s_.repeats.set(argument, command == command::key_typematic);
        s_.sends_break.set(argument, command == command::key_make_break);
        s_.awaiting = command;
        break;
    }
    reply({ps2::acknowledge});
}

void Ps2Keyboard::set_key_types(u8 command) {
    s_.codes.clear();
    s_.repeats.fill(command == command::all_typematic || command == command::all_typematic_make_break);
    s_.sends_break.fill(command == command::all_make_break || command == command::all_typematic_make_break);
}

void Ps2Keyboard::restore_defaults() {
    s_.set = 2;
    s_.typematic = State{}.typematic;
    s_.repeats = {};
    s_.sends_break = {};
    for (const KeyRow& row : key_rows()) {
        s_.repeats.set(row.set_3, repeats_by_default(row.key));
        s_.sends_break.set(row.set_3, breaks_by_default(row.key));
    }
}

void Ps2Keyboard::forget_keys() {
    s_.codes.clear();
    s_.events.clear();
    s_.late_releases = {};
    s_.down = {};
}

void Ps2Keyboard::self_test_ended() {
    s_.self_test_done_ns = never_ns;
    reply({ps2::self_test_passed});
    announce();
}

} // namespace orrery
