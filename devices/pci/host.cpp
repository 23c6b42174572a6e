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
    return a.base == b.base && a.size_bytes == b.size_bytes && a.io == b.io && a.ram == b.ram &&
           a.read_only == b.read_only;
}

} // namespace

PciHost::PciHost(std::string name, AddressSpace& memory, const PciHostLayout& layout, std::span<const IrqLine> lines,
                 PciDevice* bridge)
    : Component(std::move(name)), layout_(layout), memory_(memory), lines_(lines.begin(), lines.end()),
      ecam_place_(layout.ecam) {
    if (!bridge) {
        own_bridge_ = std::make_unique<PciDevice>(this->name() + ".bridge", bridge_identity);
        bridge = own_bridge_.get();
    }
    bridge->connect(*this);
    slots_[0][0] = bridge;
}

Result<std::unique_ptr<PciHost>> PciHost::create(std::string name, AddressSpace& memory, const PciHostLayout& layout,
                                                 std::span<const IrqLine> lines, PciDevice* bridge) {
    ORRERY_ASSERT(lines.size() <= most_lines, "lines that asserted_ has bits for");
    std::unique_ptr<PciHost> host(new PciHost(std::move(name), memory, layout, lines, bridge));
    TRY_STATUS(host->map_ecam());
    host->map_windows();
    return host;
}

PciHost::~PciHost() {
    if (ecam_place_.size_bytes != 0) memory_.unmap(ecam_place_.base);
    for (const Mapped& mapped : mapped_) mapped.space->unmap(mapped.window.base);
}

Status PciHost::add(PciDevice& device, u32 slot, u32 function) {
    if (slot == 0 || slot >= slot_count) return error("{}: there is no PCI slot {}", name(), slot);
    if (function >= function_count) return error("{}: there is no function {} in a PCI slot", name(), function);
    if (const PciDevice* other = slots_[slot][function])
        return error("{}: PCI slot {} already holds '{}'", name(), slot, other->name());
    if (function != 0) {
        if (!slots_[slot][0]) return error("{}: PCI slot {} needs a function 0 first", name(), slot);
        slots_[slot][0]->mark_multifunction();
    }
    slots_[slot][function] = &device;
    device.connect(*this);
    return {};
}

// ---- configuration ----

PciDevice* PciHost::function_at(u32 bus, u32 slot, u32 function) const {
    return bus == 0 ? slots_[slot % slot_count][function % function_count] : nullptr;
}

u32 PciHost::read_config(u32 bus, u32 slot, u32 function, u32 offset, Width width) {
    PciDevice* device = function_at(bus, slot, function);
    if (!device || offset >= pci::config_bytes) return static_cast<u32>(mask(width));
    const u32 value = device->read_config(offset, width);
    trace_config("{} {:#x} -> {:#x}", device->name(), offset, value);
    return value;
}

void PciHost::write_config(u32 bus, u32 slot, u32 function, u32 offset, u32 value, Width width) {
    PciDevice* device = function_at(bus, slot, function);
    if (!device || offset >= pci::config_bytes) return;
    trace_config("{} {:#x} <- {:#x}", device->name(), offset, value);
    device->write_config(offset, value, width);
}

// The slot and what PCI 3.0, 6.1 calls the register.
std::string PciHost::Ecam::register_name(u64 offset, bool) const {
    constexpr auto registers = std::to_array<RegisterName>({
        {pci::vendor_id, "Vendor ID"},
        {pci::device_id, "Device ID"},
        {pci::command, "Command"},
        {pci::status, "Status"},
        {pci::revision, "Revision ID"},
        {pci::class_code, "Class Code"},
        {pci::cache_line_size, "Cache Line Size"},
        {pci::cache_line_size + 1, "Latency Timer"},
        {pci::cache_line_size + 2, "Header Type"},
        {pci::cache_line_size + 3, "BIST"},
        {pci::first_bar, "BAR 0"},
        {pci::first_bar + 4, "BAR 1"},
        {pci::first_bar + 8, "BAR 2"},
        {pci::first_bar + 12, "BAR 3"},
        {pci::first_bar + 16, "BAR 4"},
        {pci::first_bar + 20, "BAR 5"},
        {pci::subsystem_vendor_id, "Subsystem Vendor ID"},
        {pci::subsystem_id, "Subsystem ID"},
        {pci::subsystem_id + 2, "Expansion ROM"},
        {pci::capabilities_pointer, "Capabilities Pointer"},
        {pci::interrupt_line, "Interrupt Line"},
        {pci::interrupt_pin, "Interrupt Pin"},
        {pci::first_capability, "capabilities"},
    });
    const PciDevice* device = host_.function_at(static_cast<u32>(offset >> 20), offset >> 15 & 31, offset >> 12 & 7);
    return fmt::format("{} {}", device ? device->name() : "no device", name_in(registers, offset % 0x1000));
}

u64 PciHost::Ecam::read(u64 offset, Width width) {
    const u32 bus = static_cast<u32>(offset >> 20), slot = offset >> 15 & 31, function = offset >> 12 & 7;
    const u32 at = offset & 0xfff;
    // No device has extended capabilities; a zero header says so (PCIe 4.0, 7.6.2).
    if (at >= pci::config_bytes && host_.function_at(bus, slot, function)) return 0;
    return host_.read_config(bus, slot, function, at, width);
}

void PciHost::Ecam::write(u64 offset, u64 value, Width width) {
    host_.write_config(static_cast<u32>(offset >> 20), offset >> 15 & 31, offset >> 12 & 7, offset & 0xfff,
                       static_cast<u32>(value), width);
}

Status PciHost::map_ecam() {
    if (ecam_place_.size_bytes == 0) return {};
    return memory_.map(
        {.base = ecam_place_.base, .size_bytes = ecam_place_.size_bytes, .io = &ecam_, .name = name() + ".ecam"});
}

void PciHost::place_ecam(GuestPhysical base, u64 size_bytes) {
    if (base == ecam_place_.base && size_bytes == ecam_place_.size_bytes) return;
    if (ecam_place_.size_bytes != 0) memory_.unmap(ecam_place_.base);
    ecam_place_ = {base, size_bytes, 0};
    map_windows(); // what no one claims gives way
    if (const Status mapped = map_ecam(); !mapped) {
        log::guest_error(name(), "{}", mapped.error().message());
        ecam_place_ = {};
        map_windows();
    }
}

// ---- windows ----

AddressSpace& PciHost::space_of(PciBarKind kind) const {
    return kind == PciBarKind::io && layout_.ports ? *layout_.ports : memory_;
}

const PciHostLayout::Range& PciHost::range_of(PciBarKind kind, u64 address) const {
    if (kind == PciBarKind::io) return layout_.io;
    return address - layout_.memory32.bus_address < layout_.memory32.size_bytes ? layout_.memory32 : layout_.memory64;
}

// The first claim to an address wins. A BAR outside the windows, as while its size is being probed, is nowhere.
void PciHost::claim(std::vector<Mapped>& windows, const PciBarWindow& bar) const {
    const PciHostLayout::Range& range = range_of(bar.kind, bar.address);
    const u64 offset = bar.address - range.bus_address;
    if (offset >= range.size_bytes || range.size_bytes - offset < bar.size_bytes) return;
    Mapped claimed{&space_of(bar.kind),
                   {.base = range.base + offset,
                    .size_bytes = bar.size_bytes,
                    .ram = bar.ram,
                    .read_only = bar.read_only,
                    .io = bar.handler,
                    .name = bar.name}};
    const Window& window = claimed.window;
    for (const Mapped& other : windows) {
        if (other.space == claimed.space && window.base.value < other.window.base.value + other.window.size_bytes &&
            other.window.base.value < window.base.value + window.size_bytes) {
            log::guest_error(name(), "{} at {:#x} overlaps {} and is ignored", bar.name, bar.address,
                             other.window.name);
            return;
        }
    }
    windows.push_back(std::move(claimed));
}

// Everything of a range in memory that nothing claims. Ports that nothing claims need no window.
void PciHost::fill_gaps(std::vector<Mapped>& windows, const PciHostLayout::Range& range) {
    std::vector<const Window*> claims;
    const u64 end = range.base.value + range.size_bytes;
    const Window ecam{.base = ecam_place_.base, .size_bytes = ecam_place_.size_bytes, .name = {}};
    for (const Mapped& mapped : windows)
        if (mapped.space == &memory_) claims.push_back(&mapped.window);
    if (ecam.size_bytes != 0) claims.push_back(&ecam);
    std::ranges::sort(claims, {}, [](const Window* window) { return window->base; });
    std::vector<Window> gaps;
    u64 from = range.base.value;
    auto gap_until = [&](u64 to) {
        if (from < to)
            gaps.push_back({.base = {from}, .size_bytes = to - from, .io = &unclaimed_, .name = name() + ".unclaimed"});
    };
    for (const Window* window : claims) {
        const u64 window_end = window->base.value + window->size_bytes;
        if (window_end <= from || window->base.value >= end) continue;
        gap_until(window->base.value);
        from = window_end;
    }
    gap_until(end);
    for (Window& gap : gaps) windows.push_back({&memory_, std::move(gap)});
}

void PciHost::map_windows() {
    std::vector<Mapped> wanted;
    for (const auto& functions : slots_)
        for (const PciDevice* device : functions)
            if (device)
                for (const PciBarWindow& bar : device->enabled_windows()) claim(wanted, bar);
    if (!layout_.ports) fill_gaps(wanted, layout_.io);
    fill_gaps(wanted, layout_.memory32);
    fill_gaps(wanted, layout_.memory64);
    const auto kept = [](const std::vector<Mapped>& all, const Mapped& one) {
        return std::ranges::any_of(
            all, [&](const Mapped& other) { return other.space == one.space && same_place(one.window, other.window); });
    };
    for (const Mapped& mapped : mapped_)
        if (!kept(wanted, mapped)) mapped.space->unmap(mapped.window.base);
    std::erase_if(wanted, [&](const Mapped& one) {
        if (kept(mapped_, one)) return false;
        const Status mapped = one.space->map(one.window);
        if (!mapped) log::guest_error(name(), "{}", mapped.error().message());
        return !mapped;
    });
    mapped_ = std::move(wanted);
}

// ---- interrupts ----

u32 PciHost::asserted_lines() const {
    u32 lines = 0;
    for (u32 slot = 0; slot < slot_count; ++slot)
        for (const PciDevice* device : slots_[slot])
            if (device && device->interrupt_pin() != 0 && device->interrupt_asserted())
                lines |= 1U << layout_.line_of(slot, device->interrupt_pin());
    return lines;
}

void PciHost::interrupt_changed() {
    const u32 now = asserted_lines();
    const u32 changed = now ^ asserted_;
    asserted_ = now;
    for (u32 line = 0; line < lines_.size(); ++line)
        if (changed >> line & 1) lines_[line].set((now >> line & 1) != 0);
}

void PciHost::reset() {
    if (own_bridge_) own_bridge_->reset();
}

void PciHost::state(StateVisitor& visitor) {
    if (!own_bridge_) return;
    visitor.enter("bridge");
    own_bridge_->state(visitor);
    visitor.leave();
}

void PciHost::restored() {
    map_windows();
    asserted_ = asserted_lines();
}

} // namespace orrery
