#include "devices/input/ps2_mouse.hpp"

#include <algorithm>
#include <cstdlib>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_command{"ps2.mouse"};

// IBM, "Auxiliary device commands".
namespace command {
enum : u8 {
    scale_1_to_1 = 0xe6,
    scale_2_to_1 = 0xe7,
    set_resolution = 0xe8,
    status_request = 0xe9,
    set_stream = 0xea,
    read_data = 0xeb,
    reset_wrap = 0xec,
    set_wrap = 0xee,
    set_remote = 0xf0,
    read_identity = 0xf2,
    set_rate = 0xf3,
    enable = 0xf4,
    disable = 0xf5,
    set_default = 0xf6,
    resend = 0xfe,
    reset = 0xff,
};
}

constexpr u8 identity_standard = 0;
constexpr u8 identity_wheel = 3;
constexpr u8 identity_five_buttons = 4;

// The sample rates, set one after another, by which a driver asks for more than three bytes.
constexpr std::array<u8, 3> knock_wheel = {200, 100, 80};
constexpr std::array<u8, 3> knock_five_buttons = {200, 200, 80};

constexpr i32 motion_limit = 32767; // what waits for the guest adds up to this
constexpr i32 packet_motion = 255;  // nine bits with the sign in the first byte
constexpr i32 packet_wheel = 7;     // four bits with five buttons; the wheel alone has eight

u8 bits_of(PointerButtons buttons) {
    return static_cast<u8>(buttons.left | buttons.right << 1 | buttons.middle << 2 | buttons.side << 3 |
                           buttons.extra << 4);
}

void add_motion(i32& sum, i32 more) {
    sum = static_cast<i32>(std::clamp<i64>(i64{sum} + more, -motion_limit, motion_limit));
}

i32 take_motion(i32& sum, i32 at_most) {
    const i32 taken = std::clamp(sum, -at_most, at_most);
    sum -= taken;
    return taken;
}

// IBM, "Scaling": the small counts are made smaller and the large ones doubled.
i32 scaled_2_to_1(i32 count) {
    static constexpr i32 table[] = {0, 1, 1, 3, 6, 9};
    const i32 size = std::abs(count);
    const i32 scaled = size < 6 ? table[size] : size * 2;
    return std::clamp(count < 0 ? -scaled : scaled, -packet_motion, packet_motion);
}

} // namespace

Ps2Mouse::Ps2Mouse(std::string name, Configuration configuration, Clock& clock)
    : Component(std::move(name)), configuration_(configuration), self_test_(clock, this->name() + ".self-test", [this] { self_test_ended(); }),
      sample_(clock, this->name() + ".sample", [this] { sample_due(); }) {}

void Ps2Mouse::reset() {
    s_ = {};
    self_test_.cancel();
    sample_.cancel();
}

void Ps2Mouse::restored() {
    if (s_.rate == 0) s_.rate = State{}.rate;
    if (s_.self_test_done_ns != never_ns)
        self_test_.arm_at(s_.self_test_done_ns);
    else
        self_test_.cancel();
    if (s_.sample_armed)
        sample_.arm_at(s_.next_sample_ns);
    else
        sample_.cancel();
}

// ---- motion ----

bool Ps2Mouse::streaming() const { return s_.reporting && s_.mode == Mode::stream; }

void Ps2Mouse::pointer(PointerMotion motion, PointerButtons buttons) {
    const bool listening = streaming() || s_.mode == Mode::remote;
    if (!listening || s_.self_test_done_ns != never_ns) return;
    const u8 pressed = bits_of(buttons);
    const u8 latest = s_.samples.empty() ? s_.buttons : s_.samples.back().buttons;
    // A change of buttons is a sample of its own, so that a click between two polls isn't lost.
    if (s_.samples.empty() || (pressed != latest && !s_.samples.full())) s_.samples.push_back({.buttons = pressed});
    Sample& sample = s_.samples.back();
    sample.buttons = pressed;
    add_motion(sample.right, motion.right);
    add_motion(sample.up, motion.down == INT32_MIN ? INT32_MAX : -motion.down);
    if (s_.identity != identity_standard) add_motion(sample.wheel, motion.wheel_down);
    report();
}

// In stream mode a packet is made when there is something new, the one before has left and the sample time is over.
void Ps2Mouse::report() {
    if (!streaming() || s_.sample_armed || !s_.packet.empty()) return;
    while (s_.samples.size() > 1 && !s_.samples.front().moved() && s_.samples.front().buttons == s_.buttons)
        s_.samples.erase(s_.samples.begin());
    if (s_.samples.empty()) return;
    if (!s_.samples.front().moved() && s_.samples.front().buttons == s_.buttons) {
        s_.samples.clear();
        return;
    }
    const u64 now_ns = sample_.clock().now_ns();
    if (now_ns < s_.next_sample_ns) {
        s_.sample_armed = true;
        sample_.arm_at(s_.next_sample_ns);
        return;
    }
    s_.next_sample_ns = now_ns + 1'000'000'000 / s_.rate;
    s_.packet = next_packet(s_.scale_2_to_1);
    announce();
}

void Ps2Mouse::sample_due() {
    s_.sample_armed = false;
    report();
}

// IBM, "Data report"; the fourth byte as in Microsoft's mice.
BoundedVector<u8, 4> Ps2Mouse::next_packet(bool scaled) {
    Sample none{.buttons = s_.buttons};
    Sample& sample = s_.samples.empty() ? none : s_.samples.front();
    i32 right = take_motion(sample.right, packet_motion);
    i32 up = take_motion(sample.up, packet_motion);
    const i32 wheel = take_motion(sample.wheel, packet_wheel);
    if (scaled) {
        right = scaled_2_to_1(right);
        up = scaled_2_to_1(up);
    }
    s_.buttons = sample.buttons;
    BoundedVector<u8, 4> packet;
    packet.push_back(static_cast<u8>((s_.buttons & 7) | 0x08 | (right < 0 ? 0x10 : 0) | (up < 0 ? 0x20 : 0)));
    packet.push_back(static_cast<u8>(right));
    packet.push_back(static_cast<u8>(up));
    if (s_.identity == identity_wheel) packet.push_back(static_cast<u8>(wheel));
    if (s_.identity == identity_five_buttons)
        packet.push_back(static_cast<u8>((wheel & 0x0f) | (s_.buttons & 0x18) << 1));
    if (!s_.samples.empty() && !sample.moved()) s_.samples.erase(s_.samples.begin());
    return packet;
}

u8 Ps2Mouse::take_byte() {
    auto take = [](auto& from) {
        const u8 byte = from.front();
        from.erase(from.begin());
        return byte;
    };
    if (!has_byte()) return s_.last_sent;
    s_.last_sent = s_.replies.empty() ? take(s_.packet) : take(s_.replies);
    report();
    return s_.last_sent;
}

// ---- commands ----

void Ps2Mouse::reply(std::initializer_list<u8> bytes) {
    for (const u8 byte : bytes)
        if (!s_.replies.full()) s_.replies.push_back(byte);
}

void Ps2Mouse::receive(u8 byte) {
    trace_command("{} receives {:#04x}", name(), byte);
    s_.replies.clear();
    if (s_.mode == Mode::wrap && byte != command::reset && byte != command::reset_wrap) {
        reply({byte});
    } else if (s_.awaiting != 0) {
        const u8 command = s_.awaiting;
        s_.awaiting = 0;
        execute_argument(command, byte);
    } else {
        execute(byte);
    }
    report();
    announce();
}

void Ps2Mouse::execute(u8 command) {
    if (command != command::resend) s_.packet.clear(); // a command ends the packet under way
    switch (command) {
    case command::scale_1_to_1:
    case command::scale_2_to_1:
        s_.scale_2_to_1 = command == command::scale_2_to_1;
        break;
    case command::set_resolution:
    case command::set_rate:
        s_.awaiting = command;
        break;
    case command::status_request:
        reply_status();
        return;
    case command::set_stream:
    case command::set_remote:
        s_.mode = command == command::set_stream ? Mode::stream : Mode::remote;
        forget_motion();
        break;
    case command::read_data:
        reply_packet();
        return;
    case command::set_wrap:
        s_.mode_before_wrap = s_.mode == Mode::wrap ? s_.mode_before_wrap : s_.mode;
        s_.mode = Mode::wrap;
        break;
    case command::reset_wrap:
        if (s_.mode == Mode::wrap) s_.mode = s_.mode_before_wrap;
        break;
    case command::read_identity:
        reply({ps2::acknowledge, s_.identity});
        return;
    case command::enable:
    case command::disable:
        s_.reporting = command == command::enable;
        forget_motion();
        break;
    case command::set_default:
        restore_defaults();
        break;
    case command::resend:
        reply({s_.last_sent});
        return;
    case command::reset:
        restore_defaults();
        s_.identity = identity_standard;
        s_.self_test_done_ns = self_test_.clock().now_ns() + configuration_.self_test_ns;
        self_test_.arm_at(s_.self_test_done_ns);
        break;
    default:
        reply({ps2::resend});
        return;
    }
    reply({ps2::acknowledge});
}

void Ps2Mouse::execute_argument(u8 command, u8 argument) {
    if (command == command::set_rate) {
        if (argument == 0) {
            reply({ps2::resend});
            return;
        }
        set_rate(argument);
    } else {
        s_.resolution = argument & 3;
    }
    reply({ps2::acknowledge});
}

void Ps2Mouse::set_rate(u8 rate) {
    s_.rate = rate;
    s_.recent_rates = {s_.recent_rates[1], s_.recent_rates[2], rate};
    if (s_.recent_rates == knock_wheel && s_.identity == identity_standard) s_.identity = identity_wheel;
    if (s_.recent_rates == knock_five_buttons) s_.identity = identity_five_buttons;
}

void Ps2Mouse::reply_status() {
    const u8 left = s_.buttons & 1, right = s_.buttons >> 1 & 1, middle = s_.buttons >> 2 & 1;
    const u8 flags = static_cast<u8>(right | middle << 1 | left << 2 | s_.scale_2_to_1 << 4 | s_.reporting << 5 |
                                     (s_.mode == Mode::remote) << 6);
    reply({ps2::acknowledge, flags, s_.resolution, s_.rate});
}

// Scaling is for stream mode only (IBM, "Scaling").
void Ps2Mouse::reply_packet() {
    reply({ps2::acknowledge});
    for (const u8 byte : next_packet(false))
        if (!s_.replies.full()) s_.replies.push_back(byte);
}

// Not the identity: a driver that has asked for the wheel keeps it.
void Ps2Mouse::restore_defaults() {
    s_.mode = Mode::stream;
    s_.reporting = false;
    s_.scale_2_to_1 = false;
    s_.resolution = State{}.resolution;
    s_.rate = State{}.rate;
    s_.recent_rates = {};
    forget_motion();
}

void Ps2Mouse::forget_motion() {
    s_.packet.clear();
    s_.samples.clear();
    s_.sample_armed = false;
    sample_.cancel();
}

void Ps2Mouse::self_test_ended() {
    s_.self_test_done_ns = never_ns;
    reply({ps2::self_test_passed, identity_standard});
    announce();
}

} // namespace orrery
