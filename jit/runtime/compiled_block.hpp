// A translated block as the cache keeps it: its host code (baseline) or its IR (interpreter), and the side tables that
// give a precise guest position for any point where C++ was called.
#pragma once

#include <memory>
#include <vector>

#include "jit/ir/ir.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::jit {

// A call from translated code to C++: the return address, relative to `code`, and the guest instruction it belongs to.
struct Site {
    u32 return_offset;
    u32 instruction;
};

struct CompiledBlock;

// A jump to a known pc in the same guest page, which may be patched to go there directly.
// `displacement_offset` (from `code`) is that of its aligned 4-byte displacement; unlinked, it leads to an exit of
// kind Exit::link.
struct LinkSite {
    u32 displacement_offset;
    u32 unlinked_displacement;
    u64 target_pc;
    CompiledBlock* target = nullptr;
};

struct CompiledBlock {
    ir::BlockKey key;
    u64 physical = 0;        // guest-physical address of the first byte
    u64 second_page = 0;     // guest-physical page of the bytes behind the page boundary, 0 if there are none
    u32 guest_instructions = 0;
    u32 guest_bytes = 0;
    std::vector<u32> pc_offsets; // of each instruction from key.pc, and one more: the end
    u8* code = nullptr;      // entry, executable; null in the interpreter
    u32 code_size = 0;
    std::vector<Site> sites; // ascending return_offset
    std::vector<LinkSite> links;
    std::vector<CompiledBlock*> incoming; // blocks with a link to this one
    std::unique_ptr<const ir::Block> ir;  // what the interpreter executes
    std::vector<u8> traced_bytes; // the guest's, of a block that is traced: the interpreter runs it in every engine
    u64 executions = 0;      // counted only where the baseline was told to
    u32 index = 0; // among the cache's blocks
    bool valid = true;
};

} // namespace orrery::jit
