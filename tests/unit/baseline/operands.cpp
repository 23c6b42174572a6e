#include "tests/unit/baseline/operands.hpp"

namespace orrery::test {

namespace {

std::string offset_text(i64 offset) {
    if (offset == 0) return "";
    return offset < 0 ? " - " + std::to_string(-offset) : " + " + std::to_string(offset);
}

Address based(Gpr base, i32 offset) { return {Mem::at(base, offset), "[" + name(base) + offset_text(offset) + "]"}; }

Address based(Gpr base, Gpr index, u32 scale, i32 offset) {
    const Mem operand = Mem::at(base, index, scale, offset);
    const bool base_needs_offset = base == Gpr::rbp || base == Gpr::r13;
    const bool index_would_not = index != Gpr::rbp && index != Gpr::r13;
    if (scale == 1 && (index == Gpr::rsp || (offset == 0 && base_needs_offset && index_would_not)))
        std::swap(base, index);
    const std::string factor = scale == 1 ? "" : std::to_string(scale) + "*";
    return {operand, "[" + name(base) + " + " + factor + name(index) + offset_text(offset) + "]"};
}

Address indexed(Gpr index, u32 scale, i32 offset) {
    const Mem operand = Mem::indexed(index, scale, offset);
    if (scale == 1) return {operand, based(index, offset).text};
    if (scale == 2) return {operand, based(index, index, 1, offset).text};
    return {operand, "[" + std::to_string(scale) + "*" + name(index) + offset_text(offset) + "]"};
}

Address absolute(i32 address) { return {Mem::absolute(address), "[" + std::to_string(address) + "]"}; }

Address relative(i32 offset) { return {Mem::rip(offset), "[rip" + offset_text(offset) + "]"}; }

constexpr i32 offsets[] = {0, 1, -1, 127, -128, 128, -129, 0x7fffffff, -0x7fffffff - 1};

std::vector<Address> compose_all() {
    std::vector<Address> result;
    for (const i32 offset : offsets) {
        result.push_back(absolute(offset));
        result.push_back(relative(offset));
        for (const Gpr base : all_gprs) result.push_back(based(base, offset));
    }
    for (const i32 offset : {0, -128, 128})
        for (const u32 scale : {1u, 2u, 4u, 8u})
            for (const Gpr index : all_gprs) {
                if (index == Gpr::rsp) continue;
                result.push_back(indexed(index, scale, offset));
                for (const Gpr base : all_gprs) result.push_back(based(base, index, scale, offset));
            }
    result.push_back(based(Gpr::rax, Gpr::rsp, 1, 0));
    result.push_back(based(Gpr::rbp, Gpr::rsp, 1, 8));
    return result;
}

} // namespace

std::string name(Gpr reg, Size size) {
    static constexpr const char* names[4][8] = {
        {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"},
        {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"},
        {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"},
        {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"},
    };
    static constexpr const char* suffixes[4] = {"b", "w", "d", ""};
    const u32 number = x64::number(reg);
    if (number < 8) return names[static_cast<u32>(size)][number];
    return "r" + std::to_string(number) + suffixes[static_cast<u32>(size)];
}

std::string name(Xmm reg) { return "xmm" + std::to_string(x64::number(reg)); }

std::string pointer(Size size, const Address& address) {
    static constexpr const char* prefixes[4] = {"byte ptr ", "word ptr ", "dword ptr ", "qword ptr "};
    return prefixes[static_cast<u32>(size)] + address.text;
}

std::string vector_pointer(const Address& address) { return "xmmword ptr " + address.text; }

std::string name(const Address& address, Size size) { return pointer(size, address); }

const std::vector<Address>& all_addresses() {
    static const std::vector<Address> addresses = compose_all();
    return addresses;
}

const std::vector<Address>& some_addresses() {
    static const std::vector<Address> addresses = {
        based(Gpr::rax, 0),
        based(Gpr::rsp, 0),
        based(Gpr::rbp, 0),
        based(Gpr::r12, 0),
        based(Gpr::r13, 0),
        based(Gpr::rsi, -128),
        based(Gpr::r9, 128),
        based(Gpr::r12, -0x7fffffff - 1),
        based(Gpr::rsp, Gpr::r12, 4, 64),
        based(Gpr::r15, Gpr::rbp, 8, 0x12345678),
        based(Gpr::r13, Gpr::rax, 1, 0),
        indexed(Gpr::r9, 4, 8),
        absolute(4096),
        relative(-16),
    };
    return addresses;
}

std::string full_immediate(Size size, i32 value) {
    switch (size) {
    case Size::byte:
        return std::to_string(static_cast<i8>(value));
    case Size::word:
        return std::to_string(static_cast<u16>(value));
    case Size::dword:
        return std::to_string(static_cast<u32>(value));
    case Size::qword:
        return std::to_string(value);
    }
    return "?";
}

std::string short_immediate(Size size, i32 value) {
    if (size == Size::word) value = static_cast<i16>(value);
    if (value == static_cast<i8>(value)) return std::to_string(value);
    return full_immediate(size, value);
}

} // namespace orrery::test
