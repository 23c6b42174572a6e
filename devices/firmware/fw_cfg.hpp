// QEMU's firmware configuration device with DMA, in its memory-mapped form and as a PC has it, at ports: numbered and
// named items that the board offers to the guest's firmware (QEMU docs/specs/fw_cfg, here "fw_cfg").
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class FwCfg final : public Component, public IoHandler {
public:
    static constexpr u64 window_size_bytes = 0x18;
    static constexpr u64 ports_base = 0x510, ports_size_bytes = 0xc;

    // Items with a number of their own. Numbers are little-endian, texts end with a zero byte.
    enum Key : u16 {
        signature = 0x00,
        interface_version = 0x01,
        ram_size = 0x03,
        cpu_count = 0x05,
        kernel_address = 0x07,
        kernel_size = 0x08,
        initrd_address = 0x0a,
        initrd_size = 0x0b,
        boot_menu = 0x0e,
        max_cpus = 0x0f,
        kernel_data = 0x11,
        initrd_data = 0x12,
        command_line_address = 0x13,
        command_line_size = 0x14,
        command_line_data = 0x15,
        setup_address = 0x16,
        setup_size = 0x17,
        setup_data = 0x18,
        file_directory = 0x19,
        first_file = 0x20,
    };

    // `memory` is where DMA descriptors and their buffers are.
    FwCfg(std::string name, AddressSpace& memory);

    // What the guest finds; the board adds it before the machine runs. The kernel with its size, and so on, are items
    // of their own that add_blob() adds together.
    void add(u16 key, std::vector<u8> bytes) { items_[key] = std::move(bytes); }
    void add_u16(u16 key, u16 value);
    void add_u32(u16 key, u32 value);
    void add_u64(u16 key, u64 value);
    void add_blob(u16 size_key, u16 data_key, std::vector<u8> bytes);
    // "etc/…". Fails when the name is taken, empty or longer than 55 bytes, or when there are too many files.
    Status add_file(std::string_view path, std::vector<u8> bytes);
    // A file that is made anew whenever the guest selects it, as what it says depends on what the guest did to other
    // devices: `make` has the same answer while nothing changes, and its size never changes.
    using MakeFile = std::function<std::vector<u8>()>;
    Status add_made_file(std::string_view path, MakeFile make);

    // The same device at ports 510h to 51Bh; a board maps this or the window.
    [[nodiscard]] IoHandler& ports() { return ports_; }

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, Width::dword}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "fw-cfg"; }
    void reset() override { s_ = {}; }
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override { make_item(s_.key); }

private:
    struct File {
        std::vector<u8> bytes;
        MakeFile make;
    };
    struct State {
        u16 key = 0;
        u32 offset = 0; // of the next byte in the item; saturates
        u32 dma_high = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("key", s.key);
            f("offset", s.offset);
            f("dma_high", s.dma_high);
        }
    };

    class Ports final : public IoHandler {
    public:
        explicit Ports(FwCfg& device) : device_(device) {}
        [[nodiscard]] Widths widths() const override { return {Width::byte, Width::word}; }
        u64 read(u64 offset, Width width) override;
        void write(u64 offset, u64 value, Width width) override;
        [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    private:
        FwCfg& device_;
    };

    void select(u16 key);
    [[nodiscard]] bool is_file(u16 key) const;
    void make_item(u16 key);
    [[nodiscard]] std::span<const u8> item(u16 key) const;
    [[nodiscard]] std::span<const u8> rest_of_item() const;
    void advance(u64 bytes);
    u64 read_data(Width width);
    void write_dma_address(u64 offset, u64 value, Width width);
    void run_dma(GuestPhysical descriptor);
    bool dma_read(GuestPhysical to, u32 length);
    bool fill_with_zeros(GuestPhysical to, u64 length);
    Status add(std::string_view path, File file);
    void list_files();

    // Configuration
    std::map<u16, std::vector<u8>> items_;
    std::map<std::string, File, std::less<>> files_;

    // Wiring
    AddressSpace& memory_;
    Ports ports_{*this};

    // State
    State s_;
};

} // namespace orrery
