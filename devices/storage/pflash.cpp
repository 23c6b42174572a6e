#include "devices/storage/pflash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// J3D table "Command Bus Operations".
namespace code {
enum : u8 {
    program_alternate = 0x10,
    erase_block = 0x20,
    lock_block = 0x01,
    program = 0x40,
    clear_status = 0x50,
    lock_setup = 0x60,
    read_status = 0x70,
    read_identifier = 0x90,
    read_query = 0x98,
    confirm = 0xd0,
    buffered_program = 0xe8,
    reset_amd = 0xf0, // what drivers send to flash of another make; taken as read_array
    read_array = 0xff,
};
}

// J3D "Status Register Description".
namespace status {
enum : u8 { protected_block = 0x02, program_error = 0x10, erase_error = 0x20, sequence_error = 0x30, ready = 0x80 };
}

constexpr u16 manufacturer_intel = 0x0089;
constexpr u16 device_identifier = 0x0018;

// Of the next power of two.
constexpr u8 log2_of(u64 value) { return static_cast<u8>(std::bit_width(value - 1)); }

} // namespace

Result<std::unique_ptr<ParallelFlash>> ParallelFlash::create(std::string name, Configuration configuration,
                                                             AddressSpace& memory, Ram& contents, Disk* kept_in) {
    const u64 block_bytes = configuration.layout.block_bytes;
    if (configuration.size_bytes == 0 || configuration.size_bytes % block_bytes != 0)
        return error("flash '{}' has blocks of {} bytes and can't have {} bytes", name, block_bytes,
                     configuration.size_bytes);
    std::unique_ptr<ParallelFlash> flash(new ParallelFlash(std::move(name), configuration, memory, contents, kept_in));
    if (Status mapped = memory.map(flash->window()); !mapped) return std::unexpected(std::move(mapped).error());
    return flash;
}

Window ParallelFlash::window() const {
    Window window{
        configuration_.base, configuration_.size_bytes, nullptr, 0, true, const_cast<ParallelFlash*>(this), name()};
    if (s_.mode == Mode::read_array) window.ram = &contents_;
    return window;
}

// Engines drop all they derived from addresses whenever the bus changes, so it changes only when it must.
void ParallelFlash::set_mode(Mode mode) {
    const bool bus_changes = (s_.mode == Mode::read_array) != (mode == Mode::read_array);
    s_.mode = mode;
    if (!bus_changes) return;
    const Status mapped = memory_.remap(window());
    ORRERY_ASSERT(mapped.has_value(), "the window was mapped when the flash was built");
}

void ParallelFlash::reset() {
    set_mode(Mode::read_array);
    s_ = {};
}

void ParallelFlash::restored() {
    if (s_.mode > Mode::buffer_confirm) s_.mode = Mode::read_array;
    if (s_.buffer_base >= configuration_.size_bytes) s_.buffer_base = 0;
    s_.buffer_base &= ~(layout().buffer_bytes - 1);
    const Status mapped = memory_.remap(window());
    ORRERY_ASSERT(mapped.has_value(), "the window was mapped when the flash was built");
}

// ---- reading ----

u64 ParallelFlash::read(u64 offset, Width width) {
    if (s_.mode == Mode::read_array) {
        u64 value = 0;
        std::memcpy(&value, contents_.host() + offset, bytes(width));
        return value;
    }
    // The chips answer alike, each on its part of the bus.
    const u64 chip_bits = layout().chip_bytes * 8;
    const u64 answer = chip_word(offset / bus_bytes()) & ((u64{1} << chip_bits) - 1);
    u64 all = 0;
    for (u64 chip = 0; chip < layout().chips; ++chip) all |= answer << (chip * chip_bits);
    return (all >> (offset % bus_bytes() * 8)) & mask(width);
}

u16 ParallelFlash::chip_word(u64 word) const {
    switch (s_.mode) {
    case Mode::read_identifier:
        // J3D "Read Identifier Codes"; the word after the two is the block's lock status, never locked.
        if (word % 0x100 == 0) return manufacturer_intel;
        return word % 0x100 == 1 ? device_identifier : 0;
    case Mode::read_query:
        return query_byte(word);
    default:
        return s_.status;
    }
}

// One chip's answer to a CFI query (JESD68.01 section 2).
u8 ParallelFlash::query_byte(u64 address) const {
    const u64 chip_size_bytes = configuration_.size_bytes / layout().chips;
    const u64 chip_block_bytes = layout().block_bytes / layout().chips;
    const u64 last_block = configuration_.size_bytes / layout().block_bytes - 1;
    switch (address) {
    case 0x10:
        return 'Q';
    case 0x11:
        return 'R';
    case 0x12:
        return 'Y';
    case 0x13:
        return 0x01; // primary command set: Intel
    case 0x15:
        return 0x31; // its table, below
    case 0x1b:
        return 0x27; // supply from 2.7 V
    case 0x1c:
        return 0x36; // to 3.6 V
    case 0x1f:
        return 0x07; // typical times, powers of two: a word 128 µs
    case 0x20:
        return 0x07; // a buffer 128 µs
    case 0x21:
        return 0x0a; // a block 1 s
    case 0x23:
        return 0x04; // longest times, as multiples of the typical
    case 0x24:
        return 0x04;
    case 0x25:
        return 0x04;
    case 0x27:
        return log2_of(chip_size_bytes);
    case 0x28:
        return layout().chip_bytes == 2; // a 16-bit chip, or one of 8 bits
    case 0x2a:
        return log2_of(layout().buffer_bytes / layout().chips);
    case 0x2c:
        return 0x01; // all blocks are alike
    case 0x2d:
        return static_cast<u8>(last_block);
    case 0x2e:
        return static_cast<u8>(last_block >> 8);
    case 0x2f:
        return static_cast<u8>(chip_block_bytes / 256);
    case 0x30:
        return static_cast<u8>(chip_block_bytes / 256 >> 8);
    case 0x31:
        return 'P';
    case 0x32:
        return 'R';
    case 0x33:
        return 'I';
    case 0x34:
        return '1';
    case 0x35:
        return '0';
    default:
        return 0;
    }
}

// ---- commands ----

void ParallelFlash::write(u64 offset, u64 value, Width width) {
    // Commands are the low byte of each chip's half; the chips get the same one.
    const u8 low = static_cast<u8>(value);
    switch (s_.mode) {
    case Mode::program: {
        std::array<u8, 8> datum{};
        std::memcpy(datum.data(), &value, sizeof value);
        set_mode(Mode::read_status);
        if (!refuse_protected(status::program_error)) program(offset, std::span(datum).first(bytes(width)));
        return;
    }
    case Mode::erase_setup:
        set_mode(Mode::read_status);
        if (low != code::confirm)
            s_.status |= status::sequence_error;
        else if (!refuse_protected(status::erase_error))
            erase_block(offset);
        return;
    case Mode::lock_setup: // blocks of this chip have no locks; the commands are accepted
        set_mode(Mode::read_status);
        if (low != code::confirm && low != code::lock_block) s_.status |= status::sequence_error;
        return;
    case Mode::buffer_count:
        start_buffer(value);
        return;
    case Mode::buffer_data:
        fill_buffer(offset, value, width);
        return;
    case Mode::buffer_confirm:
        set_mode(Mode::read_status);
        if (low != code::confirm || s_.buffer_overrun)
            s_.status |= status::sequence_error;
        else if (!refuse_protected(status::program_error))
            program_buffer();
        return;
    default:
        command(offset, low);
        return;
    }
}

// Every address takes commands.
std::string ParallelFlash::register_name(u64 offset, bool write) const {
    return fmt::format("{} {:#x}", write ? "command or data in block" : "block", offset / layout().block_bytes);
}

void ParallelFlash::command(u64 offset, u8 code) {
    switch (code) {
    case code::read_array:
    case code::reset_amd:
        set_mode(Mode::read_array);
        return;
    case code::read_status:
        set_mode(Mode::read_status);
        return;
    case code::read_identifier:
        set_mode(Mode::read_identifier);
        return;
    case code::read_query:
        set_mode(Mode::read_query);
        return;
    case code::clear_status:
        s_.status = layout().clears_ready ? u8{0} : u8{status::ready};
        if (layout().clears_ready) set_mode(Mode::read_array);
        return;
    case code::program:
    case code::program_alternate:
        set_mode(Mode::program);
        return;
    case code::erase_block:
        set_mode(Mode::erase_setup);
        return;
    case code::lock_setup:
        set_mode(Mode::lock_setup);
        return;
    case code::buffered_program:
        set_mode(Mode::buffer_count);
        return;
    default:
        log::guest_error(name(), "unknown command {:#04x} at {:#x}", code, offset);
        set_mode(Mode::read_array);
    }
}

bool ParallelFlash::refuse_protected(u8 failure) {
    if (!configuration_.write_protected) return false;
    s_.status |= failure | status::protected_block;
    return true;
}

// ---- programming and erasing ----

// Programming turns ones into zeros; only erasing turns them back.
void ParallelFlash::program(u64 offset, std::span<const u8> in) {
    s_.status |= status::ready;
    u8* cells = contents_.host() + offset;
    for (std::size_t i = 0; i < in.size(); ++i) cells[i] &= in[i];
    memory_.ram_written(contents_, offset, in.size());
    keep(offset, in.size(), status::program_error);
}

void ParallelFlash::erase_block(u64 offset) {
    s_.status |= status::ready;
    const u64 block_bytes = layout().block_bytes;
    const u64 first = offset / block_bytes * block_bytes;
    std::fill_n(contents_.host() + first, block_bytes, u8{0xff});
    memory_.ram_written(contents_, first, block_bytes);
    keep(first, block_bytes, status::erase_error);
}

void ParallelFlash::keep(u64 offset, u64 size_bytes, u8 failure) {
    if (!kept_in_) return;
    const u64 first = offset / sector_bytes * sector_bytes;
    const u64 end = (offset + size_bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
    const u64 limit = std::min(end, kept_in_->size_bytes());
    if (first >= limit) return;
    const iovec piece{contents_.host() + first, limit - first};
    const Status written = kept_in_->write(first, std::span(&piece, 1));
    if (written) return;
    s_.status |= failure;
    if (log::guest_error_allowed(name() + ".host")) log::warning("{}: writing: {}", name(), written.error().message());
}

// J3D "Write to Buffer": count, data, confirm. A count too large ends the sequence.
void ParallelFlash::start_buffer(u64 value) {
    const u64 count = (value & 0xffff) + 1;
    if (count > layout().buffer_bytes / bus_bytes()) {
        s_.status |= status::sequence_error;
        set_mode(Mode::read_status);
        return;
    }
    s_.words_to_come = static_cast<u32>(count);
    s_.buffer_placed = false;
    s_.buffer_overrun = false;
    s_.buffer.fill(0xff);
    set_mode(Mode::buffer_data);
}

// The first word's address chooses the aligned piece of flash that the buffer stands for; all words must lie in it.
void ParallelFlash::fill_buffer(u64 offset, u64 value, Width width) {
    if (!s_.buffer_placed) s_.buffer_base = offset & ~(layout().buffer_bytes - 1);
    s_.buffer_placed = true;
    const u64 at = offset - s_.buffer_base;
    if (at <= layout().buffer_bytes - bytes(width))
        std::memcpy(&s_.buffer[at], &value, bytes(width));
    else
        s_.buffer_overrun = true;
    if (--s_.words_to_come == 0) set_mode(Mode::buffer_confirm);
}

void ParallelFlash::program_buffer() { program(s_.buffer_base, std::span(s_.buffer).first(layout().buffer_bytes)); }

} // namespace orrery
