// An ATA hard disk over a Disk: the general, 48-bit, multiple, DMA, flush, power and, on a serial wire, the queued
// commands of ATA/ATAPI-6 (T13/1410D) and ATA/ATAPI-7, TRIM of ATA8-ACS; CHS, 28-bit and 48-bit addresses.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "devices/storage/ata_drive.hpp"
#include "devices/storage/disk.hpp"

namespace orrery {

class AtaDisk final : public AtaDrive {
public:
    static constexpr u32 most_multiple_sectors = 16;
    static constexpr u32 heads = 16, sectors_per_track = 63; // of the default translation (ATA-5, annex C)

    struct Configuration {
        std::string serial = "ORRERY0001";
        bool serial_wire = false; // SATA: queued commands, the words and logs that tell of them
    };

    AtaDisk(std::string name, Configuration configuration, Disk& disk);

    [[nodiscard]] bool begins_at_once(u8 command) const override;
    void place_signature() override;

    [[nodiscard]] std::string_view type() const override { return "ata-disk"; }
    void state(StateVisitor& visitor) override;
    void restored() override;

private:
    using Words = std::array<u16, 256>;
    struct Access {
        bool write;
        bool ext;
        bool dma;
        bool multiple;
        bool through_cache; // FUA
    };
    struct Location {
        u64 lba;
        u64 sectors;
    };
    // What a queued command failed with, until it is read from log 10h (ATA/ATAPI-7, READ LOG EXT).
    struct QueuedError {
        bool present = false;
        u8 tag = 0;
        u8 error = 0;
        u64 lba = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("present", s.present);
            f("tag", s.tag);
            f("error", s.error);
            f("lba", s.lba);
        }
    };
    struct Settings {
        u8 multiple_sectors = 0; // 0: SET MULTIPLE MODE has not been given
        u8 heads = AtaDisk::heads;
        u8 sectors_per_track = AtaDisk::sectors_per_track;
        bool write_cache = true;
        bool look_ahead = true;
        u8 dma_mode = 0x45; // as SET FEATURES 03h names modes: 20h + multiword mode, 40h + Ultra DMA mode
        u8 power = 0xff;    // as CHECK POWER MODE tells it
        bool asleep = false;
        u8 command = 0;
        bool flush_after = false;
        QueuedError queued_error;
        static constexpr void fields(auto& s, auto&& f) {
            f("multiple_sectors", s.multiple_sectors);
            f("heads", s.heads);
            f("sectors_per_track", s.sectors_per_track);
            f("write_cache", s.write_cache);
            f("look_ahead", s.look_ahead);
            f("dma_mode", s.dma_mode);
            f("power", s.power);
            f("asleep", s.asleep);
            f("command", s.command);
            f("flush_after", s.flush_after);
            f("queued_error", s.queued_error);
        }
    };

    void command(u8 code) override;
    void set_power_on_values() override { settings_ = {}; }
    void data_received() override;
    void transfer_done() override;
    void fail(u8 error) override;
    Status read_medium(u64 offset, std::span<const iovec> pieces) override { return disk_.read(offset, pieces); }
    Status write_medium(u64 offset, std::span<const iovec> pieces) override { return disk_.write(offset, pieces); }
    void medium_failed(u64 offset, bool writing) override;
    [[nodiscard]] u64 medium_bytes() const override { return sectors_ * sector_bytes; }

    static std::optional<Access> access_of(u8 code);
    bool data_command(u8 code);
    bool control_command(u8 code);
    bool power_command(u8 code);
    void access(const Access& access);
    void queued_access(bool write);
    void verify(bool ext);
    void flush();
    void initialize_parameters();
    void set_multiple();
    void set_features();
    void set_transfer_mode(u8 mode);
    void read_native_max(bool ext);
    void read_log();
    void trim();

    // Where a command goes, and how many sectors it takes; IDNF and empty if it isn't on the disk.
    std::optional<Location> locate(bool ext);
    [[nodiscard]] std::optional<u64> first_sector(bool ext) const;
    [[nodiscard]] bool on_disk(u64 lba, u64 sectors) const { return lba < sectors_ && sectors <= sectors_ - lba; }
    void show_address(u64 lba);
    [[nodiscard]] u32 cylinders(u32 of_heads, u32 of_sectors) const;
    [[nodiscard]] Words identity() const; // ata_identity.cpp

    // Configuration
    const Configuration configuration_;
    const u64 sectors_;

    // Wiring
    Disk& disk_;

    // State, besides that of every drive
    Settings settings_;
};

} // namespace orrery
