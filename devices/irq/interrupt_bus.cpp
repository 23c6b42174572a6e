#include "devices/irq/interrupt_bus.hpp"

#include <array>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_message{"apic.message"};

// SDM 3A 11.11.1 and 11.11.2
constexpr u32 logical_bit = 4, assert_bit = 0x4000, level_bit = 0x8000;

} // namespace

std::string_view delivery_mode_name(DeliveryMode mode) {
    constexpr std::array<std::string_view, 8> names{"fixed", "lowest priority", "SMI",   "reserved mode", "NMI",
                                                    "INIT",  "start-up",        "ExtINT"};
    return names[static_cast<u8>(mode) & 7];
}

bool InterruptBus::send(const InterruptMessage& message, const InterruptTarget* except) {
    trace_message("to {:#x}{} mode {} vector {:#04x}{}", message.destination, message.logical ? " (logical)" : "",
                  static_cast<u32>(message.mode), message.vector, message.level_triggered ? " level" : "");
    if (keeper_) return keeper_->take(message.stored());
    if (message.mode == DeliveryMode::lowest_priority) return send_to_least_busy(message, except);
    bool taken = false;
    for (InterruptTarget* target : targets_)
        if (target != except && target->is_meant(message)) taken |= target->accept(message);
    return taken;
}

DeviceMessage InterruptMessage::stored() const {
    return {.address = InterruptBus::window_base + (u64{destination & 0xff} << 12 | (logical ? logical_bit : 0)),
            .data = vector | static_cast<u32>(mode) << 8 | assert_bit | (level_triggered ? level_bit : 0)};
}

void InterruptBus::lent(LocalApicKeeper& keeper) {
    keeper_ = &keeper;
    if (lent_++ == 0) level_messages_changed();
}

// What is asked for still hasn't been taken, perhaps because it came between.
void InterruptBus::returned() {
    if (--lent_ != 0) return;
    keeper_ = nullptr;
    targets_changed();
}

void InterruptBus::level_messages_changed() {
    if (!keeper_) return;
    std::vector<DeviceMessage> messages;
    for (const InterruptSource* source : sources_) source->add_level_messages(messages);
    keeper_->follow_ends(messages);
}

// Of those who are equally busy it is the first.
bool InterruptBus::send_to_least_busy(const InterruptMessage& message, const InterruptTarget* except) {
    InterruptTarget* best = nullptr;
    for (InterruptTarget* target : targets_) {
        if (target == except || !target->is_meant(message) || !target->takes_vectors()) continue;
        if (!best || target->arbitration_priority() < best->arbitration_priority()) best = target;
    }
    return best && best->accept(message);
}

void InterruptBus::end_of_interrupt(u8 vector) {
    for (InterruptSource* source : sources_) source->end_of_interrupt(vector);
}

void InterruptBus::targets_changed() {
    for (InterruptSource* source : sources_) source->targets_changed();
}

// The destination mode counts also without the redirection hint, as it does on hardware.
void InterruptBus::message(GuestPhysical address, u32 data) {
    if (!(address >= window_base && address - window_base < window_size_bytes)) {
        log::guest_error("interrupt bus", "a message to {:#x} is for no CPU", address.value);
        return;
    }
    const bool redirection_hint = (address.value & 8) != 0;
    InterruptMessage message{
        .destination = InterruptMessage::wide(static_cast<u8>(address.value >> 12)),
        .logical = (address.value & logical_bit) != 0,
        .mode = static_cast<DeliveryMode>(data >> 8 & 7),
        .vector = static_cast<u8>(data),
        .level_triggered = (data & level_bit) != 0,
    };
    if (redirection_hint && message.logical && message.mode == DeliveryMode::fixed)
        message.mode = DeliveryMode::lowest_priority;
    const bool level_ends = message.level_triggered && (data & assert_bit) == 0;
    if (level_ends) return; // a level that is withdrawn: only its beginning is a request
    send(message);
}

u64 InterruptBus::read(u64, Width) { return 0; }

void InterruptBus::write(u64 offset, u64 value, Width) { message(window_base + offset, static_cast<u32>(value)); }

} // namespace orrery
