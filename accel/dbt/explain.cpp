#include "accel/dbt/explain.hpp"

#include <algorithm>
#include <numeric>

#include "jit/ir/print.hpp"
#include "jit/passes/operands.hpp"
#include "jit/passes/pipeline.hpp"

namespace orrery::dbt {
namespace {

class BytesReader final : public CodeReader {
public:
    explicit BytesReader(const CodeBytes& code) : code_(code) {}

    std::expected<u16, Fault> fetch16(u64 pc) override {
        const auto low = fetch8(pc), high = fetch8(pc + 1);
        if (!low || !high) return std::unexpected(Fault{});
        return static_cast<u16>(*low | *high << 8);
    }
    std::expected<u8, Fault> fetch8(u64 pc) override {
        const u64 offset = pc - code_.key.pc;
        if (offset >= code_.bytes.size()) return std::unexpected(Fault{});
        return code_.bytes[offset];
    }

private:
    const CodeBytes& code_;
};

// The block with every instruction back at the place that is its identity, so that its values have their first names.
ir::Block spread(const ir::Block& block, const std::vector<ir::Value>& ids) {
    ir::Block wide = block;
    const auto rename = [&](ir::Value& value) { value = ids[value]; };
    wide.instructions.assign(ids.empty() ? 0 : *std::ranges::max_element(ids) + std::size_t{1},
                             {.op = ir::Op::constant});
    for (std::size_t i = 0; i < ids.size(); ++i) {
        wide.instructions[ids[i]] = block.instructions[i];
        passes::for_each_operand(wide.instructions[ids[i]], rename);
    }
    passes::for_each_operand(wide.terminal, rename);
    return wide;
}

ExplainedBlock::Stage stage(std::string_view name, const ir::Block& block, const std::vector<ir::Value>& ids,
                            u32 terminal_id, const ir::GuestDescription& guest) {
    const ir::Block wide = spread(block, ids);
    ExplainedBlock::Stage made{.name = name, .lines = {}};
    u32 begun = 0;
    for (const ir::Value id : ids) {
        const bool marker = wide.instructions[id].op == ir::Op::insn;
        if (marker) ++begun;
        made.lines.push_back({id, begun == 0 ? 0 : begun - 1, marker, ir::print(wide, id, guest)});
    }
    made.lines.push_back({terminal_id, begun == 0 ? 0 : begun - 1, false, ir::print(wide.terminal)});
    return made;
}

} // namespace

Result<std::unique_ptr<Explainer>> Explainer::create(Frontend& frontend, u32 state_offset_bytes) {
    std::unique_ptr<Explainer> explainer(new Explainer(frontend));
#if defined(__x86_64__)
    explainer->buffer_ = TRY(jit::CodeBuffer::create(4 * MiB));
    explainer->baseline_ = TRY(jit::Baseline::create(frontend.description(), state_offset_bytes, *explainer->buffer_));
#else
    static_cast<void>(state_offset_bytes);
#endif
    return explainer;
}

ExplainedBlock Explainer::explain(const CodeBytes& code) {
    BytesReader reader(code);
    ir::Builder builder;
    builder.begin(code.key);
    frontend_.translate(code.key, reader, std::max(code.limit, 1u), builder);
    ir::Block block = builder.take();

    ExplainedBlock explained;
    explained.key = code.key;
    explained.guest_bytes = block.guest_bytes;
    for (const ir::Instruction& instruction : block.instructions)
        if (instruction.op == ir::Op::insn) explained.guests.push_back({instruction.imm, instruction.aux});
    std::vector<ir::Value> ids(block.instructions.size());
    std::iota(ids.begin(), ids.end(), ir::Value{0});
    const auto terminal_id = static_cast<u32>(ids.size());
    const ir::GuestDescription& guest = frontend_.description();
    explained.stages.push_back(stage("frontend", block, ids, terminal_id, guest));
    for (const passes::Pass& pass : passes::pipeline) {
        std::vector<ir::Value> origins(block.instructions.size());
        std::iota(origins.begin(), origins.end(), ir::Value{0});
        pass.run(block, &origins);
        for (ir::Value& origin : origins) origin = ids[origin];
        ids = std::move(origins);
        explained.stages.push_back(stage(pass.name, block, ids, terminal_id, guest));
    }
    if (baseline_) add_host_code(block, ids, explained);
    return explained;
}

void Explainer::add_host_code(const ir::Block& block, const std::vector<ir::Value>& ids, ExplainedBlock& explained) {
    jit::Listing listing;
    baseline_->reset();
    const auto compiled = baseline_->compile(block, &listing);
    if (!compiled) return;
    explained.host_code.assign(compiled->code, compiled->code + compiled->code_size);
    explained.host_places = std::move(listing.places);
    explained.host_registers = std::move(listing.registers);
    explained.host_memory = std::move(listing.memory);
    const auto& lines = explained.stages.back().lines;
    for (const jit::Listing::Piece& piece : listing.pieces) {
        const bool entry = piece.instruction == jit::Listing::entry;
        // The terminal is the last line, behind those of the instructions.
        const u32 id = entry ? piece.instruction : lines[piece.instruction].id;
        const u32 guest = entry ? 0 : lines[piece.instruction].guest;
        ORRERY_ASSERT(entry || piece.instruction <= ids.size(), "pieces are of instructions or the terminal");
        explained.host_pieces.push_back({piece.offset, piece.size_bytes, id, guest, piece.cold});
    }
}

} // namespace orrery::dbt
