#include "accel/dbt/translator.hpp"

#include <iterator>
#include <utility>

#include "accel/dbt/dbt_cpu.hpp"
#include "jit/ir/verify.hpp"
#include "jit/passes/pipeline.hpp"

namespace orrery::dbt {
namespace {

constexpr u8 tracked = static_cast<u8>(PageFlag::tracked);
constexpr u8 writable = static_cast<u8>(PageFlag::writable);

// Also true of no page at all.
bool is_tracked(const SoftTlb::Code& page) { return !page.flags || (page.flags->load() & tracked) != 0; }

std::vector<u32> pc_offsets(const ir::Block& block) {
    std::vector<u32> offsets;
    offsets.reserve(block.guest_instructions + 1);
    for (const ir::Instruction& instruction : block.instructions)
        if (instruction.op == ir::Op::insn) offsets.push_back(static_cast<u32>(instruction.imm - block.key.pc));
    offsets.push_back(block.guest_bytes);
    return offsets;
}

// Only builds with sanitizers pay for it.
void check([[maybe_unused]] const ir::Block& block, [[maybe_unused]] const ir::GuestDescription& guest) {
#if ORRERY_VERIFY_IR
    const Status verified = ir::verify(block, guest);
    ORRERY_ASSERT(verified, verified.error().message().c_str());
#endif
}

} // namespace

Result<std::unique_ptr<Translator>> Translator::create(Engine engine, const ir::GuestDescription& guest,
                                                       u32 state_offset_bytes, AddressSpace& memory,
                                                       u64 code_size_bytes, bool counting) {
    std::unique_ptr<Translator> translator(
        new Translator(guest, state_offset_bytes, memory, code_size_bytes, counting));
    TRY_STATUS(translator->use(engine));
    memory.add_listener(*translator);
    return translator;
}

Status Translator::use(Engine engine) {
    if (engine == Engine::baseline && !baseline_) {
        buffer_ = TRY(jit::CodeBuffer::create(code_size_bytes_));
        baseline_ = TRY(jit::Baseline::create(guest_, state_offset_bytes_, *buffer_, counting_));
    }
    if (engine == engine_) return {};
    engine_ = engine;
    for (DbtCpu* cpu : cpus_) cpu->code_moved();
    if (cache_.size() != 0) flush();
    return {};
}

Translator::~Translator() { memory_.remove_listener(*this); }

std::unique_ptr<jit::CompiledBlock> Translator::interpretable(ir::Block block) {
    auto compiled = std::make_unique<jit::CompiledBlock>();
    compiled->key = block.key;
    compiled->guest_instructions = block.guest_instructions;
    compiled->guest_bytes = block.guest_bytes;
    compiled->pc_offsets = pc_offsets(block);
    compiled->ir = std::make_unique<const ir::Block>(std::move(block));
    return compiled;
}

// With `traced_bytes` the block has no code, whatever the engine.
std::unique_ptr<jit::CompiledBlock> Translator::compile(ir::Block block, std::vector<u8> traced_bytes) {
    if (engine_ == Engine::interpreter || !traced_bytes.empty()) {
        auto interpreted = interpretable(std::move(block));
        interpreted->traced_bytes = std::move(traced_bytes);
        return interpreted;
    }
    passes::run(block);
    check(block, guest_);
    auto compiled = baseline_->compile(block);
    if (!compiled) return nullptr;
    compiled->key = block.key;
    compiled->guest_instructions = block.guest_instructions;
    compiled->guest_bytes = block.guest_bytes;
    compiled->pc_offsets = pc_offsets(block);
    return compiled;
}

jit::CompiledBlock* Translator::block(DbtCpu& cpu, const Place& place) {
    for (;;) {
        if (std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) {
            if (jit::CompiledBlock* found = cache_.find(place.block)) return found;
        } else {
            ExclusiveGate::Outside outside(gate_);
            std::lock_guard wait_for_holder(mutex_);
            continue;
        }
        if (!translate(cpu, place)) return nullptr;
    }
}

// From now on every store to the page is reported. Direct write paths that vCPUs have are taken away first.
void Translator::track(const SoftTlb::Code& page) {
    if ((page.flags->fetch_or(tracked) & writable) == 0) return;
    gate_.run_exclusive([&] {
        for (DbtCpu* cpu : cpus_) cpu->tlb().drop_writes(page.host_page);
        page.flags->fetch_and(static_cast<u8>(~writable));
    });
}

// The guest's bytes are read while inside the gate and without the lock, since reading them may walk and update page
// tables. A store that comes in between is seen by the count of such stores, and the work is done again.
bool Translator::translate(DbtCpu& cpu, const Place& place) {
    track(place.page);
    const u64 writes_before = code_writes_.load();
    ir::Block block = cpu.build(place.block.key, DbtCpu::block_limit);
    check(block, guest_);
    // No bytes: a fetch that faults. Whether it does may change without any store to them.
    if (block.guest_bytes == 0) return false;
    const u64 first_offset = place.block.key.pc & (page_size - 1);
    SoftTlb::Code second{};
    if (first_offset + block.guest_bytes > page_size) {
        const auto page = cpu.code_page((place.block.key.pc & ~(page_size - 1)) + page_size);
        if (!page || cpu.fetch_uncached()) return false;
        second = *page;
        if (!is_tracked(second)) {
            track(second);
            return true;
        }
    }
    std::vector<u8> traced_bytes;
    if (cpu.traces(block)) traced_bytes = cpu.bytes_of(block);
    bool full = false;
    {
        ExclusiveGate::Outside outside(gate_);
        std::lock_guard lock(mutex_);
        if (code_writes_.load() != writes_before || !is_tracked(place.page) || !is_tracked(second)) return true;
        const u32 guest_instructions = block.guest_instructions;
        auto compiled = compile(std::move(block), std::move(traced_bytes));
        full = !compiled || cache_.wants_clearing();
        if (!compiled && cache_.size() == 0) return false; // flushing won't make room for it
        if (compiled) {
            compiled->physical = place.page.physical_page + first_offset;
            compiled->second_page = second.host_page ? second.physical_page : 0;
            statistics_.blocks += 1;
            statistics_.compiled_blocks += compiled->code ? 1 : 0;
            statistics_.guest_instructions += guest_instructions;
            statistics_.code_bytes += compiled->code_size;
            cache_.insert(place.block, second.host_page, std::move(compiled));
        }
    }
    if (full) flush();
    return true;
}

void Translator::link(const u8* displacement, jit::CompiledBlock& target) {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return; // it will come by again
    auto* from = const_cast<jit::CompiledBlock*>(cache_.find_code(displacement));
    if (!from || !from->valid || !target.valid) return;
    for (jit::LinkSite& site : from->links) {
        if (from->code + site.displacement_offset != displacement || site.target) continue;
        baseline_->link(*from, site, target);
        target.incoming.push_back(from);
        return;
    }
}

Translator::Position Translator::position(const jit::Context& context) {
    if (context.return_address == 0) return {context.interpreted_block, context.interpreted_instruction};
    const auto* address = reinterpret_cast<const u8*>(context.return_address);
    ExclusiveGate::Outside outside(gate_);
    std::lock_guard lock(mutex_);
    const jit::CompiledBlock* block = cache_.find_code(address);
    ORRERY_ASSERT(block, "translated code calls C++ from a block only");
    const auto offset = static_cast<u32>(address - block->code);
    const auto site = std::ranges::lower_bound(block->sites, offset, {}, &jit::Site::return_offset);
    ORRERY_ASSERT(site != block->sites.end() && site->return_offset == offset, "every call from a block is a site");
    return {block, site->instruction};
}

// In an exclusive section, with the lock.
void Translator::remove(jit::CompiledBlock& block) {
    for (jit::CompiledBlock* from : block.incoming) {
        for (jit::LinkSite& site : from->links) {
            if (site.target == &block) baseline_->unlink(*from, site);
        }
    }
    block.incoming.clear();
    // A vCPU may be in a helper that the block has called, and goes on to its end: not to what is removed after it.
    for (jit::LinkSite& site : block.links) {
        if (!site.target) continue;
        std::erase(site.target->incoming, &block);
        baseline_->unlink(block, site);
    }
    for (DbtCpu* cpu : cpus_) cpu->forget_block(block);
    cache_.remove(block);
    removals_.fetch_add(1, std::memory_order_relaxed);
    ++statistics_.invalidations;
}

void Translator::discard(const Place& place) {
    gate_.run_exclusive([&] {
        std::lock_guard lock(mutex_);
        if (jit::CompiledBlock* block = cache_.find(place.block)) remove(*block);
    });
}

void Translator::set_breakpoints(std::span<const u64> addresses) {
    gate_.run_exclusive([&] {
        debuggers_breakpoints_.assign(addresses.begin(), addresses.end());
        update_breakpoints();
    });
}

void Translator::guest_breakpoints_changed() {
    gate_.run_exclusive([&] { update_breakpoints(); });
}

// In an exclusive section.
void Translator::update_breakpoints() {
    std::vector<u64> all = debuggers_breakpoints_;
    for (const DbtCpu* cpu : cpus_)
        all.insert(all.end(), cpu->guest_breakpoints().begin(), cpu->guest_breakpoints().end());
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    std::vector<u64> added;
    std::ranges::set_difference(all, breakpoints_, std::back_inserter(added));
    breakpoints_ = std::move(all);
    if (added.empty()) return;
    std::lock_guard lock(mutex_);
    for (jit::CompiledBlock* block : cache_.with_pc(added)) remove(*block);
}

u32 Translator::instructions_before_breakpoint(const ir::Block& block) const {
    if (breakpoints_.empty()) return block.guest_instructions;
    u32 count = 0;
    for (const ir::Instruction& instruction : block.instructions) {
        if (instruction.op != ir::Op::insn) continue;
        if (count != 0 && is_breakpoint(instruction.imm)) break;
        ++count;
    }
    return count;
}

void Translator::remove_stale(Ram& ram, u64 page, u64 first, u64 size_bytes) {
    const u8* host_page = ram.host() + page;
    gate_.run_exclusive([&] {
        std::lock_guard lock(mutex_);
        for (jit::CompiledBlock* block : cache_.overlapping(host_page, first - page, size_bytes)) remove(*block);
        if (!cache_.page_in_use(host_page)) ram.flags(page).fetch_and(static_cast<u8>(~tracked));
    });
}

void Translator::code_written(Ram& ram, u64 offset, u64 size_bytes) {
    code_writes_.fetch_add(1);
    const u64 end = offset + size_bytes;
    for (u64 page = offset & ~(page_size - 1); page < end; page += page_size) {
        const u64 first = std::max(page, offset);
        const u64 last = std::min(page + page_size, end);
        bool stale = false;
        {
            ExclusiveGate::Outside outside(gate_);
            std::lock_guard lock(mutex_);
            stale = !cache_.overlapping(ram.host() + page, first - page, last - first).empty() ||
                    !cache_.page_in_use(ram.host() + page);
        }
        if (stale) remove_stale(ram, page, first, last - first);
    }
}

std::vector<CodeBytes> Translator::executed_blocks() const {
    std::vector<CodeBytes> blocks = counted_;
    cache_.for_each([&](const jit::CompiledBlock& block, const jit::BlockPlace& place, const u8* second_page) {
        if (block.executions == 0) return;
        CodeBytes code{block.key, {}, block.guest_instructions, block.executions};
        const u64 left = page_size - (block.key.pc & (page_size - 1));
        const u64 first = std::min<u64>(block.guest_bytes, left);
        code.bytes.assign(place.host, place.host + first);
        if (second_page) code.bytes.insert(code.bytes.end(), second_page, second_page + (block.guest_bytes - first));
        blocks.push_back(std::move(code));
    });
    return blocks;
}

// Code may only go when no vCPU is in the middle of it, not even in a call from it that waits outside the gate.
void Translator::flush() {
    for (bool done = false; !done;) {
        gate_.run_exclusive([&] {
            for (const DbtCpu* cpu : cpus_)
                if (cpu->in_code()) return;
            std::lock_guard lock(mutex_);
            if (counting_) counted_ = executed_blocks();
            cache_.clear();
            if (baseline_) baseline_->reset();
            for (DbtCpu* cpu : cpus_) cpu->forget_blocks();
            removals_.fetch_add(1, std::memory_order_relaxed);
            ++statistics_.flushes;
            done = true;
        });
        if (!done) std::this_thread::yield();
    }
}

void Translator::mapping_changed() {
    for (DbtCpu* cpu : cpus_) cpu->request_flush();
}

} // namespace orrery::dbt
