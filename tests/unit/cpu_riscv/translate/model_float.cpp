#include <cstring>

#include "cpu/float/softfloat.hpp"
#include "cpu/riscv/float.hpp"
#include "tests/unit/cpu_riscv/translate/model.hpp"

namespace orrery::riscv::test {
namespace {

// Translations use the host's arithmetic, this the exact one; tests/unit/softfloat compares the two at length.
using Reference = FloatInstructions<softfloat::Soft>;

template <typename T> void load(Model& m, const Instruction& i) {
    T value;
    const u8* host = m.at(m.x(i.rs1) + static_cast<u64>(i.imm), sizeof(T), 5);
    if (!host) return;
    std::memcpy(&value, host, sizeof(T));
    u64 boxed = ~u64{0};
    std::memcpy(&boxed, &value, sizeof(T));
    m.set_f(i.rd, boxed);
}
template <typename T> void store(Model& m, const Instruction& i) {
    const T value = static_cast<T>(m.f(i.rs2));
    u8* host = m.at(m.x(i.rs1) + static_cast<u64>(i.imm), sizeof(T), 7);
    if (host) std::memcpy(host, &value, sizeof(T));
}

} // namespace

#define COMPUTED(op, destination, ...)                                                                                 \
    meanings[Op::op] = [](Model& m, const Instruction& i) {                                                            \
        u8 flags = 0;                                                                                                  \
        m.destination(i.rd, Reference::op(__VA_ARGS__, flags));                                                        \
        m.add_flags(flags);                                                                                            \
    };
#define FUSED(op) COMPUTED(op, set_f, m.f(i.rs1), m.f(i.rs2), m.f(i.rs3), m.rounding(i))
#define ROUNDED(op) COMPUTED(op, set_f, m.f(i.rs1), m.f(i.rs2), m.rounding(i))
#define CONVERSION(op) COMPUTED(op, set_f, m.f(i.rs1), m.rounding(i))
#define TO_INTEGER(op) COMPUTED(op, set_x, m.f(i.rs1), m.rounding(i))
#define FROM_INTEGER(op) COMPUTED(op, set_f, m.x(i.rs1), m.rounding(i))
#define SELECTION(op) COMPUTED(op, set_f, m.f(i.rs1), m.f(i.rs2))
#define COMPARISON(op) COMPUTED(op, set_x, m.f(i.rs1), m.f(i.rs2))
#define EXACT(op, destination, ...)                                                                                    \
    meanings[Op::op] = [](Model& m, const Instruction& i) { m.destination(i.rd, op(__VA_ARGS__)); };
#define CLASSIFICATION(op) EXACT(op, set_x, m.f(i.rs1))

void add_float_meanings(Meanings& meanings) {
#include "cpu/riscv/float_shapes.def"
    EXACT(fsgnj_s, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fsgnjn_s, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fsgnjx_s, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fsgnj_d, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fsgnjn_d, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fsgnjx_d, set_f, m.f(i.rs1), m.f(i.rs2))
    EXACT(fmv_x_h, set_x, m.f(i.rs1))
    EXACT(fmv_x_w, set_x, m.f(i.rs1))
    EXACT(fmv_x_d, set_x, m.f(i.rs1))
    EXACT(fmv_h_x, set_f, m.x(i.rs1))
    EXACT(fmv_w_x, set_f, m.x(i.rs1))
    EXACT(fmv_d_x, set_f, m.x(i.rs1))
    meanings[Op::flh] = load<u16>;
    meanings[Op::flw] = load<u32>;
    meanings[Op::fld] = load<u64>;
    meanings[Op::fsh] = store<u16>;
    meanings[Op::fsw] = store<u32>;
    meanings[Op::fsd] = store<u64>;
}

} // namespace orrery::riscv::test
