// The DMA of a PC: two Intel 8237A controllers (datasheet 231466, here "8237A"), the second's channel 0 taken by the
// first, and the page registers that widen their addresses (74LS612). Channels 0 to 3 move bytes, 5 to 7 halves.
// Devices call transfer() when they have or want data; nothing moves within the guest's access. Not there, since no PC
// uses them: memory-to-memory transfers and the order of priorities.
#pragma once

#include <array>
#include <span>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class DmaDevice {
public:
    virtual ~DmaDevice() = default;
    // The guest has made the channel ready while its request was high. Must not transfer from here.
    virtual void dma_ready() = 0;
};

class Dma8237 final : public Component {
public:
    static constexpr u32 channel_count = 8;
    static constexpr u64 first_base = 0x00, first_ports = 0x10;
    static constexpr u64 second_base = 0xc0, second_ports = 0x20;
    static constexpr u64 page_base = 0x80, page_ports = 0x10;

    Dma8237(std::string name, AddressSpace& memory) : Component(std::move(name)), memory_(memory) {}

    // For the board
    IoHandler& first() { return first_; }
    IoHandler& second() { return second_; }
    IoHandler& pages() { return pages_; }

    // For devices, machine lock held. `channel` is 0 to 7, without 4.
    void connect(u32 channel, DmaDevice& device) { devices_[channel] = &device; }
    void set_request(u32 channel, bool high);
    struct Moved {
        std::size_t bytes = 0;
        bool terminal_count = false;
    };
    // Moves `data`, an even number of bytes for 5 to 7, as far as the channel is programmed: up to its terminal count,
    // or nothing if it is masked. A channel set to verify counts and moves nothing.
    Moved transfer(u32 channel, std::span<u8> data, bool to_memory);

    [[nodiscard]] std::string_view type() const override { return "i8237-pair"; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    struct Channel {
        u16 base_address = 0;
        u16 base_count = 0;
        u16 address = 0;
        u16 count = 0;
        u8 mode = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("base_address", s.base_address);
            f("base_count", s.base_count);
            f("address", s.address);
            f("count", s.count);
            f("mode", s.mode);
        }
    };
    struct Controller {
        u8 command = 0;
        u8 mask = 0x0f;
        u8 terminal_counts = 0;
        u8 lines = 0;       // requests by devices
        u8 software = 0;    // requests by the guest
        bool upper = false; // the byte pointer flip-flop
        std::array<Channel, 4> channel{};
        static constexpr void fields(auto& s, auto&& f) {
            f("command", s.command);
            f("mask", s.mask);
            f("terminal_counts", s.terminal_counts);
            f("lines", s.lines);
            f("software", s.software);
            f("upper", s.upper);
            f("channel", s.channel);
        }
    };
    struct State {
        std::array<Controller, 2> controller{};
        std::array<u8, page_ports> page{};
        static constexpr void fields(auto& s, auto&& f) {
            f("controller", s.controller);
            f("page", s.page);
        }
    };
    // One controller's ports; the second's are two bytes apart.
    class Ports final : public IoHandler {
    public:
        Ports(Dma8237& dma, u32 index) : dma_(dma), index_(index) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width) override { return dma_.read(index_, offset >> index_); }
        void write(u64 offset, u64 value, Width) override {
            dma_.write(index_, offset >> index_, static_cast<u8>(value));
        }

    private:
        Dma8237& dma_;
        u32 index_;
    };
    class Pages final : public IoHandler {
    public:
        explicit Pages(Dma8237& dma) : dma_(dma) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width) override { return dma_.s_.page[offset % page_ports]; }
        void write(u64 offset, u64 value, Width) override {
            dma_.s_.page[offset % page_ports] = static_cast<u8>(value);
        }

    private:
        Dma8237& dma_;
    };

    u8 read(u32 index, u64 offset);
    void write(u32 index, u64 offset, u8 value);
    void write_half(Controller& controller, u64 offset, u8 value);
    void tell_ready(u32 index);
    [[nodiscard]] bool ready(u32 channel) const;
    [[nodiscard]] GuestPhysical address_of(u32 channel) const;
    void move_run(u32 channel, std::span<u8> run, bool to_memory);
    bool step(u32 channel, u32 units);

    // Wiring
    AddressSpace& memory_;
    std::array<DmaDevice*, channel_count> devices_{};
    Ports first_{*this, 0};
    Ports second_{*this, 1};
    Pages pages_{*this};

    // State
    State s_;
};

} // namespace orrery
