#include "machine/fabric/address_space.hpp"

#include <algorithm>
#include <cstring>

#include "machine/fabric/clock.hpp"
#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_io{"bus.io"};

// RAM accesses of up to eight bytes are single host loads and stores, so that other vCPUs never see half of one.
u64 load(const u8* host, Width width) {
    u64 value = 0;
    switch (width) {
    case Width::byte:
        return *host;
    case Width::half:
        std::memcpy(&value, host, 2);
        return value;
    case Width::word:
        std::memcpy(&value, host, 4);
        return value;
    case Width::dword:
        std::memcpy(&value, host, 8);
        return value;
    }
    return value;
}

void store(u8* host, u64 value, Width width) {
    switch (width) {
    case Width::byte:
        std::memcpy(host, &value, 1);
        return;
    case Width::half:
        std::memcpy(host, &value, 2);
        return;
    case Width::word:
        std::memcpy(host, &value, 4);
        return;
    case Width::dword:
        std::memcpy(host, &value, 8);
        return;
    }
}

bool fits(const Window& window, GuestPhysical address, Width width) {
    return address.value % bytes(width) == 0 && window.size_bytes - (address - window.base) >= bytes(width);
}

u64 read_io(IoHandler& io, u64 offset, Width width) {
    const Width largest = io.widths().largest;
    if (width <= largest) return io.read(offset, width) & mask(width);
    u64 value = 0;
    for (u64 done = 0; done < bytes(width); done += bytes(largest))
        value |= (io.read(offset + done, largest) & mask(largest)) << (done * 8);
    return value;
}

void write_io(IoHandler& io, u64 offset, u64 value, Width width) {
    const Width largest = io.widths().largest;
    if (width <= largest) {
        io.write(offset, value & mask(width), width);
        return;
    }
    for (u64 done = 0; done < bytes(width); done += bytes(largest))
        io.write(offset + done, (value >> (done * 8)) & mask(largest), largest);
}

bool too_narrow(const IoHandler& io, Width width) { return width < io.widths().smallest; }

} // namespace

std::string IoHandler::register_name(u64, bool) const { return {}; }

std::string name_in(std::span<const RegisterName> ascending, u64 offset) {
    const auto after = std::ranges::upper_bound(ascending, offset, {}, &RegisterName::offset);
    if (after == ascending.begin()) return {};
    const RegisterName& found = *std::prev(after);
    if (found.offset == offset) return std::string(found.name);
    return fmt::format("{}+{:#x}", found.name, offset - found.offset);
}

const Window* AddressSpace::View::find(GuestPhysical address) const {
    auto after = std::ranges::upper_bound(windows, address, {}, &Window::base);
    if (after == windows.begin()) return nullptr;
    const Window& candidate = *std::prev(after);
    return candidate.contains(address) ? &candidate : nullptr;
}

const Window* AddressSpace::Reader::find(GuestPhysical address) {
    const u64 current = space_.generation_.load(std::memory_order_acquire);
    if (current != generation_) {
        view_ = space_.view();
        generation_ = current;
        last_ = nullptr;
    }
    if (!last_ || !last_->contains(address)) last_ = view_->find(address);
    return last_;
}

AddressSpace::AddressSpace(std::string name, MachineLock& lock)
    : name_(std::move(name)), lock_(lock), view_(std::make_shared<const View>()) {}

std::shared_ptr<const AddressSpace::View> AddressSpace::view() const {
    std::lock_guard guard(view_mutex_);
    return view_;
}

// However many names windows come to have, memory stays bounded.
void AddressSpace::give_logs(View& view) {
    constexpr std::size_t most_logs = 1024;
    for (Window& window : view.windows)
        if (window.io && !window.accesses && (logs_.contains(window.name) || logs_.size() < most_logs))
            window.accesses = &logs_[window.name];
}

void AddressSpace::log_access(const Window& window, u64 offset, u64 value, Width width, bool write) const {
    if (window.accesses) window.accesses->add({clock_ ? clock_->now_ns() : 0, offset, value, width, write});
}

void AddressSpace::publish(View view) {
    give_logs(view);
    {
        std::lock_guard guard(view_mutex_);
        view_ = std::make_shared<const View>(std::move(view));
    }
    generation_.fetch_add(1, std::memory_order_release);
    for (MemoryListener* listener : listeners_) listener->mapping_changed();
}

Status AddressSpace::map(Window window) {
    if (window.size_bytes == 0 || window.base.value + (window.size_bytes - 1) < window.base.value)
        return error("{}: window '{}' at {:#x} has an impossible size {:#x}", name_, window.name, window.base.value,
                     window.size_bytes);
    if (window.ram && window.ram_offset + window.size_bytes > window.ram->size_bytes())
        return error("{}: window '{}' reaches beyond its memory", name_, window.name);
    View next = *view();
    const u64 last = window.base.value + (window.size_bytes - 1);
    for (const Window& other : next.windows) {
        const u64 other_last = other.base.value + (other.size_bytes - 1);
        if (window.base.value <= other_last && other.base.value <= last)
            return error("{}: window '{}' at {:#x} overlaps '{}' at {:#x}", name_, window.name, window.base.value,
                         other.name, other.base.value);
    }
    next.windows.insert(std::ranges::upper_bound(next.windows, window.base, {}, &Window::base), std::move(window));
    publish(std::move(next));
    return {};
}

Status AddressSpace::remap(Window window) {
    View next = *view();
    auto found = std::ranges::find(next.windows, window.base, &Window::base);
    if (found == next.windows.end() || found->size_bytes != window.size_bytes)
        return error("{}: no window of {:#x} bytes at {:#x} to change", name_, window.size_bytes, window.base.value);
    *found = std::move(window);
    publish(std::move(next));
    return {};
}

void AddressSpace::unmap(GuestPhysical base) {
    View next = *view();
    if (std::erase_if(next.windows, [&](const Window& window) { return window.base == base; }) == 0) return;
    publish(std::move(next));
}

void AddressSpace::add_listener(MemoryListener& listener) { listeners_.push_back(&listener); }
void AddressSpace::remove_listener(MemoryListener& listener) { std::erase(listeners_, &listener); }

std::optional<u64> AddressSpace::read(GuestPhysical address, Width width) {
    const std::shared_ptr<const View> current = view();
    const Window* window = current->find(address);
    if (!window || !fits(*window, address, width)) return std::nullopt;
    const u64 offset = address - window->base;
    if (window->ram) return load(window->ram->host() + window->ram_offset + offset, width);
    if (!window->io) return 0;
    if (too_narrow(*window->io, width)) return std::nullopt;
    const MachineEntry guard(lock_);
    const u64 value = read_io(*window->io, offset, width);
    log_access(*window, offset, value, width, false);
    trace_io("read  {}+{:#x} width {} = {:#x}", window->name, offset, bytes(width), value);
    return value;
}

bool AddressSpace::write(GuestPhysical address, u64 value, Width width) {
    const std::shared_ptr<const View> current = view();
    const Window* window = current->find(address);
    if (!window || !fits(*window, address, width)) return false;
    const u64 offset = address - window->base;
    if (window->ram && !window->read_only) {
        store(window->ram->host() + window->ram_offset + offset, value, width);
        ram_written(*window->ram, window->ram_offset + offset, bytes(width));
        return true;
    }
    if (!window->io) return true;
    if (too_narrow(*window->io, width)) return false;
    const MachineEntry guard(lock_);
    log_access(*window, offset, value & mask(width), width, true);
    trace_io("write {}+{:#x} width {} = {:#x}", window->name, offset, bytes(width), value & mask(width));
    write_io(*window->io, offset, value, width);
    return true;
}

std::span<u8> AddressSpace::memory(GuestPhysical address, u64 size_bytes, bool for_write) const {
    const std::shared_ptr<const View> current = view();
    const Window* window = current->find(address);
    if (!window || !window->ram || (for_write && window->read_only)) return {};
    const u64 offset = address - window->base;
    return {window->ram->host() + window->ram_offset + offset, std::min(size_bytes, window->size_bytes - offset)};
}

bool AddressSpace::read_memory(GuestPhysical address, std::span<u8> out) const {
    while (!out.empty()) {
        const std::span<u8> part = memory(address, out.size(), false);
        if (part.empty()) return false;
        std::memcpy(out.data(), part.data(), part.size());
        out = out.subspan(part.size());
        address = address + part.size();
    }
    return true;
}

bool AddressSpace::write_memory(GuestPhysical address, std::span<const u8> in, bool into_rom) {
    while (!in.empty()) {
        const std::span<u8> part = memory(address, in.size(), !into_rom);
        if (part.empty()) return false;
        std::memcpy(part.data(), in.data(), part.size());
        memory_written(address, part.size());
        in = in.subspan(part.size());
        address = address + part.size();
    }
    return true;
}

void AddressSpace::memory_written(GuestPhysical address, u64 size_bytes) {
    const std::shared_ptr<const View> current = view();
    const Window* window = current->find(address);
    if (!window || !window->ram) return;
    const u64 offset = address - window->base;
    ram_written(*window->ram, window->ram_offset + offset, std::min(size_bytes, window->size_bytes - offset));
}

void AddressSpace::ram_written(Ram& ram, u64 offset, u64 size_bytes) {
    // Whoever begins to track a page meanwhile either reads the bytes that were stored or has its flag seen here.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const u64 end = offset + size_bytes;
    for (u64 page = offset & ~(page_size - 1); page < end; page += page_size) {
        if ((ram.flags(page).load(std::memory_order_relaxed) & static_cast<u8>(PageFlag::tracked)) == 0) continue;
        const u64 first = std::max(page, offset);
        const u64 last = std::min(page + page_size, end);
        for (MemoryListener* listener : listeners_) listener->tracked_page_written(ram, first, last - first);
    }
}

} // namespace orrery
