#include "cpu/x86/opcode_maps.hpp"

#include <algorithm>

#include "cpu/x86/opcode_index.hpp"
#include "cpu/x86/rows_0f.hpp"
#include "cpu/x86/rows_0f38.hpp"
#include "cpu/x86/rows_0f3a.hpp"
#include "cpu/x86/rows_0f_vector.hpp"
#include "cpu/x86/rows_one_byte.hpp"
#include "cpu/x86/rows_vex_0f.hpp"
#include "cpu/x86/rows_vex_0f38.hpp"
#include "cpu/x86/rows_vex_0f3a.hpp"
#include "cpu/x86/rows_vex_fma.hpp"
#include "cpu/x86/rows_x87.hpp"

namespace orrery::x86 {
namespace {

template <std::size_t... Sizes> constexpr auto joined(const std::array<Row, Sizes>&... parts) {
    std::array<Row, (Sizes + ...)> all{};
    auto* to = all.begin();
    ((to = std::copy(parts.begin(), parts.end(), to)), ...);
    return all;
}

constexpr auto all_rows = joined(rows::one_byte, rows::x87, rows::integer_0f, rows::vector_0f, rows::map_0f38,
                                 rows::map_0f3a, rows::vex_0f, rows::vex_0f38, rows::fma, rows::vex_0f3a);

constexpr OpcodeIndex opcode_index(all_rows.data(), all_rows.size());

// The same without the spare room that the search needed.
struct Tables {
    std::array<u16, key_count> cells{};
    std::array<Group, opcode_index.group_count> groups{};
    std::array<u16, all_rows.size()> otherwise{};
};

constexpr Tables make_tables() {
    Tables result;
    std::copy_n(opcode_index.cells, result.cells.size(), result.cells.begin());
    std::copy_n(opcode_index.groups, result.groups.size(), result.groups.begin());
    std::copy_n(opcode_index.otherwise, result.otherwise.size(), result.otherwise.begin());
    return result;
}

constexpr Tables tables = make_tables();

} // namespace

constinit const OpcodeMaps opcode_maps{.rows = all_rows.data(),
                                       .cells = tables.cells.data(),
                                       .groups = tables.groups.data(),
                                       .otherwise = tables.otherwise.data()};

std::span<const Row> opcode_rows() { return all_rows; }

} // namespace orrery::x86
