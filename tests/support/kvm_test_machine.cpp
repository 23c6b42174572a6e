#include "tests/support/kvm_test_machine.hpp"

#include <cstring>

#include "accel/dbt/translator.hpp"
#include "cpu/x86/lazy_flags.hpp"

namespace orrery::test {
namespace {

constexpr u64 tables = 0x1000, descriptors = 0x5000, gates = 0x6000, task = 0x7100;
constexpr u16 kernel_code = 0x08, kernel_data = 0x10, user_data = 0x23, user_code = 0x2b, task_selector = 0x30;
constexpr u64 all_rights = 7;

} // namespace

KvmTestMachine::KvmTestMachine(kvm::SystemCalls* calls, kvm::EngineOptions options, x86::Features features,
                               bool bootstrap)
    : machine_(Machine::create({}).value()) {
    Ram& ram = machine_->add_ram(Ram::create("ram", memory_bytes).value());
    bool mapped =
        machine_->memory().map({.base = {0}, .size_bytes = memory_bytes, .ram = &ram, .name = "ram"}).has_value();
    mapped = mapped &&
             machine_->memory().map({.base = {outside}, .size_bytes = page_size, .io = &devices, .name = "devices"});
    mapped = mapped && machine_->ports().map({.base = {port}, .size_bytes = 8, .io = &ports, .name = "ports"});
    ORRERY_ASSERT(mapped, "the windows don't overlap");
    options.failed = [this](const Error& why) { failures.push_back(why.message()); };
    kvm::Engine* engine = nullptr;
    if (calls) engine = &machine_->keep(kvm::create_engine(*calls, *machine_, std::move(options)).value());
    const u64 tsc_hz = engine ? engine->time_stamp_hz() : 1'000'000'000;
    auto& clock = machine_->add(std::make_unique<x86::ParavirtualClock>(
        "paravirtual-clock", x86::ParavirtualClock::Configuration{.tsc_hz = tsc_hz}, machine_->memory()));
    auto& translator =
        machine_->keep(dbt::Translator::create(dbt::Engine::baseline, x86::Processor::guest_description(),
                                               CpuMemory::state_offset_bytes(), machine_->memory(), 16 * MiB)
                           .value());
    memory_ = &machine_->keep(std::make_unique<CpuMemory>());
    processor_ = &machine_->keep(std::make_unique<x86::Processor>(
        memory_->state, *machine_,
        x86::ProcessorConfiguration{.features = engine ? engine->features(features) : features,
                                    .tsc_hz = tsc_hz,
                                    .bootstrap = bootstrap,
                                    .interrupts = &apic,
                                    .paravirtual_clock = &clock,
                                    .shut_down = [this] { ++shutdowns; }}));
    apic.sink = processor_;
    auto software =
        std::make_unique<dbt::DbtCpu>("cpu0", *processor_, memory_->context, &memory_->state, translator, *machine_);
    machine_->add_cpu(engine ? engine->create_cpu(std::move(software), *processor_, translator).value()
                             : std::unique_ptr<Cpu>(std::move(software)));
}

void KvmTestMachine::write(u64 address, std::span<const u8> bytes) {
    ORRERY_ASSERT(machine_->memory().write_memory({address}, bytes), "tests write to RAM");
}

u64 KvmTestMachine::read(u64 address) const {
    std::array<u8, 8> bytes{};
    ORRERY_ASSERT(machine_->memory().read_memory({address}, bytes), "tests read RAM");
    u64 value = 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
}

void KvmTestMachine::write_system() {
    const auto put = [&](u64 address, u64 value) {
        write(address, {reinterpret_cast<const u8*>(&value), sizeof value});
    };
    for (u64 level = 0; level < 3; ++level)
        put(tables + level * page_size, (tables + (level + 1) * page_size) | all_rights);
    for (u64 page = 0; page < 512; ++page) put(tables + 3 * page_size + 8 * page, page << page_shift | all_rights);
    constexpr u64 code_64 = 0x00af'9b00'0000'ffff, flat_data = 0x00cf'9300'0000'ffff, privilege_3 = u64{3} << 45;
    put(descriptors + kernel_code, code_64);
    put(descriptors + kernel_data, flat_data);
    put(descriptors + (user_data & ~3), flat_data | privilege_3);
    put(descriptors + (user_code & ~3), code_64 | privilege_3);
    put(task + 4, stack_end);
    put(task + 96, u64{104} << 48); // no I/O permission bitmap
    constexpr u64 gate = u64{0x8e} << 40;
    for (u64 vector = 0; vector < 256; ++vector) {
        put(gates + 16 * vector, handler | u64{kernel_code} << 16 | gate);
        put(gates + 16 * vector + 8, 0);
    }
    put(handler, 0xf4); // hlt
}

void KvmTestMachine::begin(Mode mode, std::span<const u8> bytes) {
    using namespace x86;
    const std::vector<u8> zero(memory_bytes);
    write(0, zero);
    write_system();
    write(code, bytes);
    State& s = state();
    s = {};
    s.r[gpr::rsp] = mode == Mode::user_64 ? user_stack_end : stack_end;
    if (mode == Mode::real) {
        s.segment(Segment::cs) = {0, 0xffff, 0, data_at_reset | access::code};
        for (u64 vector = 0; vector < 256; ++vector) {
            const u32 entry = handler; // segment 0
            write(4 * vector, {reinterpret_cast<const u8*>(&entry), sizeof entry});
        }
        s.idtr = {0, 0x3ff};
    } else {
        const bool user = mode == Mode::user_64;
        const auto rights = [&](u16 more) {
            return static_cast<u16>(data_at_reset | access::granular | (user ? 3 << access::dpl_low : 0) | more);
        };
        const u16 data_selector = user ? user_data : kernel_data;
        for (SegmentCache& segment : s.segments) segment = {0, ~u32{0}, data_selector, rights(access::big)};
        s.segment(Segment::cs) = {0, ~u32{0}, user ? user_code : kernel_code, rights(access::code | access::long_mode)};
        s.cr0 = cr0::pe | cr0::pg | cr0::et | cr0::ne | cr0::mp | cr0::wp;
        s.cr3 = tables;
        s.cr4 = cr4::pae | cr4::osfxsr | cr4::osxmmexcpt;
        s.efer = efer::lme | efer::lma | efer::nxe | efer::sce;
        s.gdtr = {descriptors, 0x3f};
        s.idtr = {gates, 0xfff};
        s.ldtr = {};
        s.tr = {task, 0x67, task_selector, static_cast<u16>(access::present | static_cast<u16>(SystemType::tss_busy))};
    }
    s.pc = code;
    set_flags(s, 0);
    s.x87.control = 0x37f;
    cpu().restored();
}

u64 KvmTestMachine::count(std::string_view name) {
    for (const EngineCounter& counter : cpu().counters())
        if (counter.name == name) return counter.value;
    ORRERY_ASSERT(false, "there is no such counter");
    return 0;
}

std::string KvmTestMachine::counts() {
    return fmt::format("engine KVM: {} exits, {} fallbacks of {} instructions, {} interrupts, {} kicks",
                       count("KVM exits"), count("fallbacks"), count("fallback instructions"), count("KVM interrupts"),
                       count("KVM kicks"));
}

} // namespace orrery::test
