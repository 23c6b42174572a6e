#include "jit/cache/block_cache.hpp"

#include <algorithm>

#include "machine/fabric/ram.hpp"

namespace orrery::jit {
namespace {

const u8* page_of(const u8* host) {
    return reinterpret_cast<const u8*>(reinterpret_cast<u64>(host) & ~(page_size - 1));
}

} // namespace

CompiledBlock* BlockCache::find(const BlockPlace& place) const {
    const auto found = table_.find(place);
    return found == table_.end() ? nullptr : found->second;
}

void BlockCache::add_extent(const u8* host_page, Extent extent) { pages_[host_page].push_back(extent); }

void BlockCache::remove_extent(const u8* host_page, const CompiledBlock& block) {
    const auto found = pages_.find(host_page);
    if (found == pages_.end()) return;
    std::erase_if(found->second, [&](const Extent& extent) { return extent.block == &block; });
    if (found->second.empty()) pages_.erase(found);
}

CompiledBlock& BlockCache::insert(const BlockPlace& place, const u8* second_host_page,
                                  std::unique_ptr<CompiledBlock> owned) {
    CompiledBlock& block = *owned;
    blocks_.push_back(std::move(owned));
    table_[place] = &block;
    places_.emplace(&block, std::pair{place, second_host_page});
    const u32 first = static_cast<u32>(place.host - page_of(place.host));
    const u32 end = std::min(first + block.guest_bytes, static_cast<u32>(page_size));
    add_extent(page_of(place.host), {&block, first, end});
    if (second_host_page)
        add_extent(second_host_page, {&block, 0, first + block.guest_bytes - static_cast<u32>(page_size)});
    return block;
}

const CompiledBlock* BlockCache::find_code(const u8* executable) const {
    auto after = std::ranges::upper_bound(blocks_, executable, {}, [](const auto& block) { return block->code; });
    if (after == blocks_.begin()) return nullptr;
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

void BlockCache::remove(CompiledBlock& block) {
    const auto found = places_.find(&block);
    if (found == places_.end()) return;
    const auto [place, second_host_page] = found->second;
    places_.erase(found);
    table_.erase(place);
    remove_extent(page_of(place.host), block);
    if (second_host_page) remove_extent(second_host_page, block);
    block.valid = false;
}

std::vector<const u8*> BlockCache::pages() const {
    std::vector<const u8*> pages;
    for (const auto& [page, extents] : pages_) pages.push_back(page);
    return pages;
}

void BlockCache::clear() {
    table_.clear();
    pages_.clear();
    places_.clear();
    blocks_.clear();
}

} // namespace orrery::jit
