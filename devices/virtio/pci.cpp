#include "devices/virtio/pci.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// 4.1.4.3 Common configuration structure layout
enum CommonRegister : u64 {
    device_feature_select = 0x00,
    device_feature = 0x04,
    driver_feature_select = 0x08,
    driver_feature = 0x0c,
    config_msix_vector = 0x10,
    num_queues = 0x12,
    device_status = 0x14,
    config_generation = 0x15,
    queue_select = 0x16,
    queue_size = 0x18,
    queue_msix_vector = 0x1a,
    queue_enable = 0x1c,
    queue_notify_off = 0x1e,
    queue_desc = 0x20,
    queue_driver = 0x28,
    queue_device = 0x30,
};
constexpr u16 no_vector = 0xffff;

// Where the structures lie in the BAR, a page each.
constexpr u32 bar_index = 4;
constexpr u64 common_base = 0x0000, isr_base = 0x1000, device_base = 0x2000, notify_base = 0x3000;
constexpr u32 structure_bytes = 0x1000;
constexpr u64 bar_bytes = 0x4000;
constexpr u32 notify_off_multiplier = 4;

// 4.1.4 Virtio Structure PCI Capabilities
constexpr u8 vendor_capability = 0x09;
enum StructureType : u8 { common_cfg = 1, notify_cfg = 2, isr_cfg = 3, device_cfg = 4, pci_cfg = 5 };
constexpr u32 cap_bar = 4, cap_offset = 8, cap_length = 12, cap_pci_cfg_data = 16;

// The bytes of a capability after its two header bytes.
std::array<u8, 18> capability(StructureType type, u64 offset, u32 length, u32 last = 0) {
    std::array<u8, 18> body{};
    const bool has_last = type == notify_cfg || type == pci_cfg;
    body[0] = has_last ? 20 : 16; // cap_len
    body[1] = type;
    body[cap_bar - 2] = type == pci_cfg ? 0 : bar_index;
    const u32 offset32 = static_cast<u32>(offset);
    std::memcpy(body.data() + cap_offset - 2, &offset32, 4);
    std::memcpy(body.data() + cap_length - 2, &length, 4);
    std::memcpy(body.data() + cap_pci_cfg_data - 2, &last, 4);
    return body;
}

// 5 and the PCI class codes that drivers of other systems look for.
u32 class_code_of(u16 virtio_device_id) {
    switch (virtio_device_id) {
    case 1:
        return 0x020000; // network: Ethernet
    case 2:
        return 0x018000; // mass storage, other
    case 3:
        return 0x078000; // communication, other
    default:
        return 0xff0000;
    }
}

// 4.1.2.1: modern devices have ID 0x1040 plus the device type's, and revision 1.
PciIdentity identity_of(u16 virtio_device_id) {
    const u16 id = static_cast<u16>(0x1040 + virtio_device_id);
    return {0x1af4, id, 1, class_code_of(virtio_device_id), 0x1af4, 0x1100};
}

void set_half(u64& address, bool high, u32 value) {
    address = high ? (address & 0xffffffff) | u64{value} << 32 : (address & ~u64{0xffffffff}) | value;
}

} // namespace

VirtioPci::VirtioPci(std::string name, VirtioDevice& device)
    : PciDevice(std::move(name), identity_of(device.device_id())), device_(device) {
    add_bar(bar_index, PciBarKind::memory64, bar_bytes, *this, true);
    const auto body16 = [](const std::array<u8, 18>& body) { return std::span(body).first(14); };
    // Drivers take the first of a kind, and some expect the common structure first.
    add_capability(vendor_capability, body16(capability(common_cfg, common_base, structure_bytes)));
    add_capability(vendor_capability, body16(capability(isr_cfg, isr_base, structure_bytes)));
    add_capability(vendor_capability, body16(capability(device_cfg, device_base, structure_bytes)));
    add_capability(vendor_capability, capability(notify_cfg, notify_base, structure_bytes, notify_off_multiplier));
    std::array<u8, 18> writable{};
    writable[cap_bar - 2] = 0xff;
    std::fill(writable.begin() + cap_offset - 2, writable.end(), u8{0xff});
    config_access_at_ = add_capability(vendor_capability, capability(pci_cfg, 0, 0), writable);
    use_interrupt_pin(1);
    device_.attach(*this);
}

u64 VirtioPci::read(u64 offset, Width width) {
    if (offset < isr_base) return read_common(offset);
    if (offset < device_base) {
        if (offset != isr_base) return 0;
        const u8 causes = device_.interrupt_causes(); // 4.1.4.5: reading acknowledges
        device_.clear_interrupt_causes(causes);
        return causes;
    }
    if (offset < notify_base) return device_.read_config(offset - device_base, width);
    return 0;
}

void VirtioPci::write(u64 offset, u64 value, Width width) {
    if (offset < isr_base) return write_common(offset, static_cast<u32>(value), width);
    if (offset < device_base) return;
    if (offset < notify_base) return device_.write_config(offset - device_base, value, width);
    device_.notify(static_cast<u32>((offset - notify_base) / notify_off_multiplier));
}

// One for each queue. Drivers write its number there, in 16 bits (4.1.4.4).
std::vector<IoHandler::Doorbell> VirtioPci::doorbells() const {
    std::vector<Doorbell> bells;
    for (u32 queue = 0; queue < device_.queue_count(); ++queue)
        bells.push_back({notify_base + u64{notify_off_multiplier} * queue, Width::half, queue});
    return bells;
}

std::string VirtioPci::register_name(u64 offset, bool) const {
    constexpr auto registers = std::to_array<RegisterName>({
        {device_feature_select, "device_feature_select"},
        {device_feature, "device_feature"},
        {driver_feature_select, "driver_feature_select"},
        {driver_feature, "driver_feature"},
        {config_msix_vector, "config_msix_vector"},
        {num_queues, "num_queues"},
        {device_status, "device_status"},
        {config_generation, "config_generation"},
        {queue_select, "queue_select"},
        {queue_size, "queue_size"},
        {queue_msix_vector, "queue_msix_vector"},
        {queue_enable, "queue_enable"},
        {queue_notify_off, "queue_notify_off"},
        {queue_desc, "queue_desc"},
        {queue_driver, "queue_driver"},
        {queue_device, "queue_device"},
        {isr_base, "isr"},
        {device_base, "device"},
        {notify_base, "notify"},
    });
    return name_in(registers, offset);
}

u64 VirtioPci::read_common(u64 offset) {
    switch (offset) {
    case device_feature_select:
        return s_.device_feature_select;
    case device_feature:
        return device_.offered_features(s_.device_feature_select);
    case driver_feature_select:
        return s_.driver_feature_select;
    case driver_feature:
        return device_.accepted_features(s_.driver_feature_select);
    case config_msix_vector:
        return no_vector;
    case num_queues:
        return device_.queue_count();
    case device_status:
        return device_.status();
    case config_generation:
        return device_.config_generation();
    case queue_select:
        return s_.queue_select;
    default:
        break;
    }
    const VirtioDevice::Virtqueue* queue = device_.queue(s_.queue_select);
    if (!queue) return offset == queue_msix_vector ? no_vector : 0; // 4.1.4.3.1: size 0 says there is none
    switch (offset) {
    case queue_size:
        return queue->s.size;
    case queue_msix_vector:
        return no_vector;
    case queue_enable:
        return queue->s.ready;
    case queue_notify_off:
        return s_.queue_select;
    case queue_desc:
        return static_cast<u32>(queue->s.descriptor_area);
    case queue_desc + 4:
        return queue->s.descriptor_area >> 32;
    case queue_driver:
        return static_cast<u32>(queue->s.driver_area);
    case queue_driver + 4:
        return queue->s.driver_area >> 32;
    case queue_device:
        return static_cast<u32>(queue->s.device_area);
    case queue_device + 4:
        return queue->s.device_area >> 32;
    default:
        log::guest_error(name(), "read of common register {:#x}", offset);
        return 0;
    }
}

void VirtioPci::write_common(u64 offset, u32 value, Width width) {
    switch (offset) {
    case device_feature_select:
        s_.device_feature_select = value;
        return;
    case driver_feature_select:
        s_.driver_feature_select = value;
        return;
    case driver_feature:
        device_.accept_features(s_.driver_feature_select, value);
        return;
    case queue_select:
        s_.queue_select = static_cast<u16>(value);
        return;
    case config_msix_vector:
    case queue_msix_vector:
        return; // no MSI-X: the vector stays NO_VECTOR
    case device_status:
        if (static_cast<u8>(value) == 0) s_ = {};
        device_.set_status(static_cast<u8>(value));
        return;
    default:
        write_queue_register(offset, value, width);
        return;
    }
}

void VirtioPci::write_queue_register(u64 offset, u32 value, Width width) {
    VirtioDevice::Virtqueue* queue = device_.queue(s_.queue_select);
    if (!queue) return log::guest_error(name(), "register {:#x} of the missing queue {}", offset, s_.queue_select);
    const bool area = offset >= queue_desc && offset < queue_device + 8;
    if (area && (width != Width::word || offset % 4 != 0))
        return log::guest_error(name(), "{} bytes written to common register {:#x}", bytes(width), offset);
    switch (offset) {
    case queue_size:
        queue->s.size = static_cast<u16>(value);
        return;
    case queue_enable:
        if (value & 1) queue->s.ready = true; // 4.1.4.3.2: a driver must not write 0
        return;
    case queue_desc:
    case queue_desc + 4:
        return set_half(queue->s.descriptor_area, offset & 4, value);
    case queue_driver:
    case queue_driver + 4:
        return set_half(queue->s.driver_area, offset & 4, value);
    case queue_device:
    case queue_device + 4:
        return set_half(queue->s.device_area, offset & 4, value);
    default:
        log::guest_error(name(), "write of {:#x} to common register {:#x}", value, offset);
    }
}

// 4.1.4.9 PCI configuration access capability: the BAR reached without mapping it.
std::optional<VirtioPci::ConfigAccess> VirtioPci::config_access() const {
    const pci::ConfigSpace& config = config_space();
    const u32 offset = config.get<u32>(config_access_at_ + cap_offset);
    const u32 length = config.get<u32>(config_access_at_ + cap_length);
    const bool valid = config.get<u8>(config_access_at_ + cap_bar) == bar_index &&
                       (length == 1 || length == 2 || length == 4) && offset % length == 0 && offset < bar_bytes;
    if (!valid) return std::nullopt;
    return ConfigAccess{offset, static_cast<Width>(length)};
}

u32 VirtioPci::read_config(u32 offset, Width width) {
    if (offset == u32{config_access_at_} + cap_pci_cfg_data) {
        if (const auto access = config_access())
            config_space().set<u32>(offset,
                                    static_cast<u32>(read(access->offset, access->width) & mask(access->width)));
    }
    return PciDevice::read_config(offset, width);
}

void VirtioPci::write_config(u32 offset, u32 value, Width width) {
    PciDevice::write_config(offset, value, width);
    if (offset != u32{config_access_at_} + cap_pci_cfg_data) return;
    if (const auto access = config_access()) write(access->offset, value & mask(access->width), access->width);
}

void VirtioPci::reset() {
    s_ = {};
    PciDevice::reset();
}

void VirtioPci::state(StateVisitor& visitor) {
    PciDevice::state(visitor);
    visit_fields(visitor, s_);
}

} // namespace orrery
