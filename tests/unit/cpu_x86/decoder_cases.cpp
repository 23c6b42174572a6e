#include "tests/unit/cpu_x86/decoder_cases.hpp"

#include <vector>

namespace orrery::tests {
namespace {

using x86::CodeSize;

// ModRM of memory in [rBX] ([BP + DI]) and with a SIB or short displacement, and of registers 0 to 7.
std::vector<u8> modrm_choices() {
    std::vector<u8> choices;
    for (unsigned reg = 0; reg < 8; ++reg) {
        choices.push_back(static_cast<u8>(reg << 3 | 3));
        choices.push_back(static_cast<u8>(0x44 | reg << 3));
        for (unsigned rm = 0; rm < 8; ++rm) choices.push_back(static_cast<u8>(0xc0 | reg << 3 | rm));
    }
    return choices;
}

// What follows an opcode and ModRM: a SIB without oddities, a displacement and immediates that differ by byte.
void append_tail(std::vector<u8>& bytes) {
    for (const unsigned byte : {0x8fU, 0x12U, 0xa3U, 0x34U, 0xc5U, 0x56U, 0xe7U, 0x78U, 0x09U, 0x9aU, 0x0bU, 0xbcU})
        bytes.push_back(static_cast<u8>(byte));
}

void visit_opcodes(const std::vector<u8>& begin, const std::function<void(std::span<const u8>)>& visit) {
    static const std::vector<u8> choices = modrm_choices();
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (const u8 modrm : choices) {
            std::vector<u8> bytes = begin;
            bytes.push_back(static_cast<u8>(opcode));
            bytes.push_back(modrm);
            append_tail(bytes);
            visit(bytes);
        }
    }
}

void visit_vex(const std::function<void(std::span<const u8>)>& visit) {
    for (unsigned map = 1; map <= 3; ++map) {
        for (const unsigned last : {0U, 0x80U}) {
            for (unsigned fields = 0; fields < 8; ++fields) {
                for (const unsigned vvvv : {0x78U, 0x58U}) {
                    visit_opcodes({0xc4, static_cast<u8>(0xe0 | map), static_cast<u8>(last | vvvv | fields)}, visit);
                }
            }
        }
    }
}

} // namespace

CaseBytes random_case(test::Random& random) {
    constexpr std::array<u8, 13> prefixes = {0x66, 0xf3, 0xf2, 0xf0, 0x2e, 0x64, 0x67,
                                             0x48, 0x41, 0x44, 0x4f, 0x40, 0x26};
    CaseBytes bytes{};
    for (u8& byte : bytes) byte = static_cast<u8>(random.next());
    std::size_t at = 0;
    constexpr std::array<u8, 8> prefix_counts = {0, 0, 0, 0, 1, 1, 2, 3};
    for (unsigned count = prefix_counts[random.below(8)]; count > 0; --count) bytes[at++] = random.among<u8>(prefixes);
    switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
        bytes[at] = 0x0f;
        break;
    case 3:
    case 4:
    case 5:
        bytes[at++] = 0x0f;
        bytes[at] = random.one_in(3) ? 0x3a : 0x38;
        break;
    case 6:
        bytes[at++] = 0xc4;
        bytes[at] = static_cast<u8>((bytes[at] & 0xe0) | (1 + random.below(3)));
        break;
    case 7:
        bytes[at] = 0xc5;
        break;
    default:
        break;
    }
    return bytes;
}

void for_each_structured_case(CodeSize code_size, const std::function<void(std::span<const u8>)>& visit) {
    const std::vector<std::vector<u8>> prefixes = {{}, {0x66}, {0xf3}, {0xf2}, {0x67}, {0x66, 0xf2}};
    const std::vector<std::vector<u8>> maps = {{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    for (const std::vector<u8>& some : prefixes) {
        for (const unsigned rex : {0U, 0x48U, 0x45U}) {
            if (rex != 0 && code_size != CodeSize::bits64) continue;
            for (const std::vector<u8>& map : maps) {
                std::vector<u8> begin = some;
                if (rex != 0) begin.push_back(static_cast<u8>(rex));
                begin.insert(begin.end(), map.begin(), map.end());
                visit_opcodes(begin, visit);
            }
        }
    }
    visit_vex(visit);
}

} // namespace orrery::tests
