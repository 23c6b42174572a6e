// The layout of the state of a PC's storage controllers against tests/golden/pc_storage_state.txt, until a board with
// all of them has its own list.
#include "devices/storage/ahci.hpp"
#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/floppy.hpp"
#include "devices/storage/piix3_ide.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/memory_disk.hpp"

using namespace orrery;

TEST_CASE("the state of a PC's storage controllers has the layout of its versions") {
    test::FakeBus bus;
    test::MemoryDisk content(8);
    AtaDisk disk("disk0", {}, content);
    AtapiCdrom cdrom("cd0", {}, nullptr);
    Piix3Ide ide("ide", {bus.clock, bus.memory, {}, {&disk, &cdrom, nullptr, nullptr}});
    AhciController ahci("sata", bus.clock, bus.memory, {&disk, nullptr});
    Dma8237 dma("dma", bus.memory);
    FloppyController floppy("floppy", {}, bus.clock, {}, dma);
    test::Schemas schemas;
    schemas.add(disk);
    schemas.add(cdrom);
    schemas.add(ide);
    schemas.add(ahci);
    schemas.add(dma);
    schemas.add(floppy);
    schemas.compare("pc_storage_state.txt");
}
