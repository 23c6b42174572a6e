// A trace file's reader under arbitrary input: it ends, within its bounds. Shared with tests/fuzz/formats.
#pragma once

#include <cstdlib>

#include "app/trace/decoder.hpp"
#include "app/trace/file_reader.hpp"
#include "app/trace/show/summary.hpp"

namespace orrery::test {

using namespace app::trace;

inline void read_records(std::span<const u8> bytes, const LineStyle& style, u32 cpu) {
    Decoder decoder;
    decoder.begin(bytes);
    u64 records = 0;
    for (;;) {
        const auto record = decoder.next();
        if (!record || !*record) return;
        if (++records > bytes.size() || (*record)->bytes.size() > longest_instruction) std::abort();
        if (text_line(style, cpu, **record).empty() || json_line(style, cpu, **record).empty()) std::abort();
    }
}

// The bytes as a file; and as the unpacked records of a block, which no damaged file reaches by itself.
inline void feed_reader(std::span<const u8> input) {
    const Symbols none;
    const Header header{.board = {}, .triples = {}, .cpus = {"hart0"}, .words = {}, .filters = {}};
    read_records(input, {header, none, {}}, 0);
    MemoryInput memory(input);
    const auto reader = FileReader::create(memory);
    if (!reader) return;
    const LineStyle style{(*reader)->header(), none, {}};
    for (;;) {
        const auto block = (*reader)->next();
        if (!block || !*block) return;
        if ((*block)->bytes.size() > largest_block_bytes) std::abort();
        read_records((*block)->bytes, style, (*block)->cpu);
    }
}

} // namespace orrery::test
