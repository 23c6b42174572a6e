// Tells a TraceSink what one vCPU does: filters, and gives every event its place. Exists only while the vCPU is traced;
// runs on its thread.
#pragma once

#include "cpu/frontend.hpp"
#include "cpu/trace.hpp"
#include "jit/interpreter/interpreter.hpp"
#include "jit/runtime/compiled_block.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::dbt {

class CpuTracer final : public jit::BlockObserver {
public:
    CpuTracer(TraceSink& sink, const TraceFilter& filter, const Frontend& frontend)
        : sink_(sink), filter_(filter), frontend_(frontend) {}

    // Whether the block must be run under observation.
    [[nodiscard]] bool wants(const ir::Block& block) const {
        return filter_.watches_code() && filter_.wants_privilege(frontend_.privilege(block.key.mode)) &&
               TraceFilter::touches(filter_.code, block.key.pc, std::max<u64>(block.guest_bytes, 1));
    }

    // ---- around a run of a block; `retired` is the count before it
    void begin(const jit::CompiledBlock& block, u64 retired);
    // Behind it: the jump that its last instruction has made to `to`, the state's pc.
    void end(const jit::Context& context, u64 to);

    void begins(u32 instruction) override;
    void accessed(u64 address, u64 size_bytes, bool write, u64 value) override;
    // ---- accesses by helpers, and while an exception or interrupt is delivered; blocks that aren't observed tell none
    void accessed_by_helper(u64 address, u64 size_bytes, bool write, u64 value);
    void zeroed(u64 address, u64 size_bytes);
    // Around the delivery: it may access memory, and belongs to the instruction at `pc`.
    void begin_delivery(u64 pc, u64 mode, u64 retired);
    void end_delivery() { delivers_ = false; }

    // ---- at any time; `mode` is that of the instruction
    void device(u64 pc, u64 mode, u64 retired, const TraceDeviceAccess& access);
    void exception(u64 pc, u64 mode, u64 retired, Fault fault, u64 to);
    void interrupt(u64 pc, u64 mode, u64 retired, u64 code, u64 to);
    [[nodiscard]] bool wants_memory() const { return filter_.wants(TraceKind::memory); }
    [[nodiscard]] bool wants_devices() const { return filter_.wants(TraceKind::devices); }

private:
    [[nodiscard]] bool passes(TraceKind kind, const TracePlace& place) const {
        return filter_.wants(kind) && filter_.wants_privilege(place.privilege) &&
               TraceFilter::touches(filter_.code, place.pc, 1);
    }
    [[nodiscard]] TracePlace place(u64 pc, u64 mode, u64 retired) const {
        return {pc, retired, frontend_.privilege(mode), frontend_.code_kind(mode)};
    }

    TraceSink& sink_;
    const TraceFilter filter_;
    const Frontend& frontend_;
    const jit::CompiledBlock* block_ = nullptr; // the one that is running
    u64 retired_ = 0;                           // before it
    TracePlace place_;                          // of its instruction that is being executed
    bool delivers_ = false;
};

} // namespace orrery::dbt
