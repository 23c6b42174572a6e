#include "bios/tables/acpi.hpp"

#include "bios/tables/table_bytes.hpp"

namespace orrery::bios {
namespace {

constexpr u64 checksum_offset = 9; // in a table's header

// ---- FADT (ACPI 6.4, 5.2.9) ----

namespace fadt {
constexpr u8 revision = 6;
constexpr u64 bytes = 276;
// Offsets of what isn't 0.
constexpr u64 facs = 36, dsdt = 40, profile = 45, sci_interrupt = 46;
constexpr u64 pm1_event = 56, pm1_control = 64, pm_timer = 76, gpe0 = 80;
constexpr u64 pm1_event_length = 88, pm1_control_length = 89, pm_timer_length = 91, gpe0_length = 92;
constexpr u64 c2_latency = 96, c3_latency = 98, century = 108, boot_flags = 109, flags = 112;
constexpr u64 reset_register = 116, reset_value = 128, x_dsdt = 140;
constexpr u64 x_pm1_event = 148, x_pm1_control = 172, x_pm_timer = 208, x_gpe0 = 220;
} // namespace fadt

// Of the blocks at pm_base (82371AB 7.2).
struct PortBlock {
    u64 offset;
    u8 size_bytes;
    u8 access; // by bytes, words or dwords: 1 to 3
};
constexpr PortBlock pm1_event_block{0x00, 4, 2};
constexpr PortBlock pm1_control_block{0x04, 2, 2};
constexpr PortBlock pm_timer_block{0x08, 4, 3};
constexpr PortBlock gpe0_block{0x0c, 4, 1};
constexpr PortBlock reset_block{0, 1, 1};

// Generic address structure (5.2.3.2).
void put_address(std::vector<u8>& table, u64 at, u64 base, const PortBlock& block) {
    constexpr u8 system_io = 1;
    put_number(table, at, system_io);
    put_number(table, at + 1, static_cast<u8>(block.size_bytes * 8));
    put_number(table, at + 3, block.access);
    put_number(table, at + 4, base + block.offset);
}

void put_block(std::vector<u8>& table, u64 base, const PortBlock& block, u64 at, u64 length_at, u64 extended_at) {
    put_number(table, at, static_cast<u32>(base + block.offset));
    put_number(table, length_at, block.size_bytes);
    put_address(table, extended_at, base, block);
}

// The pointers to FACS and DSDT are left to whoever knows where they lie.
std::vector<u8> fixed_description(const AcpiMachine& machine) {
    std::vector<u8> table(fadt::bytes);
    constexpr u8 desktop = 1;
    put_number(table, fadt::profile, desktop);
    put_number(table, fadt::sci_interrupt, u16{machine.sci_irq});
    put_block(table, machine.pm_base, pm1_event_block, fadt::pm1_event, fadt::pm1_event_length, fadt::x_pm1_event);
    put_block(table, machine.pm_base, pm1_control_block, fadt::pm1_control, fadt::pm1_control_length,
              fadt::x_pm1_control);
    put_block(table, machine.pm_base, pm_timer_block, fadt::pm_timer, fadt::pm_timer_length, fadt::x_pm_timer);
    put_block(table, machine.pm_base, gpe0_block, fadt::gpe0, fadt::gpe0_length, fadt::x_gpe0);
    // There are no C2 and C3: their latencies are above 100 and 1000 microseconds.
    put_number(table, fadt::c2_latency, u16{101});
    put_number(table, fadt::c3_latency, u16{1001});
    constexpr u8 century_byte = 0x32; // in the RTC's memory
    put_number(table, fadt::century, century_byte);
    constexpr u16 legacy_devices = 1 << 0, has_8042 = 1 << 1;
    put_number(table, fadt::boot_flags, static_cast<u16>(legacy_devices | (machine.keyboard ? has_8042 : 0)));
    constexpr u32 wbinvd = 1 << 0, c1 = 1 << 2, no_sleep_button = 1 << 5, no_rtc_wake = 1 << 6, has_reset = 1 << 10;
    put_number(table, fadt::flags,
               wbinvd | c1 | no_sleep_button | no_rtc_wake | (machine.reset_at_cf9 ? has_reset : 0));
    if (machine.reset_at_cf9) {
        constexpr u8 full_reset = 0x06;
        put_address(table, fadt::reset_register, 0xcf9, reset_block);
        put_number(table, fadt::reset_value, full_reset);
    }
    table.erase(table.begin(), table.begin() + acpi_header_bytes);
    return acpi_table("FACP", fadt::revision, table);
}

// Firmware control structure (5.2.10): it has no usual header.
std::vector<u8> firmware_control() {
    std::vector<u8> table;
    append_text(table, "FACS");
    append_number(table, u32{64});
    table.resize(64);
    table[32] = 2; // version
    return table;
}

// ---- MADT (5.2.12) ----

constexpr u16 conforming = 0;
constexpr u16 active_high_level = 0x1 | 0x3 << 2; // MPS INTI flags, table 5.50

void append_override(std::vector<u8>& table, u8 irq, u32 interrupt, u16 flags) {
    table.insert(table.end(), {2, 10, 0, irq});
    append_number(table, interrupt);
    append_number(table, flags);
}

std::vector<u8> interrupt_controllers(const AcpiMachine& machine) {
    std::vector<u8> table;
    append_number(table, machine.local_apic);
    constexpr u32 has_8259s = 1;
    append_number(table, has_8259s);
    constexpr u32 enabled = 1;
    for (u32 number = 0; number < machine.processors; ++number) {
        table.insert(table.end(), {0, 8, static_cast<u8>(number), static_cast<u8>(number)});
        append_number(table, enabled);
    }
    table.insert(table.end(), {1, 12, machine.io_apic_id, 0});
    append_number(table, machine.io_apic);
    append_number(table, u32{0}); // its first interrupt
    append_override(table, 0, 2, conforming);
    append_override(table, machine.sci_irq, machine.sci_irq, active_high_level);
    if (machine.pci.direct_interrupt == 0)
        for (const u8 irq : machine.pci.routable_irqs)
            if (irq != machine.sci_irq) append_override(table, irq, irq, active_high_level);
    constexpr u8 every_processor = 0xff, lint1 = 1;
    table.insert(table.end(), {4, 6, every_processor, 0, 0, lint1});
    return acpi_table("APIC", 5, table);
}

// ---- small ones ----

// IA-PC HPET 1.0a, 3.2.4
std::vector<u8> event_timer(const AcpiMachine& machine) {
    std::vector<u8> table;
    append_number(table, machine.hpet_id);
    table.insert(table.end(), {0, 64, 0, 0}); // memory, 64 bits
    append_number(table, u64{machine.hpet});
    table.push_back(0); // its number
    constexpr u16 shortest_period_ticks = 0x80;
    append_number(table, shortest_period_ticks);
    table.push_back(0); // no page protection
    return acpi_table("HPET", 1, table);
}

// PCI Firmware 3.3, 4.1.2
std::vector<u8> memory_mapped_configuration(const AcpiPci& pci) {
    std::vector<u8> table(8);
    append_number(table, pci.ecam.first);
    append_number(table, u16{0}); // segment
    table.insert(table.end(), {0, static_cast<u8>(pci.ecam.size_bytes / MiB - 1)});
    append_number(table, u32{0});
    return acpi_table("MCFG", 1, table);
}

// Windows ACPI Emulated Devices Table 1.0: the timer needs to be read only once.
std::vector<u8> emulated_devices() {
    constexpr u32 good_timer = 1 << 1;
    std::vector<u8> table;
    append_number(table, good_timer);
    return acpi_table("WAET", 1, table);
}

// ---- all of them ----

class Collection {
public:
    Collection() { tables_.files = {{"etc/acpi/tables", {}, 64, false}, {"etc/acpi/rsdp", {}, 16, true}}; }

    // Where it begins in the file.
    u32 add(const std::vector<u8>& table) {
        std::vector<u8>& bytes = file(acpi_tables_file);
        bytes.resize((bytes.size() + 7) / 8 * 8);
        const u32 at = static_cast<u32>(bytes.size());
        bytes.insert(bytes.end(), table.begin(), table.end());
        return at;
    }
    template <typename T> void point(u32 in_file, u64 at, T to) {
        put_number(file(in_file), at, to);
        tables_.pointers.push_back({in_file, static_cast<u32>(at), sizeof to, acpi_tables_file});
    }
    // Firmware makes it, as the pointers decide. It must be 0 until then.
    void checksum(u32 in_file, u64 at, u64 first, u64 size_bytes) {
        put_number(file(in_file), at, u8{0});
        tables_.checksums.push_back(
            {in_file, static_cast<u32>(at), static_cast<u32>(first), static_cast<u32>(size_bytes)});
    }
    // A table whose entries are the addresses of others: RSDT and XSDT (5.2.7, 5.2.8).
    template <typename T> u32 add_root(std::string_view signature, std::span<const u32> others) {
        const std::vector<u8> table = acpi_table(signature, 1, std::vector<u8>(others.size() * sizeof(T)));
        const u32 at = add(table);
        for (u64 i = 0; i < others.size(); ++i)
            point(acpi_tables_file, at + acpi_header_bytes + i * sizeof(T), static_cast<T>(others[i]));
        checksum(acpi_tables_file, at + checksum_offset, at, table.size());
        return at;
    }
    std::vector<u8>& file(u32 index) { return tables_.files[index].bytes; }
    FirmwareTables take() { return std::move(tables_); }

private:
    FirmwareTables tables_;
};

// Root system description pointer (5.2.5.3), revision 2.
void add_root_pointer(Collection& all, u32 rsdt, u32 xsdt) {
    constexpr u64 bytes = 36, old_bytes = 20;
    std::vector<u8>& pointer = all.file(acpi_rsdp_file);
    append_text(pointer, "RSD PTR ");
    pointer.push_back(0);
    append_text(pointer, "ORRERY");
    pointer.push_back(2);
    pointer.resize(bytes);
    put_number(pointer, 20, static_cast<u32>(bytes));
    all.point(acpi_rsdp_file, 16, rsdt);
    all.point(acpi_rsdp_file, 24, u64{xsdt});
    all.checksum(acpi_rsdp_file, 8, 0, old_bytes);
    all.checksum(acpi_rsdp_file, 32, 0, bytes);
}

} // namespace

std::vector<u8> acpi_table(std::string_view signature, u8 revision, std::span<const u8> content) {
    std::vector<u8> table;
    append_text(table, signature);
    append_number(table, static_cast<u32>(acpi_header_bytes + content.size()));
    table.push_back(revision);
    table.push_back(0);
    append_text(table, "ORRERYPC      "); // who made it, and which it is
    append_number(table, u32{1});
    append_text(table, "ORRY"); // what made it
    append_number(table, u32{1});
    table.insert(table.end(), content.begin(), content.end());
    table[checksum_offset] = checksum_of(table, 0, table.size());
    return table;
}

FirmwareTables acpi_tables(const AcpiMachine& machine) {
    Collection all;
    const u32 facs = all.add(firmware_control()); // first, where it is aligned
    const u32 dsdt = all.add(acpi_dsdt(machine));
    const u32 fadt = all.add(fixed_description(machine));
    all.point(acpi_tables_file, fadt + fadt::facs, facs);
    all.point(acpi_tables_file, fadt + fadt::dsdt, dsdt);
    all.point(acpi_tables_file, fadt + fadt::x_dsdt, u64{dsdt});
    all.checksum(acpi_tables_file, fadt + checksum_offset, fadt, fadt::bytes);

    std::vector<u32> listed{fadt, all.add(interrupt_controllers(machine))};
    if (machine.hpet != 0) listed.push_back(all.add(event_timer(machine)));
    if (machine.pci.ecam.size_bytes != 0) listed.push_back(all.add(memory_mapped_configuration(machine.pci)));
    listed.push_back(all.add(emulated_devices()));

    const u32 rsdt = all.add_root<u32>("RSDT", listed);
    const u32 xsdt = all.add_root<u64>("XSDT", listed);
    add_root_pointer(all, rsdt, xsdt);
    return all.take();
}

} // namespace orrery::bios
