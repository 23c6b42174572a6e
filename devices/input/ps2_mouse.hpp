// A PS/2 mouse: IBM's of three-byte packets ("IBM Keyboard and Auxiliary Device Controller", October 1990, section
// "Auxiliary device"; here "IBM"), which the sequences of sample rates that drivers know turn into Microsoft's
// IntelliMouse (wheel) and IntelliMouse Explorer (five buttons). Moves that exceed a packet go on in the next one.
#pragma once

#include <array>
#include <optional>

#include "devices/input/input.hpp"
#include "devices/input/ps2.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class Ps2Mouse final : public Component, public Ps2Device, public PointerInput {
public:
    static constexpr std::size_t queue_length = 64;

    struct Configuration {
        u64 self_test_ns = 5'000'000; // IBM's take half a second; no guest minds less
    };

    Ps2Mouse(std::string name, Configuration configuration, Clock& clock);

    // PointerInput. Lost while the guest has not switched reporting on.
    void pointer(PointerMotion motion, PointerButtons buttons) override;

    // Ps2Device
    void receive(u8 byte) override;
    [[nodiscard]] bool has_byte() const override { return !s_.replies.empty() || !s_.packet.empty(); }
    u8 take_byte() override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "ps2-mouse"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    enum class Mode : u8 { stream, remote, wrap };

    // Motion since the sample before, and the buttons at its end: bit 0 left, 1 right, 2 middle, 3 side, 4 extra.
    struct Sample {
        i32 right = 0;
        i32 up = 0;
        i32 wheel = 0;
        u8 buttons = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("right", s.right);
            f("up", s.up);
            f("wheel", s.wheel);
            f("buttons", s.buttons);
        }
        [[nodiscard]] bool moved() const { return right != 0 || up != 0 || wheel != 0; }
    };

    struct State {
        u8 awaiting = 0; // the command whose argument comes next, or 0
        Mode mode = Mode::stream;
        Mode mode_before_wrap = Mode::stream;
        bool reporting = false;
        bool scale_2_to_1 = false;
        u8 resolution = 2; // 4 counts a millimetre
        u8 rate = 100;     // samples a second
        u8 identity = 0;   // 0, 3 (wheel) or 4 (five buttons)
        u8 last_sent = 0;
        u8 buttons = 0; // as last reported
        std::array<u8, 3> recent_rates{};
        u64 self_test_done_ns = never_ns;
        u64 next_sample_ns = 0; // no packet before
        bool sample_armed = false;
        BoundedVector<u8, 8> replies; // they go before packets
        BoundedVector<u8, 4> packet;
        BoundedVector<Sample, queue_length> samples;

        static constexpr void fields(auto& s, auto&& f) {
            f("awaiting", s.awaiting);
            f("mode", s.mode);
            f("mode_before_wrap", s.mode_before_wrap);
            f("reporting", s.reporting);
            f("scale_2_to_1", s.scale_2_to_1);
            f("resolution", s.resolution);
            f("rate", s.rate);
            f("identity", s.identity);
            f("last_sent", s.last_sent);
            f("buttons", s.buttons);
            f("recent_rates", s.recent_rates);
            f("self_test_done_ns", s.self_test_done_ns);
            f("next_sample_ns", s.next_sample_ns);
            f("sample_armed", s.sample_armed);
            f("replies", s.replies);
            f("packet", s.packet);
            f("samples", s.samples);
        }
    };

    void execute(u8 command);
    void execute_argument(u8 command, u8 argument);
    void set_rate(u8 rate);
    void reply(std::initializer_list<u8> bytes);
    void reply_status();
    void reply_packet();
    void restore_defaults();
    void forget_motion();
    void self_test_ended();
    void report();
    void sample_due();
    [[nodiscard]] bool streaming() const;
    // The next packet, of motion that waits or of none.
    [[nodiscard]] BoundedVector<u8, 4> next_packet(bool scaled);

    // Configuration
    const Configuration configuration_;

    // Wiring
    Timer self_test_;
    Timer sample_;

    // State
    State s_;
};

} // namespace orrery
