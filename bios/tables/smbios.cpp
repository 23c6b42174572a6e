#include "bios/tables/smbios.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bios/tables/table_bytes.hpp"

namespace orrery::bios {
namespace {

// Structures' handles are their type and a number.
constexpr u16 handle(u8 type, u32 number = 0) { return static_cast<u16>(u32{type} << 8 | number); }
constexpr u16 no_handle = 0xffff;
constexpr u16 no_error_information = 0xfffe;
constexpr u8 unknown = 2;
constexpr u64 most_processors = 256; // as many numbers as a handle has
constexpr std::string_view maker = "Orrery";

// One structure (DSP0134, 6.1): a formatted part, whose second byte is its length, and the strings it counts from 1.
class Structure {
public:
    Structure(u8 type, u16 own_handle) : bytes_{type, 0} { number(own_handle); }

    template <typename T> Structure& number(T value) {
        append_number(bytes_, value);
        return *this;
    }
    Structure& zeros(u64 count) {
        bytes_.resize(bytes_.size() + count);
        return *this;
    }
    // The number of the string; 0 for an empty one.
    Structure& text(std::string_view value) {
        if (!value.empty()) {
            append_text(strings_, value);
            strings_.push_back(0);
        }
        return number(value.empty() ? u8{0} : ++string_count_);
    }
    [[nodiscard]] std::vector<u8> bytes() const {
        std::vector<u8> all = bytes_;
        all[1] = static_cast<u8>(all.size());
        all.insert(all.end(), strings_.begin(), strings_.end());
        if (strings_.empty()) all.push_back(0);
        all.push_back(0);
        return all;
    }

private:
    std::vector<u8> bytes_;
    std::vector<u8> strings_;
    u8 string_count_ = 0;
};

// 7.1
Structure firmware_information(const SmbiosMachine& machine) {
    constexpr u64 characteristics_not_given = 1 << 3;
    constexpr u8 is_virtual_machine = 1 << 4;
    return Structure(0, handle(0))
        .text(maker)
        .text(machine.version)
        .number(u16{0xe800}) // where its code begins, as a segment
        .text("01/01/2025")
        .number(u8{0}) // 64 KiB
        .number(characteristics_not_given)
        .number(u8{0})
        .number(is_virtual_machine)
        .number(u8{0}) // its release, and none of an embedded controller
        .number(u8{0})
        .number(u16{0xffff});
}

// 7.2; the first three numbers of a UUID are little-endian (7.2.1).
Structure system_information(const SmbiosMachine& machine) {
    constexpr u8 by_power_switch = 6;
    Structure structure(1, handle(1));
    structure.text(maker).text(machine.board).text(machine.version).text(machine.serial_number);
    constexpr u8 order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (const u8 place : order) structure.number(machine.uuid[place]);
    return structure.number(by_power_switch).text("").text("Virtual Machine");
}

// 7.4
Structure enclosure(const SmbiosMachine& machine) {
    constexpr u8 other = 1, safe = 3;
    return Structure(3, handle(3))
        .text(maker)
        .number(other)
        .text(machine.version)
        .text(machine.serial_number)
        .text("")
        .number(safe) // when it was started, of its power supply and its temperature
        .number(safe)
        .number(safe)
        .number(unknown) // security
        .number(u32{0})
        .number(u8{0}) // height, power cords, contained elements
        .number(u8{0})
        .number(u8{0})
        .number(u8{0})
        .text("");
}

// 7.5
Structure processor(const SmbiosMachine& machine, u32 number) {
    constexpr u8 central_processor = 3, other = 1, enabled_in_socket = 0x41;
    constexpr u16 is_64_bit = 1 << 2;
    return Structure(4, handle(4, number))
        .text(fmt::format("CPU {}", number))
        .number(central_processor)
        .number(other) // its family
        .text(maker)
        .number(machine.processor_signature)
        .number(machine.processor_features)
        .text(machine.processor_name)
        .number(u8{0})  // voltage
        .number(u16{0}) // external clock
        .number(machine.processor_mhz)
        .number(machine.processor_mhz)
        .number(enabled_in_socket)
        .number(other) // socket
        .number(no_handle)
        .number(no_handle)
        .number(no_handle) // caches
        .text("")
        .text("")
        .text("")
        .number(u8{1}) // cores, those enabled, threads
        .number(u8{1})
        .number(u8{1})
        .number(is_64_bit)
        .number(u16{other})
        .number(u16{1}) // the same three, since 3.0
        .number(u16{1})
        .number(u16{1});
}

u64 memory_bytes(const SmbiosMachine& machine) {
    u64 total = 0;
    for (const SmbiosMachine::Memory& memory : machine.memory) total += memory.size_bytes;
    return total;
}

// 7.17
Structure memory_array(const SmbiosMachine& machine) {
    constexpr u8 on_the_board = 3, system_memory = 3, without_ecc = 3;
    constexpr u32 see_extended = 0x8000'0000;
    const u64 bytes = memory_bytes(machine);
    const bool extended = bytes / KiB >= see_extended;
    return Structure(16, handle(16))
        .number(on_the_board)
        .number(system_memory)
        .number(without_ecc)
        .number(extended ? see_extended : static_cast<u32>(bytes / KiB))
        .number(no_error_information)
        .number(u16{1})
        .number(extended ? bytes : u64{0});
}

// 7.18: one module of all the memory.
Structure memory_module(const SmbiosMachine& machine) {
    constexpr u8 dimm = 9, ram = 7;
    constexpr u16 other = 1 << 1;
    constexpr u16 see_extended = 0x7fff;
    const u64 mib = (memory_bytes(machine) + MiB - 1) / MiB;
    const bool extended = mib >= see_extended;
    return Structure(17, handle(17))
        .number(handle(16))
        .number(no_error_information)
        .number(u16{64}) // bits wide, in all and of data
        .number(u16{64})
        .number(extended ? see_extended : static_cast<u16>(mib))
        .number(dimm)
        .number(u8{0}) // in no set
        .text("DIMM 0")
        .text("")
        .number(ram)
        .number(other)
        .number(u16{0}) // speed
        .text(maker)
        .text("")
        .text("")
        .text("")
        .number(u8{0})
        .number(extended ? static_cast<u32>(mib) : 0)
        .zeros(8); // speed and voltages
}

// 7.20: the last address counts.
Structure memory_address(const SmbiosMachine::Memory& memory, u32 number) {
    constexpr u32 see_extended = 0xffff'ffff;
    const u64 last = memory.first + memory.size_bytes - 1;
    const bool extended = last / KiB >= see_extended;
    return Structure(19, handle(19, number))
        .number(extended ? see_extended : static_cast<u32>(memory.first / KiB))
        .number(extended ? see_extended : static_cast<u32>(last / KiB))
        .number(handle(16))
        .number(u8{1}) // one module in each row
        .number(extended ? memory.first : u64{0})
        .number(extended ? last : u64{0});
}

// 7.33: no errors.
Structure boot_information() { return Structure(32, handle(32)).zeros(7); }

// 7.45
Structure end_of_table() { return Structure(127, handle(127)); }

std::vector<Structure> structures(const SmbiosMachine& machine) {
    std::vector<Structure> all{firmware_information(machine), system_information(machine), enclosure(machine)};
    for (u32 number = 0; number < std::min<u64>(machine.processors, most_processors); ++number)
        all.push_back(processor(machine, number));
    all.push_back(memory_array(machine));
    all.push_back(memory_module(machine));
    u32 number = 0;
    for (const SmbiosMachine::Memory& memory : machine.memory)
        if (memory.size_bytes != 0) all.push_back(memory_address(memory, number++));
    all.push_back(boot_information());
    all.push_back(end_of_table());
    return all;
}

struct Measure {
    u64 bytes = 0;
    u64 count = 0;
    u64 largest = 0;
};

// 5.2.1. The checksum of its second half counts in that of the whole.
void add_old_anchor(FirmwareTables& tables, const Measure& measure) {
    constexpr u8 length = 0x1f, half = 0x10;
    std::vector<u8>& anchor = tables.files[smbios_anchor_file].bytes;
    append_text(anchor, "_SM_");
    anchor.insert(anchor.end(), {0, length, 2, 8});
    append_number(anchor, static_cast<u16>(measure.largest));
    anchor.resize(half);
    append_text(anchor, "_DMI_");
    anchor.push_back(0);
    append_number(anchor, static_cast<u16>(measure.bytes));
    tables.pointers.push_back({smbios_anchor_file, static_cast<u32>(anchor.size()), 4, smbios_tables_file});
    append_number(anchor, u32{0});
    append_number(anchor, static_cast<u16>(measure.count));
    anchor.push_back(0x28); // 2.8 once more
    tables.checksums = {{smbios_anchor_file, half + 5, half, length - half}, {smbios_anchor_file, 4, 0, length}};
}

// 5.2.2
void add_anchor(FirmwareTables& tables, const Measure& measure) {
    constexpr u8 length = 0x18;
    std::vector<u8>& anchor = tables.files[smbios_anchor_file].bytes;
    append_text(anchor, "_SM3_");
    anchor.insert(anchor.end(), {0, length, 3, 0, 0, 1, 0});
    append_number(anchor, static_cast<u32>(measure.bytes));
    tables.pointers.push_back({smbios_anchor_file, static_cast<u32>(anchor.size()), 8, smbios_tables_file});
    append_number(anchor, u64{0});
    tables.checksums = {{smbios_anchor_file, 5, 0, length}};
}

} // namespace

FirmwareTables smbios_tables(const SmbiosMachine& machine, SmbiosAnchor anchor) {
    FirmwareTables tables;
    tables.files = {{"etc/smbios/smbios-tables", {}, 16, false}, {"etc/smbios/smbios-anchor", {}, 16, true}};
    std::vector<u8>& bytes = tables.files[smbios_tables_file].bytes;
    Measure measure;
    for (const Structure& structure : structures(machine)) {
        const std::vector<u8> one = structure.bytes();
        bytes.insert(bytes.end(), one.begin(), one.end());
        measure.largest = std::max<u64>(measure.largest, one.size());
        ++measure.count;
    }
    measure.bytes = bytes.size();
    if (anchor == SmbiosAnchor::version_2_8)
        add_old_anchor(tables, measure);
    else
        add_anchor(tables, measure);
    return tables;
}

std::vector<FirmwareFile> smbios_for_firmware(const SmbiosMachine& machine, SmbiosAnchor anchor) {
    const FirmwareTables tables = smbios_tables(machine, anchor);
    // Firmware checks the anchor before it puts the address in, so its checksums must be those without.
    const std::vector<PlacedTable> placed = tables.linked_at({0, 0}).value();
    std::vector<FirmwareFile> files;
    for (u64 i = 0; i < placed.size(); ++i) files.push_back({tables.files[i].name, placed[i].bytes});
    return files;
}

} // namespace orrery::bios
