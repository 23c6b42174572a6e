// A small trace with a record of each kind, as a file in memory.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "app/trace/file_writer.hpp"
#include "tests/support/scratch_file.hpp"

namespace orrery::test {

inline app::trace::Header sample_header() {
    return {.board = "a board",
            .triples = {"riscv64-unknown-elf"},
            .cpus = {"hart0", "hart1"},
            .words = {.privileges = {"U", "S", "", "M"}, .exceptions = {"misaligned fetch"}, .interrupts = {}},
            .filters = {"what all"}};
}

inline void encode_sample(app::trace::Encoder& encoder) {
    constexpr u8 nop[] = {0x13, 0, 0, 0};
    constexpr u8 short_nop[] = {1, 0};
    encoder.instruction({0x8000'0000, 7, 3}, nop);
    encoder.memory({0x8000'0000, 7, 3}, {.address = 0xffff'ffff'8000'1000, .value = ~u64{0}, .size_bytes = 8});
    encoder.memory({0x8000'0000, 7, 3}, {.address = 0x10, .value = 0x1234, .size_bytes = 2, .write = true});
    encoder.instruction({0x8000'0004, 8, 3}, short_nop);
    encoder.branch({0x8000'0004, 8, 3}, TraceJump::ret, 0x8000'0000);
    encoder.instruction({0x8000'0000, 9, 3}, nop);
    encoder.device({0x8000'0000, 9, 3}, {.window = "uart0", .offset = 5, .value = 0x60, .size_bytes = 1});
    encoder.device({0x8000'0004, 10, 1},
                   {.window = "uart0", .offset = 0, .value = 'x', .size_bytes = 4, .write = true});
    encoder.exception({0x8000'0004, 10, 1}, 13, 0xdead'0000'0000, 0x9000'0000);
    encoder.interrupt({0x9000'0000, 10, 3}, 7, 0);
}

inline std::vector<u8> bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Two blocks of CPU 1 and 0, the first being the sample.
inline std::vector<u8> sample_file(bool finished = true) {
    const ScratchFile scratch("sample.trace", {});
    auto writer = app::trace::FileWriter::create(scratch.path(), sample_header());
    app::trace::Packer packer;
    app::trace::Encoder encoder;
    encode_sample(encoder);
    (*writer)->add(packer.pack(encoder, 1));
    encoder.clear();
    encoder.branch({0x1000, 3, 0}, TraceJump::call, 0x2000);
    (*writer)->add(packer.pack(encoder, 0));
    if (finished && !(*writer)->finish()) return {};
    return bytes_of(scratch.path());
}

} // namespace orrery::test
