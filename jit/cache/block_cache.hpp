// All translated blocks of a machine, found by where their bytes lie in host memory, their pc and their mode; and by
// the host page they were translated from, for invalidation. Not thread-safe: accel/dbt holds its lock.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "jit/runtime/compiled_block.hpp"

namespace orrery::jit {

struct BlockPlace {
    const u8* host = nullptr; // the first guest byte
    ir::BlockKey key;
    bool operator==(const BlockPlace&) const = default;
};

class BlockCache {
public:
    BlockCache();
    [[nodiscard]] CompiledBlock* find(const BlockPlace& place) const;
    // `second_host_page`: the page of the bytes behind the page boundary, null if there are none.
    CompiledBlock& insert(const BlockPlace& place, const u8* second_host_page, std::unique_ptr<CompiledBlock> block);
    // The block whose host code holds `executable`, null if there is none.
    [[nodiscard]] const CompiledBlock* find_code(const u8* executable) const;

    // The blocks with guest bytes in [offset, offset + size) of a page.
    [[nodiscard]] std::vector<CompiledBlock*> overlapping(const u8* host_page, u64 offset, u64 size_bytes) const;
    // The blocks in which one of `pcs` (ascending) lies.
    [[nodiscard]] std::vector<CompiledBlock*> with_pc(std::span<const u64> pcs) const;
    // All blocks in the tables, with where their bytes lie: (block, place, second_host_page).
    template <typename F> void for_each(F&& f) const {
        for (const Kept& kept : blocks_)
            if (kept.block->valid) f(*kept.block, kept.place, kept.second_host_page);
    }
    // Takes the block out of the tables. It stays allocated until clear(), since code may still be running in it.
    void remove(CompiledBlock& block);
    // Whether any block was translated from this page.
    [[nodiscard]] bool page_in_use(const u8* host_page) const { return pages_.contains(host_page); }
    void clear();
    // Removed blocks stay allocated until clear(): true when they, or all blocks, have become too many.
    [[nodiscard]] bool wants_clearing() const;
    [[nodiscard]] std::size_t size() const { return blocks_.size(); }

private:
    // Open addressing with linear probing; a removed block's place stays taken until the table grows.
    struct Entry {
        BlockPlace place;
        CompiledBlock* block = nullptr;
    };
    struct Extent {
        CompiledBlock* block;
        u16 first, end; // bytes within the page
    };
    // Where a block came from, kept beside it for its removal.
    struct Kept {
        std::unique_ptr<CompiledBlock> block;
        BlockPlace place;
        const u8* second_host_page = nullptr;
    };
    [[nodiscard]] std::size_t slot_of(const BlockPlace& place) const;
    void grow();
    void remove_extent(const u8* host_page, const CompiledBlock& block);

    std::vector<Entry> table_; // a power of two in size, at most half full
    std::size_t taken_ = 0;
    std::unordered_map<const u8*, std::vector<Extent>> pages_;
    std::vector<Kept> blocks_;
    std::vector<const CompiledBlock*> with_code_; // of these; in ascending order of it
    u64 kept_bytes_ = 0;       // by all blocks with their tables, roughly
    u64 removed_bytes_ = 0;    // of these, by removed ones
};

} // namespace orrery::jit
