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

TEST_CASE("a client that connects finds the machine paused, and `?` says so") {
    FakeTarget target;
    target.is_running = true;
    Client client(target);
    CHECK_FALSE(target.running());
    CHECK(client.ask("?").starts_with("T02thread:1;"));
}

TEST_CASE("what is asked before the pause has taken effect is answered after it") {
    FakeTarget target;
    target.is_running = true;
    target.pauses_at_once = false;
    Client client(target);
    CHECK(client.ask("g") == "(none)");
    target.stop_now({});
    CHECK(client.next().size() == 33 * 16);
}

TEST_CASE("packets are acknowledged until the client wants no acknowledgements") {
    FakeTarget target;
    Client client(target);
    client.raw(framed("qC"));
    CHECK(client.raw_output() == "+" + framed("QC1"));
    client.raw("$qC#00");
    CHECK(client.raw_output() == "-");
    client.raw("-");
    CHECK(client.raw_output() == framed("QC1"));
    client.raw(framed("QStartNoAckMode"));
    CHECK(client.raw_output() == "+" + framed("OK"));
    client.raw("+" + framed("qC") + framed("qC"));
    CHECK(client.raw_output() == framed("QC1") + framed("QC1"));
}

TEST_CASE("packets of a megabyte and everything that makes sessions fast are announced") {
    FakeTarget target;
    Client client(target);
    const std::string features = client.ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    for (const std::string_view feature :
         {"PacketSize=100000", "qXfer:features:read+", "qXfer:memory-map:read+", "qXfer:threads:read+",
          "QStartNoAckMode+", "vContSupported+", "swbreak+", "hwbreak+", "ConditionalBreakpoints+", "binary-upload+"})
        CHECK(features.find(feature) != std::string::npos);
    CHECK(client.ask("vCont?") == "vCont;c;C;s;S;r");
}

TEST_CASE("what isn't known is answered with nothing") {
    FakeTarget target;
    Client client(target);
    for (const std::string_view packet :
         {"vMustReplyEmpty", "qFoo", "Qfoo", "vFile:setfs:0", "jFoo", "qShlibInfoAddr", "qTStatus", "QNonStop:1", "~",
          "", "_M10,rw", "qRegisterInfo0", "Z5,0,4", "Hx1"}) {
        CAPTURE(packet);
        CHECK(client.ask(packet).empty());
    }
}

TEST_CASE("CPUs are threads with names") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("qfThreadInfo") == "m1,2");
    CHECK(client.ask("qsThreadInfo") == "l");
    CHECK(client.ask("qThreadExtraInfo,2") == hex("hart1: M-mode"));
    CHECK(client.ask("qThreadExtraInfo,3") == "E02");
    CHECK(client.ask("T2") == "OK");
    CHECK(client.ask("T3") == "E02");
    CHECK(client.ask("Hg2") == "OK");
    CHECK(client.ask("qC") == "QC2");
    CHECK(client.ask("Hg0") == "OK");
    CHECK(client.ask("Hgp1.1") == "OK");
    CHECK(client.ask("qC") == "QC1");
    CHECK(client.ask("qXfer:threads:read::0,1000").find("<thread id=\"2\" core=\"1\" name=\"hart1\">M-mode</thread>") !=
          std::string::npos);
    CHECK(client.ask("qAttached") == "1");
}

TEST_CASE("the target description is told in pieces, with fields of flag registers") {
    FakeTarget target;
    Client client(target);
    std::string whole;
    for (;;) {
        const std::string piece = client.ask(fmt::format("qXfer:features:read:target.xml:{:x},80", whole.size()));
        REQUIRE_FALSE(piece.empty());
        whole += piece.substr(1);
        if (piece[0] == 'l') break;
        REQUIRE(piece[0] == 'm');
    }
    for (const std::string_view part :
         {"<architecture>riscv:rv64</architecture>", "<osabi>none</osabi>", "<feature name=\"org.gnu.gdb.riscv.cpu\">",
          "<flags id=\"mstatus_fields\" size=\"8\">", "<field name=\"MPP\" start=\"11\" end=\"12\"/>",
          "<reg name=\"pc\" bitsize=\"64\" regnum=\"32\" type=\"code_ptr\" group=\"general\"/>",
          "<reg name=\"mstatus\" bitsize=\"64\" regnum=\"833\" type=\"mstatus_fields\" group=\"system\" "
          "altname=\"csr768\"/>"}) {
        CAPTURE(part);
        CHECK(whole.find(part) != std::string::npos);
    }
    CHECK(client.ask("qXfer:features:read:other.xml:0,80") == "E00");
    CHECK(client.ask("qXfer:features:read:target.xml:ffffff,80") == "l");
}

TEST_CASE("the memory map names every address, so that virtual ones can be read") {
    FakeTarget target;
    Client client(target);
    const std::string map = client.ask("qXfer:memory-map:read::0,4000");
    CHECK(map.find("<memory type=\"ram\" start=\"0x80000000\" length=\"0x100000\"/>") != std::string::npos);
    CHECK(map.find("<memory type=\"ram\" start=\"0x80100000\" length=\"0xffffffff7ff00000\"/>") != std::string::npos);
    CHECK(map.find("rom") == std::string::npos);
}

TEST_CASE("basic registers are read and written at once, all others one by one") {
    FakeTarget target;
    Client client(target);
    target.views[0].values[10] = 0x1122334455667788;
    const std::string all = client.ask("g");
    CHECK(all.size() == 33 * 16);
    CHECK(all.substr(160, 16) == "8877665544332211");
    CHECK(client.ask("pa") == "8877665544332211");
    CHECK(client.ask("Pa=0100000000000000") == "OK");
    CHECK(target.views[0].values[10] == 1);
    CHECK(client.ask("P341=0800000000000000") == "OK");
    CHECK(target.views[0].values[FakeView::status_index] == 8);
    CHECK(client.ask("p384") == "00000000");
    CHECK(client.ask("p999") == "E16");
    CHECK(client.ask("P0=0100000000000000") == "E16");
    CHECK(client.ask("Pa=01") == "E01");
    CHECK(client.ask("p") == "E01");
    CHECK(client.ask("G" + all) == "OK");
    CHECK(target.views[0].values[10] == 0x1122334455667788);
}

TEST_CASE("registers are of the CPU that H selected, or that lldb names in the packet") {
    FakeTarget target;
    Client client(target);
    target.views[1].values[10] = 2;
    CHECK(client.ask("pa;thread:2;") == "0200000000000000");
    CHECK(client.ask("pa") == "0000000000000000");
    CHECK(client.ask("Hg2") == "OK");
    CHECK(client.ask("pa") == "0200000000000000");
    CHECK(client.ask("pa;thread:9;") == "E02");
    CHECK(client.ask("Pa=0500000000000000;thread:1;") == "OK");
    CHECK(target.views[0].values[10] == 5);
}

TEST_CASE("memory goes in and out as digits and as bytes") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("M80000000,4:01020304") == "OK");
    CHECK(client.ask("m80000000,6") == "010203040000");
    CHECK(client.ask("X80000010,4:a}\x03}\x0a!") == "OK");
    CHECK(client.ask("m80000010,4") == hex("a#*!"));
    CHECK(client.ask("x80000010,4") == "ba}\x03}\x0a!");
    CHECK(client.ask("X80000000,0:") == "OK");
    CHECK(client.ask("X80000000,3:ab") == "E01");
    CHECK(client.ask("M80000000,3:0102") == "E01");
    CHECK(client.ask("M80000000,ffffffffffffffff:0102") == "E01");
}

TEST_CASE("reading ends where memory does, and where there is none it is an error") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("m800ffffe,10") == "0000");
    CHECK(client.ask("m10,4") == "E0e");
    CHECK(client.ask("x10,4") == "E0e");
    CHECK(client.ask("M10,1:00") == "E0e");
    CHECK(client.ask("M800fffff,2:0000") == "E0e");
    CHECK(client.ask("mffffffffffffffff,ffffffffffffffff") == "E0e");
}

TEST_CASE("a client that tried x with no length gets bytes without a prefix, as lldb 19 wants them") {
    FakeTarget target;
    Client client(target);
    target.memory[0] = 'a';
    CHECK(client.ask("x0,0") == "OK");
    CHECK(client.ask("x80000000,1") == "a");
}

TEST_CASE("memory is virtual until the physical-memory mode is on") {
    FakeTarget target;
    Client client(target);
    target.views[0].paging = true;
    target.memory[0] = 0xaa;
    CHECK(client.ask("mffffffff80000000,1") == "aa");
    CHECK(client.ask("m80000000,1") == "E0e");
    CHECK(client.ask("qqemu.PhyMemMode") == "0");
    CHECK(client.ask("Qqemu.PhyMemMode:1") == "OK");
    CHECK(client.ask("qqemu.PhyMemMode") == "1");
    CHECK(client.ask("m80000000,1") == "aa");
    CHECK(client.ask("Qqemu.PhyMemMode:2") == "E01");
    CHECK(client.ask("Qqemu.PhyMemMode:0") == "OK");
    CHECK(client.ask("m80000000,1") == "E0e");
}

TEST_CASE("errors are sentences for clients that take sentences") {
    FakeTarget target;
    Client client(target);
    client.ask("qSupported:error-message+");
    CHECK(client.ask("m10,4") == "E.no memory at 0x10");
}

TEST_CASE("monitor commands are heard and their answer is console output") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("qRcmd," + hex("info")) == "O" + hex("heard: info\n") + "|OK");
    CHECK(client.ask("qRcmd,4") == "E01");
    CHECK(client.ask("qRcmd,zz") == "E01");
}

TEST_CASE("when a monitor command let the machine run, the next packet finds it paused") {
    FakeTarget target;
    Client client(target);
    client.ask("qRcmd," + hex("continue"));
    REQUIRE(target.running());
    CHECK(client.ask("qC") == "QC1");
    CHECK_FALSE(target.running());
}

TEST_CASE("lldb learns what it runs on") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("qHostInfo").starts_with("triple:" + hex("riscv64-unknown-elf") + ";endian:little;ptrsize:8;"));
    CHECK(client.ask("qProcessInfo").starts_with("pid:1;"));
    CHECK(client.ask("qGDBServerVersion") == "name:orrery;");
    CHECK(client.ask("qMemoryRegionInfo") == "OK");
    CHECK(client.ask("qMemoryRegionInfo:80000010") ==
          "start:80000000;size:100000;permissions:rwx;name:" + hex("ram") + ";");
    CHECK(client.ask("qMemoryRegionInfo:3000") == "start:3000;size:7fffd000;");
    target.views[0].paging = true;
    CHECK(client.ask("qMemoryRegionInfo:ffffffff80000010").starts_with("start:ffffffff80000000;size:200000;"));
    CHECK(client.ask("qMemoryRegionInfo:10") == "start:0;size:200000;");
}

TEST_CASE("lldb is told of all threads with every stop once it asked for that") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("?").find("threads:") == std::string::npos);
    CHECK(client.ask("QListThreadsInStopReply") == "OK");
    const std::string stop = client.ask("?");
    CHECK(stop.find("threads:1,2;thread-pcs:80000000,80000000;reason:signal;") != std::string::npos);
    const std::string threads = client.ask("jThreadsInfo");
    CHECK(threads.find("\"tid\":2,\"name\":\"hart1: M-mode\"") != std::string::npos);
}

TEST_CASE("k and vKill end the run, after the client has its answer") {
    for (const std::string packet : {"k", "vKill;1"}) {
        FakeTarget target;
        Client client(target);
        CHECK(client.ask(packet) == (packet == "k" ? "(none)" : "OK"));
        CHECK(client.session.closing());
        CHECK_FALSE(target.killed);
        client.session.end();
        CHECK(target.killed);
        CHECK(client.session.over());
    }
}

TEST_CASE("R resets the machine, which then stands still") {
    FakeTarget target;
    Client client(target);
    CHECK(client.ask("R00") == "(none)");
    CHECK(target.resets == 1);
    CHECK(client.ask("qC") == "QC1");
}
