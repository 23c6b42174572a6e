// What explains a block's host code: which IR instruction each piece was emitted for, which host register stands for
// which slot, and what the places outside the block are called. Made on request only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::jit {

struct Listing {
    // In place of an instruction's index: the code before the first. The terminal has the index behind the last.
    static constexpr u32 entry = ~u32{0};
    struct Piece {
        u32 offset; // from the block's start
        u32 size_bytes;
        u32 instruction;
        bool cold; // behind the block's own path, branched to from there
    };
    struct Place {
        i64 offset; // from the block's start
        std::string name;
    };
    struct Register {
        std::string_view host;
        std::string_view slot;
    };
    // What lies at a displacement from rbp: in [first, end), every `step` bytes.
    struct Memory {
        i64 first, end;
        i64 step;
        std::string name;
    };
    std::vector<Piece> pieces; // ascending, without gaps
    std::vector<Place> places;
    std::vector<Register> registers;
    std::vector<Memory> memory;
};

} // namespace orrery::jit
