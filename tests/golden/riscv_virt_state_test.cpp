// The layout of a machine's state against tests/golden/riscv_virt_state.txt. ORRERY_UPDATE_GOLDEN=1 writes it anew.
#include "machine/boards/riscv_virt.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;

TEST_CASE("the state of a riscv-virt machine has the layout of its versions") {
    const test::ScratchFile firmware("golden-firmware", std::vector<u8>(64));
    BoardOptions options;
    options.cpus = 2;
    options.bios = firmware.path();
    options.memory_bytes = riscv_virt_least_memory;
    options.network.user = true;
    options.serial = "none";
    options.deterministic = true;
    const auto machine = create_riscv_virt(options);
    if (!machine) FAIL(machine.error().message());
    test::Schemas schemas;
    schemas.add((*machine)->clock());
    for (const auto& component : (*machine)->components()) schemas.add(*component);
    schemas.compare("riscv_virt_state.txt");
}
