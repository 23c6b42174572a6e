#include "bios/tables/aml.hpp"

#include <algorithm>

#include "machine/fabric/result.hpp"

namespace orrery::bios::aml {
namespace {

// ACPI 6.4, table 20.2
enum Opcode : u8 {
    zero_op = 0x00,
    one_op = 0x01,
    name_op = 0x08,
    byte_prefix = 0x0a,
    word_prefix = 0x0b,
    dword_prefix = 0x0c,
    string_prefix = 0x0d,
    qword_prefix = 0x0e,
    scope_op = 0x10,
    buffer_op = 0x11,
    package_op = 0x12,
    method_op = 0x14,
    dual_name_prefix = 0x2e,
    multi_name_prefix = 0x2f,
    extended_prefix = 0x5b,
    local_op = 0x60,
    argument_op = 0x68,
    store_op = 0x70,
    and_op = 0x7b,
    or_op = 0x7d,
    create_dword_field_op = 0x8a,
    equal_op = 0x93,
    if_op = 0xa0,
    else_op = 0xa1,
    return_op = 0xa4,
};
enum ExtendedOpcode : u8 { operation_region_op = 0x80, field_op = 0x81, device_op = 0x82 };

void append(Code& to, std::span<const u8> bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append_number(Code& to, u64 value, u32 bytes) {
    for (u32 i = 0; i < bytes; ++i) to.push_back(static_cast<u8>(value >> (8 * i)));
}

// PkgLength (20.2.4): its own bytes count too. With more than one byte, the first has only four bits of it.
Code package_length(u64 content_bytes) {
    if (content_bytes + 1 < 0x40) return {static_cast<u8>(content_bytes + 1)};
    u32 more = 1;
    while (content_bytes + 1 + more >= u64{1} << (4 + 8 * more)) ++more;
    ORRERY_ASSERT(more <= 3, "tables made here are smaller than 256 MiB");
    const u64 length = content_bytes + 1 + more;
    Code code{static_cast<u8>(more << 6 | (length & 0xf))};
    append_number(code, length >> 4, more);
    return code;
}

Code with_length(std::initializer_list<u8> opcode, const Code& content) {
    Code code(opcode);
    append(code, package_length(content.size()));
    append(code, content);
    return code;
}

Code operation(u8 opcode, std::initializer_list<Code> operands) {
    Code code{opcode};
    for (const Code& operand : operands) append(code, operand);
    return code;
}

// Three letters, of five bits each, and four hexadecimal digits, as a number with its high byte first (6.1.5).
u32 packed_eisa_id(std::string_view id) {
    ORRERY_ASSERT(id.size() == 7, "an EISA id has three letters and four digits");
    u32 value = 0;
    for (const char letter : id.substr(0, 3)) value = value << 5 | static_cast<u32>(letter - '@');
    for (const char digit : id.substr(3))
        value = value << 4 | static_cast<u32>(digit <= '9' ? digit - '0' : digit - 'A' + 10);
    return value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff'0000) | value << 24;
}

// Large resource items (6.4.3): the tag, and the length of what follows.
Code large_item(u8 tag, const Code& content) {
    Code code{tag};
    append_number(code, content.size(), 2);
    append(code, content);
    return code;
}

// Address space descriptors (6.4.3.5): made by a producer, with both ends fixed.
enum class AddressKind : u8 { memory = 0, io = 1, bus = 2 };
Code address_space(u8 tag, u32 number_bytes, AddressKind kind, u8 specific, u64 first, u64 last) {
    constexpr u8 both_ends_fixed = 0x0c;
    Code content{static_cast<u8>(kind), both_ends_fixed, specific};
    for (const u64 number : {u64{0}, first, last, u64{0}, last - first + 1})
        append_number(content, number, number_bytes);
    return large_item(tag, content);
}

constexpr u8 memory_writable = 1;

} // namespace

Code join(std::span<const Code> parts) {
    Code code;
    for (const Code& part : parts) append(code, part);
    return code;
}

Code integer(u64 value) {
    if (value == 0) return {zero_op};
    if (value == 1) return {one_op};
    struct Form {
        u8 prefix;
        u32 bytes;
    };
    const Form form = value <= 0xff          ? Form{byte_prefix, 1}
                      : value <= 0xffff      ? Form{word_prefix, 2}
                      : value <= 0xffff'ffff ? Form{dword_prefix, 4}
                                             : Form{qword_prefix, 8};
    Code code{form.prefix};
    append_number(code, value, form.bytes);
    return code;
}

Code text(std::string_view value) {
    Code code{string_prefix};
    code.insert(code.end(), value.begin(), value.end());
    code.push_back(0);
    return code;
}

Code eisa_id(std::string_view id) { return integer(packed_eisa_id(id)); }

Code buffer(std::span<const u8> bytes) {
    Code content = integer(bytes.size());
    append(content, bytes);
    return with_length({buffer_op}, content);
}

Code package(std::span<const Code> elements) {
    ORRERY_ASSERT(elements.size() <= 255, "a package counts its elements in one byte");
    Code content{static_cast<u8>(elements.size())};
    append(content, join(elements));
    return with_length({package_op}, content);
}

// NameString (20.2.2): segments of four characters, filled up with underscores.
Code path(std::string_view name) {
    Code code;
    if (name.starts_with('\\')) {
        code.push_back('\\');
        name.remove_prefix(1);
    }
    Code segments;
    u8 count = 0;
    while (!name.empty()) {
        const std::string_view segment = name.substr(0, name.find('.'));
        ORRERY_ASSERT(!segment.empty() && segment.size() <= 4, "a name's segment has one to four characters");
        segments.insert(segments.end(), segment.begin(), segment.end());
        segments.insert(segments.end(), 4 - segment.size(), '_');
        name.remove_prefix(std::min(name.size(), segment.size() + 1));
        ++count;
    }
    if (count == 0) code.push_back(zero_op);
    if (count == 2) code.push_back(dual_name_prefix);
    if (count > 2) append(code, Code{multi_name_prefix, count});
    append(code, segments);
    return code;
}

Code name(std::string_view name, const Code& value) { return operation(name_op, {path(name), value}); }

Code scope(std::string_view name, const Code& body) { return with_length({scope_op}, join(path(name), body)); }

Code device(std::string_view name, const Code& body) {
    return with_length({extended_prefix, device_op}, join(path(name), body));
}

Code method(std::string_view name, u8 arguments, Concurrency concurrency, const Code& body) {
    const Code flags{static_cast<u8>(arguments | static_cast<u8>(concurrency))};
    return with_length({method_op}, join(path(name), flags, body));
}

Code operation_region(std::string_view name, RegionSpace space, u64 offset, u64 length) {
    return join(Code{extended_prefix, operation_region_op}, path(name), Code{static_cast<u8>(space)}, integer(offset),
                integer(length));
}

Code byte_fields(std::string_view region, std::span<const std::string_view> names) {
    constexpr u8 byte_access_preserve = 1;
    Code content = join(path(region), Code{byte_access_preserve});
    for (const std::string_view name : names) {
        append(content, path(name));
        content.push_back(8); // bits, as a PkgLength
    }
    return with_length({extended_prefix, field_op}, content);
}

Code create_dword_field(const Code& source, u64 byte_index, std::string_view name) {
    return operation(create_dword_field_op, {source, integer(byte_index), path(name)});
}

Code argument(u8 number) { return {static_cast<u8>(argument_op + number)}; }
Code local(u8 number) { return {static_cast<u8>(local_op + number)}; }
Code store(const Code& value, const Code& target) { return operation(store_op, {value, target}); }
Code bit_and(const Code& a, const Code& b, const Code& target) { return operation(and_op, {a, b, target}); }
Code bit_or(const Code& a, const Code& b, const Code& target) { return operation(or_op, {a, b, target}); }
Code equal(const Code& a, const Code& b) { return operation(equal_op, {a, b}); }
Code when(const Code& condition, const Code& body) { return with_length({if_op}, join(condition, body)); }
Code otherwise(const Code& body) { return with_length({else_op}, body); }
Code give(const Code& value) { return operation(return_op, {value}); }

Code resources(std::span<const Code> descriptors) {
    Code bytes = join(descriptors);
    append(bytes, Code{0x79, 0}); // the end tag, with a checksum that says "none" (6.4.2.9)
    return buffer(bytes);
}

Code io(u16 first, u8 size_bytes) {
    constexpr u8 decodes_16_bits = 1;
    Code code{0x47, decodes_16_bits};
    append_number(code, first, 2);
    append_number(code, first, 2);
    append(code, Code{1, size_bytes}); // alignment, length
    return code;
}

Code irq(u16 mask, Trigger trigger) {
    constexpr u8 level_low_shared = 0x18;
    Code code{static_cast<u8>(trigger == Trigger::edge_high ? 0x22 : 0x23)};
    append_number(code, mask, 2);
    if (trigger == Trigger::level_low) code.push_back(level_low_shared);
    return code;
}

Code interrupt(std::span<const u32> numbers, Polarity polarity) {
    constexpr u8 consumer_level_shared = 0x09;
    Code content{static_cast<u8>(consumer_level_shared | static_cast<u8>(polarity)), static_cast<u8>(numbers.size())};
    for (const u32 number : numbers) append_number(content, number, 4);
    return large_item(0x89, content);
}

Code dma(u8 channel) { return {0x2a, static_cast<u8>(1 << channel), 0}; } // 8 bits, compatible timing

Code memory32_fixed(u32 first, u32 size_bytes) {
    Code content{memory_writable};
    append_number(content, first, 4);
    append_number(content, size_bytes, 4);
    return large_item(0x86, content);
}

Code word_bus_numbers(u16 first, u16 last) { return address_space(0x88, 2, AddressKind::bus, 0, first, last); }

Code word_io(u16 first, u16 last) {
    constexpr u8 entire_range = 3;
    return address_space(0x88, 2, AddressKind::io, entire_range, first, last);
}

Code dword_memory(u32 first, u32 last, Caching caching) {
    return address_space(0x87, 4, AddressKind::memory, memory_writable | static_cast<u8>(caching), first, last);
}

Code qword_memory(u64 first, u64 last, Caching caching) {
    return address_space(0x8a, 8, AddressKind::memory, memory_writable | static_cast<u8>(caching), first, last);
}

} // namespace orrery::bios::aml
