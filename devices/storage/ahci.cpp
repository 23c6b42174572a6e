#include "devices/storage/ahci.hpp"

#include "machine/fabric/result.hpp"

namespace orrery {

using namespace ahci;

namespace {

// ICH9's SATA function in AHCI mode: a mass storage controller, SATA, AHCI 1.0.
constexpr PciIdentity identity{.vendor_id = 0x8086, .device_id = 0x2922, .revision = 2, .class_code = 0x010601};
constexpr u32 version_1_3_1 = 0x0001'0301;
constexpr u32 register_bar = 5;

} // namespace

AhciController::AhciController(std::string name, Clock& clock, AddressSpace& memory,
                               const std::vector<AtaDrive*>& drives)
    : PciDevice(std::move(name), identity) {
    ORRERY_ASSERT(!drives.empty() && drives.size() <= most_ports, "an AHCI controller has one to six ports");
    add_bar(register_bar, PciBarKind::memory32, bar_bytes, *this);
    use_interrupt_pin(1);
    for (std::size_t i = 0; i < drives.size(); ++i)
        ports_.push_back(std::make_unique<AhciPort>(fmt::format("{}.{}", this->name(), i), clock, memory, drives[i],
                                                    [this] { update_interrupt(); }));
}

u32 AhciController::read_register(u32 offset) const {
    if (offset >= host::ports) {
        const u32 index = (offset - host::ports) / host::port_bytes;
        return index < ports_.size() ? ports_[index]->read(offset % host::port_bytes) : 0;
    }
    switch (offset) {
    case host::cap:
        return cap::slots | cap::pio_multiple | cap::ahci_only | cap::generation_2 | cap::command_list_override |
               cap::queued | cap::addresses_64 | static_cast<u32>(ports_.size() - 1);
    case host::ghc:
        return s_.ghc;
    case host::is:
        return s_.is;
    case host::pi:
        return (u32{1} << ports_.size()) - 1;
    case host::vs:
        return version_1_3_1;
    default:
        return 0;
    }
}

void AhciController::write_register(u32 offset, u32 value, u32 written) {
    if (offset >= host::ports) {
        const u32 index = (offset - host::ports) / host::port_bytes;
        if (index < ports_.size()) ports_[index]->write(offset % host::port_bytes, value, written);
        return;
    }
    if (offset == host::ghc) {
        if (value & ghc::reset) return host_reset();
        if (written & ghc::interrupt_enable) s_.ghc = ghc::ahci_enable | (value & ghc::interrupt_enable);
    } else if (offset == host::is) { // ones clear, but what a port still wants comes back (10.7.2.1)
        s_.is &= ~value;
    }
    update_interrupt();
}

// A narrow access is to its part of a register of 32 bits.
u64 AhciController::read(u64 offset, Width width) {
    return read_register(static_cast<u32>(offset & ~u64{3})) >> (offset % 4 * 8) & mask(width);
}

void AhciController::write(u64 offset, u64 value, Width width) {
    const u64 shift = offset % 4 * 8;
    write_register(static_cast<u32>(offset & ~u64{3}), static_cast<u32>(value << shift),
                   static_cast<u32>(mask(width) << shift));
}

void AhciController::host_reset() {
    s_ = {};
    for (const auto& each : ports_) each->host_reset();
    update_interrupt();
}

void AhciController::update_interrupt() {
    for (std::size_t i = 0; i < ports_.size(); ++i)
        if (ports_[i]->interrupting()) s_.is |= u32{1} << i;
    set_interrupt_pending((s_.ghc & ghc::interrupt_enable) != 0 && s_.is != 0);
}

void AhciController::reset() {
    PciDevice::reset();
    s_ = {};
    for (const auto& each : ports_) each->reset();
}

void AhciController::state(StateVisitor& visitor) {
    PciDevice::state(visitor);
    visit_fields(visitor, s_);
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        visitor.enter(fmt::format("port{}", i));
        ports_[i]->state(visitor);
        visitor.leave();
    }
}

void AhciController::restored() {
    for (const auto& each : ports_) each->restored();
}

} // namespace orrery
