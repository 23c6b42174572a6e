// SMBIOS tables as their readers find them.
#include "bios/tables/smbios.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

bios::SmbiosMachine sample() {
    bios::SmbiosMachine machine;
    machine.board = "q35";
    machine.version = "1.0";
    machine.uuid = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    machine.processors = 2;
    machine.processor_name = "x86-64-v2";
    machine.processor_signature = 0x1'06a4;
    machine.memory = {{0, 3 * GiB}, {4 * GiB, 5 * GiB}};
    return machine;
}

u64 number(const std::vector<u8>& bytes, u64 at, u32 size) {
    u64 value = 0;
    REQUIRE(at + size <= bytes.size());
    std::memcpy(&value, bytes.data() + at, size);
    return value;
}

u8 sum(const std::vector<u8>& bytes, u64 first, u64 size) {
    u8 value = 0;
    for (u64 i = first; i < first + size; ++i) value = static_cast<u8>(value + bytes.at(i));
    return value;
}

struct Structure {
    std::vector<u8> formatted;
    std::vector<std::string> strings;
    // The string whose number stands at `at`.
    [[nodiscard]] std::string text(u64 at) const {
        const u8 index = formatted.at(at);
        return index == 0 ? std::string() : strings.at(index - 1u);
    }
};

// By type, in their order (DSP0134, 6.1).
std::multimap<u8, Structure> parse(const std::vector<u8>& bytes) {
    std::multimap<u8, Structure> found;
    u64 at = 0;
    while (at < bytes.size()) {
        const u64 length = number(bytes, at + 1, 1);
        REQUIRE(length >= 4);
        Structure structure{{bytes.begin() + static_cast<i64>(at), bytes.begin() + static_cast<i64>(at + length)}, {}};
        at += length;
        while (number(bytes, at, 1) != 0) {
            const std::string text(reinterpret_cast<const char*>(bytes.data() + at));
            structure.strings.push_back(text);
            at += text.size() + 1;
        }
        at += structure.strings.empty() ? 2 : 1;
        found.emplace(structure.formatted[0], structure);
    }
    REQUIRE(at == bytes.size());
    return found;
}

std::multimap<u8, Structure> structures_of(const bios::SmbiosMachine& machine) {
    return parse(bios::smbios_tables(machine, bios::SmbiosAnchor::version_3_0).files[bios::smbios_tables_file].bytes);
}

} // namespace

TEST_CASE("either anchor leads to the tables and adds up to 0") {
    const auto linked = [](bios::SmbiosAnchor anchor) {
        return bios::smbios_tables(sample(), anchor).linked_at({0xf'1230, 0xf'0010}).value();
    };
    const auto old = linked(bios::SmbiosAnchor::version_2_8);
    const std::vector<u8>& anchor = old[bios::smbios_anchor_file].bytes;
    const std::vector<u8>& tables = old[bios::smbios_tables_file].bytes;
    CHECK(std::equal(anchor.begin(), anchor.begin() + 4, "_SM_"));
    CHECK(anchor.size() == 0x1f);
    CHECK(number(anchor, 5, 1) == 0x1f);
    CHECK(number(anchor, 6, 2) == 0x0802); // 2.8
    CHECK(sum(anchor, 0, 0x1f) == 0);
    CHECK(std::equal(anchor.begin() + 16, anchor.begin() + 21, "_DMI_"));
    CHECK(sum(anchor, 16, 15) == 0);
    CHECK(number(anchor, 22, 2) == tables.size());
    CHECK(number(anchor, 24, 4) == 0xf'1230);
    CHECK(number(anchor, 28, 2) == parse(tables).size());

    const auto both = linked(bios::SmbiosAnchor::version_3_0);
    const std::vector<u8>& anchor3 = both[bios::smbios_anchor_file].bytes;
    CHECK(std::equal(anchor3.begin(), anchor3.begin() + 5, "_SM3_"));
    CHECK(anchor3.size() == 0x18);
    CHECK(number(anchor3, 6, 1) == 0x18);
    CHECK(number(anchor3, 7, 2) == 0x0003); // 3.0
    CHECK(sum(anchor3, 0, 0x18) == 0);
    CHECK(number(anchor3, 12, 4) == tables.size());
    CHECK(number(anchor3, 16, 8) == 0xf'1230);
    CHECK(both[bios::smbios_tables_file].bytes == tables);
}

TEST_CASE("firmware gets two files whose checksums hold before it links them") {
    const auto files = bios::smbios_for_firmware(sample(), bios::SmbiosAnchor::version_2_8);
    REQUIRE(files.size() == 2);
    CHECK(files[0].name == "etc/smbios/smbios-tables");
    CHECK(files[1].name == "etc/smbios/smbios-anchor");
    CHECK(sum(files[1].bytes, 0, files[1].bytes.size()) == 0);
    CHECK(sum(files[1].bytes, 16, 15) == 0);
}

TEST_CASE("each structure that 3.0 requires is there, with a handle of its own") {
    const auto found = structures_of(sample());
    const std::map<u8, u64> counts{{0, 1}, {1, 1}, {3, 1}, {4, 2}, {16, 1}, {17, 1}, {19, 2}, {32, 1}, {127, 1}};
    u64 total = 0;
    for (const auto& [type, count] : counts) {
        CHECK(found.count(type) == count);
        total += count;
    }
    CHECK(found.size() == total);
    std::map<u64, u64> handles;
    for (const auto& [type, structure] : found) CHECK(++handles[number(structure.formatted, 2, 2)] == 1);
}

TEST_CASE("the structures have the lengths of their versions and say what the machine is") {
    const auto found = structures_of(sample());
    const auto one = [&](u8 type) { return found.find(type)->second; };
    CHECK(one(0).formatted.size() == 0x18);
    CHECK(one(0).text(4) == "Orrery");
    CHECK(one(1).formatted.size() == 0x1b);
    CHECK(one(1).text(4) == "Orrery");
    CHECK(one(1).text(5) == "q35");
    CHECK(one(1).text(6) == "1.0");
    CHECK(number(one(1).formatted, 8, 8) == 0x6677'4455'0011'2233); // the first three parts little-endian
    CHECK(one(3).formatted.size() == 0x16);
    CHECK(one(4).formatted.size() == 0x30);
    CHECK(one(4).text(0x10) == "x86-64-v2");
    CHECK(number(one(4).formatted, 8, 4) == 0x1'06a4);
    CHECK(one(16).formatted.size() == 0x17);
    CHECK(number(one(16).formatted, 7, 4) == 8 * MiB); // KiB
    CHECK(one(17).formatted.size() == 0x28);
    CHECK(number(one(17).formatted, 12, 2) == 8 * KiB); // MiB
    CHECK(number(one(17).formatted, 4, 2) == number(one(16).formatted, 2, 2));
    CHECK(one(19).formatted.size() == 0x1f);
    CHECK(number(one(19).formatted, 8, 4) == 3 * MiB - 1);
    CHECK(one(32).formatted.size() == 0x0b);
    CHECK(one(127).formatted.size() == 4);
}

TEST_CASE("sizes that no longer fit stand in the extended fields") {
    bios::SmbiosMachine machine = sample();
    machine.memory = {{4 * GiB, 8192 * GiB}};
    const auto found = structures_of(machine);
    const auto bytes = [&](u8 type) { return found.find(type)->second.formatted; };
    CHECK(number(bytes(16), 7, 4) == 0x8000'0000);
    CHECK(number(bytes(16), 15, 8) == 8192 * GiB);
    CHECK(number(bytes(17), 12, 2) == 0x7fff);
    CHECK(number(bytes(17), 28, 4) == 8 * MiB);
    CHECK(number(bytes(19), 4, 4) == 0xffff'ffff);
    CHECK(number(bytes(19), 15, 8) == 4 * GiB);
    CHECK(number(bytes(19), 23, 8) == 8196 * GiB - 1);
}
