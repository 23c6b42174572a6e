// Every form of sse_forms.hpp and avx_forms.hpp against LLVM's disassembler.
#include "tests/unit/baseline/forms.hpp"

using namespace orrery;
using namespace orrery::test;
using x64::Assembler;
using x64::Float;
using x64::FloatLogic;
using x64::FloatOp;
using x64::FmaOrder;
using x64::Rounding;

namespace {

std::string packed(const Address& address) { return vector_pointer(address); }
std::string qword(const Address& address) { return pointer(Size::qword, address); }
std::string dword(const Address& address) { return pointer(Size::dword, address); }
auto scalar_pointer(Float type) { return type == Float::f32 ? dword : qword; }
std::string scalar_suffix(Float type) { return type == Float::f32 ? "ss" : "sd"; }
std::string packed_suffix(Float type) { return type == Float::f32 ? "ps" : "pd"; }

constexpr Float float_types[] = {Float::f32, Float::f64};

void load(FormChecker& forms, const std::string& mnemonic, const auto& pointer_text, const auto& emit,
          const std::string& end = "") {
    for (const Xmm to : all_xmms)
        for (const Address& from : some_addresses())
            forms.check(mnemonic + " " + name(to) + ", " + pointer_text(from) + end,
                        [&](Assembler& a) { emit(a, to, from.operand); });
}

void store(FormChecker& forms, const std::string& mnemonic, const auto& pointer_text, const auto& emit,
           const std::string& end = "") {
    for (const Xmm from : all_xmms)
        for (const Address& to : some_addresses())
            forms.check(mnemonic + " " + pointer_text(to) + ", " + name(from) + end,
                        [&](Assembler& a) { emit(a, to.operand, from); });
}

void between(FormChecker& forms, const std::string& mnemonic, const auto& emit, const std::string& end = "") {
    for (const Xmm to : all_xmms)
        for (const Xmm from : all_xmms)
            forms.check(mnemonic + " " + name(to) + ", " + name(from) + end, [&](Assembler& a) { emit(a, to, from); });
}

void two(FormChecker& forms, const std::string& mnemonic, const auto& pointer_text, const auto& emit,
         const std::string& end = "") {
    between(forms, mnemonic, emit, end);
    load(forms, mnemonic, pointer_text, emit, end);
}

void three(FormChecker& forms, const std::string& mnemonic, const auto& pointer_text, const auto& emit) {
    for (const Xmm to : all_xmms)
        for (const Xmm second : some_xmms) {
            const std::string start = mnemonic + " " + name(to) + ", " + name(second) + ", ";
            for (const Xmm from : all_xmms)
                forms.check(start + name(from), [&](Assembler& a) { emit(a, to, second, from); });
            for (const Address& from : some_addresses())
                forms.check(start + pointer_text(from), [&](Assembler& a) { emit(a, to, second, from.operand); });
        }
}

struct NamedOp {
    FloatOp op;
    const char* name;
};
constexpr NamedOp float_ops[] = {{FloatOp::sqrt, "sqrt"}, {FloatOp::add, "add"}, {FloatOp::mul, "mul"},
                                 {FloatOp::sub, "sub"},   {FloatOp::min, "min"}, {FloatOp::div, "div"},
                                 {FloatOp::max, "max"}};
struct NamedLogic {
    FloatLogic op;
    const char* name;
};
constexpr NamedLogic float_logic[] = {
    {FloatLogic::and_, "and"}, {FloatLogic::andn, "andn"}, {FloatLogic::or_, "or"}, {FloatLogic::xor_, "xor"}};

// Between general and vector registers, and memory.
void transfers(FormChecker& forms, const std::string& prefix, const auto& d, const auto& q) {
    for (const Xmm xmm : all_xmms)
        for (const Gpr gpr : all_gprs) {
            forms.check(prefix + "movd " + name(xmm) + ", " + name(gpr, Size::dword),
                        [&](Assembler& a) { d(a, xmm, gpr); });
            forms.check(prefix + "movd " + name(gpr, Size::dword) + ", " + name(xmm),
                        [&](Assembler& a) { d(a, gpr, xmm); });
            forms.check(prefix + "movq " + name(xmm) + ", " + name(gpr), [&](Assembler& a) { q(a, xmm, gpr); });
            forms.check(prefix + "movq " + name(gpr) + ", " + name(xmm), [&](Assembler& a) { q(a, gpr, xmm); });
        }
    load(forms, prefix + "movd", dword, d);
    store(forms, prefix + "movd", dword, d);
    two(forms, prefix + "movq", qword, q);
    store(forms, prefix + "movq", qword, q);
}

void whole_register(FormChecker& forms, const std::string& mnemonic, const auto& emit) {
    two(forms, mnemonic, packed, emit);
    store(forms, mnemonic, packed, emit);
}

} // namespace

#define EMIT2(method) [](Assembler& a, const auto& to, const auto& from) { a.method(to, from); }

TEST_CASE("SSE moves disassemble to themselves") {
    FormChecker forms;
    transfers(forms, "", EMIT2(movd), EMIT2(movq));
    two(forms, "movss", dword, EMIT2(movss));
    store(forms, "movss", dword, EMIT2(movss));
    two(forms, "movsd", qword, EMIT2(movsd));
    store(forms, "movsd", qword, EMIT2(movsd));
    whole_register(forms, "movaps", EMIT2(movaps));
    whole_register(forms, "movups", EMIT2(movups));
    whole_register(forms, "movdqa", EMIT2(movdqa));
    whole_register(forms, "movdqu", EMIT2(movdqu));
    for (const Address& address : all_addresses()) {
        forms.check("movups xmm9, " + packed(address), [&](Assembler& a) { a.movups(Xmm::xmm9, address.operand); });
        forms.check("ldmxcsr " + dword(address), [&](Assembler& a) { a.ldmxcsr(address.operand); });
        forms.check("stmxcsr " + dword(address), [&](Assembler& a) { a.stmxcsr(address.operand); });
    }
}

TEST_CASE("SSE arithmetic, logic and comparisons disassemble to themselves") {
    FormChecker forms;
    for (const Float type : float_types) {
        for (const auto& [op, mnemonic] : float_ops)
            two(forms, mnemonic + scalar_suffix(type), scalar_pointer(type),
                [&](Assembler& a, Xmm to, const auto& from) { a.scalar(op, type, to, from); });
        for (const auto& [op, mnemonic] : float_logic)
            two(forms, mnemonic + packed_suffix(type), packed,
                [&](Assembler& a, Xmm to, const auto& from) { a.logic(op, type, to, from); });
        two(forms, "ucomi" + scalar_suffix(type), scalar_pointer(type),
            [&](Assembler& a, Xmm x, const auto& y) { a.ucomis(type, x, y); });
        two(forms, "comi" + scalar_suffix(type), scalar_pointer(type),
            [&](Assembler& a, Xmm x, const auto& y) { a.comis(type, x, y); });
        for (const i32 mode : {0, 1, 2, 3, 4, 8, 9, 10, 11, 12})
            two(
                forms, "round" + scalar_suffix(type), scalar_pointer(type),
                [&](Assembler& a, Xmm to, const auto& from) {
                    a.round_scalar(type, to, from, static_cast<Rounding>(mode & 7), mode < 8);
                },
                ", " + std::to_string(mode));
    }
    two(forms, "pand", packed, EMIT2(pand));
    two(forms, "pandn", packed, EMIT2(pandn));
    two(forms, "por", packed, EMIT2(por));
    two(forms, "pxor", packed, EMIT2(pxor));
}

TEST_CASE("the SSE wrappers emit the operation they are named after") {
    FormChecker forms;
#define SAME(method) forms.check(#method " xmm1, xmm9", [](Assembler& a) { a.method(Xmm::xmm1, Xmm::xmm9); })
    SAME(addss), SAME(addsd), SAME(subss), SAME(subsd), SAME(mulss), SAME(mulsd), SAME(divss), SAME(divsd);
    SAME(sqrtss), SAME(sqrtsd), SAME(minss), SAME(minsd), SAME(maxss), SAME(maxsd);
    SAME(andps), SAME(andpd), SAME(andnps), SAME(andnpd), SAME(orps), SAME(orpd), SAME(xorps), SAME(xorpd);
    SAME(ucomiss), SAME(ucomisd), SAME(comiss), SAME(comisd);
#undef SAME
    forms.check("roundss xmm1, xmm9, 3", [](Assembler& a) { a.roundss(Xmm::xmm1, Xmm::xmm9, Rounding::zero); });
    forms.check("roundsd xmm1, xmm9, 12",
                [](Assembler& a) { a.roundsd(Xmm::xmm1, Xmm::xmm9, Rounding::mxcsr, false); });
    forms.check("cvtsi2ss xmm1, rax", [](Assembler& a) { a.cvtsi2ss(Xmm::xmm1, Size::qword, Gpr::rax); });
    forms.check("cvtsi2sd xmm1, eax", [](Assembler& a) { a.cvtsi2sd(Xmm::xmm1, Size::dword, Gpr::rax); });
    forms.check("cvtss2si rax, xmm1", [](Assembler& a) { a.cvtss2si(Size::qword, Gpr::rax, Xmm::xmm1); });
    forms.check("cvtsd2si eax, xmm1", [](Assembler& a) { a.cvtsd2si(Size::dword, Gpr::rax, Xmm::xmm1); });
    forms.check("cvttss2si rax, xmm1", [](Assembler& a) { a.cvttss2si(Size::qword, Gpr::rax, Xmm::xmm1); });
    forms.check("cvttsd2si eax, xmm1", [](Assembler& a) { a.cvttsd2si(Size::dword, Gpr::rax, Xmm::xmm1); });
}

TEST_CASE("SSE conversions disassemble to themselves") {
    FormChecker forms;
    for (const Float type : float_types)
        for (const Size size : sizes_from_dword)
            for (const Gpr gpr : all_gprs) {
                const std::string suffix = scalar_suffix(type), integer = name(gpr, size);
                for (const Xmm xmm : all_xmms) {
                    forms.check("cvtsi2" + suffix + " " + name(xmm) + ", " + integer,
                                [&](Assembler& a) { a.cvtsi2s(type, xmm, size, gpr); });
                    forms.check("cvt" + suffix + "2si " + integer + ", " + name(xmm),
                                [&](Assembler& a) { a.cvts2si(type, size, gpr, xmm); });
                    forms.check("cvtt" + suffix + "2si " + integer + ", " + name(xmm),
                                [&](Assembler& a) { a.cvtts2si(type, size, gpr, xmm); });
                }
                for (const Address& address : some_addresses()) {
                    const std::string memory = scalar_pointer(type)(address);
                    forms.check("cvtsi2" + suffix + " xmm9, " + pointer(size, address),
                                [&](Assembler& a) { a.cvtsi2s(type, Xmm::xmm9, size, address.operand); });
                    forms.check("cvt" + suffix + "2si " + integer + ", " + memory,
                                [&](Assembler& a) { a.cvts2si(type, size, gpr, address.operand); });
                    forms.check("cvtt" + suffix + "2si " + integer + ", " + memory,
                                [&](Assembler& a) { a.cvtts2si(type, size, gpr, address.operand); });
                }
            }
    two(forms, "cvtss2sd", dword, EMIT2(cvtss2sd));
    two(forms, "cvtsd2ss", qword, EMIT2(cvtsd2ss));
}

TEST_CASE("SSE shuffles disassemble to themselves") {
    FormChecker forms;
    for (const u8 order : {u8{0}, u8{0x4e}, u8{255}}) {
        const std::string end = ", " + std::to_string(order);
        two(forms, "shufps", packed, [&](Assembler& a, Xmm to, const auto& from) { a.shufps(to, from, order); }, end);
        two(forms, "pshufd", packed, [&](Assembler& a, Xmm to, const auto& from) { a.pshufd(to, from, order); }, end);
    }
    two(forms, "unpcklps", packed, EMIT2(unpcklps));
    two(forms, "unpcklpd", packed, EMIT2(unpcklpd));
    two(forms, "punpcklbw", packed, EMIT2(punpcklbw));
    two(forms, "punpcklwd", packed, EMIT2(punpcklwd));
    two(forms, "punpckldq", packed, EMIT2(punpckldq));
    two(forms, "punpcklqdq", packed, EMIT2(punpcklqdq));
}

TEST_CASE("SSE instructions by their opcode disassemble to themselves") {
    FormChecker forms;
    load(forms, "movhps", qword, EMIT2(movhps));
    two(forms, "paddb", packed,
        [](Assembler& a, Xmm to, const auto& from) { a.vector(0x66, 0xfc, Size::dword, to, from); });
    two(forms, "cmpltps", packed,
        [](Assembler& a, Xmm to, const auto& from) { a.vector(0, 0xc2, Size::dword, to, from, u8{1}); });
    for (const Xmm xmm : all_xmms)
        for (const Gpr gpr : all_gprs) {
            forms.check("pmovmskb " + name(gpr, Size::dword) + ", " + name(xmm),
                        [&](Assembler& a) { a.vector(0x66, 0xd7, Size::dword, gpr, xmm); });
            forms.check("cvttsd2si " + name(gpr) + ", " + name(xmm),
                        [&](Assembler& a) { a.vector(0xf2, 0x2c, Size::qword, gpr, xmm); });
        }
    forms.check("lahf", [](Assembler& a) { a.lahf(); });
}

TEST_CASE("AVX moves disassemble to themselves") {
    FormChecker forms;
    transfers(forms, "v", EMIT2(vmovd), EMIT2(vmovq));
    whole_register(forms, "vmovaps", EMIT2(vmovaps));
    whole_register(forms, "vmovups", EMIT2(vmovups));
    whole_register(forms, "vmovdqa", EMIT2(vmovdqa));
    whole_register(forms, "vmovdqu", EMIT2(vmovdqu));
    load(forms, "vmovss", dword, EMIT2(vmovss));
    load(forms, "vmovsd", qword, EMIT2(vmovsd));
    store(forms, "vmovss", dword, EMIT2(vmovss));
    store(forms, "vmovsd", qword, EMIT2(vmovsd));
    for (const Xmm to : all_xmms)
        for (const Xmm rest : all_xmms)
            for (const Xmm low : some_xmms) {
                const std::string operands = " " + name(to) + ", " + name(rest) + ", " + name(low);
                forms.check("vmovss" + operands, [&](Assembler& a) { a.vmovss(to, rest, low); });
                forms.check("vmovsd" + operands, [&](Assembler& a) { a.vmovsd(to, rest, low); });
            }
    for (const Address& address : all_addresses())
        forms.check("vmovups xmm9, " + packed(address), [&](Assembler& a) { a.vmovups(Xmm::xmm9, address.operand); });
}

TEST_CASE("AVX arithmetic, fused multiply-add and half precision disassemble to themselves") {
    FormChecker forms;
    for (const Float type : float_types) {
        for (const auto& [op, mnemonic] : float_ops)
            three(forms, "v" + (mnemonic + scalar_suffix(type)), scalar_pointer(type),
                  [&](Assembler& a, Xmm to, Xmm second, const auto& from) { a.vscalar(op, type, to, second, from); });
        for (const auto& [op, mnemonic] : float_logic)
            three(forms, "v" + (mnemonic + packed_suffix(type)), packed,
                  [&](Assembler& a, Xmm to, Xmm second, const auto& from) { a.vlogic(op, type, to, second, from); });
        for (const auto& [order, digits] :
             {std::pair{FmaOrder::order_132, "132"}, std::pair{FmaOrder::order_213, "213"},
              std::pair{FmaOrder::order_231, "231"}}) {
            const std::string end = digits + scalar_suffix(type);
            const auto check = [&](const char* mnemonic, const auto& emit) {
                three(forms, mnemonic + end, scalar_pointer(type), emit);
            };
            check("vfmadd", [&](Assembler& a, Xmm x, Xmm y, const auto& z) { a.vfmadd(order, type, x, y, z); });
            check("vfmsub", [&](Assembler& a, Xmm x, Xmm y, const auto& z) { a.vfmsub(order, type, x, y, z); });
            check("vfnmadd", [&](Assembler& a, Xmm x, Xmm y, const auto& z) { a.vfnmadd(order, type, x, y, z); });
            check("vfnmsub", [&](Assembler& a, Xmm x, Xmm y, const auto& z) { a.vfnmsub(order, type, x, y, z); });
        }
    }
    two(forms, "vcvtph2ps", qword, EMIT2(vcvtph2ps));
    const auto narrow = [](Assembler& a, const auto& to, Xmm from) { a.vcvtps2ph(to, from, Rounding::mxcsr); };
    between(forms, "vcvtps2ph", narrow, ", 4");
    store(forms, "vcvtps2ph", qword, narrow, ", 4");
}

TEST_CASE("the AVX wrappers emit the operation they are named after") {
    FormChecker forms;
#define SAME(method)                                                                                                   \
    forms.check(#method " xmm1, xmm2, xmm9", [](Assembler& a) { a.method(Xmm::xmm1, Xmm::xmm2, Xmm::xmm9); })
    SAME(vaddss), SAME(vaddsd), SAME(vsubss), SAME(vsubsd), SAME(vmulss), SAME(vmulsd), SAME(vdivss), SAME(vdivsd);
    SAME(vsqrtss), SAME(vsqrtsd), SAME(vandps), SAME(vandpd), SAME(vandnps), SAME(vandnpd);
    SAME(vorps), SAME(vorpd), SAME(vxorps), SAME(vxorpd);
#undef SAME
}
