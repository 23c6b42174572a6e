#include "tests/unit/baseline/harness.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

#include "jit/ir/evaluate.hpp"

namespace orrery::test {
namespace {

using jit::LeaveRequest;

Vcpu& vcpu_of(void* self) { return *static_cast<Vcpu*>(self); }

u64 helper_combine(void* self, u64 a, u64 b, u64 c) {
    vcpu_of(self).note("combine");
    return a + 3 * b + 5 * c;
}

// Sees every slot, so a register that isn't in the state yet shows.
u64 helper_look(void* self, u64 a, u64, u64) {
    Vcpu& vcpu = vcpu_of(self);
    u64 sum = a;
    for (const u64 slot : vcpu.state().slots) sum = (sum ^ slot) * 0x9e37'79b9'7f4a'7c15;
    vcpu.note(fmt::format("look {:x} budget {}", sum, vcpu.context().budget));
    return sum;
}

u64 helper_change(void* self, u64 a, u64 b, u64) {
    Vcpu& vcpu = vcpu_of(self);
    vcpu.note("change");
    for (const u32 slot : {1u, 5u, 15u, 30u}) vcpu.state().slots[slot] += a ^ slot;
    return b;
}

// Only stores may ask to leave behind their instruction.
void request(Vcpu& vcpu, u64 which, bool may_ask_after = false) {
    jit::Context& context = vcpu.context();
    switch (which % 4) {
    case 0:
        return;
    case 1:
        if (may_ask_after) context.leave = LeaveRequest::after;
        return;
    case 2:
        context.leave = LeaveRequest::raise;
        context.fault_code = which;
        return;
    default:
        context.leave = LeaveRequest::in_state;
        vcpu.state().slots[pc_slot] = 0x1234;
    }
}

u64 helper_leave(void* self, u64 a, u64 b, u64) {
    vcpu_of(self).note(fmt::format("leave {:x}", a));
    request(vcpu_of(self), a);
    return a + b;
}

u64 helper_change_and_leave(void* self, u64 a, u64 b, u64 c) {
    helper_change(self, a, b, c);
    request(vcpu_of(self), a >> 3);
    return b + c;
}

using Pair = std::array<u64, 2>;

u32 read_mxcsr() {
    u32 value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}
void write_mxcsr(u32 value) { asm volatile("ldmxcsr %0" : : "m"(value)); }

// addpd, under the default rules; its flags go to the slot.
Pair add_doubles(u64& control, Pair a, Pair b) {
    using Doubles = double __attribute__((vector_size(16)));
    constexpr u32 flags = 0x3f;
    auto sum = std::bit_cast<Doubles>(a);
    write_mxcsr(default_control);
    asm volatile("addpd %1, %0" : "+x"(sum) : "x"(std::bit_cast<Doubles>(b)));
    control |= read_mxcsr() & flags;
    write_mxcsr(default_control);
    return std::bit_cast<Pair>(sum);
}
u64 add_bytes(u64 a, u64 b) {
    u64 sum = 0;
    for (u32 at = 0; at < 64; at += 8) sum |= ((a >> at) + (b >> at)) % 256 << at;
    return sum;
}

u64 helper_vector_pair(void* self, u64 packed, u64, u64) {
    auto& slots = vcpu_of(self).state().slots;
    const VectorArguments arguments = VectorArguments::unpack(packed);
    const auto pair = [&](u16 slot) { return Pair{slots[slot], slots[slot + 1U]}; };
    const auto sum = [&](const VectorArguments& of) {
        const Pair a = pair(of.a), b = pair(of.b);
        return of.controlled ? add_doubles(slots[control_slot], a, b)
                             : Pair{add_bytes(a[0], b[0]), add_bytes(a[1], b[1])};
    };
    const auto put = [&](u16 slot, Pair value) { slots[slot] = value[0], slots[slot + 1U] = value[1]; };
    const Pair lower = sum(arguments);
    const Pair upper = arguments.doubled ? sum(arguments.upper()) : Pair{};
    put(arguments.destination, lower);
    if (arguments.doubled) put(arguments.upper().destination, upper);
    return 0;
}
std::optional<ir::HostVector> host_vector_pair(u64 packed, u64) {
    const VectorArguments arguments = VectorArguments::unpack(packed);
    const VectorArguments next = arguments.upper();
    const ir::HostVector::Pairs upper{.destination = next.destination, .a = next.a, .b = next.b};
    return ir::HostVector{.prefix = 0x66,
                          .opcode = static_cast<u8>(arguments.controlled ? 0x58 : 0xfc), // addpd, paddb
                          .destination = arguments.destination,
                          .a = arguments.a,
                          .b = arguments.b,
                          .upper = arguments.doubled ? std::optional(upper) : std::nullopt,
                          .floating = arguments.controlled};
}

// pmovmskb
u64 helper_vector_value(void* self, u64 packed, u64, u64) {
    const auto& slots = vcpu_of(self).state().slots;
    const u16 b = VectorArguments::unpack(packed).b;
    u64 bits = 0;
    for (u32 i = 0; i < 16; ++i) bits |= (slots[b + i / 8] >> (i % 8 * 8 + 7) & 1) << i;
    return bits;
}
std::optional<ir::HostVector> host_vector_value(u64 packed, u64) {
    return ir::HostVector{.prefix = 0x66,
                          .opcode = 0xd7,
                          .result = ir::HostVector::Result::value,
                          .b = VectorArguments::unpack(packed).b};
}

// ucomisd; its flags of MXCSR are left out
u64 helper_vector_flags(void* self, u64 packed, u64, u64) {
    const auto& slots = vcpu_of(self).state().slots;
    const VectorArguments arguments = VectorArguments::unpack(packed);
    const auto a = std::bit_cast<double>(slots[arguments.a]), b = std::bit_cast<double>(slots[arguments.b]);
    if (std::isnan(a) || std::isnan(b)) return 0x45;
    return a == b ? 0x40 : a < b ? 1 : 0;
}
std::optional<ir::HostVector> host_vector_flags(u64 packed, u64) {
    const VectorArguments arguments = VectorArguments::unpack(packed);
    return ir::HostVector{
        .prefix = 0x66, .opcode = 0x2e, .result = ir::HostVector::Result::flags, .a = arguments.a, .b = arguments.b};
}

constexpr auto slots = [] {
    std::array<ir::Slot, slot_count> table{};
    for (u32 i = 0; i < slot_count; ++i) table[i] = {"slot", 8 * i};
    return table;
}();
// More than there are host registers; the pc among them.
constexpr std::array<u16, 14> hot = {3, 4, 5, pc_slot, 7, 6, 1, 2, 8, 9, 10, 11, 12, 13};
constexpr std::array<ir::HelperInfo, helper_count> helpers = {{
    {"combine", helper_combine, false, false, false},
    {"look", helper_look, false, false, true},
    {"change", helper_change, true, false, false},
    {"leave", helper_leave, true, true, true},
    {"change_and_leave", helper_change_and_leave, true, true, true},
    {"vector_pair", helper_vector_pair, true, false, false, host_vector_pair},
    {"vector_value", helper_vector_value, false, false, false, host_vector_value},
    {"vector_flags", helper_vector_flags, false, false, false, host_vector_flags},
}};

Vcpu& vcpu_of(jit::Context* context) { return *static_cast<Vcpu*>(context->engine); }

u64 extend(u64 value, ir::MemoryAccess access, bool sign) {
    const u32 unused = 64 - 8 * static_cast<u32>(access.size_bytes());
    value <<= unused;
    return sign ? static_cast<u64>(static_cast<i64>(value) >> unused) : value >> unused;
}

} // namespace

const ir::GuestDescription& fake_guest() {
    static const ir::GuestDescription guest{.name = "fake",
                                            .slots = slots,
                                            .pc_slot = pc_slot,
                                            .hot_slots = hot,
                                            .helpers = helpers,
                                            .float_control = control_slot};
    return guest;
}

Vcpu::Vcpu() : memory(new Memory()), ram(new(std::align_val_t{4096}) std::array<u8, ram_bytes>()) {
    jit::Context& c = context();
    c.tlb.fill({jit::tlb_invalid, jit::tlb_invalid, 0, 0});
    c.jumps.fill({});
    c.data_tag.fill(5);
    c.jump_tag = 3;
    c.state = &state();
    c.self = this;
    c.engine = this;
    c.slow.load = [](jit::Context* k, u64 address, u32 access) { return vcpu_of(k).load(address, access); };
    c.slow.store = [](jit::Context* k, u64 address, u32 access, u64 value) {
        vcpu_of(k).store(address, access, value);
    };
    c.slow.amo = [](jit::Context* k, u64 address, u32 access, u64 value) {
        return vcpu_of(k).amo(address, access, value);
    };
    c.slow.load_reserved = [](jit::Context* k, u64 address, u32 access) {
        vcpu_of(k).note("reserve");
        return vcpu_of(k).load(address, access | 4);
    };
    c.slow.store_conditional = [](jit::Context* k, u64 address, u32 access, u64 value) {
        vcpu_of(k).note("conditional");
        if (address & 8) return u64{1};
        if (address >= ram_base + ram_bytes) return vcpu_of(k).load(address, access);
        vcpu_of(k).store(address, access, value);
        return u64{0};
    };
}

Vcpu::~Vcpu() {
    delete memory;
    ::operator delete(ram, std::align_val_t{4096});
}

void Vcpu::fill_tlb(u64 page, bool readable, bool writable) {
    jit::TlbEntry& entry = context().tlb[(page >> 12) % jit::tlb_entries];
    const u64 tag = page | context().data_tag[0];
    // What is known already stays: a right that is taken away would have to be taken from the memos, too.
    if (entry.read_tag != tag) entry.read_tag = jit::tlb_invalid;
    if (entry.write_tag != tag) entry.write_tag = jit::tlb_invalid;
    if (readable) entry.read_tag = tag;
    if (writable) entry.write_tag = tag;
    entry.addend = reinterpret_cast<u64>(ram->data()) - ram_base;
}

i64 Vcpu::position() const {
    const jit::Context& c = memory->context;
    if (c.return_address == 0) return static_cast<i32>(c.interpreted_instruction);
    const u64 offset = c.return_address - reinterpret_cast<u64>(running->code);
    const auto site = std::ranges::lower_bound(running->sites, offset, {}, &jit::Site::return_offset);
    if (site == running->sites.end() || site->return_offset != offset) return -2;
    return static_cast<i32>(site->instruction);
}

void Vcpu::note(const std::string& what) { log.push_back(fmt::format("{} at {}", what, position())); }

bool Vcpu::in_ram(u64 address, u64 size_bytes) const {
    return address >= ram_base && address < ram_base + ram_bytes && ram_base + ram_bytes - address >= size_bytes;
}

void Vcpu::device(u64 address, bool is_store) {
    if ((address & ~u64{4095}) != device_base)
        request(*this, 2);
    else
        request(*this, address >> 4, is_store);
}

u64 Vcpu::load(u64 address, u32 packed) {
    const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
    note(fmt::format("load {:x} {:x}", address, packed));
    if (!in_ram(address, access.size_bytes())) {
        device(address, false);
        return extend(address * 0x9e37'79b9'7f4a'7c15, access, access.sign_extend);
    }
    u64 value = 0;
    std::memcpy(&value, ram->data() + (address - ram_base), access.size_bytes());
    const bool write_too = (address & 64) != 0;
    fill_tlb(address & ~u64{4095}, true, write_too);
    return extend(value, access, access.sign_extend);
}

void Vcpu::store(u64 address, u32 packed, u64 value) {
    const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
    note(fmt::format("store {:x} {:x} {:x}", address, packed, extend(value, access, false)));
    if (!in_ram(address, access.size_bytes())) return device(address, true);
    std::memcpy(ram->data() + (address - ram_base), &value, access.size_bytes());
    fill_tlb(address & ~u64{4095}, false, true);
}

u64 Vcpu::amo(u64 address, u32 packed, u64 value) {
    const auto access = ir::MemoryAccess::unpack(static_cast<u16>(packed));
    const bool word = access.size_log2 == 2;
    const ir::Type type = word ? ir::Type::i32 : ir::Type::i64;
    if (!in_ram(address, access.size_bytes()) || address % access.size_bytes() != 0) {
        note(fmt::format("odd amo {:x}", address));
        device(address, false);
        return 0;
    }
    u64 old = 0;
    std::memcpy(&old, ram->data() + (address - ram_base), access.size_bytes());
    const auto pick = [&](ir::Condition condition) { return ir::evaluate(condition, type, old, value) ? old : value; };
    u64 next = value;
    switch (access.atomic) {
    case ir::AtomicOp::swap:
        break;
    case ir::AtomicOp::add:
        next = old + value;
        break;
    case ir::AtomicOp::xor_:
        next = old ^ value;
        break;
    case ir::AtomicOp::and_:
        next = old & value;
        break;
    case ir::AtomicOp::or_:
        next = old | value;
        break;
    case ir::AtomicOp::min:
        next = pick(ir::Condition::lt);
        break;
    case ir::AtomicOp::max:
        next = pick(ir::Condition::ge);
        break;
    case ir::AtomicOp::minu:
        next = pick(ir::Condition::ltu);
        break;
    case ir::AtomicOp::maxu:
        next = pick(ir::Condition::geu);
        break;
    }
    std::memcpy(ram->data() + (address - ram_base), &next, access.size_bytes());
    return extend(old, access, true);
}

Comparison::Comparison() : interpreter_(fake_guest()) {
    auto buffer = jit::CodeBuffer::create(4 * MiB);
    if (!buffer) std::abort();
    buffer_ = std::move(*buffer);
    auto baseline = jit::Baseline::create(fake_guest(), Vcpu::state_offset_bytes(), *buffer_);
    if (!baseline) std::abort();
    baseline_ = std::move(*baseline);
    for (Vcpu* vcpu : {&interpreted_, &translated_})
        vcpu->context().code_base = reinterpret_cast<u64>(buffer_->executable_base());
}

void Comparison::reset(u64 seed) {
    std::mt19937_64 random(seed);
    for (u64& slot : interpreted_.state().slots) {
        const u64 value = random();
        slot = value & 3 ? value >> (random() & 63) : (value & 4 ? 0 - (value >> 59) : ram_base + (value >> 50));
    }
    // Some flags, and at times an exception unmasked.
    const u64 control = random();
    interpreted_.state().slots[control_slot] =
        (default_control | (control & 0x3f)) & ~((control >> 8) % 4 == 0 ? control & 0x1f80 : 0);
    for (u64 i = 0; i < ram_bytes; i += 8) {
        const u64 bytes = random();
        std::memcpy(interpreted_.ram->data() + i, &bytes, sizeof bytes);
    }
    translated_.state() = interpreted_.state();
    *translated_.ram = *interpreted_.ram;
    const u64 known = random();
    for (Vcpu* vcpu : {&interpreted_, &translated_}) {
        jit::Context& context = vcpu->context();
        context.memos.fill({});
        context.leave = LeaveRequest::none;
        context.exit_code = context.exit_value = context.fault_code = context.fault_value = 0;
        vcpu->log.clear();
        for (u64 i = 0; i < 4; ++i)
            context.tlb[((ram_base >> 12) + i) % jit::tlb_entries] = {jit::tlb_invalid, jit::tlb_invalid, 0, 0};
        for (u64 i = 0; i < 4; ++i)
            vcpu->fill_tlb(ram_base + i * 4096, (known >> (2 * i) & 1) != 0, (known >> (2 * i) & 2) != 0);
    }
}

void Comparison::set_slot(u16 slot, u64 value) {
    interpreted_.state().slots[slot] = translated_.state().slots[slot] = value;
}

std::unique_ptr<jit::CompiledBlock> Comparison::compile(const ir::Block& block) {
    auto compiled = baseline_->compile(block);
    if (!compiled) {
        baseline_->reset();
        compiled = baseline_->compile(block);
    }
    if (!compiled) std::abort();
    compiled->key = block.key;
    compiled->guest_instructions = block.guest_instructions;
    return compiled;
}

std::string Comparison::run_again(const ir::Block& block) {
    for (Vcpu* vcpu : {&interpreted_, &translated_}) {
        vcpu->context().leave = LeaveRequest::none;
        vcpu->state().slots[pc_slot] = 0; // after Exit::slow it means nothing
    }
    return run(block);
}

std::string Comparison::run(const ir::Block& block, u64 budget) {
    const auto compiled = compile(block);
    jit::CompiledBlock plain;
    plain.ir = std::make_unique<const ir::Block>(block);
    interpreted_.running = &plain;
    translated_.running = compiled.get();
    interpreted_.context().budget = translated_.context().budget = static_cast<i64>(budget);
    interpreter_.run(interpreted_.context(), plain);
    baseline_->enter(translated_.context(), compiled->code);

    std::string differences;
    const auto compare = [&](const std::string& what, const auto& wanted, const auto& found) {
        if (wanted != found) differences += fmt::format("{}: {:x}, not {:x}\n", what, found, wanted);
    };
    jit::Context& wanted = interpreted_.context();
    jit::Context& found = translated_.context();
    const jit::Exit found_exit = found.exit == jit::Exit::link ? jit::Exit::lookup : found.exit;
    compare("exit", static_cast<u32>(wanted.exit), static_cast<u32>(found_exit));
    if (wanted.exit == jit::Exit::lookup) {
        compare("flow", static_cast<u32>(wanted.exit_flow), static_cast<u32>(found.exit_flow));
        if (wanted.exit_flow != jit::Flow::on && block.guest_instructions != 0)
            compare("from", wanted.exit_from, found.exit_from);
    }
    compare("leave", static_cast<u32>(wanted.leave), static_cast<u32>(found.leave));
    compare("budget", wanted.budget, found.budget);
    compare("exit code", wanted.exit_code, found.exit_code);
    compare("exit value", wanted.exit_value, found.exit_value);
    compare("fault code", wanted.fault_code, found.fault_code);
    if (wanted.exit == jit::Exit::slow) compare("position", interpreted_.position(), translated_.position());
    for (u32 i = 0; i < slot_count; ++i)
        compare(fmt::format("slot {}", i), interpreted_.state().slots[i], translated_.state().slots[i]);
    if (*interpreted_.ram != *translated_.ram) differences += "memory\n";
    if (interpreted_.log != translated_.log) {
        differences += "calls:\n";
        for (const auto& line : interpreted_.log) differences += "  wanted " + line + "\n";
        for (const auto& line : translated_.log) differences += "  found  " + line + "\n";
    }
    return differences;
}

std::string describe(const ir::Block& block) {
    std::string text;
    for (std::size_t i = 0; i < block.instructions.size(); ++i) {
        const ir::Instruction& k = block.instructions[i];
        const auto value = [](ir::Value v) { return v == ir::no_value ? std::string("-") : std::to_string(v); };
        text += fmt::format("{:3} {}{} {} {} {} aux {:x} imm {:x}\n", i, ir::info(k.op).name,
                            k.type == ir::Type::i32 ? "32" : "", value(k.a), value(k.b), value(k.c), k.aux, k.imm);
    }
    return text + fmt::format("terminal {}\n", block.terminal.index());
}

} // namespace orrery::test
