// What a riscv-virt board finds in its memory when it is switched on: the reset code in the boot ROM, the firmware, the
// kernel with its initrd, and the device tree. Read from the files anew at every reset, so that nothing of them has to
// be kept twice.
#pragma once

#include "devices/firmware/fw_cfg.hpp"
#include "machine/boards/riscv_virt.hpp"
#include "machine/fabric/ram.hpp"

namespace orrery::riscv_virt {

class Boot {
public:
    Boot(Machine& machine, const BoardOptions& options, Ram& boot_rom, FwCfg& fw_cfg)
        : machine_(machine), options_(options), boot_rom_(boot_rom), fw_cfg_(fw_cfg) {}

    // Empties RAM and loads everything. Errors name the option and file at fault.
    Status load();

private:
    struct Range {
        u64 first = 0, end = 0;
    };

    Status load_firmware();
    Status load_kernel();
    Status load_initrd();
    Status load_device_tree();
    void write_boot_rom();
    Status put(u64 address, std::span<const u8> bytes, std::string_view what);
    [[nodiscard]] u64 ram_end() const { return 0x8000'0000 + options_.memory_bytes; }

    Machine& machine_;
    const BoardOptions options_;
    Ram& boot_rom_;
    FwCfg& fw_cfg_;

    u64 entry_ = 0;      // where the harts go from the boot ROM
    u64 next_entry_ = 0; // where the firmware goes
    u64 loaded_end_ = 0; // behind the last byte of firmware and kernel
    Range initrd_;
    u64 device_tree_ = 0;
};

} // namespace orrery::riscv_virt
