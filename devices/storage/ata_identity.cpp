// The answers to IDENTIFY DEVICE (ATA/ATAPI-6 8.15, and its successors); every figure is the index of a word.
#include "devices/storage/ata_identity.hpp"

#include <algorithm>

#include "devices/storage/ata_disk.hpp"

namespace orrery {
namespace ata {

void put_text(IdentityWords& identity, u32 first, u32 words, std::string_view text) {
    for (u32 i = 0; i < words * 2; ++i) {
        const u16 character = static_cast<u8>(i < text.size() ? text[i] : ' ');
        u16& word = identity[first + i / 2];
        word = static_cast<u16>(i % 2 == 0 ? character << 8 : word | character);
    }
}

void put_transfer_modes(IdentityWords& identity, u8 dma_mode, bool serial_wire) {
    const u16 chosen = static_cast<u16>(1U << (dma_mode & 7));
    identity[53] = 0x0006; // words 64 to 70 and 88 are valid
    identity[63] = static_cast<u16>(0x0007 | (dma_mode >> 3 == 4 ? chosen << 8 : 0));
    identity[64] = 0x0003;                                                              // PIO modes 3 and 4
    for (const u32 cycle_time_ns : {65U, 66U, 67U, 68U}) identity[cycle_time_ns] = 120; // of multiword and PIO modes
    identity[80] = serial_wire ? 0x00f0 : 0x0070;                                       // ATA/ATAPI-4 to -6, or -7
    const u32 ultra_modes = serial_wire ? 0x7f : 0x3f;
    identity[88] = static_cast<u16>(ultra_modes | (dma_mode >> 3 == 8 ? static_cast<u32>(chosen) << 8 : 0));
    if (!serial_wire) {
        identity[93] = 0x6001; // the cable has 80 conductors
        return;
    }
    identity[75] = 31;     // the deepest queue, less one
    identity[76] = 0x0106; // queued commands; generations 1 and 2
    identity[78] = 0;
}

void put_integrity(IdentityWords& identity) {
    u8 sum = 0xa5;
    for (u32 i = 0; i < 255; ++i) sum = static_cast<u8>(sum + identity[i] + (identity[i] >> 8));
    identity[255] = static_cast<u16>(0xa5 | static_cast<u8>(-sum) << 8);
}

} // namespace ata

u32 AtaDisk::cylinders(u32 of_heads, u32 of_sectors) const {
    const u64 a_cylinder = u64{of_heads} * of_sectors;
    return a_cylinder == 0 ? 0 : static_cast<u32>(std::min<u64>(sectors_ / a_cylinder, 16383));
}

AtaDisk::Words AtaDisk::identity() const {
    Words w{};
    w[0] = 0x0040; // a fixed device
    w[1] = static_cast<u16>(cylinders(heads, sectors_per_track));
    w[3] = heads;
    w[6] = sectors_per_track;
    ata::put_text(w, 10, 10, configuration_.serial);
    ata::put_text(w, 23, 4, "1.0");
    ata::put_text(w, 27, 20, "ORRERY HARDDISK");
    w[47] = 0x8000 | most_multiple_sectors;
    w[49] = 0x2f00; // standard standby timer, IORDY (may be disabled), LBA, DMA
    w[50] = 0x4000;
    ata::put_transfer_modes(w, settings_.dma_mode, configuration_.serial_wire);
    w[53] |= 0x0001; // words 54 to 58 are valid
    const u32 current_cylinders = cylinders(settings_.heads, settings_.sectors_per_track);
    const u32 current_sectors = current_cylinders * settings_.heads * settings_.sectors_per_track;
    w[54] = static_cast<u16>(current_cylinders);
    w[55] = settings_.heads;
    w[56] = settings_.sectors_per_track;
    w[57] = static_cast<u16>(current_sectors);
    w[58] = static_cast<u16>(current_sectors >> 16);
    if (settings_.multiple_sectors != 0) w[59] = 0x0100 | settings_.multiple_sectors;
    const u64 lba28 = std::min<u64>(sectors_, 0x0fff'ffff);
    w[60] = static_cast<u16>(lba28);
    w[61] = static_cast<u16>(lba28 >> 16);
    w[69] = 0x0000;
    w[82] = 0x4068; // NOP, look-ahead, write cache, power management
    w[83] = 0x7400; // FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses
    w[84] = static_cast<u16>(0x4040 | (configuration_.serial_wire ? 0x0020 : 0)); // FUA; general purpose logs
    w[85] = static_cast<u16>(0x4008 | (settings_.write_cache ? 0x20 : 0) | (settings_.look_ahead ? 0x40 : 0));
    w[86] = 0x3400;
    w[87] = w[84];
    for (u32 i = 0; i < 4; ++i) w[100 + i] = static_cast<u16>(sectors_ >> (i * 16));
    if (!disk_.read_only()) {
        w[105] = 8; // blocks of ranges that DATA SET MANAGEMENT takes
        w[169] = 1; // TRIM
    }
    w[217] = 1; // nothing turns
    ata::put_integrity(w);
    return w;
}

} // namespace orrery
