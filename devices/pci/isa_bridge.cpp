#include "devices/pci/isa_bridge.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_route{"pci.route"};

// PIIX, PIRQRC; ICH9, PIRQn_ROUT
constexpr u8 route_writable = 0x8f;
constexpr u8 route_disabled = 0x80;
constexpr u16 routable_irqs = 0xdef8; // not 0, 1, 2, 8 and 13

// PIIX, RC (reset control)
constexpr u8 reset_cpu = 0x04;
constexpr u8 reset_writable = 0x06;

// ICH9, PMBASE and ACPI_CNTL
constexpr u32 pm_base = 0x40;
constexpr u16 pm_base_writable = 0xff80;
constexpr u64 pm_ports = 0x40; // the rest of its 128 is for system management interrupts
constexpr u32 acpi_control = 0x44;
constexpr u8 acpi_enable = 0x80;

// ICH9, PORT92
constexpr u8 fast_reset = 0x01;
constexpr u8 fast_a20 = 0x02;

struct Plain {
    u8 offset;
    u8 initial;
    u8 writable;
};

// Registers that software sets and nothing here looks at.
constexpr Plain piix3_plain[] = {{0x4c, 0x4d, 0xff}, {0x4e, 0x03, 0xff}, {0x4f, 0x00, 0x01}, {0x69, 0x02, 0xfe},
                                 {0x6a, 0x00, 0xff}, {0x70, 0x80, 0xff}, {0x76, 0x0c, 0x8f}, {0x77, 0x0c, 0x8f},
                                 {0x80, 0x00, 0x7f}, {0x82, 0x00, 0x0f}, {0xa0, 0x08, 0x1f}};
constexpr Plain ich9_plain[] = {{0x40, 0x01, 0x80}, {0x41, 0x00, 0xff}, {0x44, 0x00, 0x87}, {0x48, 0x01, 0x80},
                                {0x49, 0x00, 0xff}, {0x4c, 0x00, 0x13}, {0x64, 0x10, 0xff}, {0x80, 0x00, 0x77},
                                {0x82, 0x00, 0x0f}, {0x83, 0x00, 0x3f}, {0xa0, 0x00, 0xff}, {0xa1, 0x00, 0xff},
                                {0xdc, 0x08, 0x03}, {0xf0, 0x00, 0x01}, {0xf1, 0x00, 0xc0}, {0xf2, 0x00, 0xff},
                                {0xf3, 0x00, 0xff}};

constexpr bool is_piix3(const IsaBridgeModel& model) { return model.line_count == 4; }

} // namespace

// The boards of the time, and QEMU's, turn the pins by one for each slot, with INTA of slot 1 at PIRQA.
const IsaBridgeModel piix3_isa_bridge{.type = "piix3-isa-bridge",
                                      .identity = {.vendor_id = 0x8086,
                                                   .device_id = 0x7000,
                                                   .class_code = 0x060100,
                                                   .subsystem_vendor_id = 0x1af4,
                                                   .subsystem_id = 0x1100},
                                      .line_count = 4,
                                      .registers = {0x60, 0},
                                      .line_of = [](u32 slot, u32 pin) { return (slot + pin + 2) % 4; }};

// As QEMU's q35: the chip's own functions, in slots 25 to 31, have INTA at PIRQA; the others share PIRQE to PIRQH.
const IsaBridgeModel ich9_lpc_bridge{
    .type = "ich9-lpc-bridge",
    .identity = {.vendor_id = 0x8086,
                 .device_id = 0x2918,
                 .revision = 2,
                 .class_code = 0x060100,
                 .subsystem_vendor_id = 0x1af4,
                 .subsystem_id = 0x1100},
    .line_count = 8,
    .registers = {0x60, 0x68},
    .line_of = [](u32 slot, u32 pin) { return slot >= 25 ? pin - 1 : 4 + (slot + pin - 1) % 4; }};

IsaBridge::IsaBridge(std::string name, const IsaBridgeModel& model, const Wiring& wiring)
    : PciDevice(std::move(name), model.identity), model_(model), wiring_(wiring) {
    pci::ConfigSpace& config = config_space();
    config.define<u8>(pci::header_type, pci::header_multifunction);
    // PIIX, PCICMD; ICH9, PCICMD: it can't be kept from decoding. EDK2 looks for serial ports only behind a bridge that
    // does.
    config.define<u16>(pci::command, pci::command_io | pci::command_memory | pci::command_bus_master);
    for (u32 line = 0; line < model.line_count; ++line)
        config.define<u8>(model.registers[line / 4] + line % 4, route_disabled, route_writable);
    for (const Plain& plain : is_piix3(model) ? std::span<const Plain>(piix3_plain) : ich9_plain)
        config.define<u8>(plain.offset, plain.initial, plain.writable);
    config.reset();
}

void IsaBridge::reset() {
    PciDevice::reset();
    s_ = {};
    update_irqs();
    wiring_.a20.set(false);
}

void IsaBridge::state(StateVisitor& visitor) {
    PciDevice::state(visitor);
    visit_fields(visitor, s_);
}

// ---- interrupts ----

u8 IsaBridge::route(u32 line) const { return config_space().get<u8>(model_.registers[line / 4] + line % 4); }

u16 IsaBridge::routed() const {
    u32 irqs = 0;
    for (u32 line = 0; line < model_.line_count; ++line)
        if ((s_.levels >> line & 1) != 0 && (route(line) & route_disabled) == 0) irqs |= 1U << (route(line) & 15);
    return static_cast<u16>(irqs & routable_irqs);
}

void IsaBridge::update_irqs() {
    const u16 now = routed();
    const u16 changed = now ^ driven_;
    driven_ = now;
    for (u32 irq = 0; irq < isa_irq_count; ++irq)
        if (changed >> irq & 1) wiring_.isa_irqs[irq].set((now >> irq & 1) != 0);
}

void IsaBridge::set_irq(u32 pin, bool level) {
    if (pin >= model_.line_count) return;
    const u8 bit = static_cast<u8>(1 << pin);
    s_.levels = static_cast<u8>(level ? s_.levels | bit : s_.levels & ~bit);
    wiring_.direct[pin].set(level);
    update_irqs();
}

void IsaBridge::write_config(u32 offset, u32 value, Width width) {
    PciDevice::write_config(offset, value, width);
    trace_route("{} {:#x} <- {:#x}", name(), offset, value);
    update_irqs();
    if (wiring_.power_management && bus()) bus()->decoding_changed();
}

std::vector<PciBarWindow> IsaBridge::enabled_windows() const {
    auto windows = PciDevice::enabled_windows();
    if (wiring_.power_management && (config_space().get<u8>(acpi_control) & acpi_enable) != 0)
        windows.push_back({.kind = PciBarKind::io,
                           .address = u64{config_space().get<u16>(pm_base)} & pm_base_writable,
                           .size_bytes = pm_ports,
                           .handler = wiring_.power_management,
                           .name = name() + ".acpi"});
    return windows;
}

// ---- reset and A20 ----

// The kind of reset, soft or hard, is the same here.
void IsaBridge::write_reset_control(u8 value) {
    const bool pulled = (value & reset_cpu) != 0 && (s_.reset_control & reset_cpu) == 0;
    s_.reset_control = value & reset_writable;
    if (pulled) wiring_.power.reset();
}

void IsaBridge::write_system_control_a(u8 value) {
    const bool pulled = (value & fast_reset) != 0 && (s_.system_control_a & fast_reset) == 0;
    s_.system_control_a = value & (fast_reset | fast_a20);
    wiring_.a20.set((value & fast_a20) != 0);
    if (pulled) wiring_.power.reset();
}

} // namespace orrery
