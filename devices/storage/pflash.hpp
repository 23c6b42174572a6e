// Parallel NOR flash with Intel's command set (CFI primary command set 0x0001; JEDEC JESD68.01, Intel 28FxxxJ3D
// datasheet, here "J3D"): one chip, or two side by side that are commanded together.
// In read-array mode the bus reads the bytes straight from RAM; any other mode takes the window over for the chip.
#pragma once

#include <array>

#include "devices/storage/disk.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

// How the chips are wired. Sizes are those of all chips together.
struct FlashLayout {
    static constexpr u64 most_buffer_bytes = 4 * KiB;

    u32 chips = 2;
    u64 chip_bytes = 2; // of the bus, for each chip
    u64 block_bytes = 256 * KiB;
    u64 buffer_bytes = most_buffer_bytes; // a power of two, at most a block
    // Clearing the status also clears the ready bit and ends in read-array mode. The chip does neither, but QEMU's
    // does, and EDK2 on PCs takes a flash without it for a ROM.
    bool clears_ready = false;
};
inline constexpr FlashLayout flash_of_two_16_bit_chips{};
inline constexpr FlashLayout flash_of_one_8_bit_chip{
    .chips = 1, .chip_bytes = 1, .block_bytes = 4 * KiB, .buffer_bytes = 256, .clears_ready = true};

class ParallelFlash final : public Component, public IoHandler {
public:
    struct Configuration {
        GuestPhysical base;
        u64 size_bytes = 32 * MiB; // whole blocks
        bool write_protected = false;
        FlashLayout layout = flash_of_two_16_bit_chips;
    };

    // `contents` holds at least size_bytes and is the board's, which loads them. What the guest changes of them is also
    // written to `kept_in`, as far as that reaches; null: it is forgotten. Maps the window.
    static Result<std::unique_ptr<ParallelFlash>> create(std::string name, Configuration configuration,
                                                         AddressSpace& memory, Ram& contents, Disk* kept_in = nullptr);

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::byte, bus_bytes() == 1 ? Width::byte : Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "cfi-flash-intel"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }
    void restored() override;

private:
    // What the chips expect next and what a read shows.
    enum class Mode : u8 {
        read_array,
        read_status,
        read_identifier,
        read_query,
        program,        // the next write is the datum
        erase_setup,    // the next write confirms
        lock_setup,     // the next write says lock or unlock
        buffer_count,   // the next write is the number of words, less one
        buffer_data,    // that many words follow
        buffer_confirm, // the next write confirms
    };

    struct State {
        Mode mode = Mode::read_array;
        u8 status = 0x80;
        u32 words_to_come = 0;
        u64 buffer_base = 0; // offset in the flash of the buffer's first byte
        bool buffer_placed = false;
        bool buffer_overrun = false;
        std::array<u8, FlashLayout::most_buffer_bytes> buffer{};
        static constexpr void fields(auto& s, auto&& f) {
            f("mode", s.mode);
            f("status", s.status);
            f("words_to_come", s.words_to_come);
            f("buffer_base", s.buffer_base);
            f("buffer_placed", s.buffer_placed);
            f("buffer_overrun", s.buffer_overrun);
            f("buffer", s.buffer);
        }
    };

    ParallelFlash(std::string name, Configuration configuration, AddressSpace& memory, Ram& contents, Disk* kept_in)
        : Component(std::move(name)), configuration_(configuration), memory_(memory), contents_(contents),
          kept_in_(kept_in) {}

    [[nodiscard]] const FlashLayout& layout() const { return configuration_.layout; }
    [[nodiscard]] u64 bus_bytes() const { return layout().chips * layout().chip_bytes; }

    void command(u64 offset, u8 code);
    void set_mode(Mode mode);
    [[nodiscard]] Window window() const;
    [[nodiscard]] u16 chip_word(u64 word) const;
    [[nodiscard]] u8 query_byte(u64 address) const;

    void program(u64 offset, std::span<const u8> bytes);
    void erase_block(u64 offset);
    void start_buffer(u64 value);
    void fill_buffer(u64 offset, u64 value, Width width);
    void program_buffer();
    void keep(u64 offset, u64 size_bytes, u8 failure);
    bool refuse_protected(u8 failure);

    // Configuration
    const Configuration configuration_;

    // Wiring
    AddressSpace& memory_;
    Ram& contents_;
    Disk* kept_in_;

    // State
    State s_;
};

} // namespace orrery
