#include "machine/boards/pc_storage.hpp"

#include "devices/storage/ahci.hpp"
#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/floppy.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/pc_map.hpp"

namespace orrery::pc {
namespace {

constexpr std::size_t most_drives = 6;
using Drives = std::array<AtaDrive*, most_drives>;

class Storage {
public:
    explicit Storage(const StorageWiring& wiring)
        : wiring_(wiring), machine_(wiring.machine), options_(wiring.options), places_(wiring.q35 ? most_drives : 4) {}

    Status add_floppies();
    Status add_drives();

private:
    Status open_disks();
    Status open_cdroms();
    // Where on the controller's cables; null: all places in the order are taken.
    AtaDrive** place(std::initializer_list<std::size_t> order);
    void list(BootKind kind, std::size_t number, AtaDrive** place);
    [[nodiscard]] std::string_view board() const { return wiring_.q35 ? "q35" : "pc"; }
    Status map_ports(std::string name, Place place, IoHandler& handler) {
        return machine_.ports().map(
            {.base = {place.base}, .size_bytes = place.size, .io = &handler, .name = std::move(name)});
    }
    template <typename T, typename... Arguments> T& make(Arguments&&... arguments) {
        return machine_.add(std::make_unique<T>(std::forward<Arguments>(arguments)...));
    }

    const StorageWiring& wiring_;
    Machine& machine_;
    const BoardOptions& options_;
    const std::size_t places_;
    Drives drives_{};
};

Status Storage::add_floppies() {
    if (options_.floppies.size() > 2)
        return error("--floppy: {} has two drives, not {}", board(), options_.floppies.size());
    FloppyController::Drives drives{};
    for (std::size_t i = 0; i < options_.floppies.size(); ++i) drives[i].present = true;
    auto& controller = make<FloppyController>("floppy", drives, machine_.clock(), wiring_.floppy_irq, wiring_.dma);
    TRY_STATUS(map_ports("floppy", floppy, controller.registers()));
    TRY_STATUS(map_ports("floppy.input", floppy_input, controller.input()));
    for (u32 i = 0; i < options_.floppies.size(); ++i) {
        const FileDiskOptions image = TRY(parse_disk_options(options_.floppies[i]));
        Disk& disk = *TRY(open_disk(machine_, image, "--floppy"));
        if (!controller.change_disk(i, &disk))
            return error("--floppy {}: {} bytes are no floppy disk's size; 1440 KiB (1474560 bytes) is one", image.path,
                         disk.size_bytes());
        wiring_.boot_order.add(BootKind::floppy, i,
                               fmt::format("isa@{}/fdc@03f0/floppy@{}", wiring_.q35 ? "1f" : "1", i));
    }
    return {};
}

AtaDrive** Storage::place(std::initializer_list<std::size_t> order) {
    for (const std::size_t at : order)
        if (at < places_ && !drives_[at]) return &drives_[at];
    return nullptr;
}

// By the names and numbers of the controllers' functions, below, and the places on their cables.
void Storage::list(BootKind kind, std::size_t number, AtaDrive** place) {
    const auto at = place - drives_.data();
    wiring_.boot_order.add(kind, number,
                           wiring_.q35 ? fmt::format("pci8086,2922@1f,2/drive@{}/disk@0", at)
                                       : fmt::format("ide@1,1/drive@{}/disk@{}", at / 2, at % 2));
}

// From the front, but not where guests expect a CD-ROM drive.
Status Storage::open_disks() {
    const DiskAttachment other = wiring_.q35 ? DiskAttachment::ide : DiskAttachment::sata;
    for (std::size_t i = 0; i < options_.disks.size(); ++i) {
        const FileDiskOptions& options = options_.disks[i];
        if (options.attachment == DiskAttachment::virtio) continue;
        if (options.attachment == other)
            return error("--disk {}: {} has {} drives, not {}; leave the word out", options.path, board(),
                         wiring_.q35 ? "SATA" : "IDE", wiring_.q35 ? "IDE" : "SATA");
        AtaDrive** const drive = place({0, 1, 3, 4, 5, 2});
        if (!drive)
            return error("--disk {}: {} has room for {} disks and CD-ROM drives; attach it as a virtio disk, with "
                         "--disk FILE,virtio",
                         options.path, board(), places_);
        *drive =
            &make<AtaDisk>(fmt::format("disk{}", i),
                           AtaDisk::Configuration{.serial = fmt::format("ORRERY{:04}", i), .serial_wire = wiring_.q35},
                           *TRY(open_disk(machine_, options, "--disk")));
        list(BootKind::disk, i, drive);
    }
    return {};
}

Status Storage::open_cdroms() {
    for (std::size_t i = 0; i < options_.cdroms.size(); ++i) {
        AtaDrive** const drive = place({2, 3, 4, 5, 1, 0});
        if (!drive)
            return error("--cdrom {}: {} has room for {} disks and CD-ROM drives", options_.cdroms[i], board(),
                         places_);
        *drive = &make<AtapiCdrom>(
            fmt::format("cdrom{}", i),
            AtapiCdrom::Configuration{.serial = fmt::format("ORRERYCD{:02}", i), .serial_wire = wiring_.q35},
            TRY(open_disk(machine_, {.path = options_.cdroms[i], .read_only = true}, "--cdrom")));
        list(BootKind::cdrom, i, drive);
    }
    return {};
}

Status Storage::add_drives() {
    TRY_STATUS(open_disks());
    TRY_STATUS(open_cdroms());
    if (wiring_.q35) {
        auto& ahci = make<AhciController>("ahci", machine_.clock(), machine_.memory(),
                                          std::vector<AtaDrive*>(drives_.begin(), drives_.end()));
        return wiring_.pci.add(ahci, 31, 2);
    }
    auto& ide = make<Piix3Ide>("ide", Piix3Ide::Wiring{machine_.clock(),
                                                       machine_.memory(),
                                                       wiring_.ide_irqs,
                                                       {drives_[0], drives_[1], drives_[2], drives_[3]}});
    for (u32 i = 0; i < Piix3Ide::channel_count; ++i) {
        TRY_STATUS(map_ports(fmt::format("ide{}", i),
                             {Piix3Ide::command_block_base[i], IdeChannel::command_block_ports},
                             ide.channel(i).command_block()));
        TRY_STATUS(map_ports(fmt::format("ide{}.control", i),
                             {Piix3Ide::control_block_base[i], IdeChannel::control_block_ports},
                             ide.channel(i).control_block()));
    }
    return wiring_.pci.add(ide, 1, 1);
}

} // namespace

Status add_storage(const StorageWiring& wiring) {
    Storage storage(wiring);
    TRY_STATUS(storage.add_floppies());
    return storage.add_drives();
}

} // namespace orrery::pc
