// The baseline back end: one forward pass from IR to x86-64 code, emitted at once when a block is first needed. The
// guest's hottest registers live in host registers, the others in the state struct.
#pragma once

#include <memory>

#include "jit/baseline/listing.hpp"
#include "jit/cache/code_buffer.hpp"
#include "jit/ir/ir.hpp"
#include "jit/runtime/compiled_block.hpp"
#include "jit/runtime/context.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::jit {

class Baseline {
public:
    // `state_offset_bytes`: where the guest's state struct lies, from the start of its Context.
    // `counting`: every block counts in CompiledBlock::executions how often it is run.
    static Result<std::unique_ptr<Baseline>> create(const ir::GuestDescription& guest, u32 state_offset_bytes,
                                                    CodeBuffer& buffer, bool counting = false);
    ~Baseline();

    // Null when the buffer is full; then reset() it and forget every block. Fills in `listing` unless it is null.
    std::unique_ptr<CompiledBlock> compile(const ir::Block& block, Listing* listing = nullptr);
    // Gives back all code but the entry and exit thunks.
    void reset();

    // Runs translated code from `code`, a CompiledBlock's, until it exits; the result is in the context.
    void enter(Context& context, const u8* code) const;

    // Makes a block's jump go straight to its target, or to its exit again. The displacement is written atomically, so
    // other vCPUs may be running the code.
    void link(CompiledBlock& from, LinkSite& site, CompiledBlock& target);
    void unlink(CompiledBlock& from, LinkSite& site);

private:
    struct Implementation;
    explicit Baseline(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

} // namespace orrery::jit
