#include "machine/boards/pc_boot_order.hpp"

#include <algorithm>
#include <tuple>

namespace orrery::pc {
namespace {

constexpr BootKind usual_order[] = {BootKind::disk, BootKind::cdrom, BootKind::floppy, BootKind::net};

} // namespace

// What the options don't name comes behind, in the usual order.
std::size_t BootOrder::rank(BootKind kind) const {
    const auto named = std::ranges::find(options_.order, kind);
    if (named != options_.order.end()) return static_cast<std::size_t>(named - options_.order.begin());
    return options_.order.size() + static_cast<std::size_t>(std::ranges::find(usual_order, kind) - usual_order);
}

void BootOrder::add(BootKind kind, std::size_t number, std::string path) {
    entries_.push_back({kind, number, "/pci@i0cf8/" + std::move(path)});
}

Status BootOrder::tell(FwCfg& fw_cfg) const {
    if (options_.menu_wait_ms) {
        const u16 wait_ms = *options_.menu_wait_ms;
        fw_cfg.add_u16(FwCfg::boot_menu, 1);
        TRY_STATUS(fw_cfg.add_file("etc/boot-menu-wait", {static_cast<u8>(wait_ms), static_cast<u8>(wait_ms >> 8)}));
    }
    if (entries_.empty()) return {};
    auto sorted = entries_;
    std::ranges::sort(sorted, {}, [this](const Entry& entry) { return std::tuple(rank(entry.kind), entry.number); });
    std::vector<u8> text;
    for (const Entry& entry : sorted) {
        if (!text.empty()) text.push_back('\n');
        text.insert(text.end(), entry.path.begin(), entry.path.end());
    }
    text.push_back(0);
    return fw_cfg.add_file("bootorder", std::move(text));
}

} // namespace orrery::pc
