#include "machine/boards/pc_firmware.hpp"

#include <algorithm>

#include "bios/pc/firmware.hpp"
#include "devices/storage/pflash.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/pc_map.hpp"
#include "machine/loader/file.hpp"

namespace orrery::pc {
namespace {

constexpr u64 low_copy_bytes = 128 * KiB;
constexpr FlashLayout flash_layout = flash_of_one_8_bit_chip;

class Firmware {
public:
    Firmware(Machine& machine, const BoardOptions& options, Ram& low)
        : machine_(machine), options_(options), low_(low) {}

    Status add() {
        if (options_.bios) {
            TRY_STATUS(add_rom_file());
        } else if (!options_.bios_none && options_.flash.empty()) {
            const auto own = bios::pc_firmware();
            std::ranges::copy(own, low_.host()); // all of it: the VGA BIOS is in front
            TRY_STATUS(add_rom(own));
        }
        for (const FileDiskOptions& flash : options_.flash) TRY_STATUS(add_flash(flash));
        return {};
    }

private:
    Status add_rom_file() {
        const auto bytes = read_file(*options_.bios, rom_window, "the firmware");
        if (!bytes) return std::unexpected(bytes.error().in("--bios"));
        if (bytes->size() % least_rom != 0 && (options_.flash.empty() || bytes->size() % flash_layout.block_bytes != 0))
            return error("--bios {}: a PC's firmware has a multiple of {} KiB, and this has {} bytes", *options_.bios,
                         least_rom / KiB, bytes->size());
        return add_rom(*bytes);
    }

    Status add_rom(std::span<const u8> bytes) {
        Ram& bios = machine_.add_ram(TRY(Ram::create("bios", bytes.size())));
        std::ranges::copy(bytes, bios.host());
        copy_low(bytes);
        end_ -= bytes.size();
        return machine_.memory().map(
            {.base = {end_}, .size_bytes = bytes.size(), .ram = &bios, .read_only = true, .name = "bios"});
    }

    Status add_flash(const FileDiskOptions& options) {
        const FlashImage image = TRY(open_flash(machine_, options, rom_window));
        const u64 size = image.bytes.size();
        if (size % flash_layout.block_bytes != 0)
            return error("--flash {}: a PC's flash has blocks of {} KiB, and this has {} bytes", options.path,
                         flash_layout.block_bytes / KiB, size);
        if (size > end_ - (four_gib - rom_window))
            return error("--flash {}: all of a PC's firmware has {} MiB at most, and with this it is more",
                         options.path, rom_window / MiB);
        if (end_ == four_gib) copy_low(image.bytes);
        const std::string name = fmt::format("flash{}", banks_++);
        Ram& contents = machine_.add_ram(TRY(Ram::create(name, size)));
        std::ranges::copy(image.bytes, contents.host());
        end_ -= size;
        const ParallelFlash::Configuration configuration{
            .base = {end_}, .size_bytes = size, .write_protected = options.read_only, .layout = flash_layout};
        machine_.add(
            TRY(ParallelFlash::create(name + "-chip", configuration, machine_.memory(), contents, image.kept_in)));
        return {};
    }

    void copy_low(std::span<const u8> bytes) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), low_copy_bytes);
        std::ranges::copy(bytes.last(size), low_.host() + option_roms.size - size);
    }

    Machine& machine_;
    const BoardOptions& options_;
    Ram& low_;
    u64 end_ = four_gib; // of what isn't taken yet
    u32 banks_ = 0;
};

} // namespace

bool has_foreign_firmware(const BoardOptions& options) { return options.bios || !options.flash.empty(); }

Status add_firmware(Machine& machine, const BoardOptions& options, Ram& low) {
    return Firmware(machine, options, low).add();
}

} // namespace orrery::pc
