// Writes AML, the byte code of ACPI's DSDT (ACPI 6.4, 20.2). Each function gives the code of one term of ASL, the
// language of chapter 19, by the same name; terms nest as they do there. Names are paths such as "\\_SB.PCI0" or
// "_HID".
#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::bios::aml {

using Code = std::vector<u8>;

// Terms one behind the other.
Code join(std::span<const Code> parts);
template <std::same_as<Code>... Parts> Code join(const Parts&... parts) {
    const Code all[] = {parts...};
    return join(std::span<const Code>(all));
}

// ---- data
Code integer(u64 value);
Code text(std::string_view value);
Code eisa_id(std::string_view id); // "PNP0A03"
Code buffer(std::span<const u8> bytes);
Code package(std::span<const Code> elements); // at most 255
template <std::same_as<Code>... Elements> Code package(const Elements&... elements) {
    const Code all[] = {elements...};
    return package(std::span<const Code>(all));
}

// ---- names and what they may stand for
Code path(std::string_view name);
Code name(std::string_view name, const Code& value);
Code scope(std::string_view name, const Code& body);
Code device(std::string_view name, const Code& body);
enum class Concurrency : u8 { parallel = 0, serialized = 8 };
Code method(std::string_view name, u8 arguments, Concurrency concurrency, const Code& body);
enum class RegionSpace : u8 { system_memory = 0, system_io = 1, pci_config = 2 };
Code operation_region(std::string_view name, RegionSpace space, u64 offset, u64 length);
// One byte each, one behind the other, accessed as bytes.
Code byte_fields(std::string_view region, std::span<const std::string_view> names);
Code create_dword_field(const Code& source, u64 byte_index, std::string_view name);

// ---- within methods
Code argument(u8 number);
Code local(u8 number);
Code store(const Code& value, const Code& target);
Code bit_and(const Code& a, const Code& b, const Code& target);
Code bit_or(const Code& a, const Code& b, const Code& target);
Code equal(const Code& a, const Code& b);
Code when(const Code& condition, const Code& body);
Code otherwise(const Code& body);
Code give(const Code& value); // Return
inline const Code nowhere{0}; // as a target

// ---- resources (ACPI 6.4, 6.4)
// A template of descriptors, with its end tag.
Code resources(std::span<const Code> descriptors);
template <std::same_as<Code>... Descriptors> Code resources(const Descriptors&... descriptors) {
    const Code all[] = {descriptors...};
    return resources(std::span<const Code>(all));
}
Code io(u16 first, u8 size_bytes);
enum class Trigger : u8 { edge_high, level_low };
Code irq(u16 mask, Trigger trigger = Trigger::edge_high); // level_low: shared
// Shared and level-triggered, by global system interrupt number, which stands 5 bytes behind the descriptor's start.
inline constexpr u64 interrupt_number_offset = 5;
enum class Polarity : u8 { active_high = 0, active_low = 4 };
Code interrupt(std::span<const u32> numbers, Polarity polarity);
Code dma(u8 channel);
Code memory32_fixed(u32 first, u32 size_bytes);
// What a bridge passes on to its bus.
Code word_bus_numbers(u16 first, u16 last);
Code word_io(u16 first, u16 last);
enum class Caching : u8 { none = 0, cacheable = 2, prefetchable = 6 };
Code dword_memory(u32 first, u32 last, Caching caching);
Code qword_memory(u64 first, u64 last, Caching caching);

} // namespace orrery::bios::aml
