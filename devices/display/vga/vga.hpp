// A VGA with Bochs' extension, apart from the bus it sits on: the ports, the window at A0000h, and the display. Linear
// modes need no help of it: CPUs store to video memory themselves.
#pragma once

#include "devices/display/display.hpp"
#include "devices/display/vga/dispi.hpp"
#include "devices/display/vga/registers.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/clock.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class Vga final : public Component, public Display {
public:
    static constexpr GuestPhysical mono_base{0x3b0};
    static constexpr u64 mono_bytes = 12;
    static constexpr GuestPhysical ports_base{0x3c0};
    static constexpr u64 ports_bytes = 32;
    static constexpr GuestPhysical dispi_base{0x1ce};
    static constexpr u64 dispi_bytes = 3;

    // `video_memory`: at least 256 KiB, at most 32 MiB. `memory` is the bus that vCPUs see it on.
    Vga(std::string name, AddressSpace& memory, Clock& clock, Ram& video_memory);

    // For the board: ports 3B0h to 3BBh, 3C0h to 3DFh, 1CEh to 1D0h, and memory from A0000h to BFFFFh.
    [[nodiscard]] IoHandler& mono_ports() { return mono_ports_; }
    [[nodiscard]] IoHandler& ports() { return ports_; }
    [[nodiscard]] IoHandler& dispi_ports() { return dispi_ports_; }
    [[nodiscard]] IoHandler& window() { return window_; }

    // The same for a bus that maps registers elsewhere.
    u8 read_port(u16 port);
    void write_port(u16 port, u8 value);
    [[nodiscard]] u16 read_dispi(u16 index) const;
    void write_dispi(u16 index, u16 value);
    [[nodiscard]] Ram& video_memory() const { return video_memory_; }

    // Display
    std::unique_ptr<Picture> capture(u64 seen = 0) override;

    // Component. Video memory is the machine's own to save.
    [[nodiscard]] std::string_view type() const override { return "vga"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    class Ports final : public IoHandler {
    public:
        Ports(Vga& vga, GuestPhysical base) : vga_(vga), base_(base) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::byte}; }
        u64 read(u64 offset, Width) override { return vga_.read_port(static_cast<u16>(base_.value + offset)); }
        void write(u64 offset, u64 value, Width) override {
            vga_.write_port(static_cast<u16>(base_.value + offset), static_cast<u8>(value));
        }

    private:
        Vga& vga_;
        GuestPhysical base_;
    };
    // The index is at 1CEh, the data at 1CFh, both of two bytes: the data is at an odd port, and comes in two halves,
    // the lower one first, from CPUs that split misaligned accesses.
    class DispiPorts final : public IoHandler {
    public:
        explicit DispiPorts(Vga& vga) : vga_(vga) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::half}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        Vga& vga_;
    };
    class MemoryWindow final : public IoHandler {
    public:
        explicit MemoryWindow(Vga& vga) : vga_(vga) {}
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;

    private:
        Vga& vga_;
    };

    struct State {
        vga::Registers registers;
        vga::DispiRegisters dispi;
        static constexpr void fields(auto& s, auto&& f) {
            f("registers", s.registers);
            f("dispi", s.dispi);
        }
    };

    u8 read_attribute();
    void write_attribute(u8 value);
    u8 read_dac();
    void write_dac(u8 value);
    void write_sequencer(u8 value);
    void write_crtc(u8 value);
    void write_graphics(u8 value);
    [[nodiscard]] u8 read_crtc_port(u16 port);
    void write_crtc_port(u16 port, u8 value);
    u8 read_input_status_1();
    // Whether 3Bxh or 3Dxh, whichever is asked for, are the CRTC's ports now.
    [[nodiscard]] bool crtc_at(u16 port) const;

    u8 read_window(u64 offset);
    void write_window(u64 offset, u8 value);
    // Where a window access is in a linear mode.
    [[nodiscard]] std::optional<u64> banked(u64 offset) const;
    void clear_video_memory();
    void changed() { ++version_; }

    // Wiring
    AddressSpace& memory_;
    Clock& clock_;
    Ram& video_memory_;
    Ports mono_ports_{*this, mono_base};
    Ports ports_{*this, ports_base};
    DispiPorts dispi_ports_{*this};
    MemoryWindow window_{*this};

    // State
    State s_;

    // Counts what may change the picture, for capture(). No guest sees it.
    u64 version_ = 1;
};

} // namespace orrery
