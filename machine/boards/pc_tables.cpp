#include "machine/boards/pc_tables.hpp"

#include <algorithm>
#include <bit>

#include "bios/tables/acpi.hpp"
#include "bios/tables/smbios.hpp"
#include "cpu/x86/model.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/pci/isa_bridge.hpp"
#include "devices/timer/hpet.hpp"
#include "machine/boards/pc_map.hpp"

namespace orrery::pc {
namespace {

constexpr u64 rsdp_at = 0xf'0000, smbios_anchor_at = 0xf'0040, smbios_tables_at = 0xf'0100;
constexpr u64 alignment = 64 * KiB;
constexpr u64 least_window = 4 * KiB;

using Window = bios::AcpiPci::Window;

// What PCI has below 4 GiB: all but RAM, and on q35 but the memory-mapped configuration, around which there are always
// two parts.
std::vector<Window> describe_memory32(u64 first, bool q35, const Place& ecam) {
    if (!q35) return {{first, pci_memory32_end - first}};
    const u64 ecam_end = ecam.base + ecam.size;
    if (first < ecam.base && ecam.base < ecam_end && ecam_end < pci_memory32_end)
        return {{first, ecam.base - first}, {ecam_end, pci_memory32_end - ecam_end}};
    const u64 from = std::max(first, ecam.base <= first ? ecam_end : 0);
    const u64 end = ecam_end >= pci_memory32_end ? std::min(ecam.base, pci_memory32_end) : pci_memory32_end;
    if (from + 2 * least_window > end) return describe_memory32(first, q35, q35_ecam);
    return {{from, least_window}, {from + least_window, end - from - least_window}};
}

bios::AcpiPci describe_pci(const BoardOptions& options, bool q35, const Placement& where) {
    const u64 first = ram_below_4_gib(q35 ? q35_split : pc_split, options.memory_bytes);
    bios::AcpiPci pci{.express = q35,
                      .memory32 = describe_memory32(first, q35, where.ecam),
                      .memory64 = {pci_memory64_base(options.memory_bytes), pci_memory64_size},
                      .ecam = {},
                      .line_of = (q35 ? ich9_lpc_bridge : piix3_isa_bridge).line_of};
    if (q35) {
        pci.ecam = {where.ecam.base, where.ecam.size};
        pci.isa_slot = 31;
        pci.line_count = ich9_lpc_bridge.line_count;
        pci.direct_interrupt = q35_pirq_gsi;
    } else {
        pci.direct_interrupt = 0; // the 440FX's lines end at the 8259s
    }
    return pci;
}

bios::AcpiMachine describe_acpi(const BoardOptions& options, bool q35, const Placement& where) {
    bios::AcpiMachine machine{.processors = options.cpus,
                              .local_apic = static_cast<u32>(LocalApic::default_base.value),
                              .io_apic = static_cast<u32>(io_apic_window.base),
                              .pm_base = where.power_management,
                              .sci_irq = sci_irq,
                              .hpet = static_cast<u32>(hpet_window.base),
                              .hpet_id = Hpet::identity(),
                              .pci = describe_pci(options, q35, where)};
    machine.serial = {{static_cast<u16>(serial_ports[0].base), static_cast<u8>(serial_irqs[0])}};
    machine.floppy = !options.floppies.empty();
    return machine;
}

bios::SmbiosMachine describe_smbios(const BoardOptions& options, bool q35) {
    const u64 below = ram_below_4_gib(q35 ? q35_split : pc_split, options.memory_bytes);
    bios::SmbiosMachine machine{.board = q35 ? "q35" : "pc",
                                .version = {},
                                .serial_number = {},
                                .processors = options.cpus,
                                .processor_name = options.cpu_model,
                                .processor_signature = x86::signature,
                                .memory = {{0, below}}};
    if (options.memory_bytes > below) machine.memory.push_back({four_gib, options.memory_bytes - below});
    return machine;
}

} // namespace

u64 pci_memory64_base(u64 memory_bytes) { return std::bit_ceil(four_gib + memory_bytes); }

BoardTables describe_board(const BoardOptions& options, bool q35, const Placement& where) {
    const bios::SmbiosMachine smbios = describe_smbios(options, q35);
    constexpr auto anchor = bios::SmbiosAnchor::version_2_8;
    BoardTables tables{.acpi = bios::acpi_tables(describe_acpi(options, q35, where)),
                       .smbios = bios::smbios_tables(smbios, anchor),
                       .for_firmware = {}};
    tables.for_firmware = tables.acpi.for_firmware();
    for (bios::FirmwareFile& file : bios::smbios_for_firmware(smbios, anchor))
        tables.for_firmware.push_back(std::move(file));
    return tables;
}

Result<LinkedTables> link_tables(const BoardTables& tables, u64 ram_end) {
    const u64 size = tables.acpi.files[bios::acpi_tables_file].bytes.size();
    const u64 first = (ram_end - size) & ~(alignment - 1);
    LinkedTables linked{.tables = TRY(tables.acpi.linked_at({first, rsdp_at})),
                        .rsdp_address = rsdp_at,
                        .reclaimable = {first, ram_end - first, MemoryRange::Type::acpi_reclaimable}};
    for (bios::PlacedTable& table : TRY(tables.smbios.linked_at({smbios_tables_at, smbios_anchor_at})))
        linked.tables.push_back(std::move(table));
    return linked;
}

} // namespace orrery::pc
