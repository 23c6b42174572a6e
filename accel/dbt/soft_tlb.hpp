// The software TLB of one vCPU: fills and flushes the tables in jit::Context that translated code looks into, and keeps
// the instruction-side translations that only the dispatcher uses. Runs on the vCPU's thread; drop_writes() also while
// that thread is stopped in an exclusive section.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cpu/debug.hpp"
#include "cpu/frontend.hpp"
#include "jit/runtime/context.hpp"
#include "machine/fabric/ram.hpp"

namespace orrery::dbt {

class SoftTlb {
public:
    explicit SoftTlb(jit::Context& context);

    // Makes the context's tags those of `address_context`, giving new ones to a context not seen before.
    void select(const AddressContext& address_context);
    [[nodiscard]] bool selected(const AddressContext& other) const { return any_selected_ && selected_ == other; }

    // Remembers that the page of `address` lies at `host`, readable or writable or both.
    void fill_data(GuestVirtual address, u8* host, GuestPhysical physical, u64 page_size_bytes, bool readable,
                   bool writable);
    // The entry that lets `address` be read or written directly, null if there is none.
    [[nodiscard]] const jit::TlbEntry* find_data(u64 address, bool write) const {
        const jit::TlbEntry& entry = context_.tlb[jit::tlb_index(address, context_.tlb_salt)];
        const u64 wanted = (address & ~(page_size - 1)) | context_.data_tag[0];
        return (write ? entry.write_tag : entry.read_tag) == wanted ? &entry : nullptr;
    }

    struct Code {
        u64 page = 0; // guest-virtual
        u32 tag = 0;  // Context::jump_tag; 0 for an unused entry
        u8* host_page = nullptr;
        u64 physical_page = 0;
        std::atomic<u8>* flags = nullptr; // of the RAM page, see PageFlag
    };
    [[nodiscard]] const Code* find_code(u64 pc) const;
    const Code& fill_code(u64 pc, Code code, u64 page_size_bytes);

    void flush_all();
    void flush_space(u64 space);
    void flush_page(GuestVirtual address);
    // No direct store to the page at `host_page` any more. True if there was one.
    bool drop_writes(const u8* host_page);

    // For people: what is remembered, pages of 4 KiB each, by address.
    [[nodiscard]] std::vector<CachedTranslation> translations() const;

    // ---- the jump table. `code` is at or above Context::code_base if translated code is to find it, else anywhere.
    void remember_jump(u64 pc, const u8* code);
    // The code remembered for `pc` in the selected context, null if there is none.
    [[nodiscard]] const u8* find_jump(u64 pc) const {
        const jit::JumpEntry& entry = context_.jumps[jump_index(pc)];
        return entry.pc == pc && entry.tag == (context_.jump_tag | hidden_) ? jump_code_[jump_index(pc)] : nullptr;
    }
    void forget_jump(u64 pc, const u8* code);
    void forget_jumps();
    // From now on only find_jump() finds them: translated code always exits.
    void hide_jumps();

private:
    void forget_memos();
    static constexpr std::size_t code_entries = 512;
    static constexpr std::size_t views = 32;
    static constexpr u32 last_data_tag = static_cast<u32>(jit::tlb_uncached_tag) - 1;
    struct Tags {
        std::array<u16, views> data{};
        std::vector<std::pair<u64, u32>> execute; // by mode; there are few
        u64 execute_generation = 0;
    };
    struct Range {
        u64 first, size_bytes;
    };
    // Which pages the jump table may know, by their low bits: a page's entry in code_ may be gone before its jumps are.
    static constexpr std::size_t jump_page_bits = 4096;

    // Spreads the views over the table, so that neighbouring pages of two don't meet.
    static u32 salt_of(u32 data_view) {
        return static_cast<u32>(data_view % views * 331 % jit::tlb_entries * sizeof(jit::TlbEntry));
    }
    static std::size_t jump_index(u64 pc) { return (pc >> 1) % jit::jump_entries; }
    // A context that was selected a short while ago, and its tags.
    struct Recent {
        AddressContext context{};
        u16 data = 0; // 0 for an unused entry
        u32 execute = 0;
    };
    static constexpr std::size_t recent_contexts = 8;

    const Recent& tags_of(const AddressContext& wanted);
    u32 execute_tag(Tags& tags, u64 mode);
    [[nodiscard]] std::optional<std::pair<u64, u64>> meaning_of_data(u64 tag) const;
    [[nodiscard]] std::optional<std::pair<u64, u64>> meaning_of_code(u32 tag) const;
    void renew_jump_tags();
    void note_large(u64 address, u64 page_size_bytes);
    void flush_range(const Range& range);

    jit::Context& context_;
    std::unordered_map<u64, Tags> tags_;
    u32 next_data_tag_ = 1;
    u32 next_jump_tag_ = 1;
    u32 hidden_ = 0; // in the tags of jumps that translated code mustn't find; no other tag has this bit
    u64 execute_generation_ = 1;
    // Those that system calls and interrupts go to and fro between, so that they needn't be looked up.
    std::array<Recent, recent_contexts> recent_{};
    std::size_t next_recent_ = 0;
    u32 views_used_ = 0; // since the last flush_all(), by their bits
    AddressContext selected_{};
    bool any_selected_ = false;
    std::bitset<jump_page_bits> jump_pages_;
    std::array<Code, code_entries> code_{};
    std::array<const u8*, jit::jump_entries> jump_code_{}; // beside Context::jumps
    std::vector<Range> large_;                             // guest pages over 4 KiB of which parts are remembered
};

} // namespace orrery::dbt
