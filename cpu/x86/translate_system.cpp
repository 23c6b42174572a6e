// System instructions (SDM 1, 5.20) and ports. What they do is in system_helpers.cpp; here is where a block must end.
#include "cpu/x86/translate.hpp"

#include "cpu/x86/segmentation.hpp"

namespace orrery::x86::translators {
namespace {

using ir::Value;
using IrOp = ir::Op;

// The mode, interrupts or translations may be others behind it.
void call_and_leave(BlockTranslation& t, HelperNumber helper, Value a = ir::no_value, Value b = ir::no_value,
                    Value c = ir::no_value) {
    t.call(helper, a, b, c);
    t.leave();
}

Value port_of(BlockTranslation& t, std::size_t operand) { return t.read(operand); }

void store_table(BlockTranslation& t, u64 table) {
    t.call(HelperNumber::forbid_user_mode);
    const u32 base_bytes = t.is_64() ? 8 : 4;
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), 2 + base_bytes, true);
    const Value limit = t.call(HelperNumber::table_limit, t.constant(table));
    const Value base = t.call(HelperNumber::table_base, t.constant(table));
    t.store(address, 2, limit);
    t.store(t.binary(IrOp::add, address, u64{2}), base_bytes, base);
}

// With 16-bit operands the base has 24 bits.
void load_table(BlockTranslation& t, u64 table) {
    const u32 base_bytes = t.is_64() ? 8 : 4;
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), 2 + base_bytes, false);
    const Value limit = t.load(address, 2);
    Value base = t.load(t.binary(IrOp::add, address, u64{2}), base_bytes);
    if (!t.is_64() && t.operand_size() == 2) base = t.binary(IrOp::and_, base, u64{0xff'ffff});
    call_and_leave(t, HelperNumber::load_table, t.constant(table), limit, base);
}

void store_selector(BlockTranslation& t, u64 which) {
    t.call(HelperNumber::forbid_user_mode);
    const Location to = t.place(0);
    t.write(to, t.call(HelperNumber::system_selector, t.constant(which)));
}

void load_selector(BlockTranslation& t, u64 which) {
    call_and_leave(t, HelperNumber::load_system_segment, t.constant(which), t.read(0));
}

void string(BlockTranslation& t, StringRequest::Operation operation, std::size_t element_operand) {
    const Instruction& i = t.instruction();
    const StringRequest request{.operation = operation,
                                .size = static_cast<u8>(operand_of(i, element_operand).size_bytes),
                                .address_size = i.address_size,
                                .segment = static_cast<u8>(i.memory.segment),
                                .repeat = static_cast<u8>(i.repeat)};
    call_and_leave(t, HelperNumber::string, t.constant(request.pack()));
}

void read_base(BlockTranslation& t, Segment segment) {
    const Location to = t.place(0);
    t.write(to, t.call(HelperNumber::read_segment_base, t.constant(static_cast<u64>(segment))));
}

void write_base(BlockTranslation& t, Segment segment) {
    t.call(HelperNumber::write_segment_base, t.constant(static_cast<u64>(segment)), t.read(0));
}

void see(BlockTranslation& t, Visibility why, std::size_t operand) {
    t.call(HelperNumber::see_descriptor, t.zero_extend(t.read(operand), 2), t.constant(static_cast<u64>(why)));
    t.forget_flags();
}

// lar and lsl leave the destination alone if the descriptor may not be seen.
void load_from_descriptor(BlockTranslation& t, Visibility why) {
    const Location to = t.place(0);
    const Value selector = t.zero_extend(t.read(1), 2);
    const Value found = t.call(HelperNumber::see_descriptor, selector, t.constant(static_cast<u64>(why)));
    t.forget_flags();
    const Value seen = t.condition(4);
    const Value old = t.ir().get(slot::r(to.number));
    if (to.size == 2)
        t.write(to, t.ir().select(seen, found, old));
    else
        t.ir().put(slot::r(to.number), t.ir().select(seen, t.zero_extend(found, to.size), old));
}

void random(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value value = t.call(HelperNumber::random, t.constant(to.size));
    t.forget_flags();
    t.write(to, value);
}

} // namespace

void in(BlockTranslation& t) {
    const Location to = t.place(0);
    t.write(to, t.call(HelperNumber::read_port, port_of(t, 1), t.constant(to.size)));
}
void out(BlockTranslation& t) {
    const Location value = t.place(1);
    call_and_leave(t, HelperNumber::write_port, port_of(t, 0), t.constant(value.size), t.read(value));
}
void ins(BlockTranslation& t) { string(t, StringRequest::Operation::ins, 0); }
void outs(BlockTranslation& t) { string(t, StringRequest::Operation::outs, 1); }

void cli(BlockTranslation& t) { t.call(HelperNumber::set_interrupt_flag, t.constant(0)); }
// Interrupts that wait come behind the next instruction; they make the helper leave.
void sti(BlockTranslation& t) {
    if (t.stops_behind()) return call_and_leave(t, HelperNumber::set_interrupt_flag, t.constant(1), t.constant(0));
    t.call(HelperNumber::set_interrupt_flag, t.constant(1), t.constant(1), t.constant(t.next_pc()));
    t.shadow_next();
}
void hlt(BlockTranslation& t) { call_and_leave(t, HelperNumber::halt); }

void mov_control(BlockTranslation& t) {
    const OperandValue to = operand_of(t.instruction(), 0);
    const OperandValue from = operand_of(t.instruction(), 1);
    if (to.kind == OperandKind::control) {
        t.call(HelperNumber::write_control, t.constant(to.number), t.read(1));
        return to.number == 3 ? t.go_on_elsewhere() : t.leave();
    }
    const Value value = t.call(HelperNumber::read_control, t.constant(from.number));
    t.write(t.place(0), value);
}

void mov_debug(BlockTranslation& t) {
    const OperandValue to = operand_of(t.instruction(), 0);
    const OperandValue from = operand_of(t.instruction(), 1);
    if (to.kind == OperandKind::debug)
        return call_and_leave(t, HelperNumber::write_debug, t.constant(to.number), t.read(1));
    const Value value = t.call(HelperNumber::read_debug, t.constant(from.number));
    t.write(t.place(0), value);
}

void clts(BlockTranslation& t) { call_and_leave(t, HelperNumber::clear_task_switched); }
void lmsw(BlockTranslation& t) { call_and_leave(t, HelperNumber::load_status_word, t.read(0)); }
void smsw(BlockTranslation& t) {
    t.call(HelperNumber::forbid_user_mode);
    const Location to = t.place(0);
    t.write(to, t.call(HelperNumber::read_control, t.constant(0)));
}

void lgdt(BlockTranslation& t) { load_table(t, 0); }
void lidt(BlockTranslation& t) { load_table(t, 1); }
void sgdt(BlockTranslation& t) { store_table(t, 0); }
void sidt(BlockTranslation& t) { store_table(t, 1); }
void lldt(BlockTranslation& t) { load_selector(t, 0); }
void ltr(BlockTranslation& t) { load_selector(t, 1); }
void sldt(BlockTranslation& t) { store_selector(t, 0); }
void str(BlockTranslation& t) { store_selector(t, 1); }

void invlpg(BlockTranslation& t) {
    const Instruction& i = t.instruction();
    // No access, so no check: only the address counts.
    const bool own_base = i.memory.segment == Segment::fs || i.memory.segment == Segment::gs || !t.is_64();
    const Value offset = t.effective_address();
    const Value address =
        own_base ? t.binary(IrOp::add, offset, t.ir().get(slot::segment_base(i.memory.segment))) : offset;
    call_and_leave(t, HelperNumber::invalidate_page, t.is_64() ? address : t.zero_extend(address, 4));
}
void invpcid(BlockTranslation& t) {
    const Value address = t.linear(t.instruction().memory.segment, t.effective_address(), 16, false);
    call_and_leave(t, HelperNumber::invalidate_pcid, t.gpr(t.instruction().reg(), t.is_64() ? 8 : 4), address);
}
// Caches are coherent.
void invd(BlockTranslation& t) { t.leave(); }
void wbinvd(BlockTranslation& t) { t.leave(); }
void clflushopt(BlockTranslation& t) { clflush(t); }
void clwb(BlockTranslation& t) { clflush(t); }

void rdmsr(BlockTranslation& t) { t.call(HelperNumber::read_msr); }
void wrmsr(BlockTranslation& t) { call_and_leave(t, HelperNumber::write_msr); }
void rdtsc(BlockTranslation& t) { t.call(HelperNumber::read_time_stamp, t.constant(0)); }
void rdtscp(BlockTranslation& t) { t.call(HelperNumber::read_time_stamp, t.constant(1)); }
// There are no counters, whatever CR4.PCE lets the user read.
void rdpmc(BlockTranslation& t) { t.raise(general_protection()); }
void cpuid(BlockTranslation& t) { t.call(HelperNumber::identify); }
void swapgs(BlockTranslation& t) {
    const u16 own = slot::segment_base(Segment::gs);
    const Value base = t.ir().get(own);
    t.ir().put(own, t.ir().get(slot::kernel_gs_base));
    t.ir().put(slot::kernel_gs_base, base);
}
void rdfsbase(BlockTranslation& t) { read_base(t, Segment::fs); }
void rdgsbase(BlockTranslation& t) { read_base(t, Segment::gs); }
void wrfsbase(BlockTranslation& t) { write_base(t, Segment::fs); }
void wrgsbase(BlockTranslation& t) { write_base(t, Segment::gs); }
void xgetbv(BlockTranslation& t) { t.call(HelperNumber::read_extended_control); }
void xsetbv(BlockTranslation& t) { call_and_leave(t, HelperNumber::write_extended_control); }

void clac(BlockTranslation& t) { t.call(HelperNumber::set_alignment_check, t.constant(0)); }
void stac(BlockTranslation& t) { t.call(HelperNumber::set_alignment_check, t.constant(1)); }

void lar(BlockTranslation& t) { load_from_descriptor(t, Visibility::rights); }
void lsl(BlockTranslation& t) { load_from_descriptor(t, Visibility::limit); }
void verr(BlockTranslation& t) { see(t, Visibility::read, 0); }
void verw(BlockTranslation& t) { see(t, Visibility::write, 0); }

// SDM 2, ARPL: raises the privilege number of the first to that of the second.
void arpl(BlockTranslation& t) {
    const Location to = t.place(0);
    const Value second = t.binary(IrOp::and_, t.read(1), u64{selector::rpl});
    const Value first = t.read(to);
    const Value own = t.binary(IrOp::and_, first, u64{selector::rpl});
    const Value less = t.ir().compare(ir::Condition::ltu, own, second);
    const Value raised = t.binary(IrOp::or_, t.binary(IrOp::and_, first, ~u64{selector::rpl}), second);
    const Value others = t.binary(IrOp::and_, t.flag_image(), u64{flag::arithmetic & ~flag::zero});
    t.write(to, t.ir().select(less, raised, first));
    t.set_flag_image(t.binary(IrOp::or_, others, t.binary(IrOp::shl, less, u64{6})));
}

void rdrand(BlockTranslation& t) { random(t); }
void rdseed(BlockTranslation& t) { random(t); }

} // namespace orrery::x86::translators
