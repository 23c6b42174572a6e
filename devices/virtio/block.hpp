// The virtio block device (VirtIO 1.2, 5.2): one queue, over a Disk.
#pragma once

#include "devices/storage/disk.hpp"
#include "devices/virtio/device.hpp"

namespace orrery {

class VirtioBlock final : public VirtioDevice {
public:
    // `serial` is what the guest reads as the disk's ID, of which it sees 20 characters.
    VirtioBlock(std::string name, const VirtioWiring& wiring, Disk& disk, std::string serial);

    [[nodiscard]] std::string_view type() const override { return "virtio-blk"; }

private:
    // 5.2.4 Device configuration layout, up to the write zeroes limits.
    struct Config {
        u64 capacity_sectors = 0;
        u32 size_max = 0;
        u32 seg_max = 0;
        u16 cylinders = 0;
        u8 heads = 0;
        u8 sectors = 0;
        u32 blk_size = sector_bytes;
        u8 physical_block_exp = 0;
        u8 alignment_offset = 0;
        u16 min_io_size = 0;
        u32 opt_io_size = 0;
        u8 writeback = 0;
        u8 unused0 = 0;
        u16 num_queues = 1;
        u32 max_discard_sectors = 0;
        u32 max_discard_seg = 0;
        u32 discard_sector_alignment = 0;
        u32 max_write_zeroes_sectors = 0;
        u32 max_write_zeroes_seg = 0;
        u8 write_zeroes_may_unmap = 0;
        std::array<u8, 3> unused1{};
    };
    static_assert(sizeof(Config) == 64); // 60 and the tail padding
    enum class Answer : u8 { ok = 0, io_error = 1, unsupported = 2 };

    [[nodiscard]] u64 own_features() const override;
    [[nodiscard]] std::span<const u8> config() const override;
    void queue_notified(u32 index) override;
    void device_state(StateVisitor& visitor) override { disk_.state(visitor); }

    std::optional<u32> handle(Chain& chain);
    Answer execute(u32 request_type, u64 sector, Chain& chain);
    Answer transfer(u64 sector, Chain& chain, bool to_disk);
    Answer give_id(Chain& chain);
    Answer clear_range(Chain& chain, bool zeroes);
    [[nodiscard]] bool on_disk(u64 sector, u64 size) const;
    Answer answer(const Status& result, const char* what);

    Disk& disk_;
    std::string serial_;
    Config config_;
    std::vector<iovec> pieces_;
};

} // namespace orrery
