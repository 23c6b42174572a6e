// Every command on a small machine: fields for programs, text for people, sentences for what can't be done.
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/unit/monitor/guest.hpp"

namespace orrery::app::monitor {
namespace {

using test::Guest;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("help lists every command, and explains one with an example") {
    Guest guest;
    const std::string all = guest.text("help");
    for (const Command& command : guest.monitor.commands()) {
        INFO(command.name);
        CHECK(contains(all, command.name));
        const std::string one = guest.text("help " + std::string(command.name));
        CHECK(contains(one, command.meaning));
        CHECK(contains(one, "example: " + std::string(command.example)));
        CHECK(command.example.starts_with(command.name));
    }
    CHECK(guest.data("help walk")["commands"].size() == 1);
    CHECK(contains(guest.text(""), "registers"));
}

TEST_CASE("a machine without screen and keyboard says so") {
    Guest guest;
    CHECK(contains(guest.text("screenshot x.png"), "no screen"));
    CHECK(contains(guest.text("sendkey a"), "no keyboard"));
    CHECK(contains(guest.text("type hello"), "no keyboard"));
    Guest harmless(false);
    CHECK(contains(harmless.text("screenshot x.png"), "may not write files"));
}

TEST_CASE("the beginning of a name is enough, unless it fits several; a wrong one gets the nearest") {
    Guest guest;
    CHECK(guest.text("reg a0") == guest.text("registers a0"));
    CHECK(guest.text("s") == "'s' may be 'step', 'snapshot', 'symbol', 'stats', 'screenshot', 'sendkey'\n");
    CHECK(contains(guest.text("wolk 1"), "was 'walk' meant?"));
    CHECK(guest.text("walk") == "use it as: walk ADDRESS|SYMBOL [CPU]\n");
    CHECK(contains(guest.text("help wolk"), "was 'walk' meant?"));
}

TEST_CASE("registers are numbers with their fields") {
    Guest guest;
    guest.hardware.registers().x[10] = 0x1234;
    const Json a0 = guest.data("registers a0")["registers"][0];
    CHECK(a0["name"] == "a0");
    CHECK(a0["value"] == 0x1234);
    CHECK(guest.data("registers x10 hart0")["registers"][0] == a0);
    CHECK(guest.data("registers mstatus 0")["registers"][0]["fields"]["SXL"] == 2);
    CHECK(guest.data("registers")["registers"].size() == 33);
    CHECK(contains(guest.text("registers a0"), "0x0000000000001234"));
    CHECK(contains(guest.text("registers mstatos"), "was 'mstatus' meant?"));
    CHECK(guest.text("registers a0 9") == "there is no CPU '9'; they are numbered 0 to 0\n");
}

TEST_CASE("cpus tells where each stands") {
    Guest guest;
    const Json cpu = guest.data("cpus")["cpus"][0];
    CHECK(cpu["pc"] == Guest::base);
    CHECK(cpu["instructions"] == 0);
    CHECK(cpu["condition"] == "M-mode");
}

TEST_CASE("memory is bytes, written as numbers, virtual or physical") {
    Guest guest;
    CHECK(guest.data("memory 0x80000000 4")["bytes"] == Json({0x13, 0x05, 0x15, 0x00}));
    CHECK(contains(guest.text("memory 0x80000000 16"), "13 05 15 00 23 b0 a5 00"));
    CHECK(guest.ask("write 0x80000100 0x636261 4 physical"));
    CHECK(contains(guest.text("memory 0x80000100 3 hart0"), "61 62 63"));
    CHECK(contains(guest.text("memory 0x80000100 3"), "abc"));
    CHECK(guest.data("memory 0x801fffff 16")["bytes"].size() == 1);
    CHECK(contains(guest.text("memory 0x10 4 physical"), "there is no physical memory at 0x10"));
    CHECK(contains(guest.text("memory 0x80000000 99999999"), "1 to 65536 bytes"));
    CHECK(contains(guest.text("memory 0x80000000 4 nowhere"), "no address space"));
    CHECK(contains(guest.text("memory zero"), "'zero' is no address"));
    CHECK(contains(guest.text("write 0x80000000 256 1"), "doesn't fit into 1 bytes"));
    CHECK(contains(guest.text("write 0x801ffffe 1 4"), "2 of 4 bytes were written"));
}

TEST_CASE("code is disassembled from the pc on, or where one likes") {
    Guest guest;
    const Json code = guest.data("disassemble");
    if (!code.is_object()) { // LLVM's library isn't there
        WARN(code.get<std::string>());
        return;
    }
    CHECK(code["instructions"][0]["text"] == "addi a0, a0, 1");
    CHECK(code["instructions"][0]["bytes"] == "00150513");
    CHECK(guest.data("disassemble 0x80000008 1")["instructions"].size() == 1);
    CHECK(contains(guest.text("disassemble 0x80000010 1"), "unimp"));
    CHECK(contains(guest.text("disassemble 0x10"), "there is no memory at 0x10"));
}

TEST_CASE("walk tells each step, and tlb what the engine remembers") {
    Guest guest;
    CHECK(guest.data("walk 0x80000000")["physical"] == 0x80000000);
    CHECK(contains(guest.text("walk 0x80000000"), "is guest-physical 0x80000000"));
    CHECK(guest.data("tlb")["entries"].empty());
    guest.controller.resume({.kind = Resume::Kind::range, .first = Guest::base, .end = Guest::base + 12});
    guest.run_until_stop();
    const Json entries = guest.data("tlb hart0")["entries"];
    REQUIRE_FALSE(entries.empty());
    for (const Json& entry : entries) {
        CHECK(entry["address"] == entry["physical"]);
        CHECK(entry["current"] == true);
    }
    CHECK(contains(guest.text("tlb"), "rw-"));
}

TEST_CASE("the map and the devices are listed") {
    Guest guest;
    CHECK(guest.data("map")["regions"].size() == 3);
    CHECK(contains(guest.text("map"), "RAM"));
    CHECK(contains(guest.text("devices"), "uart0            ns16550a"));
    CHECK(contains(guest.text("device uart1"), "was 'uart0' meant?"));
}

TEST_CASE("a device shows its state and its last accesses by the datasheet's names") {
    Guest guest;
    AddressSpace& memory = guest.hardware.machine().memory();
    for (u64 i = 0; i < 30; ++i) memory.write({Guest::uart_base + 7}, i, Width::byte);
    memory.read({Guest::uart_base + 5}, Width::byte);
    const Json device = guest.data("device uart0");
    CHECK(device["state"]["scr"] == 29);
    const Json window = device["windows"][0];
    CHECK(window["count"] == 31);
    REQUIRE(window["accesses"].size() == AccessLog::capacity);
    CHECK(window["accesses"][0]["register"] == "SCR");
    CHECK(window["accesses"][0]["value"] == 11);
    const Json last = window["accesses"].back();
    CHECK(last["register"] == "LSR");
    CHECK(last["write"] == false);
    CHECK(last["value"] == 0x60);
    CHECK(contains(guest.text("device uart0"), "LSR"));
}

TEST_CASE("irq names lines, what is pending, and who has it enabled") {
    Guest guest;
    guest.plic.write(10 * 4, 1, Width::word);
    guest.plic.write(0x2000, 1 << 10, Width::word);
    guest.plic.set_irq(10, true);
    guest.hardware.cpu().set_irq(7, true);
    const Json irq = guest.data("irq");
    const Json line = irq["controllers"][0]["inputs"][9];
    CHECK(line["source"] == "uart0");
    CHECK(line["level"] == true);
    CHECK(line["pending"] == true);
    CHECK(line["priority"] == 1);
    CHECK(line["enabled_for"] == Json::array({0}));
    CHECK(irq["cpus"][0]["mip"]["set"] == Json::array({"MTI"}));
    CHECK(contains(guest.text("irq"), "uart0          high pending"));
}

TEST_CASE("timers are told by name") {
    Guest guest;
    CHECK(contains(guest.text("timers"), "no timer is set"));
    Timer timer(guest.hardware.machine().clock(), "egg", [] {});
    timer.arm_at(5000);
    CHECK(guest.data("timers")["timers"][0]["name"] == "egg");
    CHECK(contains(guest.text("timers"), "at 5000 ns, in 5000 ns"));
}

TEST_CASE("breakpoints stop the guest, each time round, and are taken out by number") {
    Guest guest;
    CHECK(guest.data("break 0x80000008")["number"] == 1);
    CHECK(guest.ask("continue"));
    guest.run_until_stop();
    CHECK(guest.hardware.cpu().pc() == Guest::base + 8);
    CHECK(guest.data("where")["reason"] == "breakpoint");
    CHECK(guest.ask("continue"));
    guest.run_until_stop();
    CHECK(guest.hardware.registers().x[10] == 2);
    CHECK(guest.data("watch 0x80010000 8 write")["number"] == 2);
    CHECK(guest.data("breakpoints")["breakpoints"].size() == 2);
    CHECK(guest.ask("delete 1"));
    CHECK(guest.ask("continue"));
    guest.run_until_stop();
    const Json where = guest.data("where");
    CHECK(where["reason"] == "watchpoint");
    CHECK(where["old"] == 2);
    CHECK(where["new"] == 3);
    CHECK(contains(guest.text("delete 1"), "there is no break- or watchpoint 1"));
    CHECK(guest.ask("delete all"));
    CHECK(guest.data("breakpoints")["breakpoints"].empty());
    CHECK(contains(guest.text("watch 0x80010000 8 look"), "say write, read or access"));
    CHECK(contains(guest.text("watch 0x80010000 0"), "bytes can be watched"));
}

TEST_CASE("a breakpoint of the monitor and one of a debugger at the same place don't disturb each other") {
    Guest guest;
    REQUIRE(guest.controller.insert_breakpoint(Guest::base + 8, [](u32) { return false; }));
    CHECK(guest.ask("break 0x80000008"));
    CHECK(guest.ask("continue"));
    guest.run_until_stop();
    CHECK(guest.hardware.registers().x[10] == 1);
    REQUIRE(guest.controller.remove_breakpoint(Guest::base + 8));
    CHECK(guest.ask("continue"));
    guest.run_until_stop();
    CHECK(guest.hardware.registers().x[10] == 2);
}

TEST_CASE("step executes so many instructions, or fewer if there is a breakpoint") {
    Guest guest;
    CHECK(guest.ask("step 6"));
    guest.run_until_stop();
    CHECK(guest.hardware.cpu().retired() == 6);
    CHECK(guest.data("where")["reason"] == "step");
    CHECK(guest.ask("break 0x80000000"));
    CHECK(guest.ask("step 100"));
    guest.run_until_stop();
    CHECK(guest.hardware.cpu().pc() == Guest::base);
    CHECK(guest.hardware.cpu().retired() == 8);
    CHECK(guest.text("step none") == "'none' is no number of instructions\n");
}

TEST_CASE("until stops once") {
    Guest guest;
    CHECK(guest.ask("until 0x8000000c"));
    guest.run_until_stop();
    CHECK(guest.hardware.cpu().pc() == Guest::base + 12);
    CHECK(guest.data("breakpoints")["breakpoints"].empty());
}

TEST_CASE("a guest that runs isn't moved, and a debugger's guest only by the debugger") {
    Guest guest;
    guest.controller.resume({});
    CHECK(guest.text("step") == "the guest is running; say `pause` before\n");
    CHECK(guest.data("where")["running"] == true);
    CHECK(contains(guest.monitor.answer_text("continue", Door::debugger), "the debugger's own commands"));
    CHECK(contains(guest.text("leave"), "there is no prompt"));
}

TEST_CASE("a command that needs a guest standing still stops it for its duration only, and nobody is told") {
    Guest guest;
    u32 stops = 0;
    guest.controller.add_listener([&](const Stop&) { ++stops; });
    std::vector<u64> counts;
    const Monitor::Done look_again = [&](const Result<Answer>& answer) {
        counts.push_back(answer->data["cpus"][0]["instructions"].get<u64>());
        if (counts.size() == 3)
            guest.controller.kill();
        else
            guest.monitor.execute({"cpus"}, Door::socket, look_again);
    };
    guest.controller.resume({});
    guest.monitor.execute({"cpus"}, Door::socket, look_again);
    guest.controller.run();
    REQUIRE(counts.size() == 3);
    CHECK(counts[1] < counts[2]);
    CHECK(stops == 0);
}

TEST_CASE("pause, and what follows it at once finds the guest standing still") {
    Guest guest;
    guest.controller.resume({});
    std::string answer;
    guest.monitor.execute({"pause"}, Door::socket, [&](const Result<Answer>&) {
        guest.monitor.execute({"step"}, Door::socket, [&](const Result<Answer>& stepped) {
            answer = stepped ? "stepped" : stepped.error().message();
            guest.controller.kill();
        });
    });
    guest.controller.run();
    CHECK(answer == "stepped");
}

TEST_CASE("reset and quit reach the machine") {
    Guest guest;
    CHECK(contains(guest.text("reset"), "stands at its first instruction"));
    CHECK(guest.text("quit") == "the run ends\n");
    CHECK(guest.controller.run().ending == Ending::stopped);
}

TEST_CASE("engine moves the guest to and fro") {
    Guest guest;
    CHECK(guest.data("engine")["engine"] == "interp");
    CHECK(contains(guest.text("engine qemu"), "there is no engine 'qemu'; the engines are kvm, jit and interp"));
    CHECK(contains(guest.text("engine kvm"), "begun without KVM"));
    CHECK(guest.text("engine") == "the guest is run by interp\n");
    u64 retired = 0;
    for (const char* name : {"jit", "interp", "jit"}) {
        CHECK(guest.data(fmt::format("engine {}", name))["engine"] == name);
        guest.ask("step 8");
        guest.run_until_stop();
        retired += 8;
        CHECK(guest.hardware.cpu().retired() == retired);
        CHECK(guest.hardware.registers().x[10] == retired / 4);
    }
}

TEST_CASE("stats counts what the engine did") {
    Guest guest;
    CHECK(guest.ask("step 9"));
    guest.run_until_stop();
    const Json stats = guest.data("stats");
    CHECK(stats["instructions"] == 9);
    CHECK(stats["cpus"][0]["TLB misses"].get<u64>() > 0);
    CHECK(stats["mips"].get<double>() > 0);
    CHECK(stats["machine"].contains("code cache flushes"));
    CHECK(contains(guest.text("stats"), "9 instructions"));
}

TEST_CASE("traces are listed, switched, and the nearest is named") {
    Guest guest;
    const Json traces = guest.data("trace")["traces"];
    CHECK(std::ranges::find(traces, "bus.io") != traces.end());
    CHECK(guest.data("trace on bus.io")["switched"] == 1);
    CHECK(guest.data("trace off bus.* bus.io")["switched"].get<u64>() >= 2);
    CHECK(contains(guest.text("trace on bus.oi"), "was 'bus.io' meant?"));
    CHECK(contains(guest.text("trace maybe x"), "say `trace on PATTERN"));
}

TEST_CASE("snapshot saves what restores") {
    Guest guest;
    const orrery::test::ScratchFile file("monitor.state", {});
    CHECK(guest.data("snapshot " + file.path())["instructions"] == 0);
    CHECK(std::filesystem::file_size(file.path()) > 0);
    CHECK(contains(guest.text("snapshot /nowhere/at/all"), "/nowhere/at/all"));
    CHECK(Guest(false).text("snapshot x") == "this monitor may not write files\n");
}

TEST_CASE("explain says why it can't") {
    Guest guest;
    CHECK(contains(guest.text("explain 0x80000000"), "no translator"));
}

TEST_CASE("completion knows commands and their arguments") {
    Guest guest;
    CHECK(guest.monitor.complete("de") == Words{"delete", "device", "devices"});
    CHECK(guest.monitor.complete("device u") == Words{"uart0"});
    CHECK(guest.monitor.complete("device ") == Words{"hart0", "plic", "uart0"});
    CHECK(guest.monitor.complete("registers mstat") == Words{"mstatus"});
    CHECK(guest.monitor.complete("registers a0 h") == Words{"hart0"});
    CHECK(guest.monitor.complete("trace o") == Words{"off", "on"});
    CHECK(guest.monitor.complete("trace on bus.") == Words{"bus.io"});
    CHECK(guest.monitor.complete("memory 0x80000000 4 p") == Words{"physical"});
    CHECK(guest.monitor.complete("nothing ").empty());
    CHECK(guest.data("complete device u")["candidates"] == Json::array({"uart0"}));
}

} // namespace orrery::app::monitor
