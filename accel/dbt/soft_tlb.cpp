#include "accel/dbt/soft_tlb.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace orrery::dbt {
namespace {

constexpr u32 hidden_jump = 0x8000'0000;
constexpr u32 last_jump_tag = 0x7fff'0000;
constexpr std::size_t most_large = 256;

} // namespace

SoftTlb::SoftTlb(jit::Context& context) : context_(context) { flush_all(); }

void SoftTlb::flush_all() {
    tags_.clear();
    recent_.fill({});
    views_used_ = 0;
    next_data_tag_ = 1;
    next_jump_tag_ = 1;
    ++execute_generation_;
    large_.clear();
    context_.tlb.fill({jit::tlb_invalid, jit::tlb_invalid, 0, 0});
    forget_memos();
    code_.fill({});
    forget_jumps();
    if (any_selected_) select(selected_);
}

void SoftTlb::forget_memos() {
    for (jit::AddressMemo& memo : context_.memos) memo.read_bytes = memo.write_bytes = 0;
}

void SoftTlb::forget_jumps() { context_.jumps.fill({}); }

void SoftTlb::hide_jumps() {
    hidden_ = hidden_jump;
    forget_jumps();
}

void SoftTlb::select(const AddressContext& wanted) {
    selected_ = wanted;
    any_selected_ = true;
    if (next_data_tag_ > last_data_tag) {
        any_selected_ = false;
        flush_all();
        any_selected_ = true;
    }
    const Recent& tags = tags_of(wanted);
    // Only the current context is remembered; the others are for what is rare.
    context_.data_tag.fill(jit::tlb_uncached_tag);
    if (wanted.data_cacheable) context_.data_tag[0] = tags.data;
    forget_memos();
    context_.jump_tag = tags.execute;
    context_.tlb_salt = salt_of(wanted.data_view);
    views_used_ |= 1u << wanted.data_view % views;
}

const SoftTlb::Recent& SoftTlb::tags_of(const AddressContext& wanted) {
    for (const Recent& recent : recent_)
        if (recent.data != 0 && recent.context == wanted) return recent;
    Tags& tags = tags_[wanted.space];
    if (tags.execute_generation != execute_generation_) {
        tags.execute.clear();
        tags.execute_generation = execute_generation_;
    }
    u16& data = tags.data[wanted.data_view % views];
    if (data == 0) data = static_cast<u16>(next_data_tag_++);
    Recent& recent = recent_[next_recent_++ % recent_contexts];
    recent = {wanted, data, execute_tag(tags, wanted.execute_mode)};
    return recent;
}

u32 SoftTlb::execute_tag(Tags& tags, u64 mode) {
    for (const auto& [known, tag] : tags.execute)
        if (known == mode) return tag;
    // A guest may make up modes without end (code segments with ever other bases).
    if (tags.execute.size() == views) {
        tags.execute.clear();
        recent_.fill({});
    }
    return tags.execute.emplace_back(mode, next_jump_tag_++).second;
}

// With new tags every jump and code entry misses. Long before the numbers run out everything is begun anew.
void SoftTlb::renew_jump_tags() {
    ++execute_generation_;
    recent_.fill({});
    jump_pages_.reset();
    if (next_jump_tag_ > last_jump_tag) flush_all();
}

void SoftTlb::note_large(u64 address, u64 page_size_bytes) {
    if (page_size_bytes <= page_size) return;
    const Range range{address & ~(page_size_bytes - 1), page_size_bytes};
    const auto covers = [&](const Range& other) {
        return range.first - other.first <= other.size_bytes - range.size_bytes && other.size_bytes >= range.size_bytes;
    };
    if (std::ranges::any_of(large_, covers)) return;
    // Guests have few. With more than that, flushing a page flushes all.
    if (large_.size() == most_large)
        large_ = {{0, ~u64{0}}};
    else
        large_.push_back(range);
}

void SoftTlb::fill_data(GuestVirtual address, u8* host, GuestPhysical physical, u64 page_size_bytes, bool readable,
                        bool writable) {
    const u64 tag = context_.data_tag[0];
    if (tag == jit::tlb_uncached_tag) return;
    note_large(address.value, page_size_bytes);
    const u64 page = address.value & ~(page_size - 1);
    jit::TlbEntry& entry = context_.tlb[jit::tlb_index(page, context_.tlb_salt)];
    const u64 wanted = page | tag;
    const u64 addend = reinterpret_cast<u64>(host) - address.value;
    const bool same = entry.addend == addend;
    if (!same || entry.read_tag != wanted) entry.read_tag = jit::tlb_invalid;
    if (!same || entry.write_tag != wanted) entry.write_tag = jit::tlb_invalid;
    entry.addend = addend;
    entry.physical = physical.value & ~(page_size - 1);
    if (readable) entry.read_tag = wanted;
    if (writable) entry.write_tag = wanted;
}

const SoftTlb::Code* SoftTlb::find_code(u64 pc) const {
    const Code& code = code_[(pc >> page_shift) % code_entries];
    return code.page == (pc & ~(page_size - 1)) && code.tag == context_.jump_tag ? &code : nullptr;
}

const SoftTlb::Code& SoftTlb::fill_code(u64 pc, Code code, u64 page_size_bytes) {
    note_large(pc, page_size_bytes);
    code.page = pc & ~(page_size - 1);
    code.tag = context_.jump_tag;
    Code& entry = code_[(pc >> page_shift) % code_entries];
    entry = code;
    return entry;
}

void SoftTlb::flush_space(u64 space) {
    tags_.erase(space);
    recent_.fill({});
    if (any_selected_) select(selected_);
}

void SoftTlb::flush_range(const Range& range) {
    forget_memos();
    const auto inside = [&](u64 tag) { return tag != jit::tlb_invalid && tag - range.first < range.size_bytes; };
    for (jit::TlbEntry& entry : context_.tlb) {
        if (inside(entry.read_tag)) entry.read_tag = jit::tlb_invalid;
        if (inside(entry.write_tag)) entry.write_tag = jit::tlb_invalid;
    }
    code_.fill({});
    renew_jump_tags();
    if (any_selected_) select(selected_);
}

void SoftTlb::flush_page(GuestVirtual address) {
    forget_memos();
    // Address spaces may differ in the size of their page here.
    const auto after = std::ranges::partition(
        large_, [&](const Range& range) { return address.value - range.first >= range.size_bytes; });
    if (!after.empty()) {
        const std::vector<Range> hit(after.begin(), after.end());
        large_.erase(after.begin(), large_.end());
        for (const Range& range : hit) flush_range(range);
        return;
    }
    const u64 page = address.value >> page_shift;
    // Blocks that begin on the page before and end on this one are reached through the jump table only.
    for (u64 pc = (page << page_shift) - jit::crossing_bytes; pc != page << page_shift; pc += 2)
        context_.jumps[jump_index(pc)] = {};
    for (u32 rest = views_used_; rest != 0; rest &= rest - 1) {
        jit::TlbEntry& entry =
            context_.tlb[jit::tlb_index(address.value, salt_of(static_cast<u32>(std::countr_zero(rest))))];
        if (entry.read_tag >> page_shift == page) entry.read_tag = jit::tlb_invalid;
        if (entry.write_tag >> page_shift == page) entry.write_tag = jit::tlb_invalid;
    }
    Code& code = code_[page % code_entries];
    const bool known = code.tag != 0 && code.page >> page_shift == page;
    if (known) code = {};
    if (!known && !jump_pages_.test(page % jump_page_bits)) return;
    renew_jump_tags();
    if (any_selected_) select(selected_);
}

bool SoftTlb::drop_writes(const u8* host_page) {
    forget_memos();
    bool dropped = false;
    for (jit::TlbEntry& entry : context_.tlb) {
        if (entry.write_tag == jit::tlb_invalid) continue;
        const u64 page = entry.write_tag & ~(page_size - 1);
        if (page + entry.addend != reinterpret_cast<u64>(host_page)) continue;
        entry.write_tag = jit::tlb_invalid;
        dropped = true;
    }
    return dropped;
}

// The address space and view that a tag stands for; empty: none any more.
std::optional<std::pair<u64, u64>> SoftTlb::meaning_of_data(u64 tag) const {
    for (const auto& [space, tags] : tags_)
        for (u64 view = 0; view < views; ++view)
            if (tags.data[view] == tag) return std::pair{space, view};
    return std::nullopt;
}

std::optional<std::pair<u64, u64>> SoftTlb::meaning_of_code(u32 tag) const {
    for (const auto& [space, tags] : tags_) {
        if (tags.execute_generation != execute_generation_) continue;
        for (const auto& [mode, known] : tags.execute)
            if (known == tag) return std::pair{space, mode};
    }
    return std::nullopt;
}

std::vector<CachedTranslation> SoftTlb::translations() const {
    std::vector<CachedTranslation> all;
    for (const jit::TlbEntry& entry : context_.tlb) {
        const bool read = entry.read_tag != jit::tlb_invalid;
        const bool write = entry.write_tag != jit::tlb_invalid;
        if (!read && !write) continue;
        const u64 whole = read ? entry.read_tag : entry.write_tag;
        const u64 tag = whole & (page_size - 1);
        // Spaces that were flushed leave entries behind that no one finds.
        const auto meaning = meaning_of_data(tag);
        if (!meaning) continue;
        all.push_back({.address = whole - tag,
                       .physical = entry.physical,
                       .space = meaning->first,
                       .view = meaning->second,
                       .read = read,
                       .write = write,
                       .current = tag == context_.data_tag[0]});
    }
    for (const Code& code : code_) {
        const auto meaning = code.tag == 0 ? std::nullopt : meaning_of_code(code.tag);
        if (!meaning) continue;
        all.push_back({.address = code.page,
                       .physical = code.physical_page,
                       .space = meaning->first,
                       .view = meaning->second,
                       .execute = true,
                       .current = code.tag == context_.jump_tag});
    }
    std::ranges::sort(all, [](const CachedTranslation& a, const CachedTranslation& b) {
        return std::tie(a.space, a.address, a.view, a.execute) < std::tie(b.space, b.address, b.view, b.execute);
    });
    return all;
}

void SoftTlb::remember_jump(u64 pc, const u8* code) {
    context_.jumps[jump_index(pc)] = {pc, context_.jump_tag | hidden_,
                                      static_cast<u32>(reinterpret_cast<u64>(code) - context_.code_base)};
    jump_code_[jump_index(pc)] = code;
    jump_pages_.set((pc >> page_shift) % jump_page_bits);
}

void SoftTlb::forget_jump(u64 pc, const u8* code) {
    if (jump_code_[jump_index(pc)] == code) context_.jumps[jump_index(pc)] = {};
}

} // namespace orrery::dbt
