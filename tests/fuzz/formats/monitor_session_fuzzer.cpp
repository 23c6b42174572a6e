// libFuzzer's entry: any bytes as what a program says to the monitor.
#include "tests/unit/monitor/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const orrery::u8* data, std::size_t size) {
    static orrery::app::monitor::test::Guest guest(false);
    orrery::app::monitor::test::feed_session(guest, {data, size});
    return 0;
}
