#include "machine/boards/board_parts.hpp"

#include <array>
#include <bit>

#include <time.h>

#include "devices/host/character_backends.hpp"
#include "devices/host/host_entropy.hpp"
#include "devices/virtio/block.hpp"
#include "devices/virtio/console.hpp"
#include "devices/virtio/net.hpp"
#include "devices/virtio/rng.hpp"
#include "machine/loader/file.hpp"

namespace orrery {
namespace {

// 2026-01-01: the date at power-on where runs have to be alike.
constexpr u64 deterministic_date_ns = 1'767'225'600'000'000'000;

constexpr MacAddress network_address{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

} // namespace

u64 RandomNumbers::next() {
    std::array<u8, sizeof(u64)> bytes{};
    source_->fill(bytes);
    return std::bit_cast<u64>(bytes);
}

std::unique_ptr<EntropySource> random_source(const BoardOptions& options, u64 number) {
    constexpr u64 apart = 0xd1b5'4a32'd192'ed03; // far from each other's positions
    if (options.deterministic) return std::make_unique<SeededEntropy>(options.seed + number * apart);
    return std::make_unique<HostEntropy>();
}

u64 power_on_date_ns(const BoardOptions& options) {
    if (options.deterministic) return deterministic_date_ns;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

Result<CharacterBackend*> open_characters(Machine& machine, const BoardOptions& options, std::string_view place,
                                          std::string_view option) {
    auto opened = open_serial(place, machine.events(), {.escape = options.escape});
    if (!opened) return std::unexpected(opened.error().in(option));
    return &machine.keep(std::move(*opened));
}

Result<Disk*> open_disk(Machine& machine, const FileDiskOptions& disk, std::string_view option) {
    auto opened = FileDisk::open(disk);
    if (!opened) return std::unexpected(opened.error().in(option));
    return &machine.keep(std::move(*opened));
}

Result<FlashImage> open_flash(Machine& machine, const FileDiskOptions& flash, u64 most_bytes) {
    auto bytes = read_file(flash.path, most_bytes, "the flash image");
    if (!bytes) return std::unexpected(bytes.error().in("--flash"));
    FlashImage image{.bytes = std::move(*bytes)};
    if (flash.read_only || flash.snapshot) return image;
    if (image.bytes.size() % sector_bytes != 0)
        return error("--flash: {}: its {} bytes are no multiple of {}, so changes can't be kept in it; add ',snapshot' "
                     "to use it unchanged",
                     flash.path, image.bytes.size(), sector_bytes);
    image.kept_in = TRY(open_disk(machine, flash, "--flash"));
    return image;
}

Status add_virtio_disk(Machine& machine, Disk& disk, std::size_t number, const AddVirtio& add) {
    const VirtioWiring wiring{machine.memory(), machine.clock()};
    return add(std::make_unique<VirtioBlock>(fmt::format("disk{}", number), wiring, disk,
                                             fmt::format("orrery-disk{}", number)));
}

Status add_virtio_devices(Machine& machine, const BoardOptions& options, const AddVirtio& add) {
    const VirtioWiring wiring{machine.memory(), machine.clock()};
    if (options.network.user) {
        auto created = SlirpNetwork::create(options.network, machine.events(), machine.clock());
        if (!created) return std::unexpected(created.error().in("--net"));
        auto& network = machine.keep(std::move(*created));
        TRY_STATUS(add(std::make_unique<VirtioNet>("net0", wiring, network, network_address)));
    }
    if (options.virtio_console) {
        CharacterBackend& backend =
            *TRY(open_characters(machine, options, *options.virtio_console, "--virtio-console"));
        TRY_STATUS(add(std::make_unique<VirtioConsole>("console0", wiring, backend)));
    }
    auto& entropy = machine.keep(random_source(options));
    return add(std::make_unique<VirtioRng>("rng0", wiring, entropy));
}

std::vector<u8> boot_random_seed(const BoardOptions& options, std::size_t size_bytes) {
    std::vector<u8> seed(size_bytes);
    random_source(options)->fill(seed);
    return seed;
}

} // namespace orrery
