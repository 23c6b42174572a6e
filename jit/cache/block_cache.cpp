#include "jit/cache/block_cache.hpp"

#include <algorithm>

#include "machine/fabric/ram.hpp"

namespace orrery::jit {
namespace {

constexpr std::size_t first_table_size = 1 << 14;
// Clearing costs a translation of everything that is still needed: no more than was spent on what was removed.
constexpr u64 least_removed_bytes = 64 * MiB;
constexpr u64 most_kept_bytes = 1 * GiB;

u64 size_bytes(const CompiledBlock& block) {
    constexpr u64 tables = 128; // its entries in the cache's own
    const u64 ir = block.ir ? sizeof(ir::Block) + block.ir->instructions.size() * sizeof(ir::Instruction) : 0;
    return sizeof(CompiledBlock) + tables + ir + block.code_size + block.pc_offsets.size() * sizeof(u32) +
           block.sites.size() * sizeof(Site) + block.links.size() * sizeof(LinkSite) + block.traced_bytes.size();
}

const u8* page_of(const u8* host) {
    return reinterpret_cast<const u8*>(reinterpret_cast<u64>(host) & ~(page_size - 1));
}

u64 hash(const BlockPlace& place) {
    const u64 mixed =
        (reinterpret_cast<u64>(place.host) ^ (place.key.pc << 20) ^ (place.key.mode << 56)) * 0x9e37'79b9'7f4a'7c15;
    return mixed ^ (mixed >> 32);
}

} // namespace

BlockCache::BlockCache() : table_(first_table_size) {}

// Where the place is in the table, or the empty entry where it would go.
std::size_t BlockCache::slot_of(const BlockPlace& place) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = hash(place) & mask;
    while (table_[slot].place.host && table_[slot].place != place) slot = (slot + 1) & mask;
    return slot;
}

CompiledBlock* BlockCache::find(const BlockPlace& place) const { return table_[slot_of(place)].block; }

void BlockCache::grow() {
    std::vector<Entry> old(table_.size() * 2);
    old.swap(table_);
    taken_ = 0;
    for (const Entry& entry : old) {
        if (!entry.block) continue;
        table_[slot_of(entry.place)] = entry;
        ++taken_;
    }
}

CompiledBlock& BlockCache::insert(const BlockPlace& place, const u8* second_host_page,
                                  std::unique_ptr<CompiledBlock> owned) {
    CompiledBlock& block = *owned;
    blocks_.push_back({std::move(owned), place, second_host_page});
    block.index = static_cast<u32>(blocks_.size() - 1);
    if (block.code) with_code_.push_back(&block);
    kept_bytes_ += size_bytes(block);
    if ((taken_ + 1) * 2 > table_.size()) grow();
    Entry& entry = table_[slot_of(place)];
    if (!entry.place.host) ++taken_;
    entry = {place, &block};
    const auto first = static_cast<u16>(place.host - page_of(place.host));
    const auto end = static_cast<u16>(std::min<u64>(first + u64{block.guest_bytes}, page_size));
    pages_[page_of(place.host)].push_back({&block, first, end});
    if (second_host_page)
        pages_[second_host_page].push_back({&block, 0, static_cast<u16>(first + block.guest_bytes - page_size)});
    return block;
}

const CompiledBlock* BlockCache::find_code(const u8* executable) const {
    const auto after = std::ranges::upper_bound(with_code_, executable, {}, &CompiledBlock::code);
    if (after == with_code_.begin()) return nullptr;
    const CompiledBlock& block = **std::prev(after);
    return executable <= block.code + block.code_size ? &block : nullptr;
}

std::vector<CompiledBlock*> BlockCache::overlapping(const u8* host_page, u64 offset, u64 size_bytes) const {
    std::vector<CompiledBlock*> blocks;
    const auto found = pages_.find(host_page);
    if (found == pages_.end()) return blocks;
    for (const Extent& extent : found->second)
        if (extent.first < offset + size_bytes && offset < extent.end) blocks.push_back(extent.block);
    return blocks;
}

std::vector<CompiledBlock*> BlockCache::with_pc(std::span<const u64> pcs) const {
    std::vector<CompiledBlock*> blocks;
    for (const Kept& kept : blocks_) {
        CompiledBlock& block = *kept.block;
        const auto first = std::ranges::lower_bound(pcs, block.key.pc);
        if (block.valid && first != pcs.end() && *first - block.key.pc < block.guest_bytes) blocks.push_back(&block);
    }
    return blocks;
}

void BlockCache::remove_extent(const u8* host_page, const CompiledBlock& block) {
    const auto found = pages_.find(host_page);
    if (found == pages_.end()) return;
    std::erase_if(found->second, [&](const Extent& extent) { return extent.block == &block; });
    if (found->second.empty()) pages_.erase(found);
}

void BlockCache::remove(CompiledBlock& block) {
    if (!block.valid) return;
    block.valid = false;
    removed_bytes_ += size_bytes(block);
    const Kept& kept = blocks_[block.index];
    table_[slot_of(kept.place)].block = nullptr;
    remove_extent(page_of(kept.place.host), block);
    if (kept.second_host_page) remove_extent(kept.second_host_page, block);
}

void BlockCache::clear() {
    table_.assign(first_table_size, {});
    taken_ = 0;
    pages_.clear();
    blocks_.clear();
    with_code_.clear();
    kept_bytes_ = 0;
    removed_bytes_ = 0;
}

bool BlockCache::wants_clearing() const {
    return removed_bytes_ > std::max(least_removed_bytes, kept_bytes_ - removed_bytes_) ||
           kept_bytes_ > most_kept_bytes;
}

} // namespace orrery::jit
