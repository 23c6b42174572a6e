// Private to opcode_maps.cpp: the search at compile time for the rows that fit each opcode, prefix and mode.
#pragma once

#include "cpu/x86/opcode_maps.hpp"

namespace orrery::x86 {

// Not constexpr: reaching one makes the constant expression, and so the build, fail.
void two_rows_claim_one_encoding();
void too_many_rows_for_one_opcode();

// Among rows that fit an encoding the one that says more about it comes first.
constexpr unsigned rank(const Row& row) {
    return (row.prefixes != prefix::any ? 1U : 0U) + (row.has(trait::no_rex_b) ? 2U : 0U) + (row.wide >= 0 ? 4U : 0U);
}

constexpr bool fits_modrm(const Row& row, std::size_t slot) {
    const bool memory = slot < 8;
    const std::size_t reg = memory ? slot : (slot - 8) >> 3U;
    if (row.mod == (memory ? Mod::registers : Mod::memory)) return false;
    if (row.reg >= 0 && static_cast<std::size_t>(row.reg) != reg) return false;
    return row.rm < 0 || (!memory && static_cast<std::size_t>(row.rm) == ((slot - 8) & 7U));
}

constexpr bool ignores_modrm(const Row& row) { return row.mod == Mod::any && row.reg < 0 && row.rm < 0; }

// What a key says besides map and opcode.
struct KeyColumn {
    std::size_t key = 0; // for opcode 0
    bool code_64 = false;
    bool wide = false;
    bool vector = false;
    unsigned prefix = 0;
};

constexpr bool fits_column(const Row& row, const KeyColumn& column) {
    if (row.has(column.code_64 ? trait::not_64 : trait::only_64)) return false;
    if ((row.prefixes >> column.prefix & 1) == 0) return false;
    if (row.wide >= 0 && row.wide != (column.wide ? 1 : 0)) return false;
    return row.vector < 0 || row.vector == (column.vector ? 1 : 0);
}

// The columns of one map's part of the tables.
struct KeyColumns {
    KeyColumn columns[8 * prefix_count];
    unsigned count = 0;
};

constexpr KeyColumn legacy_column(Map map, unsigned number, unsigned prefix) {
    const bool code_64 = number != 0;
    const bool wide = number == 2;
    return {legacy_key(map, code_64, wide, prefix, 0), code_64, wide, false, prefix};
}

constexpr KeyColumn vex_column(Map map, unsigned number, unsigned prefix) {
    const bool code_64 = (number & 4U) != 0;
    const bool wide = (number & 2U) != 0;
    const bool vector = (number & 1U) != 0;
    return {vex_key(map, code_64, wide, vector, prefix, 0), code_64, wide, vector, prefix};
}

constexpr KeyColumns columns_of(Map map) {
    KeyColumns result;
    for (unsigned number = 0; number < (is_vex(map) ? 8U : 3U); ++number) {
        for (unsigned prefix = 0; prefix < prefix_count; ++prefix)
            result.columns[result.count++] =
                is_vex(map) ? vex_column(map, number, prefix) : legacy_column(map, number, prefix);
    }
    return result;
}

// A short list of row numbers. Plain arrays throughout: compilers count every step of what they evaluate.
struct RowList {
    static constexpr unsigned capacity = 64;
    u16 numbers[capacity] = {};
    unsigned count = 0;

    constexpr void add(u16 number) {
        if (count == capacity) too_many_rows_for_one_opcode();
        numbers[count++] = number;
    }
};

// The tables in the making.
struct OpcodeIndex {
    static constexpr std::size_t row_capacity = 1536;
    static constexpr std::size_t group_capacity = 256;

    u16 cells[key_count] = {};
    Group groups[group_capacity] = {};
    std::size_t group_count = 0;
    u16 otherwise[row_capacity] = {};

    constexpr OpcodeIndex(const Row* rows, std::size_t row_count) : rows_(rows) {
        for (unsigned map = 0; map < map_count; ++map) index_map(static_cast<Map>(map), row_count);
        rows_ = nullptr;
    }

private:
    constexpr void index_map(Map map, std::size_t row_count) {
        RowList rows_of_opcode[256];
        for (std::size_t number = 0; number < row_count; ++number) {
            const Row& row = rows_[number];
            if (row.map != map) continue;
            for (unsigned opcode = row.opcode; opcode < unsigned{row.opcode} + row.opcode_count; ++opcode)
                rows_of_opcode[opcode].add(static_cast<u16>(number));
        }
        const KeyColumns columns = columns_of(map);
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
            if (rows_of_opcode[opcode].count != 0) index_opcode(opcode, columns, rows_of_opcode[opcode]);
        }
    }

    // Columns in which the same rows compete share what they resolve to.
    constexpr void index_opcode(unsigned opcode, const KeyColumns& columns, const RowList& rows) {
        u64 known[8 * prefix_count] = {};
        for (unsigned number = 0; number < columns.count; ++number) {
            const KeyColumn& column = columns.columns[number];
            u64 fitting = 0;
            for (unsigned i = 0; i < rows.count; ++i)
                fitting |= u64{fits_column(rows_[rows.numbers[i]], column) ? 1U : 0U} << i;
            known[number] = fitting;
            unsigned same = 0;
            while (known[same] != fitting) ++same;
            cells[column.key + opcode] =
                same == number ? resolve(rows, fitting) : cells[columns.columns[same].key + opcode];
        }
    }

    // The cell for the rows of the mask: one row, or a new group if ModRM decides.
    constexpr u16 resolve(const RowList& rows, u64 fitting) {
        RowList ordered; // the first that fits is the one
        bool by_modrm = false;
        for (unsigned wanted = 8; wanted-- > 0;) {
            for (unsigned i = 0; i < rows.count; ++i) {
                if ((fitting >> i & 1) == 0 || rank(rows_[rows.numbers[i]]) != wanted) continue;
                ordered.add(rows.numbers[i]);
                by_modrm = by_modrm || !ignores_modrm(rows_[rows.numbers[i]]);
            }
        }
        if (!by_modrm) return choose(ordered, 0);
        if (group_count == group_capacity) too_many_rows_for_one_opcode();
        Group& group = groups[group_count];
        for (std::size_t slot = 0; slot < group_size; ++slot) group[slot] = choose(ordered, slot);
        return static_cast<u16>(group_bit | group_count++);
    }

    constexpr u16 choose(const RowList& ordered, std::size_t slot) {
        u16 first = 0;
        u16 before = 0;
        for (unsigned i = 0; i < ordered.count; ++i) {
            const u16 number = ordered.numbers[i];
            if (!fits_modrm(rows_[number], slot)) continue;
            const u16 cell = static_cast<u16>(number + 1);
            if (first == 0) first = cell;
            if (before != 0) {
                if (rank(rows_[before - 1]) == rank(rows_[number])) two_rows_claim_one_encoding();
                if (rows_[before - 1].has(trait::else_older)) otherwise[before - 1] = cell;
            }
            before = cell;
        }
        return first;
    }

    const Row* rows_;
};

} // namespace orrery::x86
