// The DSDT: what the machine has that software can't find out by itself, as AML.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bios/tables/acpi.hpp"
#include "bios/tables/aml.hpp"

namespace orrery::bios {
namespace {

using namespace aml;

constexpr u32 slots = 32;
constexpr u32 pins = 4;
constexpr std::string_view root_bridge_capabilities = // 33db4d5b-1ff7-401c-9657-7441c03dd766 (PCI Firmware 3.3, 4.5.1)
    "\x5b\x4d\xdb\x33\xf7\x1f\x1c\x40\x96\x57\x74\x41\xc0\x3d\xd7\x66";

std::string link_name(u32 line) { return fmt::format("LNK{:c}", 'A' + static_cast<int>(line)); }
std::string route_name(u32 line) { return fmt::format("PRQ{:c}", 'A' + static_cast<int>(line)); }

Code append_all(const std::vector<Code>& parts) { return join(std::span<const Code>(parts)); }

// ---- PCI ----

Code bridge_resources(const AcpiPci& pci) {
    const u64 buses = pci.ecam.size_bytes == 0 ? 256 : pci.ecam.size_bytes / MiB;
    std::vector<Code> parts{word_bus_numbers(0, static_cast<u16>(buses - 1)), io(0xcf8, 8), word_io(0, 0xcf7),
                            word_io(0xd00, 0xffff), dword_memory(0xa'0000, 0xb'ffff, Caching::cacheable)};
    for (const AcpiPci::Window& window : pci.memory32)
        parts.push_back(dword_memory(static_cast<u32>(window.first),
                                     static_cast<u32>(window.first + window.size_bytes - 1), Caching::none));
    if (const auto& window = pci.memory64; window.size_bytes != 0)
        parts.push_back(qword_memory(window.first, window.first + window.size_bytes - 1, Caching::cacheable));
    return resources(std::span<const Code>(parts));
}

// Which interrupt each slot's pins ask for (6.2.13): through a link device or, with `direct`, an IOAPIC's input.
Code routing(const AcpiPci& pci, bool direct) {
    std::vector<Code> slot_packages;
    std::vector<Code> entries;
    for (u32 slot = 0; slot < slots; ++slot) {
        for (u32 pin = 0; pin < pins; ++pin) {
            const u32 line = pci.line_of(slot, pin + 1);
            const Code source = direct ? integer(0) : path("\\_SB." + link_name(line));
            const Code index = integer(direct ? pci.direct_interrupt + line : 0);
            entries.push_back(package(integer(u64{slot} << 16 | 0xffff), integer(pin), source, index));
        }
    }
    return package(std::span<const Code>(entries));
}

// With the 8259s, or where the lines have no inputs of their own, the link devices say; PICF is set by \_PIC.
Code routing_objects(const AcpiPci& pci) {
    if (pci.direct_interrupt == 0) return name("_PRT", routing(pci, false));
    return join(
        name("PRTL", routing(pci, false)), name("PRTD", routing(pci, true)),
        method("_PRT", 0, Concurrency::parallel, join(when(path("PICF"), give(path("PRTD"))), give(path("PRTL")))));
}

// An operating system asks what of PCI Express it may use (6.2.11.3). There is no firmware that would use any of it,
// so it gets what it asks for.
Code capabilities_method() {
    const std::span uuid(reinterpret_cast<const u8*>(root_bridge_capabilities.data()), root_bridge_capabilities.size());
    constexpr u64 unknown_uuid = 4;
    return method("_OSC", 4, Concurrency::serialized,
                  join(when(equal(argument(0), buffer(uuid)), give(argument(3))),
                       create_dword_field(argument(3), 0, "CDW1"),
                       bit_or(path("CDW1"), integer(unknown_uuid), path("CDW1")), give(argument(3))));
}

Code root_bridge(const AcpiPci& pci) {
    const Code ids =
        pci.express ? join(name("_HID", eisa_id("PNP0A08")), name("_CID", eisa_id("PNP0A03")), capabilities_method())
                    : name("_HID", eisa_id("PNP0A03"));
    return join(ids, name("_UID", integer(0)), name("_SEG", integer(0)), name("_BBN", integer(0)),
                name("_CRS", bridge_resources(pci)), routing_objects(pci));
}

// The registers that route PIRQA… to the 8259s' interrupts.
Code route_registers(const AcpiPci& pci) {
    std::vector<Code> parts;
    for (u32 first = 0; first < pci.line_count; first += 4) {
        const std::string region = fmt::format("PIR{}", first / 4);
        std::vector<std::string> names;
        for (u32 line = first; line < std::min(first + 4, pci.line_count); ++line) names.push_back(route_name(line));
        const std::vector<std::string_view> views(names.begin(), names.end());
        parts.push_back(
            operation_region(region, RegionSpace::pci_config, pci.route_registers[first / 4], names.size()));
        parts.push_back(byte_fields(region, views));
    }
    return append_all(parts);
}

// A PCI interrupt link (6.2.16): bit 7 of its register turns it off, the low bits are its interrupt.
Code link_device(const AcpiPci& pci, u32 line) {
    constexpr u64 off = 0x80, number = 0x0f;
    constexpr u64 there_but_off = 0x9, there_and_on = 0xb;
    const Polarity polarity = pci.direct_interrupt == 0 ? Polarity::active_high : Polarity::active_low;
    const Code route = path(fmt::format("\\_SB.PCI0.ISA.{}", route_name(line)));
    const std::vector<u32> possible(pci.routable_irqs.begin(), pci.routable_irqs.end());
    const std::array<u32, 1> current{0};
    return device(link_name(line),
                  join(name("_HID", eisa_id("PNP0C0F")), name("_UID", integer(line + 1)),
                       name("_PRS", resources(interrupt(possible, polarity))),
                       method("_STA", 0, Concurrency::parallel,
                              join(when(bit_and(route, integer(off), nowhere), give(integer(there_but_off))),
                                   give(integer(there_and_on)))),
                       method("_DIS", 0, Concurrency::parallel, bit_or(route, integer(off), route)),
                       method("_CRS", 0, Concurrency::serialized,
                              join(store(resources(interrupt(current, polarity)), local(0)),
                                   create_dword_field(local(0), interrupt_number_offset, "IRQN"),
                                   bit_and(route, integer(number), path("IRQN")), give(local(0)))),
                       method("_SRS", 1, Concurrency::serialized,
                              join(create_dword_field(argument(0), interrupt_number_offset, "IRQN"),
                                   store(path("IRQN"), route)))));
}

// ---- what is behind the ISA bridge, by the numbers of the Plug and Play BIOS specification ----

Code isa_device(std::string_view device_name, std::string_view id, const Code& its_resources) {
    return device(device_name, join(name("_HID", eisa_id(id)), name("_CRS", its_resources)));
}

constexpr u16 irq_bit(u32 number) { return static_cast<u16>(1u << number); }

// Ports that are in use, so that nothing else is put there.
Code reserved_ports(const AcpiMachine& machine) {
    return resources(io(0x92, 1), io(0x4d0, 2), io(machine.pm_base, static_cast<u8>(machine.pm_size_bytes)));
}

Code serial_ports(const AcpiMachine& machine) {
    std::vector<Code> parts;
    for (const AcpiMachine::Serial& serial : machine.serial) {
        const u64 number = parts.size() + 1;
        parts.push_back(device(fmt::format("COM{}", number),
                               join(name("_HID", eisa_id("PNP0501")), name("_UID", integer(number)),
                                    name("_CRS", resources(io(serial.port, 8), irq(irq_bit(serial.irq)))))));
    }
    return append_all(parts);
}

Code isa_devices(const AcpiMachine& machine) {
    std::vector<Code> parts{
        isa_device("PIC", "PNP0000", resources(io(0x20, 2), io(0xa0, 2), irq(irq_bit(2)))),
        isa_device("TMR", "PNP0100", resources(io(0x40, 4), irq(irq_bit(0)))),
        isa_device("DMA", "PNP0200", resources(io(0x00, 16), io(0x81, 15), io(0xc0, 32), dma(4))),
        isa_device("SPKR", "PNP0800", resources(io(0x61, 1))),
        isa_device("RTC", "PNP0B00", resources(io(0x70, 4), irq(irq_bit(8)))),
        isa_device("FPU", "PNP0C04", resources(io(0xf0, 1), irq(irq_bit(13)))),
        isa_device("RES", "PNP0C02", reserved_ports(machine)),
        serial_ports(machine),
    };
    if (machine.keyboard)
        parts.push_back(isa_device("KBD", "PNP0303", resources(io(0x60, 1), io(0x64, 1), irq(irq_bit(1)))));
    if (machine.mouse) parts.push_back(isa_device("MOU", "PNP0F13", resources(irq(irq_bit(12)))));
    if (machine.floppy)
        parts.push_back(isa_device("FDC", "PNP0700", resources(io(0x3f2, 4), io(0x3f7, 1), irq(irq_bit(6)), dma(2))));
    return append_all(parts);
}

// ---- the rest of the system ----

Code processors(u32 count) {
    std::vector<Code> parts;
    for (u32 number = 0; number < count; ++number)
        parts.push_back(device(fmt::format("C{:03X}", number),
                               join(name("_HID", text("ACPI0007")), name("_UID", integer(number)))));
    return append_all(parts);
}

Code system_devices(const AcpiMachine& machine) {
    const AcpiPci& pci = machine.pci;
    std::vector<Code> parts{
        device("PCI0", join(root_bridge(pci), device("ISA", join(name("_ADR", integer(u64{pci.isa_slot} << 16)),
                                                                 route_registers(pci), isa_devices(machine)))))};
    for (u32 line = 0; line < pci.line_count; ++line) parts.push_back(link_device(pci, line));
    if (machine.hpet != 0)
        parts.push_back(isa_device("HPET", "PNP0103", resources(memory32_fixed(machine.hpet, 0x400))));
    // Operating systems trust an ECAM only if it is reserved (PCI Firmware 3.3, 4.1.2).
    if (pci.ecam.size_bytes != 0)
        parts.push_back(isa_device(
            "ECAM", "PNP0C02",
            resources(memory32_fixed(static_cast<u32>(pci.ecam.first), static_cast<u32>(pci.ecam.size_bytes)))));
    parts.push_back(processors(machine.processors));
    return append_all(parts);
}

} // namespace

std::vector<u8> acpi_dsdt(const AcpiMachine& machine) {
    const Code soft_off = integer(machine.soft_off_type);
    return acpi_table("DSDT", 2,
                      join(name("PICF", integer(0)),
                           method("_PIC", 1, Concurrency::parallel, store(argument(0), path("PICF"))),
                           name("_S5", package(soft_off, soft_off, integer(0), integer(0))),
                           scope("\\_SB", system_devices(machine))));
}

} // namespace orrery::bios
