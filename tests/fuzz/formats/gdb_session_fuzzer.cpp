// libFuzzer's entry: any bytes as what a debugger sends.
#include "tests/unit/gdb/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const orrery::u8* data, std::size_t size) {
    orrery::app::gdb::test::feed_session({data, size});
    return 0;
}
