// libFuzzer's entry: any bytes as a trace file, and as the records of one.
#include "tests/unit/trace/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const orrery::u8* data, std::size_t size) {
    orrery::test::feed_reader({data, size});
    return 0;
}
