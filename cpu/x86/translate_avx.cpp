// What only AVX and AVX2 have (SDM 1, chapter 14): broadcasts, permutations of 256 bits, masked moves and gathers.
#include "cpu/x86/translate_vector.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

OperandValue operand(BlockTranslation& t, std::size_t number) { return operand_of(t.instruction(), number); }
u32 immediate(BlockTranslation& t) { return static_cast<u32>(t.instruction().immediate) & 0xff; }

// The operand's lowest element in every lane.
void broadcast(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const u32 size = operand(t, 1).size_bytes;
    const Value element = t.zero_extend(read_vector_operand(t, 1).low, size);
    const u64 ones = size == 1   ? 0x0101'0101'0101'0101
                     : size == 2 ? 0x0001'0001'0001'0001
                     : size == 4 ? 0x0000'0001'0000'0001
                                 : 1;
    const Value all = size == 8 ? element : t.binary(IrOp::mul, element, ones);
    const VectorValue half{all, all};
    write_wide(t, operand(t, 0).number, {half, is_wide(t.instruction()) ? half : VectorValue{}});
}
void broadcast_half(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const VectorValue half = read_vector_operand(t, 1);
    write_wide(t, operand(t, 0).number, {half, half});
}

// SDM 2, VPERM2F128: for each half four bits, that choose one of both sources' or zero.
void permute_halves(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const WideValue second = read_wide_operand(t, 2);
    const WideValue first = read_wide_operand(t, 1);
    const auto chosen = [&](u32 control) -> VectorValue {
        if ((control & 8) != 0) return {t.constant(0), t.constant(0)};
        const WideValue& from = (control & 2) != 0 ? second : first;
        return (control & 1) != 0 ? from.upper : from.lower;
    };
    write_wide(t, operand(t, 0).number, {chosen(immediate(t)), chosen(immediate(t) >> 4)});
}

void insert_half(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const VectorValue inserted = read_vector_operand(t, 2);
    WideValue result = read_wide_operand(t, 1);
    ((immediate(t) & 1) != 0 ? result.upper : result.lower) = inserted;
    write_wide(t, operand(t, 0).number, result);
}
void extract_half(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const OperandValue to = operand(t, 0);
    const u32 from = operand(t, 1).number;
    const VectorValue half = (immediate(t) & 1) != 0 ? read_upper(t, from) : read_vector(t, from);
    if (to.kind == OperandKind::memory) return store_wide(t, t.place(0).value, {half}, false);
    write_vector(t, to.number, half);
}

// SDM 2, VPERMQ: four elements of 64 bits, each chosen by two bits.
void permute_qwords(BlockTranslation& t) {
    if (!vectors_usable(t)) return;
    const WideValue from = read_wide_operand(t, 1);
    const std::array all{from.lower.low, from.lower.high, from.upper.low, from.upper.high};
    const auto chosen = [&](u32 number) { return all[immediate(t) >> (2 * number) & 3]; };
    write_wide(t, operand(t, 0).number, {{chosen(0), chosen(1)}, {chosen(2), chosen(3)}});
}

bool has_immediate(BlockTranslation& t) { return t.instruction().row->immediates == Immediates::byte; }

void zero(BlockTranslation& t, bool all) {
    if (!vectors_usable(t)) return;
    t.call(HelperNumber::zero_vectors, t.constant(t.is_64() ? 16 : 8), t.constant(all ? 1 : 0));
}

// Lanes of which the mask has the sign set; others are read as zeros and not written.
void move_masked(BlockTranslation& t, u32 lane_size) {
    if (!vectors_usable(t)) return;
    const bool stores = operand(t, 0).kind == OperandKind::memory;
    const Location memory = t.place(stores ? 0 : 2);
    VectorRequest request{.b = vector_source(t, 1, 0), .shape = is_wide(t.instruction()) ? Shape::both : Shape::single};
    (stores ? request.a : request.destination) = vector_source(t, stores ? 2 : 0, 0);
    t.call(stores ? HelperNumber::store_masked : HelperNumber::load_masked, memory.value, t.constant(request.pack()),
           t.constant(lane_size));
}

void gather(BlockTranslation& t, u8 index_size, u8 lane_size) {
    if (!vectors_usable(t)) return;
    const Instruction& i = t.instruction();
    const GatherRequest request{
        .destination = operand(t, 0).number,
        .index = i.memory.index,
        .mask = operand(t, 2).number,
        .index_size = index_size,
        .lane_size = lane_size,
        .scale = i.memory.scale,
        .count = static_cast<u8>((i.vex_256 ? 32 : 16) / std::max(index_size, lane_size)),
        .address_size = i.address_size,
        .segment = i.memory.segment,
    };
    t.call(HelperNumber::gather, t.effective_address(), t.constant(request.pack()));
}

} // namespace

void vbroadcastss(BlockTranslation& t) { broadcast(t); }
void vbroadcastsd(BlockTranslation& t) { broadcast(t); }
void vbroadcastf128(BlockTranslation& t) { broadcast_half(t); }
void vbroadcasti128(BlockTranslation& t) { broadcast_half(t); }
void vpbroadcastb(BlockTranslation& t) { broadcast(t); }
void vpbroadcastw(BlockTranslation& t) { broadcast(t); }
void vpbroadcastd(BlockTranslation& t) { broadcast(t); }
void vpbroadcastq(BlockTranslation& t) { broadcast(t); }

void vperm2f128(BlockTranslation& t) { permute_halves(t); }
void vperm2i128(BlockTranslation& t) { permute_halves(t); }
void vinsertf128(BlockTranslation& t) { insert_half(t); }
void vinserti128(BlockTranslation& t) { insert_half(t); }
void vextractf128(BlockTranslation& t) { extract_half(t); }
void vextracti128(BlockTranslation& t) { extract_half(t); }
void vpermq(BlockTranslation& t) { permute_qwords(t); }
void vpermpd(BlockTranslation& t) { permute_qwords(t); }

// By an immediate it is what PSHUFD does.
void vpermilps(BlockTranslation& t) { vector_operation_as(t, has_immediate(t) ? Op::pshufd : Op::vpermilps); }
void vpermilpd(BlockTranslation& t) {
    if (!has_immediate(t)) return vector_operation(t);
    if (!vectors_usable(t)) return;
    const WideValue from = read_wide_operand(t, 1);
    const auto chosen = [&](const VectorValue& half, u32 bit) {
        return (immediate(t) >> bit & 1) != 0 ? half.high : half.low;
    };
    WideValue result{{chosen(from.lower, 0), chosen(from.lower, 1)}};
    if (from.upper.exists()) result.upper = {chosen(from.upper, 2), chosen(from.upper, 3)};
    write_wide(t, operand(t, 0).number, result);
}

void vzeroupper(BlockTranslation& t) { zero(t, false); }
void vzeroall(BlockTranslation& t) { zero(t, true); }

void vmaskmovps(BlockTranslation& t) { move_masked(t, 4); }
void vmaskmovpd(BlockTranslation& t) { move_masked(t, 8); }
void vpmaskmovd(BlockTranslation& t) { move_masked(t, 4); }
void vpmaskmovq(BlockTranslation& t) { move_masked(t, 8); }

void vpgatherdd(BlockTranslation& t) { gather(t, 4, 4); }
void vgatherdps(BlockTranslation& t) { gather(t, 4, 4); }
void vpgatherdq(BlockTranslation& t) { gather(t, 4, 8); }
void vgatherdpd(BlockTranslation& t) { gather(t, 4, 8); }
void vpgatherqd(BlockTranslation& t) { gather(t, 8, 4); }
void vgatherqps(BlockTranslation& t) { gather(t, 8, 4); }
void vpgatherqq(BlockTranslation& t) { gather(t, 8, 8); }
void vgatherqpd(BlockTranslation& t) { gather(t, 8, 8); }

// Of 256 bits it stores 16 bytes, else 8.
void vcvtps2ph(BlockTranslation& t) {
    if (operand(t, 0).kind != OperandKind::memory) return vector_operation(t);
    if (!vectors_usable(t)) return;
    const Location to = t.place(0);
    constexpr u32 scratch = 1;
    floating_operation_into(t, vector_place::scratch(scratch));
    const Value low = t.ir().get(slot::scratch_low(scratch));
    if (to.size == 8) return t.store(to.value, 8, low);
    store_wide(t, to.value, {{low, t.ir().get(slot::scratch_high(scratch))}}, false);
}

} // namespace orrery::x86::translators
