// The host bridge of a PC: Intel's 82441FX ("440FX PCIset", May 1996, order 290549) or the Q35 MCH ("3 Series Express
// Chipset", order 316966). What matters of either is how memory below 1 MiB is decoded (PAM, SMRAM), and on the Q35
// where configuration space is mapped. There is no system management mode, so SMRAM shows only when it is opened.
#pragma once

#include "devices/pci/device.hpp"
#include "devices/pci/shadow_map.hpp"

namespace orrery {

// Where one chipset has its registers.
struct PcHostBridgeModel {
    std::string_view type;
    PciIdentity identity;
    u8 pam = 0; // seven bytes
    u8 smram = 0;
    u8 pciexbar = 0; // eight bytes; 0: none
};

extern const PcHostBridgeModel i440fx_host_bridge;
extern const PcHostBridgeModel q35_host_bridge;

class PcHostBridge final : public PciDevice {
public:
    PcHostBridge(std::string name, const PcHostBridgeModel& model, ShadowMap& shadow);

    void write_config(u32 offset, u32 value, Width width) override;

    [[nodiscard]] std::string_view type() const override { return model_.type; }
    void reset() override;
    void restored() override;

private:
    void keep_smram_lock(u8 before);
    void apply();
    void place_ecam();

    // Configuration
    const PcHostBridgeModel& model_;

    // Wiring
    ShadowMap& shadow_;
};

} // namespace orrery
