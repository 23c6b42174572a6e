// Random bytes and damaged packets. ORRERY_GDB_FUZZ_INPUTS says how many inputs (100 000 without it).
#include <algorithm>
#include <random>

#include "tests/support/catch.hpp"
#include "tests/unit/gdb/client.hpp"
#include "tests/unit/gdb/fuzz_input.hpp"

using namespace orrery;
using namespace orrery::app::gdb;
using test::framed;

namespace {

constexpr std::array<std::string_view, 44> samples{"?",
                                                   "g",
                                                   "G0000",
                                                   "p20",
                                                   "P20=0000008000000000",
                                                   "pa;thread:2;",
                                                   "m80000000,40",
                                                   "M80000000,4:01020304",
                                                   "X80000000,3:abc",
                                                   "x80000000,20",
                                                   "x0,0",
                                                   "vCont?",
                                                   "vCont;c",
                                                   "vCont;s:1;c",
                                                   "vCont;r80000000,80000010:1",
                                                   "c",
                                                   "s80000010",
                                                   "C05;80000000",
                                                   "S05",
                                                   "Hg2",
                                                   "Hc-1",
                                                   "T2",
                                                   "qSupported:swbreak+;hwbreak+;error-message+",
                                                   "QStartNoAckMode",
                                                   "qXfer:features:read:target.xml:0,fff",
                                                   "qXfer:memory-map:read::0,fff",
                                                   "qXfer:threads:read::0,fff",
                                                   "qfThreadInfo",
                                                   "qThreadExtraInfo,1",
                                                   "Z0,80000008,4",
                                                   "Z0,80000008,4;X7,26000a222a1327",
                                                   "z0,80000008,4",
                                                   "Z1,80000010,4;X5,2100002227",
                                                   "Z2,80000000,8",
                                                   "z2,80000000,8",
                                                   "qRcmd,636f6e74696e7565",
                                                   "Qqemu.PhyMemMode:1",
                                                   "QThreadSuffixSupported",
                                                   "QListThreadsInStopReply",
                                                   "qMemoryRegionInfo:80000000",
                                                   "jThreadsInfo",
                                                   "R00",
                                                   "D",
                                                   "vKill;1"};

class Inputs {
public:
    std::vector<u8> next() {
        std::string text(1, static_cast<char>(random_()));
        if (random_() % 8 == 0) {
            for (u64 count = random_() % 64; count > 0; --count) text += static_cast<char>(random_());
        } else {
            for (u64 count = 1 + random_() % 6; count > 0; --count) text += packet();
        }
        return {text.begin(), text.end()};
    }

private:
    std::string packet() {
        std::string payload(samples.at(random_() % samples.size()));
        const bool leave = random_() % 3 == 0;
        for (u64 count = leave ? 0 : 1 + random_() % 3; count > 0 && !payload.empty(); --count) damage(payload);
        std::string wire = random_() % 16 == 0 ? "$" + payload + "#00" : framed(payload);
        if (random_() % 32 == 0) wire += "\x03-+";
        return wire;
    }
    void damage(std::string& payload) {
        const std::size_t at = random_() % payload.size();
        switch (random_() % 6) {
        case 0:
            payload[at] = static_cast<char>(random_());
            break;
        case 1:
            payload[at] = "0123456789abcdef"[random_() % 16];
            break;
        case 2:
            payload.erase(at, 1 + random_() % 4);
            break;
        case 3:
            payload.insert(at, payload.substr(random_() % payload.size(), random_() % 8));
            break;
        case 4:
            payload.insert(at, 1, ",;:=.-*}X"[random_() % 9]);
            break;
        default:
            payload.insert(at, random_() % 24, 'f');
            break;
        }
    }

    std::minstd_rand random_{12345};
};

} // namespace

TEST_CASE("no input breaks a session, exceeds its bounds or leaves a breakpoint behind") {
    const char* wanted = std::getenv("ORRERY_GDB_FUZZ_INPUTS");
    const u64 count = wanted == nullptr ? 100'000 : std::strtoull(wanted, nullptr, 10);
    Inputs inputs;
    for (u64 at = 0; at < count; ++at) test::feed_session(inputs.next());
    SUCCEED();
}
