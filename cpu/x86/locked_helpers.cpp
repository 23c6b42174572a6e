// Helpers of operations on memory that other CPUs see as one (SDM 3A 8.1.2).
#include "cpu/x86/helper_call.hpp"
#include "cpu/x86/helpers.hpp"
#include "cpu/x86/lazy_flags.hpp"

namespace orrery::x86 {
namespace {

void put_flags(Core& core, u64 image) {
    core.state().lazy = {flag_kind(FlagOperation::image, 0), 0, image & flag::arithmetic};
}

u64 updated(UpdateOperation operation, u64 old, u64 operand, u64 size) {
    const u64 bit = u64{1} << (operand & (8 * size - 1));
    switch (operation) {
    case UpdateOperation::add:
    case UpdateOperation::add_with_carry:
        return old + operand;
    case UpdateOperation::subtract:
    case UpdateOperation::subtract_with_borrow:
        return old - operand;
    case UpdateOperation::or_:
        return old | operand;
    case UpdateOperation::and_:
        return old & operand;
    case UpdateOperation::xor_:
        return old ^ operand;
    case UpdateOperation::exchange:
        return operand;
    case UpdateOperation::not_:
        return ~old;
    case UpdateOperation::negate:
        return 0 - old;
    case UpdateOperation::set_bit:
        return old | bit;
    case UpdateOperation::clear_bit:
        return old & ~bit;
    case UpdateOperation::flip_bit:
        return old ^ bit;
    }
    return old;
}

} // namespace

namespace helper {

u64 update(void* self, u64 address, u64 operand, u64 packed) {
    Core& core = core_of(self);
    const auto operation = static_cast<UpdateOperation>(packed & 0xff);
    const u64 size = packed >> 8;
    if (const auto aligned = core.check_alignment(address, static_cast<u32>(size)); !aligned)
        return done(core, aligned);
    const auto old = core.services().update({address}, static_cast<Width>(size), [&](u64 value) {
        return updated(operation, value, operand, size) & mask(static_cast<Size>(size));
    });
    return old ? *old : raise(core, old.error());
}

u64 compare_and_swap(void* self, u64 address, u64 replacement, u64 size) {
    Core& core = core_of(self);
    const u64 wanted = core.state().r[gpr::rax] & mask(static_cast<Size>(size));
    if (const auto aligned = core.check_alignment(address, static_cast<u32>(size)); !aligned)
        return done(core, aligned);
    const auto old = core.services().update({address}, static_cast<Width>(size),
                                            [&](u64 value) { return value == wanted ? replacement : value; });
    return old ? *old : raise(core, old.error());
}

u64 compare_and_swap_pair(void* self, u64 address, u64 pair_size, u64) {
    Core& core = core_of(self);
    auto& r = core.state().r;
    const u64 flags_before = arithmetic_flags(core.state().lazy) & ~u64{flag::zero};
    if (pair_size == 8) {
        const u64 wanted = (r[gpr::rdx] << 32) | (r[gpr::rax] & 0xffff'ffff);
        const u64 replacement = (r[gpr::rcx] << 32) | (r[gpr::rbx] & 0xffff'ffff);
        const auto old = core.services().update({address}, Width::dword,
                                                [&](u64 value) { return value == wanted ? replacement : value; });
        if (!old) return raise(core, old.error());
        put_flags(core, flags_before | (*old == wanted ? flag::zero : 0));
        if (*old == wanted) return 0;
        r[gpr::rax] = *old & 0xffff'ffff;
        r[gpr::rdx] = *old >> 32;
        return 0;
    }
    if (address % 16 != 0) return raise(core, general_protection());
    const auto exchanged =
        core.services().compare_exchange_pair({address}, {r[gpr::rax], r[gpr::rdx]}, {r[gpr::rbx], r[gpr::rcx]});
    if (!exchanged) return raise(core, exchanged.error());
    const bool equal = (*exchanged)[0] == r[gpr::rax] && (*exchanged)[1] == r[gpr::rdx];
    put_flags(core, flags_before | (equal ? flag::zero : 0));
    r[gpr::rax] = (*exchanged)[0];
    r[gpr::rdx] = (*exchanged)[1];
    return 0;
}

} // namespace helper
} // namespace orrery::x86
