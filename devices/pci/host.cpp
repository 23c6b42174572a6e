#include "devices/pci/host.hpp"

#include <algorithm>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_config{"pci.config"};

// What QEMU's generic host bridge calls itself.
constexpr PciIdentity bridge_identity{.vendor_id = 0x1b36,
                                      .device_id = 0x0008,
                                      .class_code = 0x060000,
                                      .subsystem_vendor_id = 0x1af4,
                                      .subsystem_id = 0x1100};

bool same_place(const Window& a, const Window& b) {
    return a.base == b.base && a.size_bytes == b.size_bytes && a.io == b.io;
}

} // namespace

PciHost::PciHost(std::string name, AddressSpace& memory, const PciHostLayout& layout,
                 const std::array<IrqLine, line_count>& lines)
    : Component(std::move(name)), layout_(layout), memory_(memory), lines_(lines),
      bridge_(this->name() + ".bridge", bridge_identity) {
    bridge_.connect(*this);
    slots_[0] = &bridge_;
}

Result<std::unique_ptr<PciHost>> PciHost::create(std::string name, AddressSpace& memory, const PciHostLayout& layout,
                                                 const std::array<IrqLine, line_count>& lines) {
    std::unique_ptr<PciHost> host(new PciHost(std::move(name), memory, layout, lines));
    Window ecam{.base = layout.ecam.base,
                .size_bytes = layout.ecam.size_bytes,
                .io = &host->ecam_,
                .name = host->name() + ".ecam"};
    if (Status mapped = memory.map(std::move(ecam)); !mapped) return std::unexpected(mapped.error());
    host->map_windows();
    return host;
}

PciHost::~PciHost() {
    memory_.unmap(layout_.ecam.base);
    for (const Window& window : mapped_) memory_.unmap(window.base);
}

Status PciHost::add(PciDevice& device, u32 slot) {
    if (slot == 0 || slot >= slot_count) return error("{}: there is no PCI slot {}", name(), slot);
    if (slots_[slot]) return error("{}: PCI slot {} already holds '{}'", name(), slot, slots_[slot]->name());
    slots_[slot] = &device;
    device.connect(*this);
    return {};
}

PciDevice* PciHost::device_at(u64 ecam_offset) const {
    const u64 bus = ecam_offset >> 20, slot = ecam_offset >> 15 & 31, function = ecam_offset >> 12 & 7;
    return bus == 0 && function == 0 ? slots_[slot] : nullptr;
}

u64 PciHost::Ecam::read(u64 offset, Width width) {
    PciDevice* device = host_.device_at(offset);
    if (!device) return ~u64{0};
    const u32 at = offset & 0xfff;
    // No device has extended capabilities; a zero header says so (PCIe 4.0, 7.6.2).
    const u32 value = at < pci::config_bytes ? device->read_config(at, width) : 0;
    trace_config("{} {:#x} -> {:#x}", device->name(), at, value);
    return value;
}

void PciHost::Ecam::write(u64 offset, u64 value, Width width) {
    PciDevice* device = host_.device_at(offset);
    const u32 at = offset & 0xfff;
    if (!device || at >= pci::config_bytes) return;
    trace_config("{} {:#x} <- {:#x}", device->name(), at, value);
    device->write_config(at, static_cast<u32>(value), width);
}

const PciHostLayout::Range& PciHost::range_of(PciBarKind kind, u64 address) const {
    if (kind == PciBarKind::io) return layout_.io;
    return address - layout_.memory32.bus_address < layout_.memory32.size_bytes ? layout_.memory32 : layout_.memory64;
}

// The first claim to an address wins. A BAR outside the windows, as while its size is being probed, is nowhere.
void PciHost::claim(std::vector<Window>& windows, const PciBarWindow& bar) const {
    const PciHostLayout::Range& range = range_of(bar.kind, bar.address);
    const u64 offset = bar.address - range.bus_address;
    if (offset >= range.size_bytes || range.size_bytes - offset < bar.size_bytes) return;
    Window window{.base = range.base + offset, .size_bytes = bar.size_bytes, .io = bar.handler, .name = bar.name};
    for (const Window& other : windows) {
        if (window.base.value < other.base.value + other.size_bytes &&
            other.base.value < window.base.value + window.size_bytes) {
            log::guest_error(name(), "{} at {:#x} overlaps {} and is ignored", bar.name, bar.address, other.name);
            return;
        }
    }
    windows.push_back(std::move(window));
}

// `windows` holds the claims within all ranges, sorted by address.
void PciHost::fill_gaps(std::vector<Window>& windows, const PciHostLayout::Range& range) {
    std::vector<Window> gaps;
    u64 from = range.base.value;
    const u64 end = range.base.value + range.size_bytes;
    auto gap_until = [&](u64 to) {
        if (from < to)
            gaps.push_back({.base = {from}, .size_bytes = to - from, .io = &unclaimed_, .name = name() + ".unclaimed"});
    };
    for (const Window& window : windows) {
        if (window.base.value < range.base.value || window.base.value >= end) continue;
        gap_until(window.base.value);
        from = window.base.value + window.size_bytes;
    }
    gap_until(end);
    windows.insert(windows.end(), std::make_move_iterator(gaps.begin()), std::make_move_iterator(gaps.end()));
}

void PciHost::map_windows() {
    std::vector<Window> wanted;
    for (const PciDevice* device : slots_)
        if (device)
            for (const PciBarWindow& bar : device->enabled_windows()) claim(wanted, bar);
    std::ranges::sort(wanted, {}, &Window::base);
    for (const auto* range : {&layout_.io, &layout_.memory32, &layout_.memory64}) {
        fill_gaps(wanted, *range);
        std::ranges::sort(wanted, {}, &Window::base);
    }
    const auto kept = [](const std::vector<Window>& all, const Window& window) {
        return std::ranges::any_of(all, [&](const Window& other) { return same_place(window, other); });
    };
    for (const Window& window : mapped_)
        if (!kept(wanted, window)) memory_.unmap(window.base);
    std::erase_if(wanted, [&](const Window& window) {
        if (kept(mapped_, window)) return false;
        const Status mapped = memory_.map(window);
        if (!mapped) log::guest_error(name(), "{}", mapped.error().message());
        return !mapped;
    });
    mapped_ = std::move(wanted);
}

u32 PciHost::asserted_lines() const {
    u32 lines = 0;
    for (u32 slot = 0; slot < slot_count; ++slot)
        if (slots_[slot] && slots_[slot]->interrupt_pin() != 0 && slots_[slot]->interrupt_asserted())
            lines |= 1U << line_of(slot, slots_[slot]->interrupt_pin());
    return lines;
}

void PciHost::interrupt_changed() {
    const u32 now = asserted_lines();
    const u32 changed = now ^ asserted_;
    asserted_ = now;
    for (u32 line = 0; line < line_count; ++line)
        if (changed >> line & 1) lines_[line].set((now >> line & 1) != 0);
}

void PciHost::reset() { bridge_.reset(); }

void PciHost::state(StateVisitor& visitor) {
    visitor.enter("bridge");
    bridge_.state(visitor);
    visitor.leave();
}

void PciHost::restored() {
    map_windows();
    asserted_ = asserted_lines();
}

} // namespace orrery
