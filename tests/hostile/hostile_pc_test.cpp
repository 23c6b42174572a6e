// A guest that gives the drives of a PC nonsense to do gets to its end.
#include "machine/boards/board.hpp"
#include "machine/fabric/log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;

namespace {

constexpr u64 floppy_bytes = 1440 * KiB;

struct Setting {
    const char* machine;
    dbt::Engine engine;
    bool deterministic;
};

} // namespace

TEST_CASE("a guest whose IDE, AHCI and floppy commands and DMA are random gets to its end") {
    log::set_sink([](log::Level, std::string_view) {}); // guest errors are the point here
    const test::ScratchFile disk("hostile-disk", std::vector<u8>(4 * MiB, 0x5a));
    const test::ScratchFile cdrom("hostile-cdrom", std::vector<u8>(1 * MiB, 0xa5));
    const test::ScratchFile floppy("hostile-floppy", std::vector<u8>(floppy_bytes, 0x11));
    for (const Setting setting :
         {Setting{"pc", dbt::Engine::baseline, true}, Setting{"pc", dbt::Engine::interpreter, true},
          Setting{"pc", dbt::Engine::baseline, false}, Setting{"q35", dbt::Engine::baseline, true},
          Setting{"q35", dbt::Engine::interpreter, false}}) {
        INFO(setting.machine << ", engine " << static_cast<int>(setting.engine) << ", deterministic "
                             << setting.deterministic);
        BoardOptions options;
        options.engine = setting.engine;
        options.deterministic = setting.deterministic;
        options.memory_bytes = 32 * MiB;
        options.kernel = ORRERY_HOSTILE_ELFS "/wild_drives.elf";
        options.disks = {{.path = disk.path(), .snapshot = true}, {.path = disk.path(), .snapshot = true}};
        options.cdroms = {cdrom.path()};
        options.floppies = {floppy.path()};
        options.serial = "none";
        auto machine = find_board(setting.machine)->create(options);
        if (!machine) FAIL(machine.error().message());
        const Outcome outcome = (*machine)->run();
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == 1);
    }
    log::set_sink({});
}
