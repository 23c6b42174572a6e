// SSE4.2 (SDM 1, 12.9 to 12.11): comparisons of strings, and checksums.
#include "cpu/x86/translate_vector.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;

// Lengths are signed numbers in rAX and rDX, of 64 bits with REX.W.
void put_lengths(BlockTranslation& t, u32 scratch) {
    const u32 size = t.operand_size() == 8 ? 8 : 4;
    put_scratch(
        t, scratch,
        {t.sign_extend(t.ir().get(slot::r(gpr::rax)), size), t.sign_extend(t.ir().get(slot::r(gpr::rdx)), size)});
}

// `index` and `mask`: the operations that give each.
void compare_strings(BlockTranslation& t, Op index, Op mask) {
    if (!vectors_usable(t)) return;
    const Op op = t.instruction().row->op;
    constexpr u32 lengths = 1;
    VectorRequest request{.op = index};
    request.b = vector_source(t, 1, 0);
    request.a = vector_source(t, 0, 0);
    request.c = request.destination = vector_place::scratch(lengths);
    const Value control = t.constant(static_cast<u64>(t.instruction().immediate) & 0xff);
    put_lengths(t, lengths);
    t.call(HelperNumber::packed, t.constant(request.pack()), control);
    const Value found = t.ir().get(slot::scratch_low(lengths));
    const Value flags = t.ir().get(slot::scratch_high(lengths));
    if (op == mask) {
        request.op = mask;
        request.destination = vector_place::xmm(0);
        put_lengths(t, lengths);
        t.call(HelperNumber::packed, t.constant(request.pack()), control);
        clear_upper(t, 0);
    } else {
        t.put_gpr(gpr::rcx, 4, found);
    }
    t.set_flag_image(flags);
}

} // namespace

void pcmpestri(BlockTranslation& t) { compare_strings(t, Op::pcmpestri, Op::pcmpestrm); }
void pcmpestrm(BlockTranslation& t) { compare_strings(t, Op::pcmpestri, Op::pcmpestrm); }
void pcmpistri(BlockTranslation& t) { compare_strings(t, Op::pcmpistri, Op::pcmpistrm); }
void pcmpistrm(BlockTranslation& t) { compare_strings(t, Op::pcmpistri, Op::pcmpistrm); }

void crc32(BlockTranslation& t) {
    const Location to = t.place(0);
    const Location from = t.place(1);
    const Value data = t.read(from);
    t.write(to, t.call(HelperNumber::crc32, t.gpr(to.number, 4), data, t.constant(from.size)));
}

} // namespace orrery::x86::translators
