// Boots every program of this folder by our BIOS, on both chipsets and from every kind of disk that it knows.
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
constexpr std::size_t disk_bytes = 32760 * 512;
constexpr u32 passed = 33; // 10h at port F4h

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<u8> disk_of(const Program& program) {
    const std::string image = contents(program.image);
    std::vector<u8> bytes(image.begin(), image.end());
    bytes.resize(disk_bytes);
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
    const ScratchFile disk("pc-bios-" + program.name + ".img", disk_of(program));
    const ScratchFile said("pc-bios-" + program.name + ".txt", {});
    BoardOptions options;
    options.engine = variation.engine;
    options.cpus = variation.cpus;
    options.memory_bytes = 64 * MiB;
    options.disks = {{.path = disk.path(), .attachment = variation.attachment}};
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
            for (const Variation& variation : variations) run(program, variation);
        }
    }
}
