#include "accel/dbt/dbt_cpu.hpp"

namespace orrery::dbt {
namespace {

// Translated code looks at requests (kicks, interrupts from other threads, exclusive sections) when its budget is used
// up; this bounds how long that takes, to a few microseconds.
constexpr u64 chunk_instructions = 10'000;

} // namespace

// Reads instruction bytes for the frontend through this vCPU's fetch translations.
class DbtCpu::Fetcher final : public CodeReader {
public:
    explicit Fetcher(DbtCpu& cpu) : cpu_(cpu) {}

    std::expected<u16, Fault> fetch16(u64 pc) override {
        const auto low = fetch8(pc);
        if (!low) return std::unexpected(low.error());
        const auto high = fetch8(pc + 1);
        if (!high) return std::unexpected(high.error());
        return static_cast<u16>(*low | (*high << 8));
    }

    std::expected<u8, Fault> fetch8(u64 pc) override {
        if (!page_ || (pc & ~(page_size - 1)) != address_) {
            const auto page = cpu_.code_page(pc);
            if (!page) return std::unexpected(page.error());
            page_ = page->host_page;
            address_ = pc & ~(page_size - 1);
        }
        return page_[pc & (page_size - 1)];
    }

private:
    DbtCpu& cpu_;
    const u8* page_ = nullptr;
    u64 address_ = 0;
};

DbtCpu::DbtCpu(std::string name, Frontend& frontend, jit::Context& context, void* state, Translator& translator,
               CpuEnvironment& environment)
    : Cpu(std::move(name)), frontend_(frontend), context_(context), translator_(translator), environment_(environment),
      reader_(environment.memory()), tlb_(context), interpreter_(frontend.description()) {
    context_.state = state;
    context_.self = &frontend_;
    context_.engine = this;
    context_.slow = slow_paths();
    frontend_.attach(*this);
    translator_.add(*this);
    context_changed();
}

void DbtCpu::reset() {
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

void DbtCpu::leave_raising(Fault fault) {
    context_.leave = jit::LeaveRequest::raise;
    context_.fault_code = fault.code;
    context_.fault_value = fault.value;
}

ExitReason DbtCpu::run(u64 budget) {
    end_ = budget > ~u64{0} - retired_ ? ~u64{0} : retired_ + budget;
    translator_.gate().enter();
    const ExitReason reason = run_inside();
    translator_.gate().leave();
    return reason;
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
        frontend_.take_interrupt();
        if (frontend_.halted()) return ExitReason::halted;
        if (retired_ == end_) return ExitReason::deadline;
        run_chunk(std::min(end_ - retired_, chunk_instructions));
    }
}

// Jumps are remembered per block mode too: the same pc translates differently in another one.
void DbtCpu::select_context() {
    AddressContext now = frontend_.address_context();
    now.execute_mode = static_cast<u32>(frontend_.key().mode);
    if (!tlb_.selected(now)) tlb_.select(now);
}

// Runs blocks one after another until the budget is used up or something has to be looked at between instructions.
void DbtCpu::run_chunk(u64 limit) {
    select_context();
    chunk_ = limit;
    context_.budget = static_cast<i64>(limit);
    jit::CompiledBlock* block = next_block();
    while (block) {
        if (block->guest_instructions > static_cast<u64>(context_.budget)) {
            // The instructions that are still allowed are run one by one, so that a deadline is met exactly whatever
            // the shape of the blocks; but the end of a chunk that isn't the end of run() needn't be.
            if (end_ - retired() < block->guest_instructions) run_uncached(static_cast<u32>(context_.budget));
            break;
        }
        execute(*block);
        if (!handle_exit(block)) break;
    }
    retired_ += chunk_ - static_cast<u64>(context_.budget);
    chunk_ = 0;
    context_.budget = 0;
}

void DbtCpu::execute(const jit::CompiledBlock& block) {
    context_.leave = jit::LeaveRequest::none;
    in_code_ = true;
    if (block.code)
        translator_.enter(context_, block);
    else
        interpreter_.run(context_, block);
    in_code_ = false;
}

void DbtCpu::run_uncached(u32 limit) {
    if (limit == 0) return;
    const auto block = Translator::interpretable(build(frontend_.key(), limit));
    if (block->guest_instructions > static_cast<u64>(context_.budget)) return;
    execute(*block);
    jit::CompiledBlock* next = nullptr;
    handle_exit(next);
}

// False: go back to run_inside(). True: `next`, if it isn't null, is what runs next.
bool DbtCpu::handle_exit(jit::CompiledBlock*& next) {
    const bool look_up_next = next != nullptr;
    switch (context_.exit) {
    case jit::Exit::budget: return false;
    case jit::Exit::leave: return false;
    case jit::Exit::lookup:
        if (look_up_next) next = next_block();
        return look_up_next;
    case jit::Exit::link:
        next = next_block();
        if (next) translator_.link(reinterpret_cast<const u8*>(context_.exit_link), *next);
        return next != nullptr;
    case jit::Exit::raise:
        ++context_.budget; // the raising instruction was counted but doesn't retire
        raise({context_.exit_code, context_.exit_value});
        return false;
    case jit::Exit::slow: finish_slow_exit(); return false;
    }
    return false;
}

void DbtCpu::finish_slow_exit() {
    const Translator::Position position = translator_.position(context_);
    const jit::CompiledBlock& block = *position.block;
    const bool retires = context_.leave != jit::LeaveRequest::raise;
    const u32 next = position.instruction + (retires ? 1 : 0);
    context_.budget += block.guest_instructions - next;
    if (context_.leave != jit::LeaveRequest::in_state) {
        const ir::GuestDescription& guest = frontend_.description();
        auto* pc = static_cast<u8*>(context_.state) + guest.slots[guest.pc_slot].offset_bytes;
        *reinterpret_cast<u64*>(pc) = block.key.pc + block.pc_offsets[next];
    }
    if (!retires) raise({context_.fault_code, context_.fault_value});
}

void DbtCpu::raise(Fault fault) {
    frontend_.raise(fault);
    context_changed();
}

ir::Block DbtCpu::build(ir::BlockKey key, u32 limit) {
    Fetcher fetcher(*this);
    builder_.begin(key);
    frontend_.translate(key, fetcher, limit, builder_);
    return builder_.take();
}

std::expected<SoftTlb::Code, Fault> DbtCpu::code_page(u64 pc) {
    uncached_fetch_ = false;
    if (const SoftTlb::Code* known = tlb_.find_code(pc)) return *known;
    const auto translation = frontend_.translate_address({pc}, MemoryAction::execute, 0);
    if (!translation) return std::unexpected(translation.error());
    const Window* window = reader_.find(translation->address);
    const u64 offset = window ? (translation->address - window->base) & ~(page_size - 1) : 0;
    if (!window || !window->ram || window->size_bytes - offset < page_size)
        return std::unexpected(frontend_.bus_fault({pc}, MemoryAction::execute));
    const u64 ram_offset = window->ram_offset + offset;
    const SoftTlb::Code code{.host_page = window->ram->host() + ram_offset,
                             .physical_page = translation->address.value & ~(page_size - 1),
                             .flags = &window->ram->flags(ram_offset)};
    uncached_fetch_ = !translation->cacheable;
    if (uncached_fetch_) return code;
    return tlb_.fill_code(pc, code, translation->page_size_bytes);
}

// The block at the state's pc. Null: fetching faulted and the fault was delivered, or one instruction was run in place.
jit::CompiledBlock* DbtCpu::next_block() {
    const ir::BlockKey key = frontend_.key();
    if (translator_.engine() == Engine::interpreter) {
        const jit::JumpEntry& jump = context_.jumps[(key.pc >> 1) % jit::jump_entries];
        if (jump.tagged_pc == (key.pc ^ context_.jump_tag))
            return const_cast<jit::CompiledBlock*>(reinterpret_cast<const jit::CompiledBlock*>(jump.code));
    }
    const auto page = code_page(key.pc);
    // A page that may be fetched from only in part, or only now, is run an instruction at a time; a fetch that faults
    // becomes a block that raises.
    if (!page || uncached_fetch_) {
        if (context_.budget > 0) run_uncached(1);
        return nullptr;
    }
    const u8* host = page->host_page + (key.pc & (page_size - 1));
    jit::CompiledBlock& block = translator_.block(*this, {{host, key}, *page});
    tlb_.remember_jump(key.pc, block.code ? block.code : reinterpret_cast<const u8*>(&block));
    return &block;
}

void DbtCpu::forget_block(const jit::CompiledBlock& block) {
    tlb_.forget_jump(block.key.pc, block.code ? block.code : reinterpret_cast<const u8*>(&block));
}

} // namespace orrery::dbt
