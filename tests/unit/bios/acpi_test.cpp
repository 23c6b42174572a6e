// ACPI tables as their readers find them: by pointers, lengths and checksums. What AML means is iasl's to say:
// acpi/check_with_iasl.py.
#include "bios/tables/acpi.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/unit/bios/acpi/samples.hpp"
#include "tests/unit/bios/linker_script.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 tables_address = 0x7fe'0000;
constexpr u64 rsdp_address = 0xf'5a60;

// Guest memory with the tables in it, as an operating system reads them.
class Reader {
public:
    explicit Reader(const std::vector<bios::PlacedTable>& placed) {
        for (const bios::PlacedTable& table : placed)
            for (u64 i = 0; i < table.bytes.size(); ++i) memory_[table.address + i] = table.bytes[i];
    }
    explicit Reader(const bios::AcpiMachine& machine)
        : Reader(bios::acpi_tables(machine).linked_at({tables_address, rsdp_address}).value()) {}

    [[nodiscard]] u64 number(u64 address, u32 bytes) const {
        u64 value = 0;
        for (u32 i = 0; i < bytes; ++i) value |= u64{memory_.at(address + i)} << (8 * i);
        return value;
    }
    [[nodiscard]] std::string text(u64 address, u64 size) const {
        std::string out;
        for (u64 i = 0; i < size; ++i) out += static_cast<char>(memory_.at(address + i));
        return out;
    }
    [[nodiscard]] u8 sum(u64 address, u64 size) const {
        u8 sum = 0;
        for (u64 i = 0; i < size; ++i) sum = static_cast<u8>(sum + memory_.at(address + i));
        return sum;
    }
    // By signature, from a table of addresses of `bytes` each; all of them checked.
    [[nodiscard]] std::map<std::string, u64> listed(u64 root, u32 bytes) const {
        std::map<std::string, u64> tables;
        for (u64 at = root + 36; at < root + number(root + 4, 4); at += bytes) {
            const u64 table = number(at, bytes);
            CHECK(sum(table, number(table + 4, 4)) == 0);
            tables[text(table, 4)] = table;
        }
        return tables;
    }
    [[nodiscard]] std::map<std::string, u64> tables() const { return listed(number(rsdp_address + 24, 8), 8); }

private:
    std::map<u64, u8> memory_;
};

} // namespace

TEST_CASE("the root pointer leads to the same tables by 32 and by 64 bits") {
    for (const auto& machine : {piix_machine(), q35_machine()}) {
        const Reader memory(machine);
        CHECK(memory.text(rsdp_address, 8) == "RSD PTR ");
        CHECK(memory.number(rsdp_address + 15, 1) == 2);
        CHECK(memory.sum(rsdp_address, 20) == 0);
        CHECK(memory.sum(rsdp_address, memory.number(rsdp_address + 20, 4)) == 0);
        const u64 rsdt = memory.number(rsdp_address + 16, 4);
        const u64 xsdt = memory.number(rsdp_address + 24, 8);
        CHECK(memory.text(rsdt, 4) == "RSDT");
        CHECK(memory.text(xsdt, 4) == "XSDT");
        CHECK(memory.sum(rsdt, memory.number(rsdt + 4, 4)) == 0);
        CHECK(memory.sum(xsdt, memory.number(xsdt + 4, 4)) == 0);
        const auto tables = memory.listed(xsdt, 8);
        CHECK(memory.listed(rsdt, 4) == tables);
        CHECK(tables.contains("FACP"));
        CHECK(tables.contains("APIC"));
        CHECK(tables.contains("HPET"));
        CHECK(tables.contains("MCFG") == (machine.pci.ecam.size_bytes != 0));
    }
}

TEST_CASE("the FADT has the ports of power management, and leads to FACS and DSDT") {
    const Reader memory(q35_machine());
    const u64 fadt = memory.tables().at("FACP");
    CHECK(memory.number(fadt + 46, 2) == 9);
    CHECK(memory.number(fadt + 48, 4) == 0); // no SMI_CMD: ACPI mode for good
    CHECK(memory.number(fadt + 56, 4) == 0x600);
    CHECK(memory.number(fadt + 64, 4) == 0x604);
    CHECK(memory.number(fadt + 76, 4) == 0x608);
    CHECK(memory.number(fadt + 80, 4) == 0x60c);
    CHECK(memory.number(fadt + 88, 4) == 0x0400'0204); // lengths
    CHECK(memory.number(fadt + 92, 1) == 4);
    const u64 flags = memory.number(fadt + 112, 4);
    CHECK((flags & 1 << 4) == 0);  // a power button in fixed hardware
    CHECK((flags & 1 << 8) == 0);  // a timer of 24 bits
    CHECK((flags & 1 << 10) != 0); // a reset register,
    CHECK(memory.number(fadt + 116 + 4, 8) == 0xcf9);
    CHECK(memory.number(fadt + 128, 1) == 6);
    CHECK(memory.number(fadt + 208, 4) == 0x0300'2001); // the timer: 32 bits of I/O space by dwords
    CHECK(memory.number(fadt + 212, 8) == 0x608);

    const u64 facs = memory.number(fadt + 36, 4);
    CHECK(facs % 64 == 0);
    CHECK(memory.text(facs, 4) == "FACS");
    CHECK(memory.number(facs + 4, 4) == 64);
    const u64 dsdt = memory.number(fadt + 40, 4);
    CHECK(memory.number(fadt + 140, 8) == dsdt);
    CHECK(memory.text(dsdt, 4) == "DSDT");
    CHECK(memory.sum(dsdt, memory.number(dsdt + 4, 4)) == 0);

    bios::AcpiMachine without_reset = q35_machine();
    without_reset.reset_at_cf9 = false;
    const Reader other(without_reset);
    CHECK((other.number(other.tables().at("FACP") + 112, 4) & 1 << 10) == 0);
}

TEST_CASE("the MADT lists each processor, the IOAPIC and what isn't wired one to one") {
    const auto entries = [](const bios::AcpiMachine& machine) {
        const Reader memory(machine);
        const u64 madt = memory.tables().at("APIC");
        CHECK(memory.number(madt + 36, 4) == 0xfee0'0000);
        std::multimap<u64, std::string> found; // by kind
        for (u64 at = madt + 44; at < madt + memory.number(madt + 4, 4); at += memory.number(at + 1, 1))
            found.emplace(memory.number(at, 1), memory.text(at + 2, memory.number(at + 1, 1) - 2));
        return found;
    };
    using namespace std::string_literals;
    auto q35 = entries(q35_machine());
    CHECK(q35.count(0) == 8);
    CHECK(q35.upper_bound(0) != q35.end());
    CHECK(std::prev(q35.upper_bound(0))->second == "\7\7\1\0\0\0"s);
    REQUIRE(q35.count(1) == 1);
    CHECK(q35.find(1)->second == "\0\0\0\0\xc0\xfe\0\0\0\0"s);
    REQUIRE(q35.count(2) == 2);
    CHECK(q35.find(2)->second == "\0\0\2\0\0\0\0\0"s);               // the PIT arrives at input 2
    CHECK(std::next(q35.find(2))->second == "\0\11\11\0\0\0\15\0"s); // the SCI is active high, by level
    CHECK(q35.find(4)->second == "\xff\0\0\1"s);
    // Where PCI interrupts arrive as ISA interrupts, those are no longer edge-triggered.
    CHECK(entries(piix_machine()).count(2) == 5);
}

TEST_CASE("MCFG and HPET name their registers") {
    const Reader memory(q35_machine());
    const u64 mcfg = memory.tables().at("MCFG");
    CHECK(memory.number(mcfg + 44, 8) == 0xb000'0000);
    CHECK(memory.number(mcfg + 54, 2) == 0xff00); // buses 0 to 255
    const u64 hpet = memory.tables().at("HPET");
    CHECK(memory.number(hpet + 36, 4) == 0x8086'a201);
    CHECK(memory.number(hpet + 44, 8) == 0xfed0'0000);
}

TEST_CASE("firmware that carries out the script gets the tables that a board links itself") {
    const bios::FirmwareTables tables = bios::acpi_tables(q35_machine());
    const std::map<std::string, u64> places{{"etc/acpi/tables", tables_address}, {"etc/acpi/rsdp", rsdp_address}};
    const LinkedByFirmware linked = carry_out(tables.for_firmware(), places);
    CHECK(linked.problems.empty());
    CHECK(linked.in_f_segment == std::vector<std::string>{"etc/acpi/rsdp"});
    const auto placed = tables.linked_at({tables_address, rsdp_address}).value();
    CHECK(linked.files.at("etc/acpi/tables") == placed[bios::acpi_tables_file].bytes);
    CHECK(linked.files.at("etc/acpi/rsdp") == placed[bios::acpi_rsdp_file].bytes);
}

TEST_CASE("tables can't be linked where their pointers don't reach or where they are badly aligned") {
    const bios::FirmwareTables tables = bios::acpi_tables(piix_machine());
    const auto message = [&](u64 address) {
        const auto placed = tables.linked_at({address, rsdp_address});
        return placed ? std::string() : placed.error().message();
    };
    CHECK(message(0x1'0000'0000) == "etc/acpi/tables can't lie at 0x100000000: its address must have 4 bytes");
    CHECK(message(0x1'0008) == "etc/acpi/tables can't lie at 0x10008: it needs a multiple of 64");
}
