// An IBM enhanced keyboard on a PS/2 line ("IBM Keyboard and Auxiliary Device Controller", October 1990, section
// "Keyboard"; here "IBM"). It doesn't repeat keys by itself: the host's repetition comes in as further presses. It
// sends nothing at power-on: a guest starts in a machine whose self test is over.
#pragma once

#include "devices/input/input.hpp"
#include "devices/input/ps2.hpp"
#include "devices/input/scan_codes.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class Ps2Keyboard final : public Component, public Ps2Device, public KeyboardInput {
public:
    static constexpr std::size_t queue_length = 1024;

    struct Configuration {
        // From the reset command to its result. IBM's take half a second; no guest minds less.
        u64 self_test_ns = 5'000'000;
    };

    Ps2Keyboard(std::string name, Configuration configuration, Clock& clock);

    // KeyboardInput. Keys are lost while the guest has switched scanning off.
    bool key(Key key, bool pressed) override;
    [[nodiscard]] std::size_t room() const override;

    // Scroll Lock, Num Lock, Caps Lock: bits 0 to 2.
    [[nodiscard]] u8 leds() const { return s_.leds; }

    // Ps2Device
    void receive(u8 byte) override;
    [[nodiscard]] bool has_byte() const override { return !s_.replies.empty() || !s_.codes.empty(); }
    u8 take_byte() override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "ps2-keyboard"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    // A bit for each of 256 keys or codes.
    struct Bits {
        std::array<u8, 32> bytes{};
        [[nodiscard]] bool has(u8 index) const { return (bytes[index / 8] >> index % 8 & 1) != 0; }
        void set(u8 index, bool on);
        void fill(bool on) { bytes.fill(on ? 0xff : 0); }
        [[nodiscard]] bool any() const;
        static constexpr void fields(auto& s, auto&& f) { f("bytes", s.bytes); }
    };

    struct KeyEvent {
        Key key = Key::none;
        bool pressed = false;
        static constexpr void fields(auto& s, auto&& f) {
            f("key", s.key);
            f("pressed", s.pressed);
        }
    };

    struct State {
        u8 awaiting = 0; // the command whose argument comes next, or 0
        bool scanning = true;
        u8 set = 2;
        u8 leds = 0;
        u8 typematic = 0x2b; // IBM: 10.9 characters a second after half a second
        u8 last_sent = 0;
        u64 self_test_done_ns = never_ns;
        BoundedVector<u8, 8> replies;                   // to commands; they go before keys
        BoundedVector<u8, ScanSequence::longest> codes; // of one key
        BoundedVector<KeyEvent, queue_length> events;   // not encoded yet
        Bits late_releases;                             // of keys let go while `events` was full
        Bits down;                                      // as the guest has been told, by key
        Bits sends_break;                               // by code of set 3
        Bits repeats;                                   // by code of set 3

        static constexpr void fields(auto& s, auto&& f) {
            f("awaiting", s.awaiting);
            f("scanning", s.scanning);
            f("set", s.set);
            f("leds", s.leds);
            f("typematic", s.typematic);
            f("last_sent", s.last_sent);
            f("self_test_done_ns", s.self_test_done_ns);
            f("replies", s.replies);
            f("codes", s.codes);
            f("events", s.events);
            f("late_releases", s.late_releases);
            f("down", s.down);
            f("sends_break", s.sends_break);
            f("repeats", s.repeats);
        }
    };

    void execute(u8 command);
    void execute_argument(u8 command, u8 argument);
    void set_key_types(u8 command);
    void reply(std::initializer_list<u8> bytes);
    void restore_defaults();
    void forget_keys();
    void self_test_ended();
    void encode_keys();
    void encode(KeyEvent event);
    [[nodiscard]] std::optional<KeyEvent> next_event();
    [[nodiscard]] HeldModifiers held() const;

    // Configuration
    const Configuration configuration_;

    // Wiring
    Timer self_test_;

    // State
    State s_;
};

} // namespace orrery
