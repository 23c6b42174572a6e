// What the vCPUs of one machine share: the translated blocks and the back end that makes them. Watches guest memory, so
// that a block never outlives the bytes it was made from.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "accel/dbt/code_inspector.hpp"
#include "accel/dbt/exclusive_gate.hpp"
#include "accel/dbt/soft_tlb.hpp"
#include "cpu/frontend.hpp"
#include "jit/baseline/baseline.hpp"
#include "jit/cache/block_cache.hpp"
#include "jit/cache/code_buffer.hpp"

namespace orrery::dbt {

class DbtCpu;

enum class Engine : u8 { interpreter, baseline };

struct TranslatorStatistics {
    u64 blocks = 0;
    u64 compiled_blocks = 0; // of those
    u64 guest_instructions = 0;
    u64 code_bytes = 0;
    u64 invalidations = 0;
    u64 flushes = 0;
};

class Translator final : public MemoryListener {
public:
    // `guest` outlives the translator. `counting`: blocks count how often they are executed (engine baseline only).
    static Result<std::unique_ptr<Translator>> create(Engine engine, const ir::GuestDescription& guest,
                                                      u32 state_offset_bytes, AddressSpace& memory,
                                                      u64 code_size_bytes = 256 * MiB, bool counting = false);
    ~Translator() override;

    [[nodiscard]] Engine engine() const { return engine_; }
    // Has blocks run by that one from now on, from none. Only while no vCPU runs.
    Status use(Engine engine);
    // Translated code lies within 4 GiB above this; 0 if there is none.
    [[nodiscard]] u64 code_base() const { return buffer_ ? reinterpret_cast<u64>(buffer_->executable_base()) : 0; }
    [[nodiscard]] ExclusiveGate& gate() { return gate_; }
    [[nodiscard]] const TranslatorStatistics& statistics() const { return statistics_; }
    void add(DbtCpu& cpu) { cpus_.push_back(&cpu); }
    void take_out(DbtCpu& cpu) { std::erase(cpus_, &cpu); }

    // Where a block begins, as the calling vCPU fetches it.
    struct Place {
        jit::BlockPlace block;
        SoftTlb::Code page;
    };

    // The block for `place`, translating it if need be. Null: fetching its first instruction faults, or its second half
    // lies on a page whose translation may not be remembered; it is to be run alone. The caller is inside the gate.
    jit::CompiledBlock* block(DbtCpu& cpu, const Place& place);
    // The bytes behind the page boundary are no longer what this vCPU fetches there.
    void discard(const Place& place);
    // What the interpreter needs to run a block.
    static std::unique_ptr<jit::CompiledBlock> interpretable(ir::Block block);
    // Runs translated code from a block's start; engine() must be the baseline.
    void enter(jit::Context& context, const u8* code) const { baseline_->enter(context, code); }
    // After Exit::link: lets the jump at `displacement` (an executable address) go straight to `target`.
    void link(const u8* displacement, jit::CompiledBlock& target);
    // The block and instruction that translated code called C++ from.
    struct Position {
        const jit::CompiledBlock* block = nullptr;
        u32 instruction = 0;
    };
    [[nodiscard]] Position position(const jit::Context& context);

    // Someone stored to a page flagged `tracked`.
    void code_written(Ram& ram, u64 offset, u64 size_bytes);
    // No block has an instruction at one of these addresses but as its first, which no one must ask for. Those of a
    // debugger, ascending, only while no vCPU runs; those of the guest have changed, as its CPUs tell.
    void set_breakpoints(std::span<const u64> addresses);
    void guest_breakpoints_changed();
    // Whoever it is for.
    [[nodiscard]] bool is_breakpoint(u64 pc) const {
        return !breakpoints_.empty() && std::ranges::binary_search(breakpoints_, pc);
    }
    [[nodiscard]] bool is_debuggers_breakpoint(u64 pc) const {
        return std::ranges::binary_search(debuggers_breakpoints_, pc);
    }
    // How many of the block's instructions come before one at a breakpoint; the first doesn't count as one.
    [[nodiscard]] u32 instructions_before_breakpoint(const ir::Block& block) const;

    // Counts the blocks found stale, and flushes. While it stays the same, blocks that were found stay.
    [[nodiscard]] u64 removals() const { return removals_.load(std::memory_order_relaxed); }
    // What was counted, in no order. Only while no vCPU runs.
    [[nodiscard]] std::vector<CodeBytes> executed_blocks() const;
    // All blocks go: state was replaced from outside.
    void flush();

    void mapping_changed() override;
    void tracked_page_written(Ram& ram, u64 offset, u64 size_bytes) override { code_written(ram, offset, size_bytes); }

private:
    Translator(const ir::GuestDescription& guest, u32 state_offset_bytes, AddressSpace& memory, u64 code_size_bytes,
               bool counting)
        : guest_(guest), state_offset_bytes_(state_offset_bytes), memory_(memory), code_size_bytes_(code_size_bytes),
          counting_(counting) {}
    // False: see block().
    bool translate(DbtCpu& cpu, const Place& place);
    void track(const SoftTlb::Code& page);
    std::unique_ptr<jit::CompiledBlock> compile(ir::Block block, std::vector<u8> traced_bytes);
    void update_breakpoints();
    void remove(jit::CompiledBlock& block);
    void remove_stale(Ram& ram, u64 page, u64 first, u64 size_bytes);

    Engine engine_ = Engine::interpreter;
    const ir::GuestDescription& guest_;
    const u32 state_offset_bytes_;
    AddressSpace& memory_;
    const u64 code_size_bytes_;
    const bool counting_;
    ExclusiveGate gate_;
    std::mutex mutex_;                 // guards the cache and the back end; never waited for while inside the gate
    std::atomic<u64> code_writes_ = 0; // stores to tracked pages
    std::atomic<u64> removals_ = 0;
    jit::BlockCache cache_;
    std::unique_ptr<jit::CodeBuffer> buffer_;
    std::unique_ptr<jit::Baseline> baseline_;
    std::vector<DbtCpu*> cpus_;
    std::vector<u64> debuggers_breakpoints_; // ascending
    std::vector<u64> breakpoints_;           // all of them, ascending; changes in exclusive sections
    TranslatorStatistics statistics_;
    std::vector<CodeBytes> counted_; // in blocks that were flushed
};

} // namespace orrery::dbt
