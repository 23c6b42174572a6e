// The layout of the states of PCs against golden files. ORRERY_UPDATE_GOLDEN=1 writes them anew.
#include "machine/boards/pc.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;

namespace {

void check_layout(decltype(create_pc) create, const std::string& golden) {
    const test::ScratchFile firmware("golden-firmware", std::vector<u8>(64 * KiB));
    const test::ScratchFile disk("golden-disk", std::vector<u8>(64 * KiB));
    const test::ScratchFile floppy("golden-floppy", std::vector<u8>(1440 * KiB));
    BoardOptions options;
    options.bios = firmware.path();
    options.memory_bytes = 16 * MiB;
    options.network.user = true;
    options.serial = "none";
    options.deterministic = true;
    options.paravirtual_clock = true;
    options.disks = {{.path = disk.path(), .snapshot = true}};
    options.cdroms = {disk.path()};
    options.floppies = {floppy.path()};
    const auto machine = create(options);
    if (!machine) FAIL(machine.error().message());
    test::Schemas schemas;
    schemas.add((*machine)->clock());
    for (const auto& component : (*machine)->components()) schemas.add(*component);
    schemas.compare(golden);
}

} // namespace

TEST_CASE("the state of a pc has the layout of its versions") { check_layout(create_pc, "pc_state.txt"); }
TEST_CASE("the state of a q35 has the layout of its versions") { check_layout(create_q35, "q35_state.txt"); }
