#include "machine/boards/riscv_virt_boot.hpp"

#include <algorithm>
#include <cstring>

#include "bios/riscv/firmware.hpp"
#include "bios/tables/device_tree.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/riscv_virt_device_tree.hpp"
#include "machine/boards/riscv_virt_map.hpp"
#include "machine/loader/file.hpp"
#include "machine/loader/kernel_image.hpp"

namespace orrery::riscv_virt {
namespace {

// A flat kernel wants to lie at a multiple of this (Documentation/arch/riscv/boot.rst); firmware is below it.
constexpr u64 kernel_alignment = 2 * MiB;
// The device tree goes to the end of RAM, or here if RAM reaches further: within what any firmware can address.
constexpr u64 device_tree_ceiling = 0xc000'0000;
constexpr u64 device_tree_alignment = 2 * MiB;
constexpr u64 device_tree_room = 2 * device_tree_alignment;
constexpr u64 initrd_distance = 512 * MiB;

constexpr u64 align_up(u64 value, u64 alignment) { return (value + alignment - 1) / alignment * alignment; }

// OpenSBI's FW_DYNAMIC hand-over (its fw_dynamic.h), which our firmware takes as well.
struct DynamicInfo {
    u64 magic = 0x4942'534f; // "OSBI"
    u64 version = 2;
    u64 next_address = 0;
    u64 next_mode = 1; // supervisor
    u64 options = 0;
    u64 boot_hart = 0;
};

// What a hart executes first: a0 = its number, a1 = the device tree, a2 = the hand-over, and on to the firmware.
struct BootCode {
    std::array<u32, 6> instructions{
        0x0000'0297, // auipc t0, 0
        0x0282'8613, // addi  a2, t0, 40
        0xf140'2573, // csrr  a0, mhartid
        0x0202'b583, // ld    a1, 32(t0)
        0x0182'b283, // ld    t0, 24(t0)
        0x0002'8067, // jr    t0
    };
    u64 entry = 0;
    u64 device_tree = 0;
    DynamicInfo info;
};
static_assert(offsetof(BootCode, entry) == 24 && offsetof(BootCode, device_tree) == 32 &&
              offsetof(BootCode, info) == 40);

Error at_option(const Error& error, std::string_view option) { return error.in(option); }

} // namespace

Status Boot::put(u64 address, std::span<const u8> bytes, std::string_view what) {
    if (address < ram_base || address > ram_end() || bytes.size() > ram_end() - address)
        return error("{} needs {:#x} to {:#x}, but memory is {:#x} to {:#x}; give more with --memory", what, address,
                     address + bytes.size(), ram_base, ram_end());
    if (!machine_.memory().write_memory({address}, bytes)) return error("{} can't be put at {:#x}", what, address);
    return {};
}

Status Boot::load() {
    for (const auto& ram : machine_.rams()) {
        if (ram->name() != "ram") continue;
        ram->clear();
        machine_.memory().ram_written(*ram, 0, ram->size_bytes());
    }
    entry_ = next_entry_ = device_tree_ = 0;
    loaded_end_ = ram_base;
    initrd_ = {};
    TRY_STATUS(load_firmware());
    TRY_STATUS(load_kernel());
    TRY_STATUS(load_initrd());
    TRY_STATUS(load_device_tree());
    write_boot_rom();
    return {};
}

Status Boot::load_firmware() {
    entry_ = ram_base;
    if (options_.bios_none) return {};
    if (!options_.bios) {
        loaded_end_ = ram_base + bios::riscv_firmware_reserved_bytes;
        return put(ram_base, bios::riscv_firmware(), "the built-in firmware");
    }
    auto firmware = read_firmware(*options_.bios, elf_machine_riscv, options_.memory_bytes);
    if (!firmware) return std::unexpected(at_option(firmware.error(), "--bios"));
    if (firmware->kind == KernelImage::Kind::flat) {
        loaded_end_ = ram_base + firmware->flat.size();
        return put(ram_base, firmware->flat, "the firmware given with --bios");
    }
    entry_ = firmware->entry;
    for (const LoadSegment& segment : firmware->segments) {
        TRY_STATUS(put(segment.address, segment.bytes, "the firmware given with --bios"));
        loaded_end_ = std::max(loaded_end_, segment.address + segment.memory_bytes);
    }
    return {};
}

Status Boot::load_kernel() {
    if (!options_.kernel) {
        // Firmware in flash, such as EDK2, is what the built-in SBI firmware then starts.
        if (!options_.flash.empty()) next_entry_ = flash.base;
        if (options_.bios_none) entry_ = next_entry_;
        if (options_.bios || !options_.flash.empty()) return {};
        return error("there is nothing to run: name a kernel with --kernel FILE, or firmware with --bios or --flash");
    }
    // Firmware of the user's own may start something that isn't a kernel, such as a flat U-Boot.
    auto kernel = options_.bios ? read_firmware(*options_.kernel, elf_machine_riscv, options_.memory_bytes)
                                : read_kernel(*options_.kernel, elf_machine_riscv, options_.memory_bytes);
    if (!kernel) return std::unexpected(at_option(kernel.error(), "--kernel"));
    if (kernel->kind == KernelImage::Kind::flat) {
        const u64 base = options_.bios_none ? ram_base : align_up(ram_base + 1, kernel_alignment);
        const u64 offset = options_.bios_none ? 0 : std::max(kernel->text_offset, kernel_alignment) - kernel_alignment;
        next_entry_ = base + offset;
        loaded_end_ = std::max(loaded_end_, next_entry_ + std::max<u64>(kernel->image_size, kernel->flat.size()));
        TRY_STATUS(put(next_entry_, kernel->flat, "the kernel"));
    } else {
        next_entry_ = kernel->entry;
        for (const LoadSegment& segment : kernel->segments) {
            TRY_STATUS(put(segment.address, segment.bytes, "the kernel"));
            loaded_end_ = std::max(loaded_end_, segment.address + segment.memory_bytes);
        }
    }
    if (options_.bios_none) entry_ = next_entry_;
    return {};
}

Status Boot::load_initrd() {
    if (!options_.initrd) return {};
    auto bytes = read_file(*options_.initrd, options_.memory_bytes, "the initrd");
    if (!bytes) return std::unexpected(at_option(bytes.error(), "--initrd"));
    // Well above the kernel where there is room: firmware may put a copy of the device tree closely behind it.
    const u64 distant =
        ram_base + std::min(options_.memory_bytes / 2, initrd_distance) / kernel_alignment * kernel_alignment;
    const u64 behind_kernel = align_up(loaded_end_, kernel_alignment);
    const bool room = distant > behind_kernel && distant + bytes->size() + device_tree_room <= ram_end();
    initrd_.first = room ? distant : behind_kernel;
    initrd_.end = initrd_.first + bytes->size();
    loaded_end_ = initrd_.end;
    return put(initrd_.first, *bytes, "the initrd");
}

Status Boot::load_device_tree() {
    constexpr u32 growth = bios::riscv_firmware_device_tree_growth_bytes + 3 * KiB;
    std::vector<u8> tree;
    if (options_.device_tree) {
        const auto blob = read_file(*options_.device_tree, MiB, "the device tree");
        if (!blob) return std::unexpected(at_option(blob.error(), "--dtb"));
        auto adapted = bios::adapt_device_tree(*blob, growth, options_.kernel_arguments, initrd_.first, initrd_.end);
        if (!adapted) return std::unexpected(adapted.error().in(*options_.device_tree).in("--dtb"));
        tree = std::move(*adapted);
    } else {
        DeviceTreeOptions options{.harts = options_.cpus,
                                  .memory_bytes = options_.memory_bytes,
                                  .hart = {},
                                  .kernel_arguments = options_.kernel_arguments,
                                  .initrd_first = initrd_.first,
                                  .initrd_end = initrd_.end,
                                  .random_seed = boot_random_seed(options_, 32)};
        tree = TRY(device_tree(options, growth));
    }
    const u64 ceiling = std::min(ram_end(), device_tree_ceiling);
    device_tree_ = (ceiling - tree.size()) / device_tree_alignment * device_tree_alignment;
    if (device_tree_ < loaded_end_)
        return error(
            "the kernel and initrd fill the memory up to {:#x}, no room is left for the device tree; give more "
            "with --memory",
            loaded_end_);
    return put(device_tree_, tree, "the device tree");
}

void Boot::write_boot_rom() {
    BootCode code;
    code.entry = entry_;
    code.device_tree = device_tree_;
    code.info.next_address = next_entry_;
    std::memcpy(boot_rom_.host(), &code, sizeof code);
    machine_.memory().ram_written(boot_rom_, 0, sizeof code);

    fw_cfg_.add_u64(FwCfg::ram_size, options_.memory_bytes);
    fw_cfg_.add_u16(FwCfg::cpu_count, static_cast<u16>(options_.cpus));
    fw_cfg_.add_u16(FwCfg::max_cpus, static_cast<u16>(options_.cpus));
}

} // namespace orrery::riscv_virt
