#include "accel/dbt/dbt_cpu.hpp"

#include <cstring>

namespace orrery::dbt {
namespace {

// Translated code looks at requests (kicks, interrupts from other threads, exclusive sections) when its budget is used
// up; this bounds how long that takes, to a few microseconds.
constexpr u64 chunk_instructions = 10'000;

// A guest whose handler faults at once raises exceptions for ever. After so many run() returns, since its budget, which
// counts retired instructions, would never be used up.
constexpr u32 longest_row_of_exceptions = 1000;

} // namespace

DbtCpu::DbtCpu(std::string name, Frontend& frontend, jit::Context& context, void* state, Translator& translator,
               CpuEnvironment& environment)
    : Cpu(std::move(name)), frontend_(frontend), context_(context), translator_(translator), environment_(environment),
      reader_(environment.memory()), tlb_(context), interpreter_(frontend.description()) {
    context_.state = state;
    context_.code_base = translator.code_base();
    context_.self = &frontend_;
    context_.engine = this;
    context_.slow = slow_paths();
    frontend_.attach(*this);
    translator_.add(*this);
    context_changed();
}

void DbtCpu::reset() {
    if (retired_ != 0) reset_from_ = frontend_.pc();
    frontend_.reset();
    retired_ = 0;
    tlb_.flush_all();
    context_changed();
}

void DbtCpu::state(StateVisitor& visitor) {
    visit(visitor, "retired", retired_);
    frontend_.state(visitor);
}

void DbtCpu::restored() {
    frontend_.restored();
    tlb_.flush_all();
    context_changed();
}

Status DbtCpu::use_engine(EngineKind engine) {
    if (engine == EngineKind::kvm)
        return error("this machine was begun without KVM; one begun with --engine kvm can go to and fro");
    return translator_.use(engine == EngineKind::translator ? Engine::baseline : Engine::interpreter);
}

void DbtCpu::set_entry(u64 pc, std::span<const u64> arguments) {
    frontend_.set_entry(pc, arguments);
    context_changed();
}

void DbtCpu::request(u32 what) {
    requests_.fetch_or(what);
    if (attention_) attention_();
}

void DbtCpu::kick() { request(Request::kick); }
void DbtCpu::request_flush() { request(Request::flush); }
void DbtCpu::notice_interrupt() { request(Request::interrupt); }
void DbtCpu::set_irq(u32 pin, bool level) { frontend_.set_irq(pin, level); }

u64 DbtCpu::retired() const {
    const u64 begun = retired_ + (chunk_ - static_cast<u64>(context_.budget));
    if (!in_code_) return begun;
    const Translator::Position position = translator_.position(context_);
    return begun - (position.block->guest_instructions - position.instruction);
}

u64 DbtCpu::current_pc() const {
    const Translator::Position position = translator_.position(context_);
    return position.block->key.pc + position.block->pc_offsets[position.instruction];
}

void DbtCpu::leave_after() { requests_.fetch_or(Request::interrupt); }

void DbtCpu::leave_with_pc_in_state() { context_.leave = jit::LeaveRequest::in_state; }

void DbtCpu::transferred(u64 from) {
    transfers_.add({.from = from, .to = pc(), .kind = TransferKind::exception_return});
    select_context();
}

void DbtCpu::leave_raising(Fault fault) {
    context_.leave = jit::LeaveRequest::raise;
    context_.fault_code = fault.code;
    context_.fault_value = fault.value;
}

ExitReason DbtCpu::run(u64 budget) {
    end_ = budget > ~u64{0} - retired_ ? ~u64{0} : retired_ + budget;
    log_reset();
    translator_.gate().enter();
    const ExitReason reason = run_inside();
    translator_.gate().leave();
    return reason;
}

void DbtCpu::inside(const std::function<void()>& work) {
    translator_.gate().enter();
    work();
    translator_.gate().leave();
}

ExitReason DbtCpu::run_inside() {
    ExclusiveGate& gate = translator_.gate();
    for (;;) {
        if (gate.wanted()) {
            gate.leave();
            gate.enter();
        }
        if (requests_.load(std::memory_order_relaxed) != 0) {
            const u32 requests = requests_.exchange(0);
            if (requests & Request::flush) tlb_.flush_all();
            if (requests & Request::kick) return ExitReason::kicked;
        }
        take_interrupt();
        if (frontend_.halted()) return ExitReason::halted;
        if (retired_ == end_) return ExitReason::deadline;
        if (exceptions_in_a_row_ == longest_row_of_exceptions) {
            exceptions_in_a_row_ = 0;
            stuck_kind_ = StuckKind::row;
            return ExitReason::stuck;
        }
        run_chunk(std::min(end_ - retired_, chunk_instructions));
        if (stop_) return *std::exchange(stop_, std::nullopt);
    }
}

void DbtCpu::take_interrupt() {
    const u64 from = pc();
    const u64 mode = tracer_ ? frontend_.key().mode : 0;
    // Pushes to watched bytes are told behind the delivery.
    const bool alone = std::exchange(alone_, true);
    if (tracer_) tracer_->begin_delivery(from, mode, retired_);
    const bool taken = frontend_.take_interrupt();
    if (tracer_) tracer_->end_delivery();
    alone_ = alone;
    if (!taken) return;
    const u64 code = frontend_.last_interrupt();
    transfers_.add({.from = from, .to = pc(), .code = code, .kind = TransferKind::interrupt});
    if (tracer_) tracer_->interrupt(from, mode, retired_, code, pc());
}

ExitReason DbtCpu::step(bool heed_watches) {
    log_reset();
    const bool records_all = std::exchange(records_all_, true);
    translator_.gate().enter();
    if (frontend_.halted()) take_interrupt();
    const bool halted = frontend_.halted();
    if (!halted) {
        select_context();
        end_ = retired_ + 1;
        chunk_ = 1;
        context_.budget = 1;
        heeds_watches_ = heed_watches;
        if (const auto trap = frontend_.pending_trap())
            raise(*trap);
        else if (translator_.is_breakpoint(pc()))
            run_at_guest_breakpoint();
        else
            run_uncached(1);
        heeds_watches_ = true;
        retired_ += chunk_ - static_cast<u64>(context_.budget);
        chunk_ = 0;
        context_.budget = 0;
    }
    translator_.gate().leave();
    records_all_ = records_all;
    if (stop_) return *std::exchange(stop_, std::nullopt);
    return halted ? ExitReason::halted : ExitReason::deadline;
}

void DbtCpu::record_all_transfers() {
    records_all_ = true;
    tlb_.hide_jumps();
}

std::vector<EngineCounter> DbtCpu::counters() const {
    const TranslatorStatistics& translator = translator_.statistics();
    return {{"TLB misses", counts_.tlb_misses},
            {"device accesses", counts_.device_accesses},
            {"block lookups", counts_.block_lookups},
            {"slow exits", counts_.slow_exits},
            {"exceptions", counts_.exceptions},
            {"blocks interpreted", translator.blocks - translator.compiled_blocks, true},
            {"blocks compiled (baseline)", translator.compiled_blocks, true},
            {"guest instructions translated", translator.guest_instructions, true},
            {"host code bytes", translator.code_bytes, true},
            {"blocks invalidated", translator.invalidations, true},
            {"code cache flushes", translator.flushes, true}};
}

void DbtCpu::set_pc(u64 pc) {
    const ir::GuestDescription& guest = frontend_.description();
    *reinterpret_cast<u64*>(static_cast<u8*>(context_.state) + guest.slots[guest.pc_slot].offset_bytes) = pc;
}

void DbtCpu::set_watches(std::span<const Watch> watches) {
    watches_.assign(watches.begin(), watches.end());
    observe_data();
    tlb_.flush_all(); // pages with watched bytes aren't remembered
}

void DbtCpu::set_guest_breakpoints(std::span<const u64> addresses) {
    if (std::ranges::equal(guest_breakpoints_, addresses)) return;
    guest_breakpoints_.assign(addresses.begin(), addresses.end());
    translator_.guest_breakpoints_changed();
}

void DbtCpu::set_guest_watches(std::span<const Watch> watches) {
    if (watches.empty() && guest_watches_.empty()) return;
    guest_watches_.assign(watches.begin(), watches.end());
    observe_data();
    tlb_.flush_all();
}

void DbtCpu::set_trace(TraceSink* sink, const TraceFilter& filter) {
    tracer_ = sink ? std::make_unique<CpuTracer>(*sink, filter, frontend_) : nullptr;
    observe_data();
    translator_.flush(); // blocks are traced or not from the moment they are made
}

// Jumps are remembered per block mode too: the same pc translates differently in another one.
void DbtCpu::select_context() {
    AddressContext now = frontend_.address_context();
    now.execute_mode = frontend_.key().mode;
    if (!tlb_.selected(now)) tlb_.select(now);
}

// Runs blocks one after another until the budget is used up or something has to be looked at between instructions.
void DbtCpu::run_chunk(u64 limit) {
    select_context();
    chunk_ = limit;
    context_.budget = static_cast<i64>(limit);
    for (const u8* code = next_code(); code; code = next_code()) {
        if (!execute(code)) break;
    }
    retired_ += chunk_ - static_cast<u64>(context_.budget);
    chunk_ = 0;
    context_.budget = 0;
}

// Runs from `code` on. False: go back to run_inside().
bool DbtCpu::execute(const u8* code) {
    context_.leave = jit::LeaveRequest::none;
    if (translator_.engine() == Engine::baseline) {
        in_code_ = true;
        translator_.enter(context_, code);
    } else {
        const auto& block = *reinterpret_cast<const jit::CompiledBlock*>(code);
        if (block.guest_instructions > static_cast<u64>(context_.budget)) {
            run_last();
            return false;
        }
        in_code_ = true;
        interpreter_.run(context_, block);
    }
    return handle_exit();
}

// The next block has more instructions than the budget. The end of a chunk needn't be met exactly, that of run() must,
// whatever the shape of the blocks: the instructions that are left run in a block made to measure.
void DbtCpu::run_last() {
    if (retired_ + chunk_ == end_) run_uncached(static_cast<u32>(context_.budget));
}

void DbtCpu::run_uncached(u32 limit) {
    if (limit == 0) return;
    const auto block = Translator::interpretable(build(frontend_.key(), limit));
    if (block->guest_instructions > static_cast<u64>(context_.budget)) return;
    if (tracer_ && tracer_->wants(*block->ir)) {
        block->traced_bytes = bytes_of(*block->ir);
        interpret_traced(*block);
    } else {
        context_.leave = jit::LeaveRequest::none;
        in_code_ = true;
        interpreter_.run(context_, *block);
    }
    handle_exit();
}

// One instruction of which the frontend hears what it accesses; what it has to say of that it does before the next.
void DbtCpu::run_alone() {
    alone_ = true;
    run_uncached(1);
    alone_ = false;
}

// With a breakpoint of the guest's own at the state's pc, or of another CPU's.
void DbtCpu::run_at_guest_breakpoint() {
    if (const auto fault = frontend_.breakpoint_fault())
        raise(*fault);
    else if (context_.budget > 0)
        run_uncached(1);
}

void DbtCpu::interpret_traced(const jit::CompiledBlock& block) {
    context_.leave = jit::LeaveRequest::none;
    if (!tracer_) {
        in_code_ = true;
        interpreter_.run(context_, block);
        return;
    }
    tracer_->begin(block, retired());
    in_code_ = true;
    interpreter_.run(context_, block, *tracer_);
    tracer_->end(context_, pc());
}

// False: go back to run_inside().
bool DbtCpu::run_traced(const jit::CompiledBlock& block) {
    if (block.guest_instructions > static_cast<u64>(context_.budget)) {
        run_last();
        return false;
    }
    interpret_traced(block);
    return handle_exit();
}

// False: something has to be looked at before the next block.
bool DbtCpu::handle_exit() {
    // Blocks stay while any vCPU is in code, so what the one that was left is needed for comes first.
    const bool slow = context_.exit == jit::Exit::slow;
    const Translator::Position left_at = slow ? translator_.position(context_) : Translator::Position{};
    in_code_ = false;
    switch (context_.exit) {
    case jit::Exit::lookup:
        log_flow();
        return true;
    case jit::Exit::link:
        log_flow();
        return records_all_ || go_on_linked();
    case jit::Exit::budget:
        run_last();
        return false;
    case jit::Exit::leave:
        return false;
    case jit::Exit::raise:
        ++context_.budget; // the raising instruction was counted but doesn't retire
        raise({context_.exit_code, context_.exit_value});
        return false;
    case jit::Exit::slow:
        ++counts_.slow_exits;
        finish_slow_exit(left_at);
        return false;
    }
    return false;
}

// False: see next_block().
bool DbtCpu::go_on_linked() {
    const u64 removals = translator_.removals();
    jit::CompiledBlock* target = next_block();
    if (!target) return false;
    // Where the block lay that is to be linked, there may be another by now.
    if (target->code && translator_.removals() == removals)
        translator_.link(reinterpret_cast<const u8*>(context_.exit_link), *target);
    return true;
}

void DbtCpu::finish_slow_exit(const Translator::Position& position) {
    const jit::CompiledBlock& block = *position.block;
    const bool retires = context_.leave != jit::LeaveRequest::raise;
    const u32 next = position.instruction + (retires ? 1 : 0);
    context_.budget += block.guest_instructions - next;
    const u64 from = block.key.pc + block.pc_offsets[position.instruction];
    const u64 behind = block.key.pc + block.pc_offsets[next];
    const auto went_elsewhere = [&] { // or came back from a handler to there
        return pc() != from && (pc() != behind || frontend_.last_return().pc == behind);
    };
    if (context_.leave != jit::LeaveRequest::in_state)
        set_pc(behind);
    else if (went_elsewhere())
        transfers_.add({.from = from, .to = pc(), .kind = TransferKind::exception_return});
    if (!retires) raise({context_.fault_code, context_.fault_value});
}

void DbtCpu::raise(Fault fault) {
    if (fault.code == watch_fault_code) {
        stop_ = ExitReason::watchpoint;
        return;
    }
    if (fault.code == alone_fault_code) return run_alone();
    ++counts_.exceptions;
    exceptions_in_a_row_ = retired() == retired_at_exception_ ? exceptions_in_a_row_ + 1 : 0;
    retired_at_exception_ = retired();
    log_exception(fault);
    const u64 from = pc();
    const u64 mode = tracer_ ? frontend_.key().mode : 0;
    const bool alone = std::exchange(alone_, true); // as in take_interrupt()
    if (tracer_) tracer_->begin_delivery(from, mode, retired_at_exception_);
    frontend_.raise(fault);
    if (tracer_) tracer_->end_delivery();
    alone_ = alone;
    transfers_.add({.from = from, .to = pc(), .code = fault.code, .kind = TransferKind::exception});
    if (tracer_) tracer_->exception(from, mode, retired_at_exception_, fault, pc());
    context_changed();
}

void DbtCpu::log_reset() {
    if (reset_from_) transfers_.add({.from = *reset_from_, .to = pc(), .kind = TransferKind::reset});
    reset_from_.reset();
}

// Of a block that ended in a jump and left translated code.
void DbtCpu::log_flow() {
    static constexpr std::array<TransferKind, jit::flows> kinds = {
        TransferKind::jump, TransferKind::jump, TransferKind::branch, TransferKind::call, TransferKind::ret};
    if (context_.exit_flow == jit::Flow::on) return;
    // The interpreter logs no more than translated code, which would have found its way.
    if (!records_all_ && context_.exit == jit::Exit::lookup && tlb_.find_jump(pc())) return;
    transfers_.add(
        {.from = context_.exit_from, .to = pc(), .kind = kinds[static_cast<std::size_t>(context_.exit_flow)]});
}

void DbtCpu::log_exception(Fault fault) {
    const ir::BlockKey key = frontend_.key();
    const auto kind = exceptions_.add({key.pc, fault.code, fault.value, key.mode, retired_at_exception_},
                                      frontend_.last_return(), [this] { return register_fingerprint(); });
    if (!kind || !looks_for_loops_) return;
    stuck_kind_ = *kind;
    stop_ = ExitReason::looping;
}

u64 DbtCpu::register_fingerprint() const {
    u64 sum = 0;
    for (const ir::Slot& slot : frontend_.description().slots) {
        u64 value = 0;
        std::memcpy(&value, static_cast<const u8*>(context_.state) + slot.offset_bytes, sizeof value);
        sum = (sum ^ value) * 0x9e37'79b9'7f4a'7c15; // 2^64 over the golden ratio: spreads every bit
        sum ^= sum >> 29;
    }
    return sum;
}

} // namespace orrery::dbt
