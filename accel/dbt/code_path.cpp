// From the guest's pc to code to run: fetching, making blocks, finding them.
#include "accel/dbt/dbt_cpu.hpp"

namespace orrery::dbt {
namespace {

// The interpreter's "code" is the block itself.
const u8* code_of(const jit::CompiledBlock& block) {
    return block.code ? block.code : reinterpret_cast<const u8*>(&block);
}

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

ir::Block DbtCpu::build(ir::BlockKey key, u32 limit) {
    Fetcher fetcher(*this);
    builder_.begin(key);
    frontend_.translate(key, fetcher, limit, builder_);
    ir::Block block = builder_.take();
    const u32 before = translator_.instructions_before_breakpoint(block);
    if (before == 0 || before == block.guest_instructions) return block;
    builder_.begin(key);
    frontend_.translate(key, fetcher, before, builder_);
    return builder_.take();
}

std::vector<u8> DbtCpu::bytes_of(const ir::Block& block) {
    Fetcher fetcher(*this);
    std::vector<u8> bytes;
    bytes.reserve(block.guest_bytes);
    while (bytes.size() < block.guest_bytes) {
        const auto byte = fetcher.fetch8(block.key.pc + bytes.size());
        if (!byte) break;
        bytes.push_back(*byte);
    }
    return bytes;
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

// The code of the block at the state's pc, once the traced ones before it were run; null as for next_block().
const u8* DbtCpu::next_code() {
    for (;;) {
        const u64 pc = frontend_.pc();
        if (const u8* code = tlb_.find_jump(pc)) return code;
        const jit::CompiledBlock* block = next_block();
        if (!block || block->traced_bytes.empty()) return block ? code_of(*block) : nullptr;
        if (!run_traced(*block)) return nullptr;
    }
}

// The block at the state's pc. Null: fetching faulted and the fault was delivered, or one instruction was run in place,
// or there is a breakpoint.
jit::CompiledBlock* DbtCpu::next_block() {
    ++counts_.block_lookups;
    const ir::BlockKey key = frontend_.key();
    if (translator_.is_breakpoint(key.pc)) [[unlikely]] {
        if (translator_.is_debuggers_breakpoint(key.pc))
            stop_ = ExitReason::breakpoint;
        else
            run_at_guest_breakpoint();
        return nullptr;
    }
    const auto page = code_page(key.pc);
    jit::CompiledBlock* block = nullptr;
    if (page && !uncached_fetch_) block = current_block({{page->host_page + (key.pc & (page_size - 1)), key}, *page});
    // A page that may be fetched from only in part, or only now, is run an instruction at a time; a fetch that faults
    // becomes a block that raises.
    if (!block) {
        if (context_.budget > 0) run_uncached(1);
        return nullptr;
    }
    if (block->traced_bytes.empty()) tlb_.remember_jump(key.pc, code_of(*block));
    return block;
}

// A block is found by its first byte; the bytes behind the page boundary may be others by now. Looking at them may
// leave the gate, and then the block may be gone. vCPUs that see different bytes there throw each other's blocks away,
// so only a few attempts are made. Null: as for Translator::block().
jit::CompiledBlock* DbtCpu::current_block(const Translator::Place& place) {
    for (u32 attempt = 0; attempt < 3; ++attempt) {
        jit::CompiledBlock* block = translator_.block(*this, place);
        if (!block || block->second_page == 0) return block;
        const u64 second_page = block->second_page;
        const u64 removals = translator_.removals();
        const auto page = code_page((place.block.key.pc & ~(page_size - 1)) + page_size);
        if (translator_.removals() != removals) continue;
        if (page && !uncached_fetch_ && page->physical_page == second_page) return block;
        translator_.discard(place);
    }
    return nullptr;
}

void DbtCpu::forget_block(const jit::CompiledBlock& block) { tlb_.forget_jump(block.key.pc, code_of(block)); }

} // namespace orrery::dbt
