// Every form of integer_forms.hpp and atomic_forms.hpp against LLVM's disassembler.
#include "tests/unit/baseline/form_checker.hpp"
#include "tests/unit/baseline/forms.hpp"

using namespace orrery;
using namespace orrery::test;
using x64::Alu;
using x64::Assembler;
using x64::Condition;
using x64::Unary;

TEST_CASE("mov between registers and memory disassembles to itself for all registers, sizes and addresses") {
    FormChecker forms;
    const auto emit = [](Assembler& a, Size size, const auto& to, const auto& from) { a.mov(size, to, from); };
    register_register(forms, "mov", all_sizes, emit);
    for (const Size size : all_sizes)
        for (const Gpr reg : some_gprs)
            for (const Address& address : all_addresses()) {
                register_memory_case(forms, "mov", size, reg, address, emit);
                memory_register_case(forms, "mov", size, address, reg, emit);
            }
    for (const Size size : all_sizes)
        for (const Address& address : some_addresses())
            for (const i32 value : edge_values)
                forms.check("mov " + pointer(size, address) + ", " + full_immediate(size, value),
                            [&](Assembler& a) { a.mov(size, address.operand, value); });
}

TEST_CASE("mov of an immediate takes the shortest form that leaves the value whole") {
    FormChecker forms;
    for (const Gpr reg : all_gprs) {
        for (const i32 value : edge_values) {
            for (const Size size : {Size::byte, Size::word, Size::dword})
                forms.check("mov " + name(reg, size) + ", " + full_immediate(size, value),
                            [&](Assembler& a) { a.mov(size, reg, value); });
            const Size size = value < 0 ? Size::qword : Size::dword;
            forms.check("mov " + name(reg, size) + ", " + std::to_string(value),
                        [&](Assembler& a) { a.mov(Size::qword, reg, value); });
        }
        forms.check("mov " + name(reg, Size::dword) + ", 4294967295",
                    [&](Assembler& a) { a.mov(Size::qword, reg, 0xffffffffu); });
        for (const i64 value : {i64{0x100000000}, i64{-0x80000001ll}, INT64_MAX, INT64_MIN})
            forms.check("movabs " + name(reg) + ", " + std::to_string(value),
                        [&](Assembler& a) { a.mov(Size::qword, reg, value); });
    }
}

TEST_CASE("the extending moves and lea disassemble to themselves") {
    FormChecker forms;
    for (const Size from_size : {Size::byte, Size::word, Size::dword})
        for (const Size size : sizes_from_word) {
            if (from_size >= size) continue;
            const std::string signed_name = from_size == Size::dword ? "movsxd " : "movsx ";
            for (const Gpr to : all_gprs) {
                const auto check = [&](const std::string& from_text, const auto& from) {
                    forms.check(signed_name + name(to, size) + ", " + from_text,
                                [&](Assembler& a) { a.movsx(size, to, from_size, from); });
                    if (size == Size::dword)
                        forms.check("movzx " + name(to, size) + ", " + from_text,
                                    [&](Assembler& a) { a.movzx(to, from_size, from); });
                };
                for (const Gpr from : all_gprs) check(name(from, from_size), from);
                for (const Address& from : some_addresses()) check(pointer(from_size, from), from.operand);
            }
        }
    for (const Size size : sizes_from_word)
        for (const Gpr to : all_gprs)
            for (const Address& from : all_addresses())
                forms.check("lea " + name(to, size) + ", " + from.text,
                            [&](Assembler& a) { a.lea(size, to, from.operand); });
}

TEST_CASE("the eight arithmetic and logic operations disassemble to themselves, locked ones too") {
    static constexpr const char* names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
    FormChecker forms;
    for (u32 index = 0; index < 8; ++index) {
        const auto op = static_cast<Alu>(index);
        const auto emit = [&](Assembler& a, Size size, const auto& to, const auto& from) { a.alu(op, size, to, from); };
        register_register(forms, names[index], all_sizes, emit);
        register_memory(forms, names[index], all_sizes, emit);
        memory_register(forms, names[index], all_sizes, emit);
        register_immediate(forms, names[index], all_sizes, short_immediate, emit);
        memory_immediate(forms, names[index], all_sizes, short_immediate, emit);
        if (op == Alu::cmp) continue;
        const auto locked = [&](Assembler& a, Size size, const Mem& to, const auto& from) {
            a.lock_alu(op, size, to, from);
        };
        memory_register(forms, std::string("lock ") + names[index], all_sizes, locked);
        memory_immediate(forms, std::string("lock ") + names[index], all_sizes, short_immediate, locked);
    }
}

TEST_CASE("the named wrappers emit the operation they are named after") {
    FormChecker forms;
    const Mem m = Mem::at(Gpr::rcx);
    forms.check("add eax, ebx", [](Assembler& a) { a.add(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("or eax, ebx", [](Assembler& a) { a.or_(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("adc eax, ebx", [](Assembler& a) { a.adc(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("sbb eax, ebx", [](Assembler& a) { a.sbb(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("and eax, 5", [](Assembler& a) { a.and_(Size::dword, Gpr::rax, 5); });
    forms.check("sub eax, ebx", [](Assembler& a) { a.sub(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("xor eax, ebx", [](Assembler& a) { a.xor_(Size::dword, Gpr::rax, Gpr::rbx); });
    forms.check("cmp dword ptr [rcx], -5", [&](Assembler& a) { a.cmp(Size::dword, m, -5); });
    forms.check("not qword ptr [rcx]", [&](Assembler& a) { a.not_(Size::qword, m); });
    forms.check("neg rbx", [](Assembler& a) { a.neg(Size::qword, Gpr::rbx); });
    forms.check("mul rbx", [](Assembler& a) { a.mul(Size::qword, Gpr::rbx); });
    forms.check("imul rbx", [](Assembler& a) { a.imul(Size::qword, Gpr::rbx); });
    forms.check("div rbx", [](Assembler& a) { a.div(Size::qword, Gpr::rbx); });
    forms.check("idiv rbx", [](Assembler& a) { a.idiv(Size::qword, Gpr::rbx); });
    forms.check("movsxd rbx, ebx", [](Assembler& a) { a.movsxd(Gpr::rbx, Gpr::rbx); });
    forms.check("lock add dword ptr [rcx], 1", [&](Assembler& a) { a.lock_add(Size::dword, m, 1); });
    forms.check("lock or dword ptr [rcx], eax", [&](Assembler& a) { a.lock_or(Size::dword, m, Gpr::rax); });
    forms.check("lock and dword ptr [rcx], eax", [&](Assembler& a) { a.lock_and(Size::dword, m, Gpr::rax); });
    forms.check("lock sub dword ptr [rcx], eax", [&](Assembler& a) { a.lock_sub(Size::dword, m, Gpr::rax); });
    forms.check("lock xor dword ptr [rcx], eax", [&](Assembler& a) { a.lock_xor(Size::dword, m, Gpr::rax); });
}

TEST_CASE("test, the one-operand group, inc and dec disassemble to themselves") {
    FormChecker forms;
    const auto test = [](Assembler& a, Size size, const auto& x, const auto& y) { a.test(size, x, y); };
    register_register(forms, "test", all_sizes, test);
    memory_register(forms, "test", all_sizes, test);
    register_immediate(forms, "test", all_sizes, full_immediate, test);
    memory_immediate(forms, "test", all_sizes, full_immediate, test);
    static constexpr const char* names[] = {"", "", "not", "neg", "mul", "imul", "div", "idiv"};
    for (u32 index = 2; index < 8; ++index)
        register_or_memory(forms, names[index], all_sizes, [&](Assembler& a, Size size, const auto& rm) {
            a.unary(static_cast<Unary>(index), size, rm);
        });
    register_or_memory(forms, "inc", all_sizes, [](Assembler& a, Size size, const auto& rm) { a.inc(size, rm); });
    register_or_memory(forms, "dec", all_sizes, [](Assembler& a, Size size, const auto& rm) { a.dec(size, rm); });
}

TEST_CASE("the multiplications with two and three operands disassemble to themselves") {
    FormChecker forms;
    const auto emit = [](Assembler& a, Size size, Gpr to, const auto& from) { a.imul(size, to, from); };
    register_register(forms, "imul", sizes_from_word, emit);
    register_memory(forms, "imul", sizes_from_word, emit);
    for (const Size size : sizes_from_word)
        for (const i32 value : edge_values)
            for (const Gpr to : all_gprs) {
                const std::string start = "imul " + name(to, size) + ", ", end = ", " + short_immediate(size, value);
                for (const Gpr from : all_gprs)
                    forms.check(start + name(from, size) + end, [&](Assembler& a) { a.imul(size, to, from, value); });
                for (const Address& from : some_addresses())
                    forms.check(start + pointer(size, from) + end,
                                [&](Assembler& a) { a.imul(size, to, from.operand, value); });
            }
    forms.check("cwd", [](Assembler& a) { a.sign_into_rdx(Size::word); });
    forms.check("cdq", [](Assembler& a) { a.cdq(); });
    forms.check("cqo", [](Assembler& a) { a.cqo(); });
}

TEST_CASE("setcc and cmovcc disassemble to themselves for every condition") {
    static constexpr const char* names[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                            "s", "ns", "p", "np", "l", "ge", "le", "g"};
    static constexpr Size byte[] = {Size::byte};
    FormChecker forms;
    for (u32 index = 0; index < 16; ++index) {
        const auto condition = static_cast<Condition>(index);
        register_or_memory(forms, std::string("set") + names[index], byte,
                           [&](Assembler& a, Size, const auto& rm) { a.setcc(condition, rm); });
        const auto cmov = [&](Assembler& a, Size size, Gpr to, const auto& from) {
            a.cmovcc(condition, size, to, from);
        };
        register_register(forms, std::string("cmov") + names[index], sizes_from_word, cmov);
        register_memory(forms, std::string("cmov") + names[index], sizes_from_word, cmov);
    }
}

TEST_CASE("the stack instructions disassemble to themselves") {
    FormChecker forms;
    for (const Gpr reg : all_gprs) {
        forms.check("push " + name(reg), [&](Assembler& a) { a.push(reg); });
        forms.check("pop " + name(reg), [&](Assembler& a) { a.pop(reg); });
    }
    for (const Address& address : all_addresses()) {
        forms.check("push qword ptr " + address.text, [&](Assembler& a) { a.push(address.operand); });
        forms.check("pop qword ptr " + address.text, [&](Assembler& a) { a.pop(address.operand); });
    }
    for (const i32 value : edge_values)
        forms.check("push " + std::to_string(value), [&](Assembler& a) { a.push(value); });
}

TEST_CASE("exchanges disassemble to themselves, locked or not") {
    FormChecker forms;
    const auto xchg = [](Assembler& a, Size size, const auto& x, Gpr y) { a.xchg(size, x, y); };
    memory_register(forms, "xchg", all_sizes, xchg);
    for (const Size size : all_sizes)
        for (const Gpr x : all_gprs)
            for (const Gpr y : all_gprs) {
                // LLVM writes rax first for the short form, else the `reg` operand.
                const bool is_short = size != Size::byte && (x == Gpr::rax) != (y == Gpr::rax);
                const Gpr first = is_short ? Gpr::rax : y, second = is_short && y != Gpr::rax ? y : x;
                forms.check("xchg " + name(first, size) + ", " + name(second, size),
                            [&](Assembler& a) { a.xchg(size, x, y); });
            }
    const auto cmpxchg = [](Assembler& a, Size size, const auto& to, Gpr from) { a.cmpxchg(size, to, from); };
    const auto xadd = [](Assembler& a, Size size, const auto& to, Gpr from) { a.xadd(size, to, from); };
    register_register(forms, "cmpxchg", all_sizes, cmpxchg);
    memory_register(forms, "cmpxchg", all_sizes, cmpxchg);
    register_register(forms, "xadd", all_sizes, xadd);
    memory_register(forms, "xadd", all_sizes, xadd);
    memory_register(forms, "lock cmpxchg", all_sizes,
                    [](Assembler& a, Size size, const Mem& to, Gpr from) { a.lock_cmpxchg(size, to, from); });
    memory_register(forms, "lock xadd", all_sizes,
                    [](Assembler& a, Size size, const Mem& to, Gpr from) { a.lock_xadd(size, to, from); });
    for (const Address& address : all_addresses())
        forms.check("lock cmpxchg16b xmmword ptr " + address.text,
                    [&](Assembler& a) { a.lock_cmpxchg16b(address.operand); });
}

TEST_CASE("instructions without operands and indirect jumps disassemble to themselves") {
    FormChecker forms;
    forms.check("mfence", [](Assembler& a) { a.mfence(); });
    forms.check("lfence", [](Assembler& a) { a.lfence(); });
    forms.check("sfence", [](Assembler& a) { a.sfence(); });
    forms.check("pause", [](Assembler& a) { a.pause(); });
    forms.check("ret", [](Assembler& a) { a.ret(); });
    forms.check("ud2", [](Assembler& a) { a.ud2(); });
    forms.check("int3", [](Assembler& a) { a.int3(); });
    static constexpr Size qword[] = {Size::qword};
    register_or_memory(forms, "jmp", qword, [](Assembler& a, Size, const auto& rm) { a.jmp(rm); });
    register_or_memory(forms, "call", qword, [](Assembler& a, Size, const auto& rm) { a.call(rm); });
}
