// Every form of bit_forms.hpp against LLVM's disassembler.
#include "tests/unit/baseline/forms.hpp"

using namespace orrery;
using namespace orrery::test;
using x64::Assembler;
using x64::BitOp;
using x64::Shift;

namespace {

constexpr u8 counts[] = {0, 1, 2, 31, 63, 127, 128, 255};

// op register, register or memory, register
void vex_by_register(FormChecker& forms, const std::string& mnemonic, const auto& emit) {
    for (const Size size : sizes_from_dword)
        for (const Gpr to : all_gprs)
            for (const Gpr by : some_gprs) {
                const std::string start = mnemonic + " " + name(to, size) + ", ", end = ", " + name(by, size);
                for (const Gpr from : all_gprs)
                    forms.check(start + name(from, size) + end, [&](Assembler& a) { emit(a, size, to, from, by); });
                for (const Address& from : some_addresses())
                    forms.check(start + pointer(size, from) + end,
                                [&](Assembler& a) { emit(a, size, to, from.operand, by); });
            }
}

// op register, register, register or memory
void vex_three(FormChecker& forms, const std::string& mnemonic, const auto& emit) {
    for (const Size size : sizes_from_dword)
        for (const Gpr to : all_gprs)
            for (const Gpr second : some_gprs) {
                const std::string start = mnemonic + " " + name(to, size) + ", " + name(second, size) + ", ";
                for (const Gpr from : all_gprs)
                    forms.check(start + name(from, size), [&](Assembler& a) { emit(a, size, to, second, from); });
                for (const Address& from : some_addresses())
                    forms.check(start + pointer(size, from),
                                [&](Assembler& a) { emit(a, size, to, second, from.operand); });
            }
}

} // namespace

TEST_CASE("shifts and rotations disassemble to themselves") {
    static constexpr const char* names[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", "", "sar"};
    FormChecker forms;
    for (const u32 index : {0u, 1u, 2u, 3u, 4u, 5u, 7u}) {
        const auto op = static_cast<Shift>(index);
        for (const u8 count : counts)
            register_or_memory(
                forms, names[index], all_sizes,
                [&](Assembler& a, Size size, const auto& rm) { a.shift(op, size, rm, count); },
                count == 1 ? "" : ", " + std::to_string(count));
        register_or_memory(
            forms, names[index], all_sizes, [&](Assembler& a, Size size, const auto& rm) { a.shift_cl(op, size, rm); },
            ", cl");
    }
    forms.check("shl rbx, 3", [](Assembler& a) { a.shl(Size::qword, Gpr::rbx, 3); });
    forms.check("shr rbx, 3", [](Assembler& a) { a.shr(Size::qword, Gpr::rbx, 3); });
    forms.check("sar rbx, 3", [](Assembler& a) { a.sar(Size::qword, Gpr::rbx, 3); });
    forms.check("rol rbx, 3", [](Assembler& a) { a.rol(Size::qword, Gpr::rbx, 3); });
    forms.check("ror rbx, 3", [](Assembler& a) { a.ror(Size::qword, Gpr::rbx, 3); });
    forms.check("shl rbx, cl", [](Assembler& a) { a.shl_cl(Size::qword, Gpr::rbx); });
    forms.check("shr rbx, cl", [](Assembler& a) { a.shr_cl(Size::qword, Gpr::rbx); });
    forms.check("sar rbx, cl", [](Assembler& a) { a.sar_cl(Size::qword, Gpr::rbx); });
    forms.check("rol rbx, cl", [](Assembler& a) { a.rol_cl(Size::qword, Gpr::rbx); });
    forms.check("ror rbx, cl", [](Assembler& a) { a.ror_cl(Size::qword, Gpr::rbx); });
}

TEST_CASE("double-width shifts disassemble to themselves") {
    FormChecker forms;
    for (const Gpr from : all_gprs)
        for (const Size size : sizes_from_word) {
            const std::string second = ", " + name(from, size);
            const Size one_size[] = {size};
            for (const u8 count : counts) {
                const std::string end = second + ", " + std::to_string(count);
                register_or_memory(
                    forms, "shld", one_size, [&](Assembler& a, Size, const auto& rm) { a.shld(size, rm, from, count); },
                    end);
                register_or_memory(
                    forms, "shrd", one_size, [&](Assembler& a, Size, const auto& rm) { a.shrd(size, rm, from, count); },
                    end);
            }
            register_or_memory(
                forms, "shld", one_size, [&](Assembler& a, Size, const auto& rm) { a.shld_cl(size, rm, from); },
                second + ", cl");
            register_or_memory(
                forms, "shrd", one_size, [&](Assembler& a, Size, const auto& rm) { a.shrd_cl(size, rm, from); },
                second + ", cl");
        }
}

TEST_CASE("bit tests disassemble to themselves") {
    static constexpr const char* names[] = {"", "", "", "", "bt", "bts", "btr", "btc"};
    FormChecker forms;
    for (u32 index = 4; index < 8; ++index) {
        const auto op = static_cast<BitOp>(index);
        const auto emit = [&](Assembler& a, Size size, const auto& rm, Gpr bit) { a.bit(op, size, rm, bit); };
        register_register(forms, names[index], sizes_from_word, emit);
        memory_register(forms, names[index], sizes_from_word, emit);
        // LLVM writes this byte signed, unlike a shift's.
        for (const u8 bit : {u8{0}, u8{1}, u8{31}, u8{63}, u8{127}})
            register_or_memory(
                forms, names[index], sizes_from_word,
                [&](Assembler& a, Size size, const auto& rm) { a.bit(op, size, rm, bit); }, ", " + std::to_string(bit));
    }
    forms.check("bt ebx, 3", [](Assembler& a) { a.bt(Size::dword, Gpr::rbx, 3); });
    forms.check("bts ebx, 3", [](Assembler& a) { a.bts(Size::dword, Gpr::rbx, 3); });
    forms.check("btr ebx, 3", [](Assembler& a) { a.btr(Size::dword, Gpr::rbx, 3); });
    forms.check("btc ebx, 3", [](Assembler& a) { a.btc(Size::dword, Gpr::rbx, 3); });
    forms.check("bt ebx, ecx", [](Assembler& a) { a.bt(Size::dword, Gpr::rbx, Gpr::rcx); });
    forms.check("bts ebx, ecx", [](Assembler& a) { a.bts(Size::dword, Gpr::rbx, Gpr::rcx); });
    forms.check("btr ebx, ecx", [](Assembler& a) { a.btr(Size::dword, Gpr::rbx, Gpr::rcx); });
    forms.check("btc ebx, ecx", [](Assembler& a) { a.btc(Size::dword, Gpr::rbx, Gpr::rcx); });
}

TEST_CASE("bit scans, counts and byte swaps disassemble to themselves") {
    FormChecker forms;
    const auto both = [&](const std::string& mnemonic, const auto& emit) {
        register_register(forms, mnemonic, sizes_from_word, emit);
        register_memory(forms, mnemonic, sizes_from_word, emit);
    };
    both("bsf", [](Assembler& a, Size size, Gpr to, const auto& from) { a.bsf(size, to, from); });
    both("bsr", [](Assembler& a, Size size, Gpr to, const auto& from) { a.bsr(size, to, from); });
    both("popcnt", [](Assembler& a, Size size, Gpr to, const auto& from) { a.popcnt(size, to, from); });
    both("tzcnt", [](Assembler& a, Size size, Gpr to, const auto& from) { a.tzcnt(size, to, from); });
    both("lzcnt", [](Assembler& a, Size size, Gpr to, const auto& from) { a.lzcnt(size, to, from); });
    for (const Size size : sizes_from_dword)
        for (const Gpr reg : all_gprs)
            forms.check("bswap " + name(reg, size), [&](Assembler& a) { a.bswap(size, reg); });
    const auto movbe = [](Assembler& a, Size size, const auto& to, const auto& from) { a.movbe(size, to, from); };
    for (const Size size : sizes_from_word)
        for (const Gpr reg : some_gprs)
            for (const Address& address : all_addresses()) {
                register_memory_case(forms, "movbe", size, reg, address, movbe);
                memory_register_case(forms, "movbe", size, address, reg, movbe);
            }
}

TEST_CASE("the VEX-encoded integer instructions disassemble to themselves") {
    FormChecker forms;
    vex_three(forms, "andn", [](Assembler& a, Size s, Gpr x, Gpr y, const auto& z) { a.andn(s, x, y, z); });
    vex_three(forms, "mulx", [](Assembler& a, Size s, Gpr x, Gpr y, const auto& z) { a.mulx(s, x, y, z); });
    vex_three(forms, "pdep", [](Assembler& a, Size s, Gpr x, Gpr y, const auto& z) { a.pdep(s, x, y, z); });
    vex_three(forms, "pext", [](Assembler& a, Size s, Gpr x, Gpr y, const auto& z) { a.pext(s, x, y, z); });
    vex_by_register(forms, "bextr", [](Assembler& a, Size s, Gpr x, const auto& y, Gpr z) { a.bextr(s, x, y, z); });
    vex_by_register(forms, "bzhi", [](Assembler& a, Size s, Gpr x, const auto& y, Gpr z) { a.bzhi(s, x, y, z); });
    vex_by_register(forms, "shlx", [](Assembler& a, Size s, Gpr x, const auto& y, Gpr z) { a.shlx(s, x, y, z); });
    vex_by_register(forms, "shrx", [](Assembler& a, Size s, Gpr x, const auto& y, Gpr z) { a.shrx(s, x, y, z); });
    vex_by_register(forms, "sarx", [](Assembler& a, Size s, Gpr x, const auto& y, Gpr z) { a.sarx(s, x, y, z); });
    const auto two = [&](const std::string& mnemonic, const auto& emit) {
        register_register(forms, mnemonic, sizes_from_dword, emit);
        register_memory(forms, mnemonic, sizes_from_dword, emit);
    };
    two("blsr", [](Assembler& a, Size s, Gpr x, const auto& y) { a.blsr(s, x, y); });
    two("blsmsk", [](Assembler& a, Size s, Gpr x, const auto& y) { a.blsmsk(s, x, y); });
    two("blsi", [](Assembler& a, Size s, Gpr x, const auto& y) { a.blsi(s, x, y); });
    for (const u8 count : {u8{0}, u8{1}, u8{63}})
        for (const Size size : sizes_from_dword)
            for (const Gpr to : all_gprs) {
                const std::string start = "rorx " + name(to, size) + ", ", end = ", " + std::to_string(count);
                for (const Gpr from : all_gprs)
                    forms.check(start + name(from, size) + end, [&](Assembler& a) { a.rorx(size, to, from, count); });
                for (const Address& from : all_addresses())
                    if (to == Gpr::rcx || to == Gpr::r9)
                        forms.check(start + pointer(size, from) + end,
                                    [&](Assembler& a) { a.rorx(size, to, from.operand, count); });
            }
}
