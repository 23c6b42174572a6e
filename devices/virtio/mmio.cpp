#include "devices/virtio/mmio.hpp"

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// 4.2.2 MMIO Device Register Layout
enum Register : u64 {
    MagicValue = 0x000,
    Version = 0x004,
    DeviceID = 0x008,
    VendorID = 0x00c,
    DeviceFeatures = 0x010,
    DeviceFeaturesSel = 0x014,
    DriverFeatures = 0x020,
    DriverFeaturesSel = 0x024,
    QueueSel = 0x030,
    QueueNumMax = 0x034,
    QueueNum = 0x038,
    QueueReady = 0x044,
    QueueNotify = 0x050,
    InterruptStatus = 0x060,
    InterruptACK = 0x064,
    DeviceStatus = 0x070,
    QueueDescLow = 0x080,
    QueueDescHigh = 0x084,
    QueueDriverLow = 0x090,
    QueueDriverHigh = 0x094,
    QueueDeviceLow = 0x0a0,
    QueueDeviceHigh = 0x0a4,
    SHMLenLow = 0x0b0,
    SHMBaseHigh = 0x0bc,
    ConfigGeneration = 0x0fc,
    Config = 0x100,
};

constexpr u32 magic_value = 0x74726976; // "virt"
// The ID that QEMU gives; xv6 looks for nothing else.
constexpr u32 vendor_id = 0x554d4551;

void set_low(u64& address, u32 value) { address = (address & ~u64{0xffffffff}) | value; }
void set_high(u64& address, u32 value) { address = (address & 0xffffffff) | u64{value} << 32; }

} // namespace

VirtioMmio::VirtioMmio(std::string name, IrqLine irq, VirtioDevice* device)
    : Component(std::move(name)), irq_(irq), device_(device) {
    if (device_) device_->attach(*this);
}

u64 VirtioMmio::read(u64 offset, Width width) {
    if (offset >= Config) return device_ ? device_->read_config(offset - Config, width) : 0;
    if (width == Width::word) return read_register(offset);
    log::guest_error(name(), "register {:#x} read with {} bytes", offset, bytes(width));
    return 0;
}

void VirtioMmio::write(u64 offset, u64 value, Width width) {
    if (!device_) return;
    if (offset >= Config) return device_->write_config(offset - Config, value, width);
    if (width == Width::word) return write_register(offset, static_cast<u32>(value));
    log::guest_error(name(), "register {:#x} written with {} bytes", offset, bytes(width));
}

std::string VirtioMmio::register_name(u64 offset, bool) const {
    constexpr auto registers = std::to_array<RegisterName>({
        {MagicValue, "MagicValue"},
        {Version, "Version"},
        {DeviceID, "DeviceID"},
        {VendorID, "VendorID"},
        {DeviceFeatures, "DeviceFeatures"},
        {DeviceFeaturesSel, "DeviceFeaturesSel"},
        {DriverFeatures, "DriverFeatures"},
        {DriverFeaturesSel, "DriverFeaturesSel"},
        {QueueSel, "QueueSel"},
        {QueueNumMax, "QueueNumMax"},
        {QueueNum, "QueueNum"},
        {QueueReady, "QueueReady"},
        {QueueNotify, "QueueNotify"},
        {InterruptStatus, "InterruptStatus"},
        {InterruptACK, "InterruptACK"},
        {DeviceStatus, "DeviceStatus"},
        {QueueDescLow, "QueueDescLow"},
        {QueueDescHigh, "QueueDescHigh"},
        {QueueDriverLow, "QueueDriverLow"},
        {QueueDriverHigh, "QueueDriverHigh"},
        {QueueDeviceLow, "QueueDeviceLow"},
        {QueueDeviceHigh, "QueueDeviceHigh"},
        {SHMLenLow, "SHMLenLow"},
        {ConfigGeneration, "ConfigGeneration"},
        {Config, "Config"},
    });
    return name_in(registers, offset);
}

u32 VirtioMmio::read_register(u64 offset) {
    switch (offset) {
    case MagicValue:
        return magic_value;
    case Version:
        return 2;
    case DeviceID:
        return device_ ? device_->device_id() : 0;
    case VendorID:
        return vendor_id;
    default:
        break;
    }
    if (!device_) return 0;
    const VirtioDevice::Virtqueue* queue = device_->queue(s_.queue_select);
    switch (offset) {
    case DeviceFeatures:
        return device_->offered_features(s_.device_features_select);
    case QueueNumMax:
        return queue ? queue->maximum_size() : 0;
    case QueueReady:
        return queue && queue->s.ready;
    case InterruptStatus:
        return device_->interrupt_causes();
    case DeviceStatus:
        return device_->status();
    case ConfigGeneration:
        return device_->config_generation();
    default:
        break;
    }
    // 4.2.2: a shared memory region that doesn't exist is all ones.
    if (offset >= SHMLenLow && offset <= SHMBaseHigh) return ~u32{0};
    log::guest_error(name(), "read of register {:#x}", offset);
    return 0;
}

void VirtioMmio::write_register(u64 offset, u32 value) {
    switch (offset) {
    case DeviceFeaturesSel:
        s_.device_features_select = value;
        return;
    case DriverFeatures:
        device_->accept_features(s_.driver_features_select, value);
        return;
    case DriverFeaturesSel:
        s_.driver_features_select = value;
        return;
    case QueueSel:
        s_.queue_select = value;
        return;
    case QueueNotify:
        device_->notify(value);
        return;
    case InterruptACK:
        device_->clear_interrupt_causes(static_cast<u8>(value));
        return;
    case DeviceStatus:
        if (value == 0) s_ = {};
        device_->set_status(static_cast<u8>(value));
        return;
    default:
        write_queue_register(offset, value);
        return;
    }
}

void VirtioMmio::write_queue_register(u64 offset, u32 value) {
    VirtioDevice::Virtqueue* queue = device_->queue(s_.queue_select);
    if (!queue) return log::guest_error(name(), "register {:#x} of the missing queue {}", offset, s_.queue_select);
    switch (offset) {
    case QueueNum:
        queue->s.size = static_cast<u16>(std::min<u32>(value, 0xffff));
        return;
    case QueueReady:
        queue->s.ready = (value & 1) != 0;
        return;
    case QueueDescLow:
        set_low(queue->s.descriptor_area, value);
        return;
    case QueueDescHigh:
        set_high(queue->s.descriptor_area, value);
        return;
    case QueueDriverLow:
        set_low(queue->s.driver_area, value);
        return;
    case QueueDriverHigh:
        set_high(queue->s.driver_area, value);
        return;
    case QueueDeviceLow:
        set_low(queue->s.device_area, value);
        return;
    case QueueDeviceHigh:
        set_high(queue->s.device_area, value);
        return;
    default:
        log::guest_error(name(), "write of {:#x} to register {:#x}", value, offset);
    }
}

} // namespace orrery
