// Boots every program of this folder by our BIOS, on both chipsets and from every kind of disk that it knows.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "machine/boards/pc.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

struct Program {
    std::string name;
    std::string image;
};

const std::vector<Program> programs = {
#define ORRERY_GUEST_PROGRAM(name) {#name, ORRERY_GUEST_IMAGES "/" #name ".img"},
#include "pc_bios_programs.inc"
#undef ORRERY_GUEST_PROGRAM
};

constexpr u64 patience_ns = 30'000'000'000; // of guest time
constexpr std::size_t disk_bytes = 32760 * 512, floppy_bytes = 2880 * 512;
constexpr u32 passed = 33; // 10h at port F4h

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<u8> image_of(const Program& program) {
    const std::string image = contents(program.image);
    return {image.begin(), image.end()};
}

void put(std::vector<u8>& bytes, std::size_t at, std::string_view text) {
    std::ranges::copy(text, bytes.begin() + static_cast<std::ptrdiff_t>(at));
}
void put(std::vector<u8>& bytes, std::size_t at, u32 value, u32 size_bytes) {
    for (u32 i = 0; i < size_bytes; ++i) bytes[at + i] = static_cast<u8>(value >> 8 * i);
}

// "El Torito" 1.0: volume descriptors from sector 16 on, the boot catalog in 19, the program in 20.
std::vector<u8> cd_of(const std::vector<u8>& program) {
    constexpr std::size_t sector = 2048, record = 17 * sector, catalog = 19 * sector, entry = catalog + 32;
    constexpr u32 first_sector = 20;
    std::vector<u8> cd(first_sector * sector);
    put(cd, 16 * sector, "\1CD001");
    put(cd, record + 1, "CD001\1EL TORITO SPECIFICATION");
    put(cd, record + 0x47, 19, 4);
    put(cd, 18 * sector,
        "\xff"
        "CD001");
    put(cd, catalog, 1, 1);
    put(cd, catalog + 0x1c, 0x10000 - 0xaa55 - 1, 2); // the words' sum is 0
    put(cd, catalog + 0x1e, 0xaa55, 2);
    put(cd, entry, 0x88, 1);
    put(cd, entry + 6, static_cast<u32>(program.size() / 512), 2);
    put(cd, entry + 8, first_sector, 4);
    cd.insert(cd.end(), program.begin(), program.end());
    cd.resize(64 * sector);
    return cd;
}

enum class Medium { disk, cd, floppy };

Medium medium_of(const Program& program) {
    if (program.name.starts_with("cd_")) return Medium::cd;
    return program.name.starts_with("floppy_") ? Medium::floppy : Medium::disk;
}

std::vector<u8> bytes_of(const Program& program) {
    std::vector<u8> bytes = image_of(program);
    if (medium_of(program) == Medium::cd) return cd_of(bytes);
    bytes.resize(medium_of(program) == Medium::disk ? disk_bytes : floppy_bytes);
    return bytes;
}

struct Variation {
    std::string_view name;
    Result<std::unique_ptr<Machine>> (*create)(const BoardOptions& options);
    DiskAttachment attachment;
    dbt::Engine engine;
    u32 cpus;
};

constexpr auto baseline = dbt::Engine::baseline;
const Variation variations[] = {
    {"pc, IDE", create_pc, DiskAttachment::ide, baseline, 1},
    {"pc, virtio, 4 CPUs", create_pc, DiskAttachment::virtio, baseline, 4},
    {"q35, SATA", create_q35, DiskAttachment::sata, baseline, 1},
    {"pc, IDE, interpreter", create_pc, DiskAttachment::ide, dbt::Engine::interpreter, 1},
};

void run(const Program& program, const Variation& variation) {
    const ScratchFile image("pc-bios-" + program.name + ".img", bytes_of(program));
    const ScratchFile said("pc-bios-" + program.name + ".txt", {});
    BoardOptions options;
    options.engine = variation.engine;
    options.cpus = variation.cpus;
    options.memory_bytes = 64 * MiB;
    switch (medium_of(program)) {
    case Medium::disk:
        options.disks = {{.path = image.path(), .attachment = variation.attachment}};
        break;
    case Medium::cd:
        options.cdroms = {image.path()};
        break;
    case Medium::floppy:
        options.floppies = {{image.path()}};
        break;
    }
    options.serial = "none";
    options.debug_console = "file:" + said.path();
    options.deterministic = true;
    options.timeout_ns = patience_ns;
    auto machine = variation.create(options);
    if (!machine) FAIL(machine.error().message());
    const Outcome outcome = (*machine)->run();
    machine->reset(); // what it said is written
    INFO(program.name << " (" << variation.name << "): " << contents(said.path()));
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(outcome.code == passed);
}

} // namespace

TEST_CASE("the BIOS's services answer as they should") {
    for (const Program& program : programs) {
        DYNAMIC_SECTION(program.name) {
            for (const Variation& variation : variations) {
                // How a disk is attached makes no difference to what isn't one.
                const bool is_other = variation.attachment == DiskAttachment::virtio;
                if (medium_of(program) == Medium::disk || !is_other) run(program, variation);
            }
        }
    }
}
