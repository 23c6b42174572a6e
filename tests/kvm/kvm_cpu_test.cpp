// Small programs on the host's own KVM and on the software CPU alone: the CPUs end alike.
#include <thread>

#include <fmt/format.h>

#include "cpu/x86/lazy_flags.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kvm_test_machine.hpp"
#include "tests/support/machine_state.hpp"

using namespace orrery;
using namespace orrery::test;
using Mode = KvmTestMachine::Mode;

namespace {

constexpr u64 for_ever = ~u64{0};

// What the engines don't have in common: KVM doesn't count, and the counter that guests see has the pace of the host's.
bool is_an_engines_own(const StateDifference& difference) {
    return difference.path.ends_with("retired") || difference.path.contains("tsc_");
}

struct Both {
    explicit Both(kvm::EngineOptions options = {}) : accelerated(&kvm::host_system_calls(), std::move(options)) {}

    // Both halt, in the same state.
    void run(Mode mode, std::span<const u8> program) {
        accelerated.begin(mode, program);
        software.begin(mode, program);
        CHECK(software.cpu().run(for_ever) == ExitReason::halted);
        CHECK(accelerated.cpu().run(for_ever) == ExitReason::halted);
        for (const std::string& failure : accelerated.failures) FAIL(failure);
        // The same flags may be written down in several ways.
        for (KvmTestMachine* machine : {&accelerated, &software})
            x86::set_flags(machine->state(), x86::current_flags(machine->state()));
        auto found = differences(software.machine(), accelerated.machine());
        std::erase_if(found, is_an_engines_own);
        INFO(text(found));
        CHECK(found.empty());
        CHECK(software.ports.written == accelerated.ports.written);
        CHECK(software.devices.written == accelerated.devices.written);
        fmt::print("{}\n", accelerated.counts());
    }

    KvmTestMachine accelerated;
    KvmTestMachine software{nullptr};
};

} // namespace

TEST_CASE("real mode: ports, devices, an interrupt's handler") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xb8, 0x34, 0x12,             // mov ax, 1234h
        0xe6, 0x80,                   // out 80h, al
        0xe5, 0x82,                   // in ax, 82h
        0x89, 0xc3,                   // mov bx, ax
        0xb9, 0x05, 0x00,             // mov cx, 5
        0x01, 0xcb,                   // add bx, cx
        0xe2, 0xfc,                   // loop add
        0xbf, 0x00, 0xd0,             // mov di, d000h
        0xb9, 0x10, 0x00,             // mov cx, 16
        0xf3, 0xab,                   // rep stosw
        0xb8, 0x00, 0x10,             // mov ax, 1000h
        0x8e, 0xd8,                   // mov ds, ax
        0xc6, 0x06, 0x04, 0x00, 0x77, // mov byte [4], 77h: at `outside`
        0xcd, 0x21,                   // int 21h, which halts
    };
    Both both;
    both.run(Mode::real, program);
    CHECK(both.accelerated.count("KVM port exits") == 2);
    CHECK(both.accelerated.count("KVM memory exits") == 1);
}

TEST_CASE("64-bit mode at privilege 0: integer code, string moves, a page fault") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0x48, 0xb8, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, // mov rax, 0123456789abcdefh
        0x48, 0x0f, 0xc8,                                           // bswap rax
        0xbf, 0x00, 0xd0, 0x00, 0x00,                               // mov edi, data
        0xb9, 0x20, 0x00, 0x00, 0x00,                               // mov ecx, 32
        0xf3, 0x48, 0xab,                                           // rep stosq
        0x48, 0x01, 0xc0,                                           // add rax, rax
        0x48, 0x8b, 0x04, 0x25, 0x00, 0x00, 0x00, 0x70,             // mov rax, [70000000h]: #PF, whose handler halts
    };
    Both both;
    both.run(Mode::kernel_64, program);
    CHECK(both.accelerated.state().cr2 == 0x7000'0000);
}

TEST_CASE("64-bit mode at privilege 3: SSE and x87 on the host's processor, then a fault into the kernel") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xb8, 0x07, 0x00, 0x00, 0x00, // mov eax, 7
        0x66, 0x0f, 0x6e, 0xc0,       // movd xmm0, eax
        0x66, 0x0f, 0xfe, 0xc0,       // paddd xmm0, xmm0
        0xf3, 0x0f, 0xe6, 0xc8,       // cvtdq2pd xmm1, xmm0
        0xf2, 0x0f, 0x5e, 0xc8,       // divsd xmm1, xmm0
        0x48, 0x31, 0xd2,             // xor rdx, rdx
        0x0f, 0x0b,                   // ud2
    };
    Both both;
    both.run(Mode::user_64, program);
    CHECK(both.accelerated.count("fallbacks") == 0);
    CHECK(both.accelerated.state().xmm[0][0] == 14);
}

TEST_CASE("what this host's KVM can't run at privilege 0 falls back, and the end is the same") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xb8, 0x07, 0x00, 0x00, 0x00, // mov eax, 7
        0x66, 0x0f, 0x6e, 0xc0,       // movd xmm0, eax
        0x66, 0x0f, 0xfe, 0xc0,       // paddd xmm0, xmm0
        0xd9, 0xe8,                   // fld1
        0xd9, 0xeb,                   // fldpi
        0xf4,                         // hlt
    };
    Both both;
    both.run(Mode::kernel_64, program);
    CHECK(both.accelerated.state().xmm[0][0] == 14);
    CHECK(both.accelerated.state().x87.top == 6);
}

TEST_CASE("what CPUID shows in spite of the model runs in a fallback, too") {
    if (!has_kvm()) return;
    const kvm::HostReport host = kvm::examine_host(kvm::host_system_calls());
    REQUIRE(host.facts);
    if (host.facts->cpuid_masked) return; // then guests see the model's features only
    constexpr u8 program[] = {
        0xb8, 0x01, 0x00, 0x00, 0x00,                   // mov eax, 1
        0x0f, 0x01, 0xcb,                               // stac
        0x0f, 0x01, 0xca,                               // clac
        0xc4, 0xe2, 0xf8, 0xf2, 0xd8,                   // andn rbx, rax, rax
        0x48, 0xc7, 0xc1, 0x34, 0x12, 0x00, 0x00, 0xf4, // mov rcx, 1234h; hlt
    };
    KvmTestMachine machine(&kvm::host_system_calls(), {.facts = *host.facts, .failed = {}});
    machine.begin(Mode::kernel_64, program);
    CHECK(machine.cpu().run(for_ever) == ExitReason::halted);
    CHECK(machine.state().r[1] == 0x1234);
    CHECK(machine.count("fallbacks") > 0);
    fmt::print("{}\n", machine.counts());
}

TEST_CASE("a fallback after every second exit changes nothing") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xb9, 0x64, 0x00, 0x00, 0x00, // mov ecx, 100
        0x89, 0xc8,                   // mov eax, ecx
        0xe6, 0x80,                   // out 80h, al
        0xff, 0xc9,                   // dec ecx
        0x75, 0xf8,                   // jnz mov
        0xf4,                         // hlt
    };
    Both both({.facts = {}, .fallback_every = 2, .failed = {}});
    both.run(Mode::kernel_64, program);
    CHECK(both.accelerated.ports.written.size() == 100);
    CHECK(both.accelerated.count("fallbacks") > 1);
    CHECK(both.accelerated.count("KVM exits") > 2);
}

TEST_CASE("a thousand hand-overs between KVM and the translator change nothing") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xb9, 0xe0, 0x22, 0x02, 0x00,                   // mov ecx, 140000
        0x69, 0xc0, 0x0d, 0x66, 0x19, 0x00,             // imul eax, eax, 1664525
        0x05, 0x5f, 0xf3, 0x6e, 0x3c,                   // add eax, 1013904223
        0x31, 0x04, 0x25, 0x00, 0xd0, 0x00, 0x00,       // xor [data], eax
        0x83, 0x14, 0x25, 0x04, 0xd0, 0x00, 0x00, 0x00, // adc dword [data + 4], 0
        0xf6, 0xc1, 0x07,                               // test cl, 7
        0x75, 0x02,                                     // jnz dec
        0xe6, 0x80,                                     // out 80h, al
        0xff, 0xc9,                                     // dec ecx
        0x75, 0xdb,                                     // jnz imul
        0xf4,                                           // hlt
    };
    // The host is taken for one that notices edited page tables: this guest's stay as they are.
    for (const kvm::DirtyTracking way : dirty_tracking_ways()) {
        kvm::EngineOptions options{
            .facts = {.table_edits_seen = true}, .hand_over_every = 1, .dirty_tracking = way, .failed = {}};
        Both both(std::move(options));
        both.run(Mode::kernel_64, program);
        CHECK(both.accelerated.count("hand-overs") >= 1000);
        CHECK(both.accelerated.ports.written.size() == 17500);
        const u64 blocks = both.accelerated.count("blocks compiled (baseline)");
        fmt::print("{} hand-overs, {} blocks translated\n", both.accelerated.count("hand-overs"), blocks);
        CHECK(blocks < 10); // the program's, once
    }
}

TEST_CASE("an interrupt reaches a loop that runs in KVM, and an NMI too") {
    if (!has_kvm()) return;
    constexpr u8 program[] = {
        0xfb,       // sti
        0xe6, 0x80, // out 80h, al: then the interrupt comes
        0xeb, 0xfe, // jmp to itself
    };
    for (const bool masked : {false, true}) {
        KvmTestMachine machine(&kvm::host_system_calls());
        machine.begin(Mode::kernel_64, program);
        std::thread device([&] {
            // Wherever the guest is by then, it takes the interrupt.
            if (masked)
                machine.processor().nmi();
            else
                machine.apic.raise(0x40);
        });
        device.join();
        CHECK(machine.cpu().run(for_ever) == ExitReason::halted);
        CHECK(machine.state().pc == KvmTestMachine::handler + 1);
        CHECK(machine.state().nmi_blocked == masked);
        fmt::print("{}\n", machine.counts());
    }
}

TEST_CASE("a kick ends an endless loop in KVM, whatever the mode") {
    if (!has_kvm()) return;
    constexpr u8 for_ever_here[] = {0xeb, 0xfe};
    for (const Mode mode : {Mode::real, Mode::kernel_64, Mode::user_64}) {
        KvmTestMachine machine(&kvm::host_system_calls());
        machine.begin(mode, for_ever_here);
        std::thread kicker([&] { machine.cpu().kick(); });
        CHECK(machine.cpu().run(for_ever) == ExitReason::kicked);
        kicker.join();
        CHECK(machine.state().pc == KvmTestMachine::code);
    }
}
