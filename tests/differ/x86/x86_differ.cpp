// Random x86 instructions on the host's processor, the interpreter and the baseline: registers, flags, memory and
// exceptions must be the same.   usage: x86_differ [INSTRUCTIONS [SEED [all|integers|vectors|avx|x87 [kvm]]]]
// With `kvm` the baseline and user mode under the host's KVM are compared.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <fmt/format.h>

#include "cpu/x86/decode.hpp"
#include "cpu/x86/fault.hpp"
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/operands.hpp"
#include "cpu/x86/translate.hpp"
#include "tests/differ/x86/host_cpu.hpp"
#include "tests/differ/x86/subject.hpp"
#include "tests/differ/x86/x87_cases.hpp"
#include "tests/support/x86_generator.hpp"

namespace orrery::test {
namespace {

using x86::Op;

constexpr u8 memory_base = 7; // rdi
constexpr u32 window_offset = 2048;
constexpr u32 window_reach = 1024;

u64 interesting(Random& random) {
    constexpr std::array<u64, 12> edges{0,
                                        1,
                                        2,
                                        0x7f,
                                        0x80,
                                        0xff,
                                        0x7fff,
                                        0x8000,
                                        0x7fff'ffff,
                                        0x8000'0000,
                                        0x7fff'ffff'ffff'ffff,
                                        0x8000'0000'0000'0000};
    switch (random.below(4)) {
    case 0:
        return random.among(std::span<const u64>(edges));
    case 1:
        return ~random.among(std::span<const u64>(edges));
    case 2:
        return random.next() >> random.below(64);
    default:
        return random.next();
    }
}

constexpr u64 flags_compared = x86::flag::arithmetic | x86::flag::direction;

bool is_count_dependent(Op op) {
    switch (op) {
    case Op::rol:
    case Op::ror:
    case Op::rcl:
    case Op::rcr:
    case Op::shl:
    case Op::shr:
    case Op::sar:
    case Op::shld:
    case Op::shrd:
        return true;
    default:
        return false;
    }
}

struct Undefined {
    u64 flags = 0;
    bool destination = false;
};

// What the manual leaves open, so that processors differ.
Undefined undefined_of(const x86::Instruction& instruction, const UserRegisters& before) {
    const Op op = instruction.row->op;
    Undefined undefined{x86::flag_effects(instruction).undefined, false};
    // Intel's processors write the destination also where the comparison fails, and so clear its upper half.
    if (op == Op::cmpxchg && x86::operand_of(instruction, 0).size_bytes == 4 && !instruction.has_memory)
        undefined.destination = (before.r[0] & 0xffff'ffff) != (before.r[instruction.rm()] & 0xffff'ffff);
    if (!is_count_dependent(op)) return undefined;
    const bool two = op == Op::shld || op == Op::shrd;
    const x86::OperandValue by = x86::operand_of(instruction, two ? 2 : 1);
    const u64 raw = by.kind == x86::OperandKind::immediate ? static_cast<u64>(by.value) : before.r[1];
    const u64 width = 8 * u64{x86::operand_of(instruction, 0).size_bytes};
    const u64 count = raw & (width == 64 ? 63 : 31);
    if (count == 0) return {0, false};
    if (count != 1) undefined.flags |= x86::flag::overflow;
    const bool rotate = op == Op::rol || op == Op::ror || op == Op::rcl || op == Op::rcr;
    if (!rotate && count >= width) undefined.flags |= x86::flag::carry;
    if (two && count > width) return {x86::flag::arithmetic, true};
    return undefined;
}

bool tests_bits(Op op) { return op == Op::bt || op == Op::bts || op == Op::btr || op == Op::btc; }

// Whether the instruction takes this register for an address although ModRM doesn't say so.
bool addresses_by(const x86::Instruction& instruction, u32 number) {
    switch (instruction.row->op) {
    case Op::movs:
    case Op::cmps:
    case Op::lods:
        return number == x86::gpr::rsi;
    case Op::enter:
    case Op::leave:
        return number == x86::gpr::rbp;
    case Op::xlat:
        return number == x86::gpr::rbx;
    default:
        return false;
    }
}

struct Case {
    std::vector<u8> bytes;
    x86::Instruction instruction; // the last one
    u64 count = 1;
    UserRegisters before;
};

// Rows that set all flags but AF to what the manual says, and rows that use flags.
bool defines_flags(const x86::Row& row) {
    switch (row.op) {
    case Op::add:
    case Op::sub:
    case Op::cmp:
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::test:
    case Op::neg:
    case Op::inc:
    case Op::dec:
    case Op::adc:
    case Op::sbb:
    case Op::mov:
    case Op::lea:
    case Op::movzx:
        return row.operands[0].place != x86::Place::S && row.operands[1].place != x86::Place::S;
    default:
        return false;
    }
}
bool uses_flags(const x86::Row& row) {
    switch (row.op) {
    case Op::setcc:
    case Op::cmovcc:
    case Op::adc:
    case Op::sbb:
    case Op::inc:
    case Op::cmc:
        return true;
    default:
        return false;
    }
}

bool is_approximate(Op op) { return op == Op::rcpps || op == Op::rcpss || op == Op::rsqrtps || op == Op::rsqrtss; }
// Whether it has vector or MMX registers.
bool uses_vectors(const x86::Row& row) {
    return std::ranges::any_of(row.operands, [](x86::Operand operand) {
        switch (operand.place) {
        case x86::Place::V:
        case x86::Place::W:
        case x86::Place::U:
        case x86::Place::P:
        case x86::Place::Q:
        case x86::Place::N:
            return true;
        default:
            return false;
        }
    });
}

struct Rows {
    std::vector<const x86::Row*> all;
    std::vector<const x86::Row*> defining;
    std::vector<const x86::Row*> using_flags;
    std::vector<const x86::Row*> vectors;
    std::vector<const x86::Row*> x87;
    std::vector<const x86::Row*> leading_x87;
};

// Indexes that stay in the window, whatever the scale, and some lanes that count.
void choose_gather(Case& made, Random& random) {
    const u32 index = made.instruction.memory.index, mask = made.instruction.vvvv;
    const bool wide = made.instruction.row->op == Op::vpgatherqd || made.instruction.row->op == Op::vpgatherqq ||
                      made.instruction.row->op == Op::vgatherqps || made.instruction.row->op == Op::vgatherqpd;
    const auto some_index = [&] {
        const auto near = [&] { return static_cast<u64>(static_cast<i64>(random.below(256)) - 128); };
        return wide ? near() : (near() & 0xffff'ffff) | near() << 32;
    };
    for (u32 half = 0; half < 2; ++half) {
        made.before.fpu.put<u64>(FpuImage::xmm_half(2 * index + half), some_index());
        made.before.ymm_high[index][half] = some_index();
        made.before.fpu.put<u64>(FpuImage::xmm_half(2 * mask + half), random.next());
        made.before.ymm_high[mask][half] = random.next();
    }
}

Case make_case(Random& random, const Rows& rows, const X86Constraints& constraints, u64 window_address) {
    Case made;
    // One instruction alone, or a few in a block, where the translator knows what the flags come from.
    const bool x87 = !rows.x87.empty() && (rows.defining.empty() || random.one_in(3));
    const bool vectors = rows.defining.empty() || (!rows.vectors.empty() && random.one_in(2));
    if (random.one_in(2)) {
        made.count += 1 + random.below(3);
        for (u64 i = 1; i < made.count; ++i) {
            const auto& some = x87 ? rows.leading_x87 : vectors ? rows.vectors : rows.defining;
            const std::vector<u8> bytes = generate(*random.among(std::span(some)), constraints, random);
            made.bytes.insert(made.bytes.end(), bytes.begin(), bytes.end());
        }
    }
    const auto& last = made.count == 1 ? rows.all : x87 ? rows.x87 : vectors ? rows.vectors : rows.using_flags;
    const std::vector<u8> bytes = generate(*random.among(std::span(last)), constraints, random);
    made.instruction = x86::decode(bytes, x86::CodeSize::bits64, tested_features());
    made.bytes.insert(made.bytes.end(), bytes.begin(), bytes.end());
    for (u64& value : made.before.r) value = interesting(random);
    made.before.r[memory_base] = window_address + window_offset;
    // What instructions address without saying so: the stack and its frame, strings, tables.
    for (const u32 number : {x86::gpr::rsp, x86::gpr::rbp, x86::gpr::rsi, x86::gpr::rbx})
        if (number == x86::gpr::rsp || addresses_by(made.instruction, number))
            made.before.r[number] = window_address + 4096 + random.below(window_reach);
    if (made.instruction.repeat != x86::Repeat::none) made.before.r[x86::gpr::rcx] = random.below(40);
    // A bit's number in a register reaches far beyond the operand.
    const x86::OperandValue second = x86::operand_of(made.instruction, 1);
    if (tests_bits(made.instruction.row->op) && second.kind == x86::OperandKind::general)
        made.before.r[second.number] = random.below(8000) - 4000;
    made.before.fpu = random_fpu(random);
    for (x86::Vector& upper : made.before.ymm_high) upper = {special_value(random), special_value(random)};
    if (made.instruction.valid() && made.instruction.row->has(x86::trait::vsib)) choose_gather(made, random);
    if (is_x87(*made.instruction.row)) randomize_x87(made.before.fpu, random);
    made.before.flags = (random.next() & (x86::flag::arithmetic | x86::flag::direction)) | x86::flag::interrupt | 2;
    return made;
}

std::string text_of(const Case& failed) {
    std::string text;
    for (const u8 byte : failed.bytes) text += fmt::format("{:02x} ", byte);
    return text + x86::mnemonic(failed.instruction);
}

// Flags of MXCSR that we don't promise where an unmasked exception is raised: whether an overflow or underflow would
// be exact with a wider exponent; and which steps of a dot product come before the one that raises it.
u32 unknown_flags(Op op, u32 mxcsr) {
    constexpr u32 range = 0x18, precision = 0x20, all = 0x3f;
    if (op == Op::dpps || op == Op::dppd) return all;
    return (mxcsr & range) != 0 ? precision : 0;
}

// What FXSAVE stores of the last x87 instruction, and which bits MXCSR has, is the processor's own.
bool same_memory(const x86::Instruction& instruction, std::span<const u8> host, std::span<const u8> guest) {
    const HiddenBytes hidden = hidden_in_memory(instruction);
    if (instruction.row->op != Op::fxsave && hidden.to == 0)
        return std::memcmp(host.data(), guest.data(), host.size()) == 0;
    const auto at = window_offset + static_cast<std::size_t>(instruction.displacement);
    const auto same = [&](std::size_t from, std::size_t to) {
        return std::memcmp(host.data() + from, guest.data() + from, to - from) == 0;
    };
    if (hidden.to != 0) return same(0, at + hidden.from) && same(at + hidden.to, host.size());
    return same(0, at + 6) && same(at + 24, at + 28) && same(at + 32, at + 416) && same(at + 512, host.size());
}

// Empty: they agree.
std::string difference(const Case& tried, const HostOutcome& host, const HostOutcome& guest, const Undefined& undefined,
                       std::span<const u8> host_memory, std::span<const u8> guest_memory) {
    if (host.vector != guest.vector)
        return fmt::format("the host raises {}, the guest {}", host.vector ? *host.vector : -1,
                           guest.vector ? *guest.vector : -1);
    std::string text;
    for (std::size_t i = 0; i < 16; ++i)
        if (host.registers.r[i] != guest.registers.r[i] && !undefined.destination)
            text += fmt::format(" r{}: {:#x} on the host, {:#x} here, {:#x} before;", i, host.registers.r[i],
                                guest.registers.r[i], tried.before.r[i]);
    FpuImage host_fpu = host.registers.fpu, guest_fpu = guest.registers.fpu;
    hide_undefined_x87(tried.instruction, tried.count == 1 ? &tried.before.fpu : nullptr, host_fpu, guest_fpu);
    const u32 unknown = unknown_flags(tried.instruction.row->op, host_fpu.get<u32>(FpuImage::mxcsr));
    if (host.vector == x86::vector::xm)
        for (FpuImage* fpu : {&host_fpu, &guest_fpu})
            fpu->put(FpuImage::mxcsr, fpu->get<u32>(FpuImage::mxcsr) | unknown);
    text += difference(host_fpu, guest_fpu, is_approximate(tried.instruction.row->op));
    for (std::size_t i = 0; i < 16; ++i)
        for (std::size_t half = 0; half < 2; ++half)
            if (const u64 there = host.registers.ymm_high[i][half], here = guest.registers.ymm_high[i][half];
                !(is_approximate(tried.instruction.row->op) ? nearly_equal(there, here) : there == here))
                text += fmt::format(" ymm{}.{}: {:#x} on the host, {:#x} here;", i, 2 + half, there, here);
    const u64 flags = flags_compared & ~undefined.flags & ~undefined_x87_flags(tried.instruction, host_fpu);
    if ((host.registers.flags & flags) != (guest.registers.flags & flags))
        text += fmt::format(" flags: {:#x} on the host, {:#x} here, {:#x} before;", host.registers.flags & flags,
                            guest.registers.flags & flags, tried.before.flags);
    if (!undefined.destination && !same_memory(tried.instruction, host_memory, guest_memory))
        text += " memory differs;";
    return text;
}

// Numbers of all kinds for instructions to find in memory. Each case sees another part of them: making them anew takes
// longer than executing it three times.
class Numbers {
public:
    explicit Numbers(Random& random) : random_(random), values_((HostCpu::window_bytes + spare_bytes) / 8) {}

    std::span<const u8> next() {
        if (taken_++ % cases_until_new == 0)
            for (std::size_t i = 0; i < values_.size(); ++i)
                values_[i] = i % 2 == 0 ? special_value(random_) : i % 4 == 1 ? x87_number(random_) : random_.next();
        const auto* bytes = reinterpret_cast<const u8*>(values_.data());
        return {bytes + 16 * random_.below(spare_bytes / 16), HostCpu::window_bytes};
    }

private:
    static constexpr std::size_t spare_bytes = 64 * KiB;
    static constexpr u64 cases_until_new = 1000;
    Random& random_;
    std::vector<u64> values_;
    u64 taken_ = 0;
};

int run(u64 instructions, u64 seed, std::string_view family, bool on_kvm) {
    auto host = HostCpu::create();
    if (!host) {
        fmt::print(stderr, "{}\n", host.error().message());
        return 1;
    }
    X86Constraints constraints{.features = tested_features(),
                               .user_mode_only = true,
                               .control_flow = false,
                               .memory_base = memory_base,
                               .window_bytes = window_reach};
    constraints.aligned_often = true;
    constraints.general_registers = 0xffff & ~(1 << 4);
    Rows rows{.all = generatable_rows(constraints),
              .defining = {},
              .using_flags = {},
              .vectors = {},
              .x87 = {},
              .leading_x87 = {}};
    // What popf may set would trap the harness; addresses in the instruction are anywhere.
    std::erase_if(rows.all, [family](const x86::Row* row) {
        return !x86::is_translated(row->op) || row->op == Op::popf || row->operands[0].place == x86::Place::O ||
               row->operands[1].place == x86::Place::O || row->op == Op::fxrstor || row->op == Op::ldmxcsr ||
               (family == "vectors" && !uses_vectors(*row)) || (family == "avx" && !x86::is_vex(row->map)) ||
               (family == "x87" && !is_x87(*row)) || (family == "integers" && (uses_vectors(*row) || is_x87(*row)));
    });
    for (const x86::Row* row : rows.all) {
        // What is compared in its own way stands last in a row.
        const bool own_way = is_approximate(row->op) || row->op == Op::dpps || row->op == Op::dppd;
        if (uses_vectors(*row) && !own_way && !row->has(x86::trait::vsib)) rows.vectors.push_back(row);
        if (is_x87(*row)) rows.x87.push_back(row);
        if (may_lead(*row)) rows.leading_x87.push_back(row);
        if (defines_flags(*row)) rows.defining.push_back(row);
        if (uses_flags(*row)) rows.using_flags.push_back(row);
    }
    Random random{seed};
    std::vector<std::unique_ptr<Subject>> subjects;
    if (!on_kvm) subjects.push_back(Subject::translated(dbt::Engine::interpreter, (*host)->window()));
    subjects.push_back(Subject::translated(dbt::Engine::baseline, (*host)->window()));
    if (on_kvm) {
        auto accelerated = Subject::accelerated((*host)->window());
        if (!accelerated) {
            fmt::print("skipped: {}\n", accelerated.error().message());
            return 0;
        }
        subjects.push_back(std::move(*accelerated));
    }
    Numbers numbers(random);
    std::map<std::string, std::pair<u64, std::string>> failures; // by mnemonic
    for (u64 i = 0; i < instructions; ++i) {
        const std::span<const u8> memory = numbers.next();
        const Case tried = make_case(random, rows, constraints, (*host)->window_address());
        // A frame that reaches out of the window is a fault on the host alone: the guest's memory has no holes.
        const bool too_far = tried.instruction.row && tried.instruction.row->op == Op::enter &&
                             tried.instruction.immediate > window_reach;
        if (!tried.instruction.valid() || too_far) continue;
        std::ranges::copy(memory, (*host)->window().begin());
        const HostOutcome expected = (*host)->run(tried.bytes, tried.before);
        Undefined undefined = undefined_of(tried.instruction, tried.before);
        if (tried.count > 1) undefined.flags |= x86::flag::adjust;
        for (const auto& subject : subjects) {
            if (subject->lacks(expected)) continue;
            const HostOutcome got = subject->run(tried.bytes, tried.count, tried.before, memory);
            const std::string text =
                difference(tried, expected, got, undefined, (*host)->window(), subject->memory());
            if (text.empty()) continue;
            auto& failure = failures[x86::mnemonic(tried.instruction)];
            const std::string example =
                fmt::format("{} ({}):{}", text_of(tried), subject->name(), text);
            if (failure.first++ == 0 || example.size() < failure.second.size()) failure.second = example;
        }
    }
    for (const auto& [name, failure] : failures) fmt::print("{:6} times {}\n", failure.first, failure.second);
    std::string names;
    for (const auto& subject : subjects) names += fmt::format(", {}", subject->name());
    fmt::print("{} instructions of {} encodings on the host{}: {}\n", instructions, rows.all.size(), names,
               failures.empty() ? "no difference" : "they differ");
    const bool ran = std::ranges::all_of(subjects, [](const auto& subject) { return subject->report(); });
    return failures.empty() && ran ? 0 : 1;
}

} // namespace
} // namespace orrery::test

int main(int count, char** arguments) {
    const auto number = [&](int index, orrery::u64 otherwise) {
        return count > index ? std::strtoull(arguments[index], nullptr, 0) : otherwise;
    };
    return orrery::test::run(number(1, 100'000), number(2, 1), count > 3 ? arguments[3] : "all",
                             count > 4 && std::string_view(arguments[4]) == "kvm");
}
