#include "cpu/x86/vector.hpp"

namespace orrery::x86 {
namespace {

constexpr std::size_t operation_count = 0
#define OPERATION(op, name, access, flags, page) +1
#include "cpu/x86/operations.def"
#undef OPERATION
    ;

using KernelTable = std::array<FoundKernel, operation_count + 1>;

KernelTable make_table() {
    KernelTable table{};
    const auto add = [&](KernelKind kind, std::span<const KernelRow> rows) {
        for (const KernelRow& row : rows)
            table[static_cast<std::size_t>(row.op)] = {kind, row.kernel, row.mmx ? row.mmx : row.kernel};
    };
    add(KernelKind::packed, packed_arithmetic());
    add(KernelKind::packed, packed_shuffles());
    add(KernelKind::packed, packed_approximations());
    add(KernelKind::packed, packed_strings());
    add(KernelKind::packed, packed_cryptography());
    add(KernelKind::floating, floating_arithmetic());
    add(KernelKind::floating, floating_conversions());
    add(KernelKind::floating, floating_halves());
    add(KernelKind::fused, fused_arithmetic());
    return table;
}

} // namespace

const FoundKernel& kernel_of(Op op) {
    static const KernelTable table = make_table();
    return table[static_cast<std::size_t>(op)];
}

} // namespace orrery::x86
