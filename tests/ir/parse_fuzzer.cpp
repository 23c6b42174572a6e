// Any text is a block or an error; a block prints to a text that reads as the same block, and verify() survives it.
#include <cstdlib>

#include "jit/ir/parse.hpp"
#include "jit/ir/print.hpp"
#include "jit/ir/verify.hpp"
#include "tests/support/small_guest.hpp"

using namespace orrery;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    const ir::GuestDescription& guest = test::SmallMachine::guest();
    const auto block = ir::parse({reinterpret_cast<const char*>(data), size}, guest);
    if (!block) return 0;
    const std::string printed = ir::print(*block, guest);
    const auto again = ir::parse(printed, guest);
    if (!again || ir::print(*again, guest) != printed) std::abort();
    [[maybe_unused]] const Status sound = ir::verify(*block, guest);
    return 0;
}
