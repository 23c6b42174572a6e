// acpi_dump FOLDER: writes each ACPI table of the sample machines to a file of its own, MACHINE_SIGNATURE.dat.
#include <cstring>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "tests/unit/bios/acpi/samples.hpp"

namespace {

using namespace orrery;

bool dump(const std::string& folder, std::string_view name, const bios::AcpiMachine& machine) {
    const auto placed = bios::acpi_tables(machine).linked_at({0x7f'0000, 0xf'0000});
    if (!placed) return false;
    const std::vector<u8>& bytes = (*placed)[bios::acpi_tables_file].bytes;
    u64 at = 0;
    while (at + 8 <= bytes.size()) {
        const auto* const table = reinterpret_cast<const char*>(bytes.data() + at);
        u32 size = 0;
        std::memcpy(&size, table + 4, sizeof size);
        std::ofstream file(fmt::format("{}/{}_{}.dat", folder, name, std::string_view(table, 4)), std::ios::binary);
        if (!file.write(table, size)) return false;
        at = (at + size + 7) / 8 * 8;
    }
    return true;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    return dump(arguments[1], "piix", test::piix_machine()) && dump(arguments[1], "q35", test::q35_machine()) ? 0 : 1;
}
