// Which kernels are instructions of the host: of every one those of SSE and SSE2 whose results don't depend on the
// processor, and of hosts that have it FMA. Their encodings are those of the guest's own rows.
#include "cpu/x86/instruction_table.hpp"
#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

struct Form {
    bool exists = false;
    bool has_immediate = false;
    bool compares_by_immediate = false;
    ir::HostVector vector; // without its slots
};

constexpr std::size_t operation_count = 1
#define OPERATION(op, name, access, flags, page) +1
#include "cpu/x86/operations.def"
#undef OPERATION
    ;
using Forms = std::array<Form, operation_count>;

constexpr u64 last_sse_predicate = 7;

bool is_vector(Place place) { return place == Place::V || place == Place::W || place == Place::U; }

std::optional<u8> byte_of_prefix(u8 prefixes) {
    switch (prefixes) {
    case prefix::none:
        return u8{0};
    case prefix::p66:
        return u8{0x66};
    case prefix::pf3:
        return u8{0xf3};
    case prefix::pf2:
        return u8{0xf2};
    default:
        return std::nullopt;
    }
}

Form form_of(const Row& row) {
    using Result = ir::HostVector::Result;
    const auto mandatory = byte_of_prefix(row.prefixes);
    const bool to_general = row.operands[0].place == Place::G;
    const bool from_general = row.operands[1].place == Place::E && row.operands[1].type == Type::y;
    const bool known_operands =
        (to_general || row.operands[0].place == Place::V) && (from_general || is_vector(row.operands[1].place));
    if (row.map != Map::map_0f || row.features != Features{} || !mandatory || !known_operands) return {};
    constexpr u8 compares = 0xc2;
    const bool to_flags = operation_of(row.op).access == Access::read;
    return {.exists = true,
            .has_immediate = row.immediates == Immediates::byte,
            .compares_by_immediate = row.opcode == compares,
            .vector = {.prefix = *mandatory,
                       .opcode = row.opcode,
                       .wide = from_general, // integers come extended
                       .result = to_general ? Result::value
                                 : to_flags ? Result::flags
                                            : Result::pair,
                       .b_is_integer = from_general}};
}

void add_forms(Forms& forms, std::span<const KernelRow> kernels, bool floating) {
    for (const KernelRow& kernel : kernels)
        for (const Row& row : instruction_rows()) {
            if (row.op != kernel.op) continue;
            Form form = form_of(row);
            if (!form.exists) continue;
            form.vector.floating = floating;
            forms[static_cast<std::size_t>(row.op)] = form;
        }
}

bool host_has_fma() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

void add_fused_forms(Forms& forms) {
    for (const Row& row : instruction_rows())
        if (kernel_of(row.op).kind == KernelKind::fused)
            forms[static_cast<std::size_t>(row.op)] = {
                .exists = true,
                .vector = {.opcode = row.opcode, .wide = row.wide == 1, .fused = true, .floating = true}};
}

Forms make_forms() {
    Forms forms{};
    add_forms(forms, packed_arithmetic(), false);
    add_forms(forms, packed_shuffles(), false);
    add_forms(forms, floating_arithmetic(), true);
    add_forms(forms, floating_conversions(), true);
    if (host_has_fma()) add_fused_forms(forms);
    return forms;
}

std::optional<u16> slot_of(u8 place) {
    if (place < vector_place::ymm_high(0)) return slot::xmm_low(place);
    if (place < vector_place::scratch(0)) return slot::ymm_high_low(place - vector_place::ymm_high(0U));
    if (vector_place::is_mmx(place) || place == vector_place::none) return std::nullopt;
    return slot::scratch_low(place - vector_place::scratch(0U));
}

ir::HostVector::Pairs upper_of(const VectorRequest& request) {
    const auto upper = [](u8 place) { return slot_of(vector_place::upper(place)).value_or(0); };
    return {
        .destination = upper(request.destination), .a = upper(request.a), .b = upper(request.b), .c = upper(request.c)};
}

} // namespace

std::optional<ir::HostVector> host_vector(u64 packed, u64 immediate) {
    static const Forms forms = make_forms();
    const VectorRequest request = VectorRequest::unpack(packed);
    const Form& form = forms[static_cast<std::size_t>(request.op)];
    const auto a = slot_of(request.a), b = slot_of(request.b), destination = slot_of(request.destination);
    const bool is_pair = form.vector.result == ir::HostVector::Result::pair;
    if (!form.exists || !a || !b || destination.has_value() != is_pair) return std::nullopt;
    if (request.shape != Shape::single && (request.shape != Shape::both || !is_pair)) return std::nullopt;
    if (form.compares_by_immediate && immediate > last_sse_predicate) return std::nullopt;
    ir::HostVector vector = form.vector;
    vector.destination = destination.value_or(0);
    vector.a = *a;
    vector.b = *b;
    if (form.vector.fused) vector.c = slot_of(request.c).value_or(0);
    if (request.shape == Shape::both) vector.upper = upper_of(request);
    if (form.has_immediate) vector.immediate = static_cast<u8>(immediate);
    // Of the conversions to integers it is the size of the result.
    const bool converts = vector.floating && vector.result == ir::HostVector::Result::value;
    if (converts) vector.wide = immediate == 8;
    return vector;
}

} // namespace orrery::x86
