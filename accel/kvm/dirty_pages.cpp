#include "accel/kvm/dirty_pages.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "machine/fabric/log.hpp"

namespace orrery::kvm {
namespace {

constexpr std::size_t ring_bytes = 4096 * sizeof(kvm_dirty_gfn);
// Of KVM, after which translations are given up: what they save is less than what it costs to keep them right.
constexpr u32 longest_rest_exits = 10'000;
constexpr u64 bits = 64; // of a bitmap's word

Status enable_rings(VirtualMachine& machine) {
    for (const int capability : {KVM_CAP_DIRTY_LOG_RING_ACQ_REL, KVM_CAP_DIRTY_LOG_RING}) {
        const auto most_bytes = static_cast<std::size_t>(machine.capability(capability));
        const std::size_t size_bytes = std::min(ring_bytes, std::bit_floor(most_bytes));
        if (size_bytes >= page_size) return machine.enable_dirty_rings(static_cast<u32>(capability), size_bytes);
    }
    return error("the kernel's KVM has no dirty rings");
}

Status enable_clearing(VirtualMachine& machine) {
    if (machine.capability(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) == 0)
        return error("the kernel's KVM lacks KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
    kvm_enable_cap clearing{};
    clearing.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2;
    clearing.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
    return machine.file().ask(KVM_ENABLE_CAP, clearing, "KVM_ENABLE_CAP for KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
}

} // namespace

Result<DirtyTracking> DirtyPages::enable(VirtualMachine& machine, DirtyTracking wanted) {
    const bool best = wanted == DirtyTracking::best, any = best || wanted == DirtyTracking::best_log;
    if (best || wanted == DirtyTracking::ring) {
        const Status enabled = enable_rings(machine);
        if (enabled) return DirtyTracking::ring;
        if (!any) return std::unexpected(enabled.error());
    }
    if (any || wanted == DirtyTracking::cleared_log) {
        const Status enabled = enable_clearing(machine);
        if (enabled) return DirtyTracking::cleared_log;
        if (!any) return std::unexpected(enabled.error());
    }
    return any ? DirtyTracking::log : wanted; // every KVM has that
}

bool DirtyPages::begin_translated() {
    const std::lock_guard guard(mutex_);
    ++translated_;
    exits_ = 0;
    const bool followed = following_;
    if (!followed) follow();
    const bool runs = running_ != 0; // first: whoever ends a run has set the other one before
    if (!ran_.exchange(false) && !runs) return true;
    return followed && tell_what_was_stored();
}

void DirtyPages::end_run() {
    ran_ = true;
    --running_;
}

// A CPU that runs translated code learns of what this one has stored before it can learn anything else from it by way
// of a device or an interrupt.
bool DirtyPages::exited() {
    if (!following_) return true;
    if (translated_ != 0) return tell();
    if (++exits_ < longest_rest_exits) return true;
    const std::lock_guard guard(mutex_);
    if (following_ && translated_ == 0) stop_following();
    return true;
}

bool DirtyPages::tell() {
    const std::lock_guard guard(mutex_);
    return way_ != DirtyTracking::none && tell_what_was_stored();
}

bool DirtyPages::empties_rings() {
    const std::lock_guard guard(mutex_);
    return way_ == DirtyTracking::ring;
}

// What is noted of a slot goes with it. Only where no other vCPU stores meanwhile can it be told before.
void DirtyPages::renew_slots() {
    const std::lock_guard guard(mutex_);
    const bool alone = vcpus_.size() == 1;
    slots_.renew(alone && following_ && tell_what_was_stored());
}

void DirtyPages::follow() {
    if (way_ == DirtyTracking::none) return;
    const Status done = slots_.log_writes(true);
    following_ = done.has_value();
    if (!done) give_up(done.error());
}

void DirtyPages::stop_following() {
    following_ = false;
    std::vector<Part> unwanted;
    Status done = slots_.log_writes(false);
    if (done && way_ == DirtyTracking::ring) done = read_rings(unwanted);
    if (!done) give_up(done.error());
}

// A store leaves no mark until its page is protected again, which reading the marks ends with: what came before that is
// there when the page is told. With the lock: a CPU that finds no mark relies on it that nothing is still to be told.
bool DirtyPages::tell_what_was_stored() {
    std::vector<Part> stored;
    const Status done = way_ == DirtyTracking::ring ? read_rings(stored) : read_log(stored);
    for (const Part& part : stored) memory_.ram_written(*part.ram, part.offset, part.size_bytes);
    if (!done) give_up(done.error());
    return done.has_value();
}

Status DirtyPages::read_log(std::vector<Part>& stored) {
    return slots_.visit_logged(
        [&](u32 slot, const Part& memory) -> Status {
            const u64 pages = memory.size_bytes / page_size;
            std::vector<u64> bitmap((pages + bits - 1) / bits);
            kvm_dirty_log log{};
            log.slot = slot;
            log.dirty_bitmap = bitmap.data();
            TRY_STATUS(machine_.file().ask(KVM_GET_DIRTY_LOG, log, "KVM_GET_DIRTY_LOG"));
            if (way_ == DirtyTracking::cleared_log) TRY_STATUS(clear_log(slot, pages, bitmap));
            for (u64 word = 0; word < bitmap.size(); ++word) {
                for (u64 left = bitmap[word]; left != 0; left &= left - 1) {
                    const u64 page = word * bits + static_cast<u64>(std::countr_zero(left));
                    if (page >= pages) break;
                    stored.push_back({memory.ram, memory.offset + page * page_size, page_size});
                    ++told_;
                }
            }
            return {};
        },
        stored);
}

// The part of the slot that has bits, in whole words.
Status DirtyPages::clear_log(u32 slot, u64 pages, std::vector<u64>& bitmap) {
    const auto is_set = [](u64 word) { return word != 0; };
    const auto first = std::ranges::find_if(bitmap, is_set);
    if (first == bitmap.end()) return {};
    const u64 first_page = static_cast<u64>(first - bitmap.begin()) * bits;
    const auto end = std::find_if(bitmap.rbegin(), bitmap.rend(), is_set).base();
    const u64 end_page = std::min(static_cast<u64>(end - bitmap.begin()) * bits, pages);
    kvm_clear_dirty_log clear{};
    clear.slot = slot;
    clear.first_page = first_page;
    clear.num_pages = static_cast<u32>(end_page - first_page);
    clear.dirty_bitmap = &*first;
    return machine_.file().ask(KVM_CLEAR_DIRTY_LOG, clear, "KVM_CLEAR_DIRTY_LOG");
}

Status DirtyPages::read_rings(std::vector<Part>& stored) {
    std::vector<kvm_dirty_gfn> entries;
    bool overrun = false;
    for (Vcpu* vcpu : vcpus_) overrun |= vcpu->harvest(entries);
    if (!entries.empty()) {
        // A signal, such as a kick's, may end it half-way.
        int result = -EINTR;
        for (int attempt = 0; attempt < 100 && result == -EINTR; ++attempt)
            result = machine_.file().request(KVM_RESET_DIRTY_RINGS);
        if (result < 0) return error("KVM_RESET_DIRTY_RINGS: {}", errno_text(-result));
    }
    // While KVM interprets, it may go on though there is no room.
    if (overrun) return error("a dirty ring was filled to its end, and what came then is lost");
    const auto place = [](const kvm_dirty_gfn& entry) { return std::pair<u64, u64>(entry.slot, entry.offset); };
    std::ranges::sort(entries, {}, place);
    const auto repeated = std::ranges::unique(entries, {}, place);
    entries.erase(repeated.begin(), repeated.end());
    std::map<u32, Part> slots;
    TRY_STATUS(slots_.visit_logged(
        [&](u32 slot, const Part& memory) -> Status {
            slots[slot] = memory;
            return {};
        },
        stored));
    for (const kvm_dirty_gfn& entry : entries) {
        const auto slot = slots.find(entry.slot);
        if (slot == slots.end() || entry.offset >= slot->second.size_bytes / page_size) continue;
        stored.push_back({slot->second.ram, slot->second.offset + entry.offset * page_size, page_size});
        ++told_;
    }
    return {};
}

void DirtyPages::give_up(const Error& why) {
    log::warning("what KVM's guest stores can't be followed, and code is translated anew after every run on it: {}",
                 why.message());
    way_ = DirtyTracking::none;
    following_ = false;
    static_cast<void>(slots_.log_writes(false)); // it is no loss if they stay logged
}

} // namespace orrery::kvm
