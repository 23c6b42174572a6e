// An ATAPI CD-ROM drive (ATA/ATAPI-6's PACKET feature set; commands of MMC-3, T10/1363-D, here "MMC") over a Disk that
// holds one data track of 2048-byte blocks, as an ISO 9660 image does. The medium may be absent and may change.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "devices/storage/ata_drive.hpp"
#include "devices/storage/disk.hpp"

namespace orrery {

class AtapiCdrom final : public AtaDrive {
public:
    static constexpr u64 block_size = 2048;

    struct Configuration {
        std::string serial = "ORRERY0002";
        bool serial_wire = false;
    };

    // `medium` may be null: the tray is empty. Its content belongs to the machine's state.
    AtapiCdrom(std::string name, Configuration configuration, Disk* medium);

    // From outside, machine lock held: another medium, or none, whatever the guest has locked; the button at the front.
    void change_medium(Disk* medium);
    void press_eject();
    [[nodiscard]] bool tray_open() const { return drive_.tray_open; }
    [[nodiscard]] bool locked() const { return drive_.locked; }

    [[nodiscard]] bool begins_at_once(u8 command) const override;
    void place_signature() override;

    [[nodiscard]] std::string_view type() const override { return "atapi-cdrom"; }
    void state(StateVisitor& visitor) override;

private:
    using Packet = std::span<const u8, packet_bytes>;
    using Bytes = std::vector<u8>;
    // A sense key and what it is about
    struct Sense {
        u8 key = 0;
        u8 code = 0;
        u8 qualifier = 0;
        static constexpr void fields(auto& s, auto&& f) {
            f("key", s.key);
            f("code", s.code);
            f("qualifier", s.qualifier);
        }
    };
    enum class MediaEvent : u8 { none = 0, eject_request = 1, new_media = 2, media_removal = 3 };
    struct Drive {
        Sense sense;
        Sense attention; // to be told before the next command, unless its key is 0
        bool tray_open = false;
        bool locked = false;
        MediaEvent event = MediaEvent::none;
        bool packet_uses_dma = false;
        u16 byte_count_limit = 0;
        u8 dma_mode = 0x45;
        static constexpr void fields(auto& s, auto&& f) {
            f("sense", s.sense);
            f("attention", s.attention);
            f("tray_open", s.tray_open);
            f("locked", s.locked);
            f("event", s.event);
            f("packet_uses_dma", s.packet_uses_dma);
            f("byte_count_limit", s.byte_count_limit);
            f("dma_mode", s.dma_mode);
        }
    };
    struct PacketCommand {
        u8 code;
        void (AtapiCdrom::*run)(Packet);
        bool needs_medium;
        bool before_attention; // runs although the drive has an attention to tell (SPC-2, unit attention)
    };
    static const PacketCommand packet_commands[];

    // AtaDrive
    void command(u8 code) override;
    void set_power_on_values() override;
    void packet_received(Packet packet) override;
    void block_ready() override;
    void complete() override;
    void fail(u8 error) override;
    Status read_medium(u64 offset, std::span<const iovec> pieces) override;
    Status write_medium(u64, std::span<const iovec>) override { return error("a CD-ROM is never written"); }
    void medium_failed(u64 offset, bool writing) override;
    [[nodiscard]] u64 medium_bytes() const override { return blocks() * block_size; }

    void start_packet();
    void set_features();
    void abort_with_signature();
    void check_condition(Sense sense);
    void reply(const Bytes& bytes, u64 allocation_length);
    void read_blocks(u64 first, u64 count);
    [[nodiscard]] bool ready() const { return medium_ != nullptr && !drive_.tray_open; }
    [[nodiscard]] u64 blocks() const;
    [[nodiscard]] u32 block_limit() const;

    // atapi_commands.cpp: one function a command of MMC or SPC-2
    void test_unit_ready(Packet);
    void request_sense(Packet packet);
    void inquiry(Packet packet);
    void start_stop_unit(Packet packet);
    void prevent_allow(Packet packet);
    void read_capacity(Packet);
    void read_10(Packet packet);
    void read_12(Packet packet);
    void read_cd(Packet packet);
    void seek_10(Packet packet);
    void read_sub_channel(Packet packet);
    void read_toc(Packet packet);
    void get_configuration(Packet packet);
    void get_event_status(Packet packet);
    void read_disc_information(Packet packet);
    void mechanism_status(Packet packet);
    void mode_sense_6(Packet packet);
    void mode_sense_10(Packet packet);

    [[nodiscard]] Bytes toc_of_tracks(bool msf, u8 first_track) const;
    [[nodiscard]] Bytes toc_of_sessions(bool msf) const;
    [[nodiscard]] Bytes full_toc() const;
    bool put_mode_pages(Packet packet, Bytes& out) const;
    [[nodiscard]] u8 medium_type() const;
    [[nodiscard]] bool holds_dvd() const;
    [[nodiscard]] std::array<u16, 256> identity() const;

    // Configuration
    const Configuration configuration_;

    // Wiring
    Disk* medium_;

    // State, besides that of every drive
    Drive drive_;
};

} // namespace orrery
