#include <cstring>

#include "tests/unit/cpu_riscv/translate/model.hpp"

namespace orrery::riscv::test {
namespace {

constexpr u64 sie = 1 << 1, mie = 1 << 3, spie = 1 << 5, mpie = 1 << 7, spp = 1 << 8;
constexpr u64 mprv = 1 << 17, tvm = 1 << 20, tw = 1 << 21, tsr = 1 << 22;

// The CSRs that the test uses: four that are plain registers, two with effects, one read-only, all others are absent.
struct CsrPlace {
    u64* value = nullptr;
    u64 writable = ~u64{0};
    bool floating = false;
};
CsrPlace csr(Model& m, u32 number) {
    switch (number) {
    case 0x001:
        return {&m.s.fflags, 0x1f, true};
    case 0x002:
        return {&m.s.frm, 7, true};
    case 0x140:
        return {&m.s.sscratch};
    case 0x141:
        return {&m.s.sepc, ~u64{1}};
    case 0x340:
        return {&m.s.mscratch};
    case 0x341:
        return {&m.s.mepc, ~u64{1}};
    default:
        return {};
    }
}

enum class Access { write, set, clear };

void access(Model& m, const Instruction& i, Access kind, bool writes, u64 operand) {
    const bool hart_id = i.csr == 0xf14;
    const CsrPlace place = csr(m, i.csr);
    const bool float_off = place.floating && (m.s.mstatus & mstatus_fs_dirty) == 0;
    if (static_cast<u64>(m.s.privilege) < (i.csr >> 8 & 3) || float_off || (hart_id ? writes : !place.value)) {
        m.raise_illegal(i);
        return;
    }
    const u64 old = hart_id ? 0 : *place.value;
    if (writes) {
        const u64 value = kind == Access::write ? operand : kind == Access::set ? old | operand : old & ~operand;
        *place.value = value & place.writable;
        if (place.floating) m.s.mstatus |= mstatus_fs_dirty;
        m.left = place.value == &m.s.frm;
    }
    m.set_x(i.rd, old);
}

bool trapped(Model& m, const Instruction& i, u64 trap_bit) {
    const bool illegal =
        m.s.privilege == Privilege::user || (m.s.privilege == Privilege::supervisor && (m.s.mstatus & trap_bit) != 0);
    if (illegal) m.raise_illegal(i);
    return illegal;
}

void fence_address_space(Model& m, const Instruction& i) {
    if (!trapped(m, i, tvm)) m.left = true;
}
void order_invalidations(Model& m, const Instruction& i) { trapped(m, i, 0); }

void return_from_machine(Model& m, const Instruction& i) {
    if (m.s.privilege != Privilege::machine) {
        m.raise_illegal(i);
        return;
    }
    const u64 old = m.s.mstatus;
    m.s.privilege = static_cast<Privilege>(old >> 11 & 3);
    m.s.mstatus = (old & ~(mie | u64{3} << 11)) | mpie | ((old & mpie) != 0 ? mie : 0);
    if (m.s.privilege != Privilege::machine) m.s.mstatus &= ~mprv;
    m.s.pc = m.s.mepc;
    m.left = true;
}
void return_from_supervisor(Model& m, const Instruction& i) {
    if (trapped(m, i, tsr)) return;
    const u64 old = m.s.mstatus;
    m.s.privilege = (old & spp) != 0 ? Privilege::supervisor : Privilege::user;
    m.s.mstatus = (old & ~(sie | spp | mprv)) | spie | ((old & spie) != 0 ? sie : 0);
    m.s.pc = m.s.sepc;
    m.left = true;
}

template <u64 enable, bool zeroes> void cache_block(Model& m, const Instruction& i) {
    const bool enabled =
        m.s.privilege == Privilege::machine ||
        ((m.s.menvcfg & enable) != 0 && (m.s.privilege == Privilege::supervisor || (m.s.senvcfg & enable) != 0));
    if (!enabled) {
        m.raise_illegal(i);
        return;
    }
    const u64 address = zeroes ? m.x(i.rs1) & ~u64{63} : m.x(i.rs1);
    u8* host = m.at(address, zeroes ? 64 : 1, 7);
    if (host && zeroes) std::memset(host, 0, 64);
}

} // namespace

void add_system_meanings(Meanings& meanings) {
    meanings[Op::ecall] = [](Model& m, const Instruction&) { m.raise(8 + static_cast<u64>(m.s.privilege), 0); };
    meanings[Op::ebreak] = [](Model& m, const Instruction& i) { m.raise(3, m.s.pc - i.length); };
    meanings[Op::csrrw] = [](Model& m, const Instruction& i) { access(m, i, Access::write, true, m.x(i.rs1)); };
    meanings[Op::csrrs] = [](Model& m, const Instruction& i) { access(m, i, Access::set, i.rs1 != 0, m.x(i.rs1)); };
    meanings[Op::csrrc] = [](Model& m, const Instruction& i) { access(m, i, Access::clear, i.rs1 != 0, m.x(i.rs1)); };
    meanings[Op::csrrwi] = [](Model& m, const Instruction& i) {
        access(m, i, Access::write, true, static_cast<u64>(i.imm));
    };
    meanings[Op::csrrsi] = [](Model& m, const Instruction& i) {
        access(m, i, Access::set, i.imm != 0, static_cast<u64>(i.imm));
    };
    meanings[Op::csrrci] = [](Model& m, const Instruction& i) {
        access(m, i, Access::clear, i.imm != 0, static_cast<u64>(i.imm));
    };
    meanings[Op::mret] = return_from_machine;
    meanings[Op::sret] = return_from_supervisor;
    meanings[Op::wfi] = [](Model& m, const Instruction& i) {
        if (trapped(m, i, tw)) return;
        m.s.halted = true;
        m.left = true;
    };
    meanings[Op::sfence_vma] = fence_address_space;
    meanings[Op::sinval_vma] = fence_address_space;
    meanings[Op::sfence_w_inval] = order_invalidations;
    meanings[Op::sfence_inval_ir] = order_invalidations;
    meanings[Op::fence_i] = [](Model& m, const Instruction&) { m.left = true; };
    meanings[Op::cbo_inval] = cache_block<u64{3} << 4, false>;
    meanings[Op::cbo_clean] = cache_block<u64{1} << 6, false>;
    meanings[Op::cbo_flush] = cache_block<u64{1} << 6, false>;
    meanings[Op::cbo_zero] = cache_block<u64{1} << 7, true>;
}

} // namespace orrery::riscv::test
