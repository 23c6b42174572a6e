// The boards pc and q35 as a whole: a small ROM of our own is the guest.
#include "machine/boards/pc.hpp"

#include <algorithm>

#include "machine/loader/file.hpp"
#include "machine/snapshot.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

namespace orrery {
namespace {

constexpr std::size_t rom_bytes = 64 * KiB;
constexpr std::size_t reset_vector = rom_bytes - 16;

// `code` runs at F000:0000 after a far jump from the reset vector.
std::vector<u8> rom(std::initializer_list<u8> code) {
    std::vector<u8> bytes(rom_bytes, 0xf4); // hlt
    std::ranges::copy(code, bytes.begin());
    std::ranges::copy(std::initializer_list<u8>{0xea, 0x00, 0x00, 0x00, 0xf0}, bytes.begin() + reset_vector);
    return bytes;
}

BoardOptions options_for(const test::ScratchFile& bios, dbt::Engine engine = dbt::Engine::baseline) {
    BoardOptions options;
    options.engine = engine;
    options.memory_bytes = 16 * MiB;
    options.bios = bios.path();
    options.serial = "none";
    options.deterministic = true;
    return options;
}

// mov al, 10h; out F4h, al: ends the machine with 21h.
const std::vector<u8> exits = rom({0xb0, 0x10, 0xe6, 0xf4});

bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

std::string refusal(const BoardOptions& options) {
    const auto machine = create_pc(options);
    return machine ? std::string{} : machine.error().message();
}

} // namespace

TEST_CASE("a PC begins at the reset vector of its ROM, on every engine and both chipsets") {
    const test::ScratchFile bios("pc-rom", exits);
    for (const auto create : {create_pc, create_q35})
        for (const auto engine : {dbt::Engine::baseline, dbt::Engine::interpreter}) {
            const auto machine = create(options_for(bios, engine));
            if (!machine) FAIL(machine.error().message());
            const Outcome outcome = (*machine)->run();
            CHECK(outcome.ending == Ending::powered_off);
            CHECK(outcome.code == 0x21);
        }
}

TEST_CASE("a PC starts firmware in a flash bank as it does in a ROM") {
    const test::ScratchFile flash("pc-flash", exits);
    for (const auto create : {create_pc, create_q35}) {
        BoardOptions options = options_for(flash);
        options.bios.reset();
        options.flash = {{.path = flash.path(), .snapshot = true}};
        options.kernel = "a kernel that firmware may ask for";
        const auto machine = create(options);
        if (!machine) FAIL(machine.error().message());
        CHECK((*machine)->run().code == 0x21);
    }
}

TEST_CASE("flash banks of a PC lie below its firmware, one below the other, and their files keep what is written") {
    const test::ScratchFile bios("pc-rom", exits);
    const test::ScratchFile upper("pc-upper", std::vector<u8>(8192, 0x11));
    const test::ScratchFile lower("pc-lower", std::vector<u8>(4096, 0x22));
    constexpr u64 upper_at = 0xffff'0000 - 8192, lower_at = upper_at - 4096;
    const auto contents = [](const test::ScratchFile& file) { return read_file(file.path(), 1 * MiB, "it").value(); };
    const auto write_byte_to = [&](FileDiskOptions first, FileDiskOptions second) {
        BoardOptions options = options_for(bios);
        options.flash = {std::move(first), std::move(second)};
        const auto machine = create_q35(options);
        if (!machine) FAIL(machine.error().message());
        AddressSpace& memory = (*machine)->memory();
        CHECK(memory.read({upper_at}, Width::byte) == 0x11);
        CHECK(memory.read({lower_at}, Width::byte) == 0x22);
        for (const u64 at : {upper_at + 8191, lower_at})
            for (const u64 value : {0x10U, 0x00U, 0xffU}) memory.write({at}, value, Width::byte);
        return memory.read({upper_at + 8191}, Width::byte).value_or(0xff);
    };
    CHECK(write_byte_to({.path = upper.path(), .snapshot = true}, {.path = lower.path(), .read_only = true}) == 0);
    CHECK(contents(upper) == std::vector<u8>(8192, 0x11));
    CHECK(write_byte_to({.path = upper.path(), .read_only = true}, {.path = lower.path()}) == 0x11);
    CHECK(contents(upper) == std::vector<u8>(8192, 0x11));
    CHECK(contents(lower).front() == 0);
}

TEST_CASE("the timer of a PC reaches the 8259s") {
    // Counter 0 divides by 64; IRR of the master is read until IRQ 0 shows in it.
    const test::ScratchFile bios("pc-rom", rom({0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21,
                                                0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, // ICW1 to ICW4
                                                0xb0, 0x14, 0xe6, 0x43, 0xb0, 0x40, 0xe6, 0x40, // mode 2, 64
                                                0xb0, 0x0a, 0xe6, 0x20,                         // OCW3: IRR
                                                0xe4, 0x20, 0xa8, 0x01, 0x74, 0xfa,             // until bit 0 is set
                                                0xb0, 0x10, 0xe6, 0xf4}));
    for (const auto create : {create_pc, create_q35}) {
        const auto machine = create(options_for(bios));
        if (!machine) FAIL(machine.error().message());
        CHECK((*machine)->run_until(10'000'000).ending == Ending::powered_off);
    }
}

TEST_CASE("a PC's machine is the same in every run and after a restore") {
    const test::ScratchFile bios("pc-rom", rom({0x40, 0xeb, 0xfd})); // inc ax, for ever
    const auto first = create_pc(options_for(bios));
    const auto second = create_pc(options_for(bios));
    if (!first) FAIL(first.error().message());
    (*first)->run_until(100'000);
    (*second)->run_until(100'000);
    CHECK(state_hash(**first) == state_hash(**second));
    const test::ScratchFile file("pc-snapshot", std::vector<u8>{});
    const Status saved = save_snapshot(**first, file.path());
    if (!saved) FAIL(saved.error().message());
    const auto third = create_pc(options_for(bios));
    const Status restored = restore_snapshot(**third, file.path());
    if (!restored) FAIL(restored.error().message());
    CHECK(state_hash(**third) == state_hash(**first));
    (*first)->run_until(200'000);
    (*third)->run_until(200'000);
    CHECK(state_hash(**third) == state_hash(**first));
}

TEST_CASE("a triple fault resets a PC, and one that never ends is noticed") {
    // lidt of a table without entries, then int3; the descriptor lies behind the code.
    const test::ScratchFile bios("pc-rom", rom({0x2e, 0x0f, 0x01, 0x1e, 0x08, 0x00, 0xcc, 0xf4, 0, 0, 0, 0, 0, 0}));
    const auto machine = create_pc(options_for(bios));
    if (!machine) FAIL(machine.error().message());
    CHECK((*machine)->run().ending == Ending::reset_loop);
}

TEST_CASE("what a PC doesn't have is refused with the option's name") {
    const test::ScratchFile bios("pc-rom", exits);
    const test::ScratchFile odd("pc-odd", std::vector<u8>(1000));
    const test::ScratchFile large("pc-large", std::vector<u8>(8 * MiB));
    const auto with = [&](auto change) {
        BoardOptions options = options_for(bios);
        change(options);
        return refusal(options);
    };
    CHECK(says(with([](BoardOptions& o) { o.device_tree = "x.dtb"; }), "--dtb"));
    CHECK(says(with([](BoardOptions& o) { o.virtio = VirtioTransportKind::mmio; }), "--virtio mmio"));
    CHECK(says(with([](BoardOptions& o) { o.flash = {{.path = "no/such/file"}}; }), "--flash"));
    CHECK(says(with([&](BoardOptions& o) { o.flash = {{.path = odd.path()}}; }), "',snapshot'"));
    CHECK(says(with([&](BoardOptions& o) { o.flash = {{.path = odd.path(), .snapshot = true}}; }), "blocks of 4 KiB"));
    const FileDiskOptions half{.path = large.path(), .snapshot = true};
    CHECK(says(with([&](BoardOptions& o) { o.flash = {half, half}; }), "16 MiB at most"));
    CHECK(says(with([](BoardOptions& o) { o.cpu_model = "z80"; }), "x86-64-v2"));
    CHECK(says(with([](BoardOptions& o) { o.cpu_model = "x86-64-v4"; }), "x86-64-v3"));
    CHECK(says(with([](BoardOptions& o) { o.cpus = 9; }), "1 to 8 CPUs"));
    CHECK(says(with([](BoardOptions& o) { o.memory_bytes = 1 * MiB; }), "--memory"));
    CHECK(says(with([&](BoardOptions& o) { o.floppies = {bios.path()}; }), "no floppy disk's size"));
    CHECK(says(with([&](BoardOptions& o) { o.disks = {{.path = bios.path(), .attachment = DiskAttachment::sata}}; }),
               "IDE drives"));
    const test::ScratchFile rough("pc-rom-odd", std::vector<u8>(100));
    CHECK(says(with([&](BoardOptions& o) { o.bios = rough.path(); }), "multiple of 64 KiB"));
}

} // namespace orrery
