// A PC's screen and keyboard from outside.
#include "machine/boards/console.hpp"

#include <filesystem>
#include <fstream>

#include "machine/boards/pc.hpp"
#include "machine/boards/pc_screen.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

namespace orrery {
namespace {

// A PC whose ROM waits for a byte from the keyboard and ends the machine with it: twice the byte, and one.
struct ListeningPc {
    ListeningPc() {
        BoardOptions options;
        options.memory_bytes = 16 * MiB;
        options.bios = rom.path();
        options.serial = "none";
        options.deterministic = true;
        machine = create_pc(options).value();
    }
    static std::vector<u8> bytes() {
        std::vector<u8> bytes(64 * KiB, 0xf4);
        const std::vector<u8> code{0xb0, 0x60, 0xe6, 0x64, 0xb0, 0x40, 0xe6, 0x60, // command byte 40h: translated
                                   0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa,             // until there is a byte
                                   0xe4, 0x60, 0xe6, 0xf4};
        const std::vector<u8> jump{0xea, 0x00, 0x00, 0x00, 0xf0};
        std::ranges::copy(code, bytes.begin());
        std::ranges::copy(jump, bytes.end() - 16);
        return bytes;
    }
    test::ScratchFile rom{"console-rom", bytes()};
    std::unique_ptr<Machine> machine;
};

bool says(const Status& status, std::string_view words) {
    return !status && status.error().message().find(words) != std::string::npos;
}

} // namespace

TEST_CASE("what is typed reaches the guest") {
    for (const auto& [press, code] : {std::pair{"a", 0x1e}, std::pair{"esc", 0x01}, std::pair{"ctrl-c", 0x1d}}) {
        ListeningPc pc;
        pc.machine->run_until(100'000);
        const Status pressed = press_keys(*pc.machine, press);
        if (!pressed) FAIL(pressed.error().message());
        const Outcome outcome = pc.machine->run_until(100'000'000);
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == static_cast<u32>(2 * code + 1));
    }
    ListeningPc pc;
    pc.machine->run_until(100'000);
    REQUIRE(type_text(*pc.machine, "Q\n"));
    CHECK(pc.machine->run_until(100'000'000).code == 2 * 0x2a + 1); // Shift comes first
}

TEST_CASE("keys that there aren't, and more than the keyboard can hold, are refused whole") {
    ListeningPc pc;
    CHECK(says(press_keys(*pc.machine, "ctrl-frobnicate"), "no key 'frobnicate'"));
    CHECK(says(press_keys(*pc.machine, ""), "no key ''"));
    CHECK(says(type_text(*pc.machine, "\x01"), "can't type"));
    CHECK(says(type_text(*pc.machine, std::string(2000, 'a')), "room for"));
}

TEST_CASE("a VGA is put into text mode with letters, and into a mode with a frame buffer") {
    auto machine = Machine::create({}).value();
    Ram& memory = machine->add_ram(Ram::create("video", 16 * MiB).value());
    Vga& vga = machine->add(std::make_unique<Vga>("vga", machine->memory(), machine->clock(), memory));
    vga.reset();
    const auto drawn = [&] {
        Image image;
        vga.capture()->draw(image);
        return image;
    };
    pc::show_text(vga);
    CHECK(drawn().width == 720);
    CHECK(drawn().height == 400);
    const auto lit = [&] { return std::ranges::count(drawn().pixels, 0xaaaaaaU); };
    const auto cursor = lit();   // or none, when it is dark
    memory.host()[8 * 80] = 'H'; // in the second line; a cell takes eight bytes
    CHECK(lit() > cursor + 20);
    pc::show_frame_buffer(vga, {640, 480});
    CHECK(drawn().width == 640);
    CHECK(drawn().pixels == std::vector<u32>(640 * 480, 0));
    memory.host()[4 * 639 + 2] = 0xff;
    CHECK(drawn().pixels[639] == 0xff0000);
}

TEST_CASE("the screen becomes a PNG file, and errors name it") {
    ListeningPc pc;
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("orrery-{}.png", ::getpid())).string();
    const Status saved = save_screenshot(*pc.machine, path);
    if (!saved) FAIL(saved.error().message());
    std::string start(8, '\0');
    std::ifstream(path, std::ios::binary).read(start.data(), 8);
    CHECK(start == "\x89PNG\r\n\x1a\n");
    std::filesystem::remove(path);
    CHECK(says(save_screenshot(*pc.machine, "/nowhere/x.png"), "/nowhere/x.png"));
}

} // namespace orrery
