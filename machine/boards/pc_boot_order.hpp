// The order in which firmware is to try what it may start: fw_cfg's "bootorder", a line for each device with its path as
// IEEE 1275 would name it (QEMU's get_boot_devices_list; our BIOS, SeaBIOS and EDK2 read it), and whether it offers a
// menu.
#pragma once

#include <string>
#include <vector>

#include "devices/firmware/fw_cfg.hpp"
#include "machine/boards/board.hpp"

namespace orrery::pc {

class BootOrder {
public:
    explicit BootOrder(const BootOptions& options) : options_(options) {}

    // The device at `path` on the PCI bus, which is the `number`th of its kind.
    void add(BootKind kind, std::size_t number, std::string path);
    // Once all are added.
    Status tell(FwCfg& fw_cfg) const;

private:
    struct Entry {
        BootKind kind;
        std::size_t number;
        std::string path;
    };
    [[nodiscard]] std::size_t rank(BootKind kind) const;

    const BootOptions& options_;
    std::vector<Entry> entries_;
};

} // namespace orrery::pc
