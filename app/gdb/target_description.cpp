#include "app/gdb/target_description.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace orrery::app::gdb {
namespace {

void append_field(std::string& out, const RegisterField& field) {
    fmt::format_to(std::back_inserter(out), "    <field name=\"{}\" start=\"{}\" end=\"{}\"/>\n", xml_text(field.name),
                   field.first, field.first + field.count - 1);
}

std::string flags_name(const RegisterDescription& about) { return xml_text(about.name) + "_fields"; }

bool has_flags(const RegisterDescription& about) {
    return about.type == RegisterDescription::Type::flags && !about.fields.empty();
}

void append_flags(std::string& out, const RegisterDescription& about) {
    fmt::format_to(std::back_inserter(out), "  <flags id=\"{}\" size=\"{}\">\n", flags_name(about), about.bits / 8);
    for (const RegisterField& field : about.fields)
        if (field.count != 0) append_field(out, field);
    out += "  </flags>\n";
}

// Pointers are as long as the architecture says, so where the debugger chooses that they are numbers.
std::string type_name(const RegisterDescription& about, ArchitectureBy by) {
    const bool pointer =
        about.type == RegisterDescription::Type::code_pointer || about.type == RegisterDescription::Type::data_pointer;
    if (pointer && by == ArchitectureBy::debugger) return "int";
    switch (about.type) {
    case RegisterDescription::Type::code_pointer:
        return "code_ptr";
    case RegisterDescription::Type::data_pointer:
        return "data_ptr";
    case RegisterDescription::Type::ieee_double:
        return "ieee_double";
    case RegisterDescription::Type::flags:
        return has_flags(about) ? flags_name(about) : "int";
    case RegisterDescription::Type::x87_extended:
        return "i387_ext";
    case RegisterDescription::Type::vector128:
        return "vec128";
    case RegisterDescription::Type::integer:
        break;
    }
    return "int";
}

// 128 bits in every way that they can be looked at; the names are those of gdb's own descriptions.
void append_vector_types(std::string& out) {
    struct View {
        std::string_view field, id, element;
        u32 count;
    };
    constexpr std::array<View, 6> views{
        View{"v4_float", "v4f", "ieee_single", 4}, View{"v2_double", "v2d", "ieee_double", 2},
        View{"v16_int8", "v16i8", "int8", 16},     View{"v8_int16", "v8i16", "int16", 8},
        View{"v4_int32", "v4i32", "int32", 4},     View{"v2_int64", "v2i64", "int64", 2}};
    for (const View& view : views)
        fmt::format_to(std::back_inserter(out), "  <vector id=\"{}\" type=\"{}\" count=\"{}\"/>\n", view.id,
                       view.element, view.count);
    out += "  <union id=\"vec128\">\n";
    for (const View& view : views)
        fmt::format_to(std::back_inserter(out), "    <field name=\"{}\" type=\"{}\"/>\n", view.field, view.id);
    out += "    <field name=\"uint128\" type=\"uint128\"/>\n  </union>\n";
}

void append_register(std::string& out, const RegisterDescription& about, ArchitectureBy by) {
    const std::string name = xml_text(about.name);
    fmt::format_to(std::back_inserter(out), "  <reg name=\"{}\" bitsize=\"{}\" regnum=\"{}\" type=\"{}\"", name,
                   about.bits, about.number, type_name(about, by));
    if (!about.group.empty()) fmt::format_to(std::back_inserter(out), " group=\"{}\"", xml_text(about.group));
    if (!about.alias.empty()) fmt::format_to(std::back_inserter(out), " altname=\"{}\"", xml_text(about.alias));
    out += "/>\n";
}

// All registers of a feature are within one element, wherever in the list they are.
void append_feature(std::string& out, std::span<const RegisterDescription> registers, std::string_view feature,
                    ArchitectureBy by) {
    fmt::format_to(std::back_inserter(out), "<feature name=\"{}\">\n", xml_text(feature));
    const bool has_vectors = std::ranges::any_of(registers, [&](const RegisterDescription& about) {
        return about.feature == feature && about.type == RegisterDescription::Type::vector128;
    });
    if (has_vectors) append_vector_types(out);
    for (const RegisterDescription& about : registers)
        if (about.feature == feature && has_flags(about)) append_flags(out, about);
    for (const RegisterDescription& about : registers)
        if (about.feature == feature) append_register(out, about, by);
    out += "</feature>\n";
}

void append_memory(std::string& out, u64 base, u64 size_bytes) {
    if (size_bytes != 0)
        fmt::format_to(std::back_inserter(out), "<memory type=\"ram\" start=\"{:#x}\" length=\"{:#x}\"/>\n", base,
                       size_bytes);
}

} // namespace

std::string xml_text(std::string_view text) {
    std::string out;
    for (const char character : text) {
        switch (character) {
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '&':
            out += "&amp;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += static_cast<u8>(character) < ' ' ? ' ' : character;
            break;
        }
    }
    return out;
}

// Without an operating system named, many a gdb takes GNU/Linux for granted, and then steps by breakpoints of its own
// instead of asking for a step.
std::string target_xml(const DebugView& view, ArchitectureBy by) {
    const std::span<const RegisterDescription> registers = view.registers();
    std::string out =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n";
    if (by == ArchitectureBy::machine)
        fmt::format_to(std::back_inserter(out), "<architecture>{}</architecture>\n", xml_text(view.gdb_architecture()));
    out += "<osabi>none</osabi>\n";
    std::vector<std::string_view> written;
    for (const RegisterDescription& about : registers) {
        if (std::ranges::find(written, about.feature) != written.end()) continue;
        written.push_back(about.feature);
        append_feature(out, registers, about.feature, by);
    }
    out += "</target>\n";
    return out;
}

std::string memory_map_xml(std::span<const MemoryRegion> regions, u32 address_bits) {
    std::string out = "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0"
                      "//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n";
    const u64 last = address_bits >= 64 ? ~u64{0} : (u64{1} << address_bits) - 1;
    u64 next = 0;
    for (const MemoryRegion& region : regions) {
        if (region.base < next || region.size_bytes == 0 || region.base > last) continue;
        const u64 end = region.base + region.size_bytes;
        if (end < region.base || end > last) break;
        append_memory(out, next, region.base - next);
        append_memory(out, region.base, region.size_bytes);
        next = end;
    }
    append_memory(out, next, last - next + (next != 0)); // 2^64 bytes from 0 would be too long to tell
    out += "</memory-map>\n";
    return out;
}

std::string thread_description(DebugTarget& target, u32 cpu) {
    return fmt::format("{}: {}", target.cpu_name(cpu), target.view(cpu).condition());
}

std::string threads_xml(DebugTarget& target) {
    std::string out = "<?xml version=\"1.0\"?>\n<threads>\n";
    for (u32 cpu = 0; cpu < target.cpu_count(); ++cpu)
        fmt::format_to(std::back_inserter(out), "<thread id=\"{:x}\" core=\"{}\" name=\"{}\">{}</thread>\n", cpu + 1,
                       cpu, xml_text(target.cpu_name(cpu)), xml_text(target.view(cpu).condition()));
    out += "</threads>\n";
    return out;
}

} // namespace orrery::app::gdb
