#include "machine/boards/pc_start.hpp"

#include "bios/tables/acpi.hpp"
#include "devices/pci/config_space.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/pc_boot.hpp"
#include "machine/boards/pc_firmware.hpp"
#include "machine/boards/pc_screen.hpp"

namespace orrery::pc {
namespace {

constexpr std::size_t seed_bytes = 32;

// SDM 3A 11.4.1 and 11.5.1: the "virtual wire" that firmware leaves behind (MultiProcessor Specification 1.4, 3.6.2.2):
// the 8259s' interrupt passes the local APIC of the boot processor as it is.
constexpr u64 apic_spurious = 0xf0, apic_lint0 = 0x350, apic_lint1 = 0x360;
constexpr u32 software_enabled = 0x1ff, external_interrupt = 0x700, nmi = 0x400;

} // namespace

std::vector<MemoryRange> memory_map(const Split& split, u64 memory_bytes) {
    using Type = MemoryRange::Type;
    const u64 below = ram_below_4_gib(split, memory_bytes);
    std::vector<MemoryRange> map{{0, conventional_end - ebda_bytes, Type::ram},
                                 {conventional_end - ebda_bytes, ebda_bytes, Type::reserved},
                                 {0xf'0000, 0x1'0000, Type::reserved},
                                 {high_memory, below - high_memory, Type::ram}};
    if (memory_bytes > below) map.push_back({four_gib, memory_bytes - below, Type::ram});
    return map;
}

Status Start::load() {
    parts_.ram.clear();
    parts_.machine.memory().ram_written(parts_.ram, 0, parts_.ram.size_bytes());
    if (options_.kernel && !has_foreign_firmware(options_)) return enter_kernel();
    return {};
}

Status Start::enter_kernel() {
    const MachineEntry lock(parts_.machine.lock());
    prepare_chipset(parts_.chipset);
    parts_.apic.write_register(apic_spurious, software_enabled, Width::word);
    parts_.apic.write_register(apic_lint0, external_interrupt, Width::word);
    parts_.apic.write_register(apic_lint1, nmi, Width::word);

    KernelFiles files{.kernel = *options_.kernel, .modules = {}};
    if (options_.initrd) files.modules.push_back({*options_.initrd, {}});
    X86BootRequest request = TRY(read_kernel_files(files, options_.memory_bytes));
    request.command_line = options_.kernel_arguments;
    request.memory = memory_map(parts_.chipset.q35 ? q35_split : pc_split, options_.memory_bytes);
    const Split& split = parts_.chipset.q35 ? q35_split : pc_split;
    const LinkedTables linked = TRY(link_tables(parts_.tables, ram_below_4_gib(split, options_.memory_bytes)));
    for (const bios::PlacedTable& table : linked.tables)
        if (!parts_.machine.memory().write_memory({table.address}, table.bytes))
            return error("there is no memory for a table at {:#x}", table.address);
    for (std::size_t i = 0; i < request.memory.size(); ++i) {
        MemoryRange& range = request.memory[i];
        if (linked.reclaimable.first - range.first >= range.size_bytes) continue;
        range.size_bytes = linked.reclaimable.first - range.first; // the tables lie at its end
        request.memory.insert(request.memory.begin() + static_cast<std::ptrdiff_t>(i) + 1, linked.reclaimable);
        break;
    }
    request.rsdp_address = linked.rsdp_address;
    request.rsdp = linked.tables[bios::acpi_rsdp_file].bytes;
    request.vga_text = true;
    request.screen = X86Screen{.address = parts_.video.read_config(pci::first_bar, Width::word) & ~u32{15},
                               .memory_bytes = static_cast<u32>(parts_.vga.video_memory().size_bytes()),
                               .columns = boot_screen.columns,
                               .rows = boot_screen.rows};
    request.random_seed = boot_random_seed(options_, seed_bytes);
    const X86Entry entry = TRY(load_kernel(parts_.machine.memory(), std::move(request)));
    show_text(parts_.vga);
    if (entry.frame_buffer_shown) show_frame_buffer(parts_.vga, boot_screen);
    pc::enter_kernel(parts_.bootstrap.core().state(), entry);
    parts_.machine.cpus().front()->restored();
    return {};
}

} // namespace orrery::pc
