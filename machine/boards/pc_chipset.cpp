#include "machine/boards/pc_chipset.hpp"

#include <bit>

#include "devices/pci/config_space.hpp"
#include "devices/pci/isa_bridge.hpp"

namespace orrery::pc {
namespace {

// The same registers as in devices/pci: 440FX and Q35, PAM; PIIX, PIRQRC and IDETIM; PIIX4, PMBA and PMREGMISC; ICH9,
// PMBASE, ACPI_CNTL and PIRQn_ROUT; Q35, PCIEXBAR.
constexpr u32 i440fx_pam = 0x59, q35_pam = 0x90, pam_registers = 7;
constexpr u32 pciexbar = 0x60;
constexpr u32 pirq_routes[] = {0x60, 0x68}; // of A to D, and of E to H
constexpr u32 piix_ide_timing[] = {0x40, 0x42};
constexpr u32 ide_decode = 0x8000;
constexpr u32 pm_base = 0x40, piix4_pm_enable = 0x80, ich9_acpi_control = 0x44;
constexpr u32 piix_slot = 1, ich9_slot = 31;
constexpr u32 pm_base_bits = 0xffc0;

constexpr u16 io_bars_from = 0xc000;

class Setup {
public:
    explicit Setup(const Chipset& chipset)
        : chipset_(chipset), pci_(chipset.pci),
          next_memory_(chipset.q35 ? q35_split.pci_memory32 : pc_split.pci_memory32) {}

    void run() {
        shadow_memory();
        route_interrupts();
        if (chipset_.q35) {
            write(0, 0, pciexbar, static_cast<u32>(q35_ecam.base) | 1, Width::word);
            write(ich9_slot, 0, pm_base, power_management, Width::half);
            write(ich9_slot, 0, ich9_acpi_control, 0x80, Width::byte);
        } else {
            for (const u32 timing : piix_ide_timing) write(piix_slot, 1, timing, ide_decode, Width::half);
            write(piix_slot, 3, pm_base, power_management | 1, Width::half);
            write(piix_slot, 3, piix4_pm_enable, 1, Width::byte);
        }
        for (u32 slot = 0; slot < PciHost::slot_count; ++slot)
            for (u32 function = 0; function < PciHost::function_count; ++function)
                if (read(slot, function, pci::vendor_id, Width::half) != 0xffff) place(slot, function);
    }

private:
    u32 read(u32 slot, u32 function, u32 offset, Width width) {
        return pci_.read_config(0, slot, function, offset, width);
    }
    void write(u32 slot, u32 function, u32 offset, u64 value, Width width) {
        pci_.write_config(0, slot, function, offset, static_cast<u32>(value), width);
    }

    // C0000h to FFFFFh is RAM.
    void shadow_memory() {
        const u32 first = chipset_.q35 ? q35_pam : i440fx_pam;
        for (u32 i = 0; i < pam_registers; ++i) write(0, 0, first + i, 0x33, Width::byte);
    }

    void route_interrupts() {
        const u32 slot = chipset_.q35 ? ich9_slot : piix_slot;
        u32 irqs = 0;
        for (u32 bank = 0; bank < (chipset_.q35 ? 2U : 1U); ++bank)
            for (u32 line = 0; line < std::size(pci_irqs); ++line) {
                write(slot, 0, pirq_routes[bank] + line, pci_irqs[line], Width::byte);
                irqs |= 1U << pci_irqs[line];
            }
        chipset_.pic.elcr_ports().write(0, irqs & 0xff, Width::byte);
        chipset_.pic.elcr_ports().write(1, irqs >> 8, Width::byte);
    }

    void place(u32 slot, u32 function) {
        u32 command = read(slot, function, pci::command, Width::half);
        for (u32 bar = 0; bar < 6; ++bar) bar += place_bar(slot, function, pci::first_bar + 4 * bar);
        command |= pci::command_io | pci::command_memory | pci::command_bus_master;
        write(slot, function, pci::command, command, Width::half);
        const u32 pin = read(slot, function, pci::interrupt_pin, Width::byte);
        if (pin == 0) return;
        const auto& bridge = chipset_.q35 ? ich9_lpc_bridge : piix3_isa_bridge;
        write(slot, function, pci::interrupt_line, pci_irqs[bridge.line_of(slot, pin) % std::size(pci_irqs)],
              Width::byte);
    }

    // Returns how many further registers the BAR takes. PCI 3.0, 6.2.5.1: ones come back where there are address bits.
    u32 place_bar(u32 slot, u32 function, u32 offset) {
        write(slot, function, offset, ~u64{0}, Width::word);
        const u32 answer = read(slot, function, offset, Width::word);
        const bool io = (answer & 1) != 0;
        const bool wide = !io && (answer & 6) == 4;
        const u32 bits = answer & (io ? ~u32{3} : ~u32{15});
        if (bits != 0) {
            const u64 size = u64{1} << std::countr_zero(bits);
            u64& next = io ? next_io_ : next_memory_;
            next = (next + size - 1) & ~(size - 1);
            write(slot, function, offset, next, Width::word);
            next += size;
        }
        if (wide) write(slot, function, offset + 4, 0, Width::word);
        return wide ? 1 : 0;
    }

    const Chipset& chipset_;
    PciHost& pci_;
    u64 next_io_ = io_bars_from;
    u64 next_memory_;
};

} // namespace

void prepare_chipset(const Chipset& chipset) { Setup(chipset).run(); }

Placement placement(PciHost& pci, bool q35) {
    Placement where;
    const u32 base = pci.read_config(0, q35 ? ich9_slot : piix_slot, q35 ? 0 : 3, pm_base, Width::half) & pm_base_bits;
    if (base != 0) where.power_management = static_cast<u16>(base);
    // Further up, the tables' 32-bit resources couldn't say so.
    if (const auto& ecam = pci.ecam(); ecam.size_bytes != 0 && ecam.base.value + ecam.size_bytes <= four_gib)
        where.ecam = {ecam.base.value, ecam.size_bytes};
    return where;
}

} // namespace orrery::pc
