// The boards pc and q35 as a whole: a small ROM of our own is the guest.
#include "machine/boards/pc.hpp"

#include <algorithm>
#include <cstring>

#include "machine/boards/pc_tables.hpp"
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

TEST_CASE("a PC's tables say where firmware put power management and configuration, and keep their sizes") {
    BoardOptions options;
    const auto tables = [&](bool q35, const pc::Placement& where) {
        return pc::describe_board(options, q35, where).for_firmware.at(0).bytes;
    };
    const auto count = [](const std::vector<u8>& in, u64 number) {
        u32 found = 0;
        for (std::size_t at = 0; at + 4 <= in.size(); ++at) found += std::memcmp(in.data() + at, &number, 4) == 0;
        return found;
    };
    const std::vector<u8> usual = tables(false, {});
    const std::vector<u8> moved = tables(false, {.power_management = 0xb000});
    REQUIRE(usual.size() == moved.size());
    CHECK(count(usual, 0x604) >= 1);
    CHECK(count(moved, 0x604) == 0);
    CHECK(count(moved, 0xb004) >= 1);
    const std::vector<u8> q35 = tables(true, {});
    for (const u64 base : {0xe000'0000U, 0x4000'0000U, 0xf000'0000U, 0xf000U}) {
        const std::vector<u8> elsewhere = tables(true, {.ecam = {base, 0x1000'0000}});
        REQUIRE(elsewhere.size() == q35.size());
        CHECK(count(elsewhere, base) >= 2); // MCFG and the reserved memory
    }
}

TEST_CASE("a PC reads its tables when firmware asks, and its PCI addresses begin where memory ends") {
    const test::ScratchFile bios("pc-rom", exits);
    const auto machine = create_pc(options_for(bios));
    if (!machine) FAIL(machine.error().message());
    AddressSpace& ports = (*machine)->ports();
    const auto out = [&](u64 port, u64 value, Width width) { REQUIRE(ports.write({port}, value, width)); };
    out(0xcf8, 0x8000'0b40, Width::word); // the PIIX4's PMBA
    out(0xcfc, 0xb001, Width::word);
    const auto text = [&](u16 key, std::size_t size) {
        out(0x510, key, Width::half);
        std::string read;
        for (std::size_t i = 0; i < size; ++i) read += static_cast<char>(*ports.read({0x511}, Width::byte));
        return read;
    };
    CHECK(says(text(0x19, 1024), "etc/acpi/tables"));
    bool found = false;
    for (u16 key = 0x20; key < 0x28; ++key) found |= says(text(key, 8192), std::string("\x04\xb0\0\0", 4));
    CHECK(found);
    out(0xcf8, 0x8000'1010, Width::word); // BAR 0 of the VGA card, and its command register
    out(0xcfc, 0x8000'0000, Width::word);
    out(0xcf8, 0x8000'1004, Width::word);
    out(0xcfc, 0x0002, Width::half);
    CHECK((*machine)->memory().write({0x8000'0000}, 0x55, Width::byte));
    CHECK((*machine)->memory().read({0x8000'0000}, Width::byte) == 0x55);
}

TEST_CASE("a PC tells firmware what to start first: what the options say, then disks, CDs, floppies and networks") {
    const test::ScratchFile bios("pc-rom", exits);
    const test::ScratchFile disk("pc-disk", std::vector<u8>(1 * MiB));
    const test::ScratchFile floppy("pc-floppy", std::vector<u8>(1440 * KiB));
    const auto order_of = [&](auto create, std::vector<BootKind> order) {
        BoardOptions options = options_for(bios);
        const FileDiskOptions image{.path = disk.path(), .snapshot = true};
        options.disks = {image, image, image};
        options.disks[1].attachment = DiskAttachment::virtio;
        options.cdroms = {disk.path()};
        options.floppies = {floppy.path() + ",snapshot"};
        options.boot = {.order = std::move(order), .menu_wait_ms = 2500};
        const auto machine = create(options);
        if (!machine) FAIL(machine.error().message());
        AddressSpace& ports = (*machine)->ports();
        const auto item = [&](u16 key) {
            REQUIRE(ports.write({0x510}, key, Width::half));
            std::string read;
            for (int i = 0; i < 300; ++i) read += static_cast<char>(*ports.read({0x511}, Width::byte));
            return read;
        };
        CHECK(item(0x0e)[0] == 1);
        CHECK(item(0x23).substr(0, 3) == std::string("\xc4\x09\0", 3)); // "etc/boot-menu-wait", by its name
        const std::string text = item(0x20);
        return text.substr(0, text.find('\0'));
    };
    CHECK(order_of(create_pc, {}) == "/pci@i0cf8/ide@1,1/drive@0/disk@0\n/pci@i0cf8/scsi@3/disk@0,0\n"
                                     "/pci@i0cf8/ide@1,1/drive@0/disk@1\n/pci@i0cf8/ide@1,1/drive@1/disk@0\n"
                                     "/pci@i0cf8/isa@1/fdc@03f0/floppy@0");
    CHECK(order_of(create_q35, {BootKind::floppy, BootKind::cdrom}) ==
          "/pci@i0cf8/isa@1f/fdc@03f0/floppy@0\n/pci@i0cf8/pci8086,2922@1f,2/drive@2/disk@0\n"
          "/pci@i0cf8/pci8086,2922@1f,2/drive@0/disk@0\n/pci@i0cf8/scsi@2/disk@0,0\n"
          "/pci@i0cf8/pci8086,2922@1f,2/drive@1/disk@0");
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

TEST_CASE("with CR0.NE clear an x87 exception is interrupt 13 on a PC, and port F0h lets the CPU go on") {
    const test::ScratchFile bios(
        "pc-rom", rom({0x66, 0xb9, 0x1b, 0,    0,    0,    0x66, 0x31, 0xd2, 0x66, 0x31, 0xc0, 0x0f, 0x30, // no APIC
                       0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70, 0x89, 0xc3,       // a stack; bx = 0
                       0xc7, 0x06, 0xd4, 0x01, 0x66, 0x00, 0xc7, 0x06, 0xd6, 0x01, 0x00, 0xf0, // interrupt 75h: 66h
                       0xb0, 0x11, 0xe6, 0x20, 0xe6, 0xa0, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x70, 0xe6, 0xa1, // ICW1, ICW2
                       0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x02, 0xe6, 0xa1, 0xb0, 0x01, 0xe6, 0x21, 0xe6, 0xa1, // to ICW4
                       0xb0, 0xfb, 0xe6, 0x21, 0xb0, 0xdf, 0xe6, 0xa1, 0xfb,             // only 13; sti
                       0xdb, 0xe3, 0x68, 0x7e, 0x03, 0x89, 0xe5, 0xd9, 0x6e, 0x00,       // fninit; fldcw: invalid
                       0xd9, 0xee, 0xd8, 0xf0, 0x9b, 0x9b, 0xdb, 0xe2,                   // fldz; fdiv st; fwait; fclex
                       0xd9, 0xee, 0xd8, 0xf0, 0x9b, 0x88, 0xd8, 0xe6, 0xf4, 0xf4,       // again; out F4h, bl
                       0x43, 0xb0, 0x00, 0xe6, 0xf0, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, // inc bx; out F0h; EOI
                       0xcf}));
    for (const auto create : {create_pc, create_q35})
        for (const auto engine : {dbt::Engine::baseline, dbt::Engine::interpreter}) {
            const auto machine = create(options_for(bios, engine));
            if (!machine) FAIL(machine.error().message());
            const Outcome outcome = (*machine)->run_until(1'000'000);
            CHECK(outcome.ending == Ending::powered_off);
            CHECK(outcome.code == 2 * 2 + 1);
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

TEST_CASE("a PC has KVM's clock where it is asked for, on every engine") {
    // mov ecx, 4B564D01h; mov eax, 1001h; xor edx, edx; wrmsr; dec cx; mov eax, 1040h; wrmsr; mov al, 10h; out F4h, al
    const test::ScratchFile bios(
        "pc-rom", rom({0x66, 0xb9, 0x01, 0x4d, 0x56, 0x4b, 0x66, 0xb8, 0x01, 0x10, 0x00, 0x00, 0x66, 0x31, 0xd2,
                       0x0f, 0x30, 0x49, 0x66, 0xb8, 0x40, 0x10, 0x00, 0x00, 0x0f, 0x30, 0xb0, 0x10, 0xe6, 0xf4}));
    for (const auto engine : {dbt::Engine::baseline, dbt::Engine::interpreter}) {
        BoardOptions options = options_for(bios, engine);
        options.paravirtual_clock = true;
        const auto machine = create_pc(options);
        if (!machine) FAIL(machine.error().message());
        REQUIRE((*machine)->run().code == 0x21);
        const auto at = [&](u64 address) {
            std::array<u8, 8> bytes{};
            REQUIRE((*machine)->memory().read_memory({address}, bytes));
            u64 value = 0;
            std::memcpy(&value, bytes.data(), bytes.size());
            return value;
        };
        CHECK(at(0x1000) == 2);                                           // the version
        CHECK(at(0x1008) == 0);                                           // the counter began with virtual time,
        CHECK(at(0x1010) == 0);                                           // and that with 0
        CHECK(at(0x1018) == (0x8000'0000 | u64{1} << 32 | u64{1} << 40)); // (ticks << 1) * 2^31 >> 32, stable
        CHECK(at(0x1040) == (2 | u64{1'767'225'600} << 32));              // the date of deterministic machines
    }
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
