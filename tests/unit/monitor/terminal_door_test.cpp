// The prompt at the terminal.
#include "app/monitor/terminal_door.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/monitor/guest.hpp"

namespace orrery::app::monitor {
namespace {

class Paper final : public Screen {
public:
    void take_over(std::function<void(u8)> taker) override { keys = std::move(taker); }
    void give_back() override { keys = nullptr; }
    void show(std::string_view text) override { shown += text; }
    void type(std::string_view text) {
        for (const char key : text)
            if (const auto taker = keys) taker(static_cast<u8>(key));
    }
    std::function<void(u8)> keys;
    std::string shown;
};

struct Session {
    test::Guest guest;
    Paper screen;
    TerminalDoor door{screen, guest.monitor};

    bool saw(std::string_view text) const { return screen.shown.find(text) != std::string::npos; }
};

} // namespace

TEST_CASE("the prompt takes the keys, answers, and gives the keys back") {
    Session s;
    CHECK_FALSE(s.screen.keys);
    s.door.open("hello");
    CHECK(s.saw("\nhello\n(orrery) "));
    s.screen.type("devi\t u\x15map\r");
    CHECK(s.saw("RAM"));
    s.screen.type("wolk\r");
    CHECK(s.saw("was 'walk' meant?\x29; `help` lists them\n(orrery) "));
    s.screen.type("leave\r");
    CHECK_FALSE(s.screen.keys);
    CHECK_FALSE(s.door.is_open());
    s.door.open("again");
    s.screen.type("\x04");
    CHECK_FALSE(s.screen.keys);
}

TEST_CASE("what is typed while a command waits for the guest is kept, in order") {
    Session s;
    s.guest.controller.resume({});
    s.door.open("hello");
    s.screen.type("registers a0\rtimers\rquit\r");
    CHECK_FALSE(s.saw("guest time"));
    s.guest.controller.run();
    CHECK(s.saw("a0 "));
    CHECK(s.screen.shown.find("a0   ") < s.screen.shown.find("guest time"));
    CHECK(s.saw("the run ends"));
}

TEST_CASE("stops are shown above the line that is being typed") {
    Session s;
    s.door.open("hello");
    s.screen.type("step\rregi");
    s.guest.run_until_stop();
    CHECK(s.saw("\r\x1b[Khart0 at 0x80000004: step\n(orrery) regi"));
}

TEST_CASE("a breakpoint opens the prompt where that is wanted") {
    Session s;
    bool wanted = false;
    s.door.open_on_stops([&] { return wanted; });
    REQUIRE(s.guest.ask("break 0x80000008"));
    REQUIRE(s.guest.ask("continue"));
    s.guest.run_until_stop();
    CHECK_FALSE(s.door.is_open());
    wanted = true;
    REQUIRE(s.guest.ask("continue"));
    s.guest.run_until_stop();
    CHECK(s.door.is_open());
    CHECK(s.saw("hart0 at 0x80000008: breakpoint\n(orrery) "));
    s.guest.controller.tell_end(0);
    CHECK_FALSE(s.screen.keys);
}

} // namespace orrery::app::monitor
