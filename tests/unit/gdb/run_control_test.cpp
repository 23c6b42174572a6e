#include "tests/support/catch.hpp"
#include "tests/unit/gdb/client.hpp"

using namespace orrery;
using namespace orrery::app;
using namespace orrery::app::gdb;
using test::Client;
using test::FakeTarget;
using test::FakeView;
using test::framed;
using test::hex;

namespace {

constexpr u64 base = FakeTarget::memory_base;

u64 pc_of(FakeTarget& target, u32 cpu) { return target.views.at(cpu).values[FakeView::pc_index]; }

} // namespace

TEST_CASE("a step ends with a trap of the CPU that stepped") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("vCont;s:2;c").starts_with("T05thread:2;"));
    CHECK(pc_of(target, 1) == base + 4);
    CHECK(client.ask("qC") == "QC2");
    CHECK(client.ask("s").starts_with("T05thread:2;"));
    CHECK(pc_of(target, 1) == base + 8);
}

TEST_CASE("stepping through a range is one packet") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("vCont;r80000000,80000020:1;c").starts_with("T05thread:1;"));
    REQUIRE(target.resumes.size() == 1);
    CHECK(target.resumes[0].kind == Resume::Kind::range);
    CHECK(target.resumes[0].first == base);
    CHECK(target.resumes[0].end == base + 0x20);
}

TEST_CASE("of several CPUs that are to step, the current one does") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("Hc2") == "OK");
    CHECK(client.ask("vCont;s:1;s:2").starts_with("T05thread:2;"));
    CHECK(pc_of(target, 0) == base);
}

TEST_CASE("CPUs for which nothing is asked stand still while others go on") {
    FakeTarget target;
    Client client(target);
    client.ask("vCont;c:2");
    client.raw("\x03");
    client.ask("vCont;c:1;c:2");
    client.raw("\x03");
    client.ask("vCont;c:2;c");
    client.raw("\x03");
    client.ask("vCont;c:p1.-1");
    REQUIRE(target.resumes.size() == 4);
    CHECK(target.resumes[0].only == std::vector<u32>{1});
    CHECK(target.resumes[1].only == std::vector<u32>{0, 1});
    CHECK(target.resumes[2].only.empty());
    CHECK(target.resumes[3].only.empty());
}

TEST_CASE("the program counter is in the stop reply") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("vCont;s:1").find("20:0400008000000000;") != std::string::npos);
}

TEST_CASE("a machine that goes on answers when it stops, and at the client's interrupt") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("vCont;c") == "(none)");
    CHECK(target.running());
    client.raw("\x03");
    CHECK(client.next().starts_with("T02thread:1;"));
    CHECK_FALSE(target.running());
}

TEST_CASE("an interrupt of a machine that stands still is nothing") {
    FakeTarget target;
    Client client(target);
    client.raw("\x03");
    CHECK(client.next() == "(none)");
    CHECK(target.pauses == 0);
}

TEST_CASE("a packet while the machine runs stops it: first the stop, then the answer") {
    FakeTarget target;
    Client client(target);
    client.ask("c");
    const std::string answers = client.ask("qC");
    CHECK(answers.starts_with("T02thread:1;"));
    CHECK(answers.ends_with("|QC1"));
}

TEST_CASE("the older packets go on, at another address if one is given") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("c80000100") == "(none)");
    CHECK(target.resumes.back().pc == base + 0x100);
    target.stop_now({.reason = Stop::Reason::breakpoint});
    client.next();
    CHECK(client.ask("S05;80000200").starts_with("T05"));
    CHECK(pc_of(target, 0) == base + 0x204);
    CHECK(client.ask("C05") == "(none)");
    CHECK(target.resumes.back().kind == Resume::Kind::go_on);
}

TEST_CASE("damaged ways to resume are errors and resume nothing") {
    FakeTarget target;
    Client client(target);
    for (const std::string_view packet :
         {"vCont", "vCont;", "vCont;x", "vCont;r1", "vCont;c:9", "vCont;cc", "C", "cxyz", "vCont;Czz"}) {
        CAPTURE(packet);
        CHECK(client.ask(packet).starts_with("E0"));
    }
    CHECK(target.resumes.empty());
}

TEST_CASE("breakpoints say whether gdb calls them software or hardware ones") {
    FakeTarget target;
    Client client(target);
    client.ask("qSupported:swbreak+;hwbreak+");
    CHECK(client.ask("Z0,80000008,4") == "OK");
    CHECK(client.ask("Z1,80000010,4") == "OK");
    client.ask("vCont;c");
    target.run_some(100);
    CHECK(client.next().find(";swbreak:;") != std::string::npos);
    client.ask("vCont;c");
    target.run_some(100);
    CHECK(client.next().find(";hwbreak:;") != std::string::npos);
    CHECK(client.ask("z0,80000008,4") == "OK");
    CHECK(client.ask("z1,80000010,4") == "OK");
    CHECK(client.ask("z1,80000010,4") == "OK");
    CHECK(target.breakpoints.empty());
    CHECK(client.ask("Z0,80000001,4") == "E16");
    CHECK(client.ask("Z0") == "E01");
    CHECK(client.ask("Z0,1") == "E01");
}

TEST_CASE("a place with a software and a hardware breakpoint keeps one when the other is taken out") {
    FakeTarget target;
    Client client(target);
    client.ask("Z0,80000008,4");
    client.ask("Z1,80000008,4");
    client.ask("z0,80000008,4");
    CHECK(target.breakpoints.size() == 1);
    client.ask("z1,80000008,4");
    CHECK(target.breakpoints.empty());
}

TEST_CASE("a breakpoint's condition is decided here, and stops only where it holds") {
    FakeTarget target;
    Client client(target);
    // reg 10; const8 42; equal; end
    CHECK(client.ask("Z0,80000008,4;X7,26000a222a1327") == "OK");
    client.ask("vCont;c");
    target.run_some(10);
    CHECK(target.running());
    target.views[0].values[FakeView::pc_index] = base;
    target.views[0].values[10] = 42;
    target.run_some(10);
    CHECK(client.next().starts_with("T05"));
}

TEST_CASE("of several conditions one that holds is enough, and one that can't be decided stops") {
    FakeTarget target;
    Client client(target);
    client.ask("Z0,80000008,4;X3,220027X3,220127");
    client.ask("vCont;c");
    target.run_some(10);
    CHECK_FALSE(target.running());
    client.next();
    client.ask("Z0,80000008,4;X1,27");
    target.views[0].values[FakeView::pc_index] = base;
    client.ask("vCont;c");
    target.run_some(10);
    CHECK_FALSE(target.running());
}

TEST_CASE("damaged conditions are refused") {
    FakeTarget target;
    Client client(target);
    for (const std::string_view packet :
         {"Z0,80000008,4;X", "Z0,80000008,4;Xff,00", "Z0,80000008,4;X1,zz", "Z0,80000008,4;Y"}) {
        CAPTURE(packet);
        CHECK(client.ask(packet) == "E01");
    }
    CHECK(target.breakpoints.empty());
}

TEST_CASE("a watchpoint reports its address, and the values on the console before") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("Z2,80000100,8") == "OK");
    CHECK(client.ask("Z3,80000200,4") == "OK");
    CHECK(client.ask("Z4,80000300,4") == "OK");
    REQUIRE(target.watchpoints.size() == 3);
    client.ask("vCont;c");
    target.stop_now({.reason = Stop::Reason::watchpoint,
                     .cpu = 1,
                     .watchpoint = {WatchKind::write, base + 0x100, 8},
                     .accessed = base + 0x104,
                     .old_value = 1,
                     .new_value = 2});
    const auto answers = client.packets();
    REQUIRE(answers.size() == 2);
    CHECK(answers[0] == "O" + hex("hart1: watchpoint at 0x80000100, 8 bytes: access at 0x80000104, old value 0x1, "
                                  "new value 0x2\n"));
    CHECK(answers[1].starts_with("T05thread:2;watch:80000104;"));
    CHECK(client.ask("jThreadsInfo").find("\"description\":\"2147483904 0 2147483908 hart1: watchpoint") !=
          std::string::npos);
    CHECK(client.ask("z2,80000100,8") == "OK");
    CHECK(client.ask("z3,80000200,4") == "OK");
    CHECK(client.ask("z4,80000300,4") == "OK");
    CHECK(target.watchpoints.empty());
    CHECK(client.ask("Z2,80000100,0") == "E01");
}

TEST_CASE("a wide access that begins before a watchpoint is reported at the watchpoint") {
    FakeTarget target;
    Client client(target);
    client.ask("Z4,80000104,4");
    client.ask("vCont;c");
    target.stop_now({.reason = Stop::Reason::watchpoint,
                     .watchpoint = {WatchKind::access, base + 0x104, 4},
                     .accessed = base + 0x100});
    CHECK(client.next().find(";awatch:80000104;") != std::string::npos);
}

TEST_CASE("a run that ended is told with its exit code, then and when asked again") {
    FakeTarget target;
    Client client(target);
    client.ask("c");
    target.stop_now({.reason = Stop::Reason::ended, .exit_code = 3});
    CHECK(client.next() == "W03");
    CHECK(client.ask("?") == "W03");
    CHECK(client.ask("c") == "W03");
    CHECK(target.resumes.size() == 1);
}

TEST_CASE("a client that detaches leaves no breakpoints, and the guest goes on") {
    FakeTarget target;
    Client client(target);
    client.ask("Z0,80000008,4");
    client.ask("Z2,80000100,8");
    CHECK(client.ask("D") == "OK");
    CHECK(client.session.closing());
    client.session.end();
    CHECK(client.session.over());
    CHECK(target.breakpoints.empty());
    CHECK(target.watchpoints.empty());
    CHECK(target.running());
}

TEST_CASE("lldb's way to detach leaves the machine standing still") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("qSupportsDetachAndStayStopped:") == "OK");
    CHECK(client.ask("D1") == "OK");
    client.session.end();
    CHECK_FALSE(target.running());
}

TEST_CASE("when a client vanishes while the guest runs, it is paused just to take its breakpoints out") {
    FakeTarget target;
    Client client(target);
    client.ask("Z0,80000008,4");
    client.ask("vCont;c");
    target.pauses_at_once = false;
    client.session.end();
    CHECK_FALSE(client.session.over());
    target.stop_now({});
    CHECK(client.session.over());
    CHECK(target.breakpoints.empty());
    CHECK(target.running());
}

TEST_CASE("when a client without breakpoints vanishes while the guest runs, nothing is paused") {
    FakeTarget target;
    Client client(target);
    client.ask("vCont;c");
    client.session.end();
    CHECK(client.session.over());
    CHECK(target.pauses == 0);
    CHECK(target.running());
}

TEST_CASE("a client that takes no answers is read no further, and answered when it takes them") {
    FakeTarget target;
    Client client(target);
    client.raw(framed("QStartNoAckMode"));
    client.raw_output();
    const std::string request = framed("m80000000,80000");
    for (int count = 0; count < 20; ++count) client.raw(request);
    CHECK_FALSE(client.session.wants_input());
    CHECK(client.session.output().size() < Session::output_limit_bytes + 2 * MiB);
    std::size_t total = 0;
    while (!client.session.output().empty()) {
        total += client.session.output().size();
        client.session.sent(client.session.output().size());
    }
    CHECK(total == 20 * (2 * 512 * KiB + 4));
    CHECK(client.session.wants_input());
}
