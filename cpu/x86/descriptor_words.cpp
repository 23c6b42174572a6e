#include "cpu/x86/descriptor_words.hpp"

#include <fmt/format.h>

namespace orrery::x86 {
namespace {

std::string_view presence(const Descriptor& descriptor) { return descriptor.present() ? "" : ", not present"; }

std::string gate_words(const Descriptor& descriptor, u64 upper, bool long_mode) {
    const SystemType type = descriptor.system_type();
    const std::string kind = system_type_words(type, long_mode);
    if (type == SystemType::task_gate)
        return fmt::format("{} to the TSS {:#x}, DPL {}{}", kind, descriptor.gate_selector(), descriptor.dpl(),
                           presence(descriptor));
    const u64 offset = descriptor.gate_offset() | (long_mode ? upper << 32 : 0);
    std::string text =
        fmt::format("{} to {:#x}:{:#x}, DPL {}", kind, descriptor.gate_selector(), offset, descriptor.dpl());
    if (long_mode && descriptor.gate_stack() != 0) text += fmt::format(", IST {}", descriptor.gate_stack());
    const bool calls = type == SystemType::call_gate || type == SystemType::call_gate16;
    if (calls && !long_mode) text += fmt::format(", {} parameters", descriptor.gate_parameters());
    return text + std::string(presence(descriptor));
}

bool is_gate(SystemType type) {
    switch (type) {
    case SystemType::call_gate16:
    case SystemType::task_gate:
    case SystemType::interrupt_gate16:
    case SystemType::trap_gate16:
    case SystemType::call_gate:
    case SystemType::interrupt_gate:
    case SystemType::trap_gate:
        return true;
    default:
        return false;
    }
}

} // namespace

std::string system_type_words(SystemType type, bool long_mode) {
    const std::string_view size = long_mode ? "64-bit" : "32-bit";
    switch (type) {
    case SystemType::tss16_available:
        return "16-bit TSS, available";
    case SystemType::ldt:
        return "LDT";
    case SystemType::tss16_busy:
        return "16-bit TSS, busy";
    case SystemType::call_gate16:
        return "16-bit call gate";
    case SystemType::task_gate:
        return "task gate";
    case SystemType::interrupt_gate16:
        return "16-bit interrupt gate";
    case SystemType::trap_gate16:
        return "16-bit trap gate";
    case SystemType::tss_available:
        return fmt::format("{} TSS, available", size);
    case SystemType::tss_busy:
        return fmt::format("{} TSS, busy", size);
    case SystemType::call_gate:
        return fmt::format("{} call gate", size);
    case SystemType::interrupt_gate:
        return fmt::format("{} interrupt gate", size);
    case SystemType::trap_gate:
        return fmt::format("{} trap gate", size);
    }
    return fmt::format("reserved type {}", static_cast<u32>(type));
}

std::string segment_kind_words(u16 rights) {
    const auto is = [&](u16 bits) { return (rights & bits) == bits; };
    if (!is(access::code))
        return fmt::format("data, {}{}{}", is(access::writable) ? "writable" : "read-only",
                           is(access::expand_down) ? ", expand-down" : "", is(access::big) ? ", big" : "");
    const std::string_view size = is(access::long_mode | access::big) ? "an impossible size (L and D)"
                                  : is(access::long_mode)             ? "64 bits"
                                  : is(access::big)                   ? "32 bits"
                                                                      : "16 bits";
    return fmt::format("code of {}, {}{}", size, is(access::readable) ? "readable" : "execute-only",
                       is(access::conforming) ? ", conforming" : "");
}

std::string descriptor_words(const Descriptor& descriptor, u64 upper, bool long_mode) {
    if (descriptor.value == 0) return "empty";
    const SystemType type = descriptor.system_type();
    if (!descriptor.is_code_or_data() && is_gate(type)) return gate_words(descriptor, upper, long_mode);
    const bool wide = long_mode && !descriptor.is_code_or_data();
    const u64 base = descriptor.base() | (wide ? upper << 32 : 0);
    const std::string kind =
        descriptor.is_code_or_data() ? segment_kind_words(descriptor.rights()) : system_type_words(type, long_mode);
    return fmt::format("{}, DPL {}, base {:#x}, limit {:#x}{}{}", kind, descriptor.dpl(), base, descriptor.limit(),
                       descriptor.is_code_or_data() && descriptor.is(access::accessed) ? ", accessed" : "",
                       presence(descriptor));
}

std::string selector_words(u16 selector) {
    if (selector::is_null(selector)) return fmt::format("the null selector ({:#x})", selector);
    return fmt::format("{} entry {} (selector {:#x})", (selector & selector::local) != 0 ? "LDT" : "GDT", selector >> 3,
                       selector);
}

std::string selector_error_words(u32 error_code) {
    constexpr u32 external = 1, in_idt = 2;
    if ((error_code & ~external) == 0)
        return (error_code & external) != 0 ? "no descriptor named, while an event was delivered"
                                            : "no descriptor named";
    const std::string what = (error_code & in_idt) != 0 ? fmt::format("IDT entry {}", error_code >> 3 & 0xff)
                                                        : selector_words(static_cast<u16>(error_code & ~3U));
    return what + ((error_code & external) != 0 ? ", while an event was delivered" : "");
}

} // namespace orrery::x86
