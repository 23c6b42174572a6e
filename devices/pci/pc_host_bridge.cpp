#include "devices/pci/pc_host_bridge.hpp"

namespace orrery {
namespace {

constexpr u32 pam_registers = 7;

// 440FX, PAM: a nibble for each segment, the upper one of the first register for F0000h.
constexpr u8 pam_read = 1;
constexpr u8 pam_write = 2;
constexpr u8 pam_writable = 0x33;

// 440FX, SMRAM: the segment is fixed at A0000h.
namespace smram_bit {
enum : u8 {
    segment = 0x02,
    enable = 0x08,
    lock = 0x10,
    closed = 0x20,
    open = 0x40,
    writable = enable | lock | closed | open,
};
}

// 3 Series, PCIEXBAR
constexpr u64 pciexbar_writable = 0xf'fc00'0007;
constexpr u64 pciexbar_initial = 0xe000'0000;
constexpr u64 pciexbar_enable = 1;

// Registers of the 440FX that software sets and nothing here looks at: offset, length.
struct Plain {
    u8 offset;
    u8 size_bytes;
};
constexpr Plain i440fx_plain[] = {{0x50, 4}, {0x57, 2}, {0x60, 8}, {0x68, 1}, {0x70, 2}, {0x90, 3}};

} // namespace

// The subsystem is QEMU's, by which firmware knows a machine that has fw_cfg.
const PcHostBridgeModel i440fx_host_bridge{.type = "i440fx-host-bridge",
                                           .identity = {.vendor_id = 0x8086,
                                                        .device_id = 0x1237,
                                                        .revision = 2,
                                                        .class_code = 0x060000,
                                                        .subsystem_vendor_id = 0x1af4,
                                                        .subsystem_id = 0x1100},
                                           .pam = 0x59,
                                           .smram = 0x72};

const PcHostBridgeModel q35_host_bridge{.type = "q35-host-bridge",
                                        .identity = {.vendor_id = 0x8086,
                                                     .device_id = 0x29c0,
                                                     .class_code = 0x060000,
                                                     .subsystem_vendor_id = 0x1af4,
                                                     .subsystem_id = 0x1100},
                                        .pam = 0x90,
                                        .smram = 0x9d,
                                        .pciexbar = 0x60};

PcHostBridge::PcHostBridge(std::string name, const PcHostBridgeModel& model, ShadowMap& shadow)
    : PciDevice(std::move(name), model.identity), model_(model), shadow_(shadow) {
    pci::ConfigSpace& config = config_space();
    for (u32 i = 0; i < pam_registers; ++i)
        config.define<u8>(model.pam + i, 0, i == 0 ? pam_writable & 0xf0 : pam_writable);
    config.define<u8>(model.smram, smram_bit::segment, smram_bit::writable);
    if (model.pciexbar != 0) {
        config.define<u64>(model.pciexbar, pciexbar_initial, pciexbar_writable);
    } else {
        for (const Plain& plain : i440fx_plain)
            for (u32 i = 0; i < plain.size_bytes; ++i) config.define<u8>(plain.offset + i, 0, 0xff);
    }
    config.reset();
    apply();
}

void PcHostBridge::write_config(u32 offset, u32 value, Width width) {
    const u8 smram = config_space().get<u8>(model_.smram);
    PciDevice::write_config(offset, value, width);
    keep_smram_lock(smram);
    apply();
    place_ecam();
}

// Locked, it stays closed until the next reset (440FX, SMRAM).
void PcHostBridge::keep_smram_lock(u8 before) {
    u8 now = config_space().get<u8>(model_.smram);
    if (before & smram_bit::lock) now = before;
    if (now & smram_bit::lock) now = static_cast<u8>(now & ~smram_bit::open);
    config_space().set<u8>(model_.smram, now);
}

void PcHostBridge::apply() {
    const auto segment = [&](u32 nibble) {
        const u8 pam = config_space().get<u8>(model_.pam + nibble / 2);
        const u32 bits = nibble % 2 ? pam >> 4 : pam;
        return ShadowMap::Segment{.reads_ram = (bits & pam_read) != 0, .writes_ram = (bits & pam_write) != 0};
    };
    ShadowMap::Segments segments;
    // Nibble 0 is reserved, nibble 1 is F0000h, the others follow from C0000h on.
    for (u32 i = 0; i + 1 < segments.size(); ++i) segments[i] = segment(i + 2);
    segments.back() = segment(1);
    const u8 smram = config_space().get<u8>(model_.smram);
    const u8 shown = smram_bit::enable | smram_bit::open;
    shadow_.set(segments, (smram & shown) == shown && (smram & smram_bit::closed) == 0);
}

void PcHostBridge::place_ecam() {
    if (model_.pciexbar == 0 || !bus()) return;
    const u64 value = config_space().get<u64>(model_.pciexbar);
    static constexpr u64 sizes[] = {256 * MiB, 128 * MiB, 64 * MiB, 0};
    const u64 size_bytes = (value & pciexbar_enable) ? sizes[value >> 1 & 3] : 0;
    if (size_bytes == 0)
        bus()->place_ecam({}, 0);
    else
        bus()->place_ecam({value & pciexbar_writable & ~(size_bytes - 1)}, size_bytes);
}

void PcHostBridge::reset() {
    PciDevice::reset();
    apply();
    place_ecam();
}

void PcHostBridge::restored() {
    apply();
    place_ecam();
}

} // namespace orrery
