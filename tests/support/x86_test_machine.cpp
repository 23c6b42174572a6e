#include "tests/support/x86_test_machine.hpp"

#include "cpu/x86/lazy_flags.hpp"

namespace orrery::test {
namespace {

// A page each: PML4, a table of pages of 1 GiB, descriptors, gates, task, stack, handlers of 16 bytes each.
constexpr u64 tables = 0x1000;
constexpr u64 gdt = 0x3000, idt = 0x4000, task = 0x5000, stack_top = 0x7000, handlers = 0x7000;
constexpr u64 system_pages = 7;
constexpr u32 vectors = 32;
constexpr u16 kernel_code = 8;

} // namespace

X86TestMachine::X86TestMachine(dbt::Engine engine, x86::Features features, std::function<u64()> random,
                               std::function<void()> floating_point_error, const AroundCpu& around)
    : machine_(Machine::create({.deterministic = true}).value()) {
    add_ram("system", tables, system_pages * page_size);
    constexpr u64 rights = x86::entry::present | x86::entry::writable | x86::entry::user | x86::entry::accessed;
    const std::array<u64, 1> root{(tables + page_size) | rights};
    std::array<u64, 4> pages{};
    for (u64 i = 0; i < pages.size(); ++i) pages[i] = i * GiB | rights | x86::entry::large | x86::entry::dirty;
    write(tables, {reinterpret_cast<const u8*>(root.data()), sizeof root});
    write(tables + page_size, {reinterpret_cast<const u8*>(pages.data()), sizeof pages});
    write_system();
    auto& translator =
        machine_->keep(dbt::Translator::create(engine, x86::Processor::guest_description(),
                                               CpuMemory::state_offset_bytes(), machine_->memory(), 16 * MiB)
                           .value());
    memory_ = &machine_->keep(std::make_unique<CpuMemory>());
    processor_ = &machine_->keep(std::make_unique<x86::Processor>(
        memory_->state, *machine_,
        x86::ProcessorConfiguration{.features = features,
                                    .shut_down = {},
                                    .random = std::move(random),
                                    .floating_point_error = std::move(floating_point_error)}));
    auto translated =
        std::make_unique<dbt::DbtCpu>("cpu0", *processor_, memory_->context, &memory_->state, translator, *machine_);
    machine_->add_cpu(around ? around(*machine_, std::move(translated), *processor_, translator)
                             : std::unique_ptr<Cpu>(std::move(translated)));
    begin_anew();
    cpu().restored();
}

void X86TestMachine::begin_anew() {
    using namespace x86;
    State& state = memory_->state;
    state = {};
    state.cr0 = cr0::pe | cr0::pg | cr0::et | cr0::ne | cr0::wp;
    state.cr3 = tables;
    state.cr4 = cr4::pae | cr4::osfxsr | cr4::osxmmexcpt;
    state.efer = efer::lme | efer::lma | efer::nxe | efer::sce;
    const u16 user = data_at_reset | access::granular | 3 << access::dpl_low;
    for (SegmentCache& segment : state.segments) segment = {0, ~u32{0}, 0x2b, static_cast<u16>(user | access::big)};
    state.segment(Segment::cs) = {0, ~u32{0}, 0x33, static_cast<u16>(user | access::code | access::long_mode)};
    state.gdtr = {gdt, 15};
    state.idtr = {idt, vectors * 16 - 1};
    state.tr = {task, 103, 0x28, static_cast<u16>(access::present | static_cast<u16>(SystemType::tss_busy))};
    set_flags(state, flag::interrupt);
}

void X86TestMachine::write_system() {
    const auto put = [&](u64 address, u64 value) {
        write(address, {reinterpret_cast<const u8*>(&value), sizeof value});
    };
    const u64 code = x86::data_at_reset | x86::access::code | x86::access::long_mode;
    put(gdt + kernel_code, code << 40);
    put(task + 4, stack_top);
    put(task + 96, u64{104} << 48); // the I/O permission bitmap begins behind the end
    for (u64 vector = 0; vector < vectors; ++vector) {
        const u64 handler = handlers + vector * 16;
        put(idt + vector * 16, handler | u64{kernel_code} << 16 | u64{0x8e} << 40);
        put(handler, 0xfdebf4); // hlt; a jump to it
    }
}

std::optional<X86TestMachine::Taken> X86TestMachine::taken() {
    const u64 offset = state().pc - handlers;
    if (offset >= vectors * 16) return std::nullopt;
    const auto vector = static_cast<u8>(offset / 16);
    constexpr u32 with_error_code = 1 << 8 | 0x1f << 10 | 1 << 17; // SDM 3A table 6-1
    std::array<u64, 6> frame{};
    const u64 rsp = state().r[x86::gpr::rsp];
    const u64 size = (with_error_code >> vector & 1) != 0 ? 6 : 5;
    const bool there = machine_->memory().read_memory({rsp}, {reinterpret_cast<u8*>(frame.data()), size * sizeof(u64)});
    ORRERY_ASSERT(there, "handlers run on a stack that is memory");
    return Taken{vector, frame[size - 5], frame[size - 2], frame[size - 3]};
}

Ram& X86TestMachine::add_ram(std::string name, u64 base, u64 size_bytes) {
    Ram& ram = machine_->add_ram(Ram::create(name, size_bytes).value());
    machine_->memory().map({.base = {base}, .size_bytes = ram.size_bytes(), .ram = &ram, .name = ram.name()}).value();
    return ram;
}

void X86TestMachine::write(u64 address, std::span<const u8> bytes) {
    const bool written = machine_->memory().write_memory({address}, bytes, true);
    ORRERY_ASSERT(written, "tests write to memory that is there");
}

} // namespace orrery::test
