#include "tests/unit/cpu_riscv/translate/rig.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace orrery::riscv::test {

std::expected<u16, Fault> FakeCode::fetch16(u64 pc) {
    const auto found = halves_.find(pc);
    if (found == halves_.end()) return std::unexpected(Fault{static_cast<u64>(Exception::instruction_page_fault), pc});
    return found->second;
}

std::expected<u8, Fault> FakeCode::fetch8(u64 pc) {
    const auto half = fetch16(pc & ~u64{1});
    if (!half) return std::unexpected(half.error());
    return static_cast<u8>(*half >> 8 * (pc & 1));
}

// What translated code calls for every access, since nothing is ever in the TLB.
struct TranslationRig::Slow {
    static TranslationRig& rig(jit::Context* context) { return *static_cast<TranslationRig*>(context->engine); }

    static u8* at(TranslationRig& rig, u64 address, u64 size_bytes, Exception fault) {
        const u64 offset = address - memory_base;
        if (offset <= memory_bytes - size_bytes) return rig.bytes().data() + offset;
        rig.leave_raising({static_cast<u64>(fault), address});
        return nullptr;
    }
    static bool misaligned(TranslationRig& rig, u64 address, u64 size_bytes, Exception fault) {
        if (address % size_bytes == 0) return false;
        rig.leave_raising({static_cast<u64>(fault), address});
        return true;
    }
    static u64 extend(u64 value, u64 size_bytes, bool sign) {
        const auto unused = static_cast<int>(64 - 8 * size_bytes);
        value <<= unused;
        return sign ? static_cast<u64>(static_cast<i64>(value) >> unused) : value >> unused;
    }

    static u64 load(jit::Context* context, u64 address, u32 packed) {
        const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
        const u8* host = at(rig(context), address, access.size_bytes(), Exception::load_access_fault);
        u64 value = 0;
        if (host) std::memcpy(&value, host, access.size_bytes());
        return extend(value, access.size_bytes(), access.sign_extend);
    }
    static void store(jit::Context* context, u64 address, u32 packed, u64 value) {
        const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
        u8* host = at(rig(context), address, access.size_bytes(), Exception::store_access_fault);
        if (host) std::memcpy(host, &value, access.size_bytes());
    }
    static u64 combine(ir::AtomicOp op, u64 a, u64 b) { // both sign-extended
        const auto x = static_cast<i64>(a), y = static_cast<i64>(b);
        switch (op) {
        case ir::AtomicOp::swap:
            return b;
        case ir::AtomicOp::add:
            return a + b;
        case ir::AtomicOp::xor_:
            return a ^ b;
        case ir::AtomicOp::and_:
            return a & b;
        case ir::AtomicOp::or_:
            return a | b;
        case ir::AtomicOp::min:
            return x < y ? a : b;
        case ir::AtomicOp::max:
            return x < y ? b : a;
        case ir::AtomicOp::minu:
            return a < b ? a : b;
        case ir::AtomicOp::maxu:
            return a < b ? b : a;
        }
        return 0;
    }
    static u64 amo(jit::Context* context, u64 address, u32 packed, u64 value) {
        const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
        const u64 size = access.size_bytes();
        if (misaligned(rig(context), address, size, Exception::store_address_misaligned)) return 0;
        u8* host = at(rig(context), address, size, Exception::store_access_fault);
        if (!host) return 0;
        u64 old = 0;
        std::memcpy(&old, host, size);
        old = extend(old, size, true);
        const u64 result = combine(access.atomic, old, extend(value, size, true));
        std::memcpy(host, &result, size);
        return old;
    }
    static u64 load_reserved(jit::Context* context, u64 address, u32 packed) {
        const u64 size = ir::MemoryAccess::unpack(static_cast<u16>(packed)).size_bytes();
        if (misaligned(rig(context), address, size, Exception::load_address_misaligned)) return 0;
        const u8* host = at(rig(context), address, size, Exception::load_access_fault);
        if (!host) return 0;
        u64 value = 0;
        std::memcpy(&value, host, size);
        rig(context).registers.reservation = {1, address, value};
        return extend(value, size, true);
    }
    static u64 store_conditional(jit::Context* context, u64 address, u32 packed, u64 value) {
        const u64 size = ir::MemoryAccess::unpack(static_cast<u16>(packed)).size_bytes();
        if (misaligned(rig(context), address, size, Exception::store_address_misaligned)) return 0;
        const Reservation reservation = std::exchange(rig(context).registers.reservation, {});
        if (reservation.valid == 0 || reservation.address != address) return 1;
        u8* host = at(rig(context), address, size, Exception::store_access_fault);
        if (!host) return 0;
        std::memcpy(host, &value, size);
        return 0;
    }
};

TranslationRig::TranslationRig()
    : hart(registers, *this, {}), context_(std::make_unique<jit::Context>()), interpreter_(hart.description()) {
    context_->state = &registers;
    context_->self = static_cast<Frontend*>(&hart);
    context_->engine = this;
    context_->slow = {Slow::load, Slow::store, Slow::amo, Slow::load_reserved, Slow::store_conditional};
    hart.attach(*this);
    hart.reset();
    registers.pmpaddr[0] = (u64{1} << 54) - 1;
    registers.pmpcfg[0] = pmpcfg::r | pmpcfg::w | pmpcfg::x | pmpcfg::napot << pmpcfg::a_low;
    hart.pmp().decode();
}

void TranslationRig::leave_raising(Fault raised) {
    context_->leave = jit::LeaveRequest::raise;
    context_->fault_code = raised.code;
    context_->fault_value = raised.value;
}

std::expected<void, Fault> TranslationRig::zero(GuestVirtual address, u64 size_bytes) {
    const u64 offset = address.value - memory_base;
    if (offset > memory_bytes - size_bytes)
        return std::unexpected(Fault{static_cast<u64>(Exception::store_access_fault), address.value});
    std::ranges::fill(bytes().subspan(offset, size_bytes), u8{0});
    return {};
}

ir::Block TranslationRig::translate(FakeCode& from, u32 limit) {
    ir::Builder builder;
    const ir::BlockKey key = hart.key();
    builder.begin(key);
    hart.translate(key, from, limit, builder);
    return builder.take();
}

void TranslationRig::run(ir::Block block) {
    fault.reset();
    jit::CompiledBlock compiled;
    compiled.key = block.key;
    compiled.guest_instructions = block.guest_instructions;
    compiled.guest_bytes = block.guest_bytes;
    compiled.ir = std::make_unique<const ir::Block>(std::move(block));
    context_->budget = compiled.guest_instructions;
    context_->leave = jit::LeaveRequest::none;
    interpreter_.run(*context_, compiled);
    if (context_->exit == jit::Exit::raise) fault = Fault{context_->exit_code, context_->exit_value};
    if (context_->exit == jit::Exit::slow && context_->leave == jit::LeaveRequest::raise)
        fault = Fault{context_->fault_code, context_->fault_value};
    left = context_->exit == jit::Exit::leave || context_->leave == jit::LeaveRequest::in_state;
}

} // namespace orrery::riscv::test
