// "A": load-reserved, store-conditional and atomic memory operations (I 8). The host's atomic operations order
// everything, and its loads and stores more than acquire and release ask for.
#include "cpu/riscv/translate.hpp"

namespace orrery::riscv::translators {
namespace {

using ir::AtomicOp;

constexpr u8 word = 2, doubleword = 3;

void load_reserved(BlockTranslation& t, const Instruction& i, u8 size_log2) {
    // I 8.2: with both it is sequentially consistent, so earlier stores must be visible first.
    if (i.acquire && i.release) t.ir().fence();
    t.put_x(i.rd, t.ir().load_reserved({.size_log2 = size_log2, .sign_extend = true}, t.x(i.rs1)));
}

void store_conditional(BlockTranslation& t, const Instruction& i, u8 size_log2) {
    t.put_x(i.rd, t.ir().store_conditional({.size_log2 = size_log2}, t.x(i.rs1), t.x(i.rs2)));
    t.end_before_changed_code();
}

void modify(BlockTranslation& t, const Instruction& i, u8 size_log2, AtomicOp op) {
    const ir::MemoryAccess access{.size_log2 = size_log2, .sign_extend = true, .atomic = op};
    t.put_x(i.rd, t.ir().amo(access, t.x(i.rs1), t.x(i.rs2)));
    t.end_before_changed_code();
}

} // namespace

void lr_w(BlockTranslation& t, const Instruction& i) { load_reserved(t, i, word); }
void lr_d(BlockTranslation& t, const Instruction& i) { load_reserved(t, i, doubleword); }
void sc_w(BlockTranslation& t, const Instruction& i) { store_conditional(t, i, word); }
void sc_d(BlockTranslation& t, const Instruction& i) { store_conditional(t, i, doubleword); }

void amoswap_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::swap); }
void amoadd_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::add); }
void amoxor_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::xor_); }
void amoand_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::and_); }
void amoor_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::or_); }
void amomin_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::min); }
void amomax_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::max); }
void amominu_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::minu); }
void amomaxu_w(BlockTranslation& t, const Instruction& i) { modify(t, i, word, AtomicOp::maxu); }

void amoswap_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::swap); }
void amoadd_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::add); }
void amoxor_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::xor_); }
void amoand_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::and_); }
void amoor_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::or_); }
void amomin_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::min); }
void amomax_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::max); }
void amominu_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::minu); }
void amomaxu_d(BlockTranslation& t, const Instruction& i) { modify(t, i, doubleword, AtomicOp::maxu); }

} // namespace orrery::riscv::translators
