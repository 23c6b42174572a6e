// All translated blocks of a machine, found by where their bytes lie in host memory, their pc and their mode; and by the
// host page they were translated from, for invalidation. Not thread-safe: accel/dbt holds its lock.
#pragma once

#include <memory>
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
    [[nodiscard]] CompiledBlock* find(const BlockPlace& place) const;
    // `second_host_page`: the page of the bytes behind the page boundary, null if there are none.
    CompiledBlock& insert(const BlockPlace& place, const u8* second_host_page, std::unique_ptr<CompiledBlock> block);
    // The block whose host code holds `executable`, null if there is none.
    [[nodiscard]] const CompiledBlock* find_code(const u8* executable) const;

    // The blocks with guest bytes in [offset, offset + size) of a page.
    [[nodiscard]] std::vector<CompiledBlock*> overlapping(const u8* host_page, u64 offset, u64 size_bytes) const;
    // Takes the block out of the tables. It stays allocated until clear(), since code may still be running in it.
    void remove(CompiledBlock& block);
    // Whether any block was translated from this page.
    [[nodiscard]] bool page_in_use(const u8* host_page) const { return pages_.contains(host_page); }
    [[nodiscard]] std::vector<const u8*> pages() const;
    void clear();
    [[nodiscard]] std::size_t size() const { return blocks_.size(); }

private:
    struct Hash {
        std::size_t operator()(const BlockPlace& place) const {
            const u64 mixed = (reinterpret_cast<u64>(place.host) ^ (place.key.pc << 1) ^ (place.key.mode << 48)) *
                              0x9e37'79b9'7f4a'7c15;
            return static_cast<std::size_t>(mixed ^ (mixed >> 32));
        }
    };
    struct Extent {
        CompiledBlock* block;
        u32 first, end; // bytes within the page
    };
    void add_extent(const u8* host_page, Extent extent);
    void remove_extent(const u8* host_page, const CompiledBlock& block);

    std::unordered_map<BlockPlace, CompiledBlock*, Hash> table_;
    std::unordered_map<const u8*, std::vector<Extent>> pages_;
    std::unordered_map<const CompiledBlock*, std::pair<BlockPlace, const u8*>> places_;
    std::vector<std::unique_ptr<CompiledBlock>> blocks_; // with code: in ascending order of it
};

} // namespace orrery::jit
