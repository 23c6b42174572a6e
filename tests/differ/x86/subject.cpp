#include "tests/differ/x86/subject.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "accel/kvm/x86/engine.hpp"
#include "cpu/x86/control_bits.hpp"
#include "cpu/x86/fault.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "tests/support/x86_test_machine.hpp"

namespace orrery::test {
namespace {

constexpr u64 code_address = 0x10'0000;
constexpr std::array<u8, 2> jump_to_itself{0xeb, 0xfe}, undefined_instruction{0x0f, 0x0b};

class MachineSubject : public Subject {
public:
    [[nodiscard]] std::span<const u8> memory() const override { return {ram_->host(), window_.size()}; }

protected:
    MachineSubject(std::span<u8> window, dbt::Engine engine, const X86TestMachine::AroundCpu& around = {})
        : guest_(engine, tested_features(), {}, {}, around), window_(window) {
        guest_.add_ram("code", code_address, page_size);
        ram_ = &guest_.add_ram("window", reinterpret_cast<u64>(window.data()), window.size());
    }

    void prepare(std::span<const u8> code, std::span<const u8> end, const UserRegisters& before,
                 std::span<const u8> memory) {
        std::array<u8, 80> bytes{};
        std::ranges::copy(end, std::ranges::copy(code, bytes.begin()).out);
        guest_.write(code_address, bytes);
        guest_.write(reinterpret_cast<u64>(window_.data()), memory);
        guest_.begin_anew();
        x86::State& state = guest_.state();
        state.r = before.r;
        x86::set_flags(state, before.flags);
        set_fpu(state, before.fpu);
        state.ymm_high = before.ymm_high;
        state.cr4 |= x86::cr4::osxsave;
        state.xcr0 |= x86::xcr0::sse | x86::xcr0::avx;
        state.pc = code_address;
    }

    HostOutcome outcome() {
        const x86::State& state = guest_.state();
        HostOutcome outcome;
        outcome.registers.r = state.r;
        outcome.registers.flags = x86::current_flags(state);
        outcome.registers.fpu = fpu_of(state);
        outcome.registers.ymm_high = state.ymm_high;
        if (const auto taken = guest_.taken()) {
            outcome.vector = taken->vector;
            outcome.registers.r[x86::gpr::rsp] = taken->rsp;
            outcome.registers.flags = taken->flags;
        }
        return outcome;
    }

    X86TestMachine guest_;

private:
    std::span<u8> window_;
    Ram* ram_;
};

class Translated final : public MachineSubject {
public:
    Translated(dbt::Engine engine, std::span<u8> window)
        : MachineSubject(window, engine), name_(engine == dbt::Engine::interpreter ? "interpreter" : "baseline") {}
    [[nodiscard]] std::string_view name() const override { return name_; }
    HostOutcome run(std::span<const u8> code, u64 count, const UserRegisters& before,
                    std::span<const u8> memory) override {
        prepare(code, jump_to_itself, before, memory); // which ends the block
        guest_.cpu().restored();
        guest_.cpu().run(count + 1);
        return outcome();
    }

private:
    std::string_view name_;
};

// KVM doesn't count instructions: the end is an exception, whose handler halts.
class Accelerated final : public MachineSubject {
public:
    Accelerated(std::span<u8> window, const X86TestMachine::AroundCpu& around)
        : MachineSubject(window, dbt::Engine::baseline, around) {
        use_small_pages();
        // Where KVM emulates what raises #GP in user mode, and can't, it makes an #UD of it.
        constexpr std::array<u8, 4> xorps{0x0f, 0x57, 0x47, 0x01}; // xmm0, [rdi + 1]
        UserRegisters registers;
        registers.r[x86::gpr::rdi] = reinterpret_cast<u64>(window.data());
        registers.flags = x86::flag::interrupt | 2;
        protection_faults_ = run(xorps, 1, registers, window).vector == x86::vector::gp;
    }
    [[nodiscard]] std::string_view name() const override { return "KVM"; }
    HostOutcome run(std::span<const u8> code, u64 /*count*/, const UserRegisters& before,
                    std::span<const u8> memory) override {
        prepare(code, undefined_instruction, before, memory);
        const ExitReason reason = guest_.cpu().run(~u64{0});
        ORRERY_ASSERT(reason == ExitReason::halted, "all handlers halt");
        HostOutcome result = outcome();
        const auto taken = guest_.taken();
        if (taken && taken->vector == x86::vector::ud && taken->rip == code_address + code.size())
            result.vector.reset();
        return result;
    }
    [[nodiscard]] bool lacks(const HostOutcome& expected) const override {
        return !protection_faults_ && expected.vector == x86::vector::gp;
    }
    [[nodiscard]] bool report() const override {
        const auto count = [&](std::string_view name) {
            const auto counters = guest_.cpu().counters();
            return std::ranges::find(counters, name, &EngineCounter::name)->value;
        };
        fmt::print("engine KVM: {} exits, {} fallbacks{}\n", count("KVM exits"), count("fallbacks"),
                   protection_faults_ ? "" : "; general protection left out, which it doesn't raise on this host");
        return count("KVM exits") != 0 && count("fallbacks") == 0;
    }

private:
    // Not every KVM has the pages of 1 GiB that the machine has mapped its memory by.
    void use_small_pages() {
        constexpr u64 directories = 0x20'0000, count = 4, entries = 512;
        guest_.add_ram("page directories", directories, count * page_size);
        std::vector<u64> pages(count * entries), tables(count);
        constexpr u64 rights = x86::entry::present | x86::entry::writable | x86::entry::user | x86::entry::accessed;
        for (u64 i = 0; i < pages.size(); ++i) pages[i] = i * 2 * MiB | rights | x86::entry::large | x86::entry::dirty;
        for (u64 i = 0; i < count; ++i) tables[i] = (directories + i * page_size) | rights;
        guest_.write(directories, {reinterpret_cast<const u8*>(pages.data()), pages.size() * sizeof(u64)});
        guest_.write(guest_.state().cr3 + page_size, {reinterpret_cast<const u8*>(tables.data()), count * sizeof(u64)});
    }

    bool protection_faults_ = true;
};

} // namespace

x86::Features tested_features() {
    x86::Features features{x86::Feature::popcnt, x86::Feature::lzcnt, x86::Feature::bmi1,
                           x86::Feature::movbe,  x86::Feature::cx16,  x86::Feature::lahf64};
    const auto add = [&](bool has, x86::Feature feature) {
        if (has) features = features | x86::Features{feature};
    };
    add(__builtin_cpu_supports("sse3"), x86::Feature::sse3);
    add(__builtin_cpu_supports("ssse3"), x86::Feature::ssse3);
    add(__builtin_cpu_supports("sse4.1"), x86::Feature::sse41);
    add(__builtin_cpu_supports("sse4.2"), x86::Feature::sse42);
    add(__builtin_cpu_supports("aes"), x86::Feature::aes);
    add(__builtin_cpu_supports("pclmul"), x86::Feature::pclmul);
    add(__builtin_cpu_supports("bmi2"), x86::Feature::bmi2);
    add(__builtin_cpu_supports("adx"), x86::Feature::adx);
    add(__builtin_cpu_supports("avx"), x86::Feature::avx);
    add(__builtin_cpu_supports("avx2"), x86::Feature::avx2);
    add(__builtin_cpu_supports("fma"), x86::Feature::fma);
    add(__builtin_cpu_supports("f16c"), x86::Feature::f16c);
    return features;
}

std::unique_ptr<Subject> Subject::translated(dbt::Engine engine, std::span<u8> window) {
    return std::make_unique<Translated>(engine, window);
}

Result<std::unique_ptr<Subject>> Subject::accelerated(std::span<u8> window) {
    Status made;
    const auto around = [&](Machine& machine, std::unique_ptr<dbt::DbtCpu> software, x86::Processor& processor,
                            dbt::Translator& translator) -> std::unique_ptr<Cpu> {
        const auto failed = [](const Error& why) { ORRERY_ASSERT(false, why.message().c_str()); };
        auto engine = kvm::create_engine(machine, {.facts = {}, .failed = failed});
        if (!engine) {
            made = std::unexpected(engine.error());
            return software;
        }
        auto cpu = machine.keep(std::move(*engine)).create_cpu(std::move(software), processor, translator);
        ORRERY_ASSERT(cpu, "an engine that was made makes a CPU");
        return std::move(*cpu);
    };
    auto subject = std::make_unique<Accelerated>(window, around);
    TRY_STATUS(made);
    return subject;
}

} // namespace orrery::test
