#include "tests/differ/firmware.hpp"

#include <array>
#include <cstring>

#include "cpu/riscv/names.hpp"
#include "machine/fabric/result.hpp"
#include "tests/differ/layout.hpp"
#include "tests/unit/cpu_riscv/assembler_text.hpp"

namespace orrery::test::differ {
namespace {

using riscv::Op;
using tests::encode;

constexpr u8 device = 31, value = 30; // registers with these roles in the firmware

class Assembler {
public:
    Assembler() : bytes_(page_size) {}

    void at(u64 address) { address_ = address; }
    [[nodiscard]] u64 here() const { return address_; }
    void emit(const riscv::Instruction& instruction) {
        const u32 bits = encode(instruction);
        ORRERY_ASSERT(bytes_[address_ - rom_base] == 0, "the firmware's routines don't overlap");
        std::memcpy(&bytes_[address_ - rom_base], &bits, 4);
        address_ += 4;
    }
    void load(u8 rd, u64 port) { emit({.op = Op::ld, .rd = rd, .rs1 = device, .imm = static_cast<i64>(port)}); }
    void write_csr(std::string_view name, u8 rs1) {
        emit({.op = Op::csrrw, .rs1 = rs1, .csr = riscv::csr_number(name).value()});
    }
    void load_csr(std::string_view name, u64 port) {
        load(value, port);
        write_csr(name, value);
    }
    void upper(u8 rd, u64 constant) { emit({.op = Op::lui, .rd = rd, .imm = static_cast<i64>(constant)}); }
    void jump(u64 target) { emit({.op = Op::jal, .imm = static_cast<i64>(target - address_)}); }
    void branch(Op op, u8 left, u8 right, u64 target) {
        emit({.op = op, .rs1 = left, .rs2 = right, .imm = static_cast<i64>(target - address_)});
    }
    // A trap may come from a mode whose data accesses are translated: MPRV off.
    void plain_accesses() {
        upper(device, 1 << 17);
        emit({.op = Op::csrrc, .rs1 = device, .csr = riscv::csr_number("mstatus").value()});
        upper(device, device_base);
    }
    [[nodiscard]] std::vector<u8> take() { return std::move(bytes_); }

private:
    std::vector<u8> bytes_;
    u64 address_ = rom_base;
};

struct CsrPort {
    std::string_view csr;
    u64 port;
};
constexpr std::array<CsrPort, 19> csr_ports{{{"satp", port::satp},
                                             {"medeleg", port::medeleg},
                                             {"mideleg", port::mideleg},
                                             {"mie", port::mie},
                                             {"mip", port::mip},
                                             {"mtvec", port::mtvec},
                                             {"stvec", port::stvec},
                                             {"pmpcfg2", port::pmpcfg0},
                                             {"pmpaddr8", port::pmpaddr0},
                                             {"pmpaddr9", port::pmpaddr1},
                                             {"mcounteren", port::counteren},
                                             {"scounteren", port::counteren},
                                             {"menvcfg", port::envcfg},
                                             {"senvcfg", port::envcfg},
                                             {"stimecmp", port::stimecmp},
                                             {"mhpmevent3", port::counter_event},
                                             {"mhpmevent4", port::counter_event},
                                             {"mcountinhibit", port::counteren},
                                             {"frm", port::rounding}}};

void set_up_routine(Assembler& code) {
    code.at(set_up);
    code.plain_accesses();
    code.upper(value, 3 << 13); // mstatus.FS
    code.emit({.op = Op::csrrs, .rs1 = value, .csr = riscv::csr_number("mstatus").value()});
    code.emit({.op = Op::addi, .rd = value, .imm = -1});
    code.write_csr("pmpaddr15", value);
    for (const CsrPort& one : csr_ports) code.load_csr(one.csr, one.port);
    code.emit({.op = Op::sfence_vma});
    code.emit({.op = Op::fence_i});
    for (u8 number = 0; number < 32; ++number)
        code.emit({.op = Op::fld, .rd = number, .rs1 = device, .imm = port::operand});
    code.load_csr("mepc", port::pc);
    for (u8 number = 1; number < 30; ++number) code.load(number, number % 2 == 0 ? port::operand : port::pointer);
    code.load(2, port::pointer);
    code.load(3, port::global_pointer);
    code.load_csr("mstatus", port::mstatus);
    code.emit({.op = Op::mret});
}

// Ends with a jump to a random pc in the mode that trapped; sometimes changes a page's entry before, or sets up anew.
void machine_trap_routine(Assembler& code) {
    code.at(machine_trap);
    code.plain_accesses();
    code.load(value, port::next);
    const u64 decision = code.here();
    const u64 change_page = decision + 6 * 4;
    code.branch(Op::beq, value, 0, decision + 5 * 4);
    code.emit({.op = Op::addi, .rd = 29, .imm = next_change_page});
    code.branch(Op::beq, value, 29, change_page);
    code.write_csr("mepc", value);
    code.emit({.op = Op::mret});
    code.jump(set_up);
    code.load(28, port::pte_place);
    code.load(value, port::pte_value);
    code.load(27, port::pte_address);
    code.emit({.op = Op::sd, .rs1 = 28, .rs2 = value});
    code.emit({.op = Op::sfence_vma, .rs1 = 27});
    code.load_csr("mepc", port::pc);
    code.emit({.op = Op::mret});
}

void supervisor_trap_routine(Assembler& code) {
    code.at(supervisor_trap);
    code.upper(device, device_base);
    code.load(value, port::next);
    code.emit({.op = Op::sltiu, .rd = 29, .rs1 = value, .imm = next_change_page + 1});
    code.branch(Op::bne, 29, 0, code.here() + 3 * 4);
    code.write_csr("sepc", value);
    code.emit({.op = Op::sret});
    code.emit({.op = Op::ecall});
}

void vectors(Assembler& code, u64 table, u64 routine) {
    code.at(table);
    for (u32 cause = 0; cause < 64; ++cause) code.jump(routine);
}

} // namespace

std::vector<u8> firmware() {
    Assembler code;
    set_up_routine(code);
    vectors(code, machine_vectors, machine_trap);
    machine_trap_routine(code);
    vectors(code, supervisor_vectors, supervisor_trap);
    supervisor_trap_routine(code);
    return code.take();
}

} // namespace orrery::test::differ
