// The translated vCPU: runs a Frontend's instructions as blocks that the Translator makes. One host thread runs it at a
// time; kick(), set_irq() and request_flush() may come from any.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accel/dbt/cpu_tracer.hpp"
#include "accel/dbt/exception_log.hpp"
#include "accel/dbt/soft_tlb.hpp"
#include "accel/dbt/transfer_log.hpp"
#include "accel/dbt/translator.hpp"
#include "cpu/cpu.hpp"
#include "cpu/frontend.hpp"
#include "jit/interpreter/interpreter.hpp"
#include "jit/runtime/context.hpp"

namespace orrery::dbt {

// A vCPU's memory: translated code finds the guest's state at a constant distance from the context.
template <typename State> struct VcpuMemory {
    jit::Context context;
    State state;
    static constexpr u32 state_offset_bytes() { return static_cast<u32>(offsetof(VcpuMemory, state)); }
};

class DbtCpu final : public Cpu, public EngineServices {
public:
    static constexpr u32 block_limit = 64; // guest instructions a block
    // Of a Fault that is no exception of the guest's: the access is watched. See ExitReason::watchpoint.
    static constexpr u64 watch_fault_code = ~u64{0};
    // Likewise: the instruction is to be executed alone. See EngineServices::executes_alone().
    static constexpr u64 alone_fault_code = ~u64{1};

    // `context` is followed by the state that `frontend` works on; all three outlive the CPU.
    DbtCpu(std::string name, Frontend& frontend, jit::Context& context, void* state, Translator& translator,
           CpuEnvironment& environment);
    ~DbtCpu() override { translator_.take_out(*this); }

    // ---- Component
    [[nodiscard]] std::string_view type() const override { return frontend_.type(); }
    void reset() override;
    void state(StateVisitor& visitor) override;
    void restored() override;

    // ---- Cpu
    ExitReason run(u64 budget) override;
    void kick() override;
    void on_attention(std::function<void()> callback) override { attention_ = std::move(callback); }
    void set_irq(u32 pin, bool level) override;
    [[nodiscard]] bool wakes() const override { return frontend_.wakes(); }
    [[nodiscard]] u64 retired() const override;
    void set_entry(u64 pc, std::span<const u64> arguments) override;
    [[nodiscard]] u64 pc() const override { return frontend_.pc(); }

    void look_for_loops(bool wanted) override { looks_for_loops_ = wanted; }
    [[nodiscard]] StuckKind stuck_kind() const override { return stuck_kind_; }
    [[nodiscard]] Standstill standstill() const override { return frontend_.standstill(); }
    [[nodiscard]] bool shut_down() const override { return frontend_.shut_down(); }
    [[nodiscard]] std::vector<ExceptionRecord> recent_exceptions() const override { return exceptions_.records(); }
    void record_all_transfers() override;
    [[nodiscard]] bool records_all_transfers() const override { return records_all_; }
    [[nodiscard]] std::vector<Transfer> recent_transfers() const override { return transfers_.records(); }
    void forget_transfers() override { transfers_.clear(); }
    [[nodiscard]] StuckAnswer explain_stuck(const StuckQuestion& question) override {
        return frontend_.explain_stuck(question);
    }

    [[nodiscard]] EngineKind engine() const override {
        return translator_.engine() == Engine::baseline ? EngineKind::translator : EngineKind::interpreter;
    }
    Status use_engine(EngineKind engine) override;

    [[nodiscard]] DebugView& debug_view() override { return frontend_.debug_view(); }
    void set_breakpoints(std::span<const u64> addresses) override { translator_.set_breakpoints(addresses); }
    void set_pc(u64 pc) override;
    void set_watches(std::span<const Watch> watches) override;
    [[nodiscard]] const WatchHit& watch_hit() const override { return watch_hit_; }
    [[nodiscard]] std::vector<CachedTranslation> cached_translations() const override { return tlb_.translations(); }
    [[nodiscard]] std::vector<EngineCounter> counters() const override;
    ExitReason step(bool heed_watches) override;
    void set_trace(TraceSink* sink, const TraceFilter& filter) override;

    // ---- EngineServices
    void flush_all() override { tlb_.flush_all(); }
    void flush_space(u64 space) override { tlb_.flush_space(space); }
    void flush_page(GuestVirtual address) override { tlb_.flush_page(address); }
    void flush_page_in_space(GuestVirtual address, u64) override { tlb_.flush_page(address); }
    void context_changed() override { select_context(); }
    void synchronize_code() override {}
    void leave_after() override;
    void leave_with_pc_in_state() override;
    void transferred(u64 from) override;
    void leave_raising(Fault fault) override;
    [[nodiscard]] u64 current_pc() const override;
    std::expected<u64, Fault> load(GuestVirtual address, Width width, u8 mmu_index) override;
    std::expected<void, Fault> store(GuestVirtual address, u64 value, Width width, u8 mmu_index) override;
    std::expected<std::span<u8>, Fault> direct(GuestVirtual address, u64 size_bytes, MemoryAction action) override;
    std::expected<u64, Fault> update(GuestVirtual address, Width width,
                                     const std::function<u64(u64 old)>& next) override;
    std::expected<Pair, Fault> compare_exchange_pair(GuestVirtual address, const Pair& expected,
                                                     const Pair& replacement) override;
    u64 read_port(u16 port, Width width) override;
    void write_port(u16 port, u64 value, Width width) override;
    std::expected<void, Fault> zero(GuestVirtual address, u64 size_bytes) override;
    void set_guest_breakpoints(std::span<const u64> addresses) override;
    void set_guest_watches(std::span<const Watch> watches) override;
    [[nodiscard]] bool executes_alone() const override { return alone_; }
    void execute_alone() override { leave_raising({alone_fault_code, 0}); }
    void run_waiting(const std::function<void()>& work) override;
    void notice_interrupt() override;

    // ---- for engines that leave some work to this one
    // Runs `work`, which uses the services above, as if a helper did. The CPU mustn't run meanwhile.
    void inside(const std::function<void()>& work);

    // ---- for the Translator
    ir::Block build(ir::BlockKey key, u32 limit);
    [[nodiscard]] bool traces(const ir::Block& block) const { return tracer_ && tracer_->wants(block); }
    // What was just built.
    std::vector<u8> bytes_of(const ir::Block& block);
    std::expected<SoftTlb::Code, Fault> code_page(u64 pc);
    [[nodiscard]] SoftTlb& tlb() { return tlb_; }
    // Whether the page of the last code_page() may not be remembered.
    [[nodiscard]] bool fetch_uncached() const { return uncached_fetch_; }
    [[nodiscard]] bool in_code() const { return in_code_; }
    void forget_block(const jit::CompiledBlock& block);
    void code_moved() { context_.code_base = translator_.code_base(); }
    void forget_blocks() { tlb_.forget_jumps(); }
    [[nodiscard]] std::span<const u64> guest_breakpoints() const { return guest_breakpoints_; }
    void request_flush();

private:
    class Fetcher;
    struct Request {
        static constexpr u32 kick = 1;
        static constexpr u32 flush = 2;
        static constexpr u32 interrupt = 4;
    };
    // Where an access lands: RAM at `host`, or else a device at `physical`.
    struct Target {
        u8* host = nullptr;
        Ram* ram = nullptr;
        u64 ram_offset = 0;
        GuestPhysical physical;
        bool tracked = false;
        bool local = false; // within Frontend::local_page()
    };

    void request(u32 what);
    void select_context();
    void take_interrupt();
    ExitReason run_inside();
    void run_chunk(u64 limit);
    const u8* next_code();
    jit::CompiledBlock* next_block();
    jit::CompiledBlock* current_block(const Translator::Place& place);
    bool execute(const u8* code);
    void run_last();
    void run_uncached(u32 limit);
    void run_alone();
    void run_at_guest_breakpoint();
    bool run_traced(const jit::CompiledBlock& block);
    void interpret_traced(const jit::CompiledBlock& block);
    void trace_device(GuestPhysical address, u64 size_bytes, bool write, u64 value);
    bool handle_exit();
    bool go_on_linked();
    void finish_slow_exit(const Translator::Position& position);
    void raise(Fault fault);
    void log_exception(Fault fault);
    void log_flow();
    void log_reset();
    [[nodiscard]] u64 register_fingerprint() const;
    [[nodiscard]] u64 remaining() const { return end_ - retired(); }

    std::expected<Target, Fault> resolve(GuestVirtual address, MemoryAction action, u64 size_bytes, u8 mmu_index);
    std::expected<Target, Fault> find_or_resolve(u64 address, bool write, ir::MemoryAccess access);
    [[nodiscard]] u8* remembered_host(u64 address, u64 size_bytes, bool write, u8 mmu_index) const;
    [[nodiscard]] u8* unobserved_host(u64 address, u64 size_bytes, bool write, u8 mmu_index) const {
        return observes_data_ ? nullptr : remembered_host(address, size_bytes, write, mmu_index);
    }
    void observe_data() { observes_data_ = watches_any() || (tracer_ && tracer_->wants_memory()); }
    void trace_memory(u64 address, u64 size_bytes, bool write, u64 value);
    std::expected<u64, Fault> update_memory(GuestVirtual address, Width width, const std::function<u64(u64 old)>& next);
    std::expected<Pair, Fault> compare_exchange_memory(GuestVirtual address, const Pair& expected,
                                                       const Pair& replacement);
    std::expected<u64, Fault> load_slow(u64 address, u64 size_bytes, u8 mmu_index);
    std::expected<void, Fault> store_slow(u64 address, u64 value, u64 size_bytes, u8 mmu_index);
    u64 read_open_bus(AddressSpace& bus, GuestPhysical address, Width width);
    void write_open_bus(AddressSpace& bus, GuestPhysical address, u64 value, Width width);
    [[nodiscard]] bool is_local(GuestPhysical address) const;
    u64 read_local(u64 offset, u64 size_bytes);
    void write_local(u64 offset, u64 value, u64 size_bytes);
    std::optional<u64> read_bus(GuestPhysical address, u64 size_bytes);
    bool write_bus(GuestPhysical address, u64 value, u64 size_bytes);
    std::expected<u64, Fault> load_within_page(u64 address, u64 size_bytes, u8 mmu_index);
    std::expected<void, Fault> store_to(const Target& target, GuestVirtual address, u64 value, u64 size_bytes);
    std::expected<u64, Fault> amo_slow(u64 address, ir::MemoryAccess access, u64 value);
    std::expected<u64, Fault> load_reserved_slow(u64 address, ir::MemoryAccess access);
    std::expected<u64, Fault> store_conditional_slow(u64 address, ir::MemoryAccess access, u64 value);
    void written(const Target& target, u64 size_bytes);
    std::optional<Fault> watched(u64 address, u64 size_bytes, bool reads, bool writes, u8 mmu_index = 0);
    [[nodiscard]] bool watches_any() const { return !watches_.empty() || !guest_watches_.empty(); }
    [[nodiscard]] bool on_watched_page(u64 address) const;
    void after_store(u64 removals_before, u64 device_accesses_before);
    static jit::SlowPaths slow_paths();

    Frontend& frontend_;
    jit::Context& context_;
    Translator& translator_;
    CpuEnvironment& environment_;
    AddressSpace::Reader reader_;
    SoftTlb tlb_;
    jit::Interpreter interpreter_;
    ir::Builder builder_;
    u64 retired_ = 0; // at the start of the chunk that runs
    u64 chunk_ = 0;   // the chunk's budget
    u64 end_ = 0;     // where run() has to stop
    u64 retired_at_exception_ = 0;
    u32 exceptions_in_a_row_ = 0; // since anything retired
    ExceptionLog exceptions_;
    TransferLog transfers_;
    bool records_all_ = false;      // every transfer leaves translated code
    std::optional<u64> reset_from_; // since the last run()
    bool looks_for_loops_ = false;
    StuckKind stuck_kind_ = StuckKind::row;
    std::atomic<bool> in_code_ = false;
    bool uncached_fetch_ = false; // the last code_page() may not be remembered
    std::vector<Watch> watches_;  // a debugger's
    bool heeds_watches_ = true;
    WatchHit watch_hit_;
    // By the guest's own debug registers.
    std::vector<u64> guest_breakpoints_;
    std::vector<Watch> guest_watches_;
    bool alone_ = false;                // see executes_alone()
    std::unique_ptr<CpuTracer> tracer_; // null while nothing is traced
    bool observes_data_ = false;        // watches or a trace want to know of every access of helpers
    struct Counts {
        u64 tlb_misses = 0;
        u64 device_accesses = 0;
        u64 block_lookups = 0;
        u64 slow_exits = 0;
        u64 exceptions = 0;
    };
    Counts counts_;                  // on slow paths only
    std::optional<ExitReason> stop_; // breakpoint, watchpoint or looping: run() ends
    std::atomic<u32> requests_ = 0;
    std::function<void()> attention_;
};

} // namespace orrery::dbt
