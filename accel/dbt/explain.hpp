// How a block came about, for people to read: its guest instructions, its IR as the frontend made it and after each
// pass, and its host code, all linked to one another. Nothing here is run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "accel/dbt/code_inspector.hpp"
#include "accel/dbt/dbt_cpu.hpp"
#include "cpu/frontend.hpp"
#include "jit/baseline/baseline.hpp"
#include "jit/baseline/listing.hpp"

namespace orrery::dbt {

struct ExplainedBlock {
    struct Guest {
        u64 pc;
        u32 length_bytes;
    };
    // An IR instruction keeps its identity and the names of its values through all stages.
    struct Line {
        u32 id; // the terminal's is behind all others
        u32 guest;
        bool marker; // only says that a guest instruction begins
        std::string text;
    };
    struct Stage {
        std::string_view name;
        std::vector<Line> lines;
    };
    struct HostPiece {
        u32 offset, size_bytes;
        u32 line; // the id of the IR line it was emitted for, or Listing::entry
        u32 guest;
        bool cold;
    };

    ir::BlockKey key;
    u32 guest_bytes = 0;
    std::vector<Guest> guests;
    std::vector<Stage> stages; // as the frontend made it, then after each pass
    std::vector<u8> host_code;
    std::vector<HostPiece> host_pieces; // ascending, without gaps
    std::vector<jit::Listing::Place> host_places;
    std::vector<jit::Listing::Register> host_registers;
    std::vector<jit::Listing::Memory> host_memory;
};

class Explainer {
public:
    // `frontend` outlives it. On a host that isn't x86-64 there is no host code.
    static Result<std::unique_ptr<Explainer>> create(Frontend& frontend, u32 state_offset_bytes);

    // The block that begins with the bytes; those behind its end are left out.
    ExplainedBlock explain(const CodeBytes& code);

private:
    explicit Explainer(Frontend& frontend) : frontend_(frontend) {}
    void add_host_code(const ir::Block& block, const std::vector<ir::Value>& ids, ExplainedBlock& explained);

    Frontend& frontend_;
    std::unique_ptr<jit::CodeBuffer> buffer_;
    std::unique_ptr<jit::Baseline> baseline_;
};

} // namespace orrery::dbt
