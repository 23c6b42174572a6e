// Values as bugs like them.
#pragma once

#include "tests/support/random.hpp"

namespace orrery::test::differ {

// 0, ±1, extremes, powers of two and their neighbours, infinities, NaNs (boxed or not), denormals, …, anything.
u64 random_operand(Random& random);
// An address: in the middle, near the end or across the end of pages of data, code, ROM, device and nothing.
u64 random_pointer(Random& random);
// Where random code may go on; `supervisor` and `paging` say which pages can be fetched from.
u64 random_pc(Random& random, bool supervisor, bool paging);
// A leaf page-table entry for `page`, a physical address: mostly permissive, and with anything that can be wrong.
u64 random_leaf(Random& random, u64 page, bool user);

} // namespace orrery::test::differ
