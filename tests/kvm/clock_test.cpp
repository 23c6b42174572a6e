// The paravirtual clock as a guest reads it on the host's own KVM, and on the software CPU alone.
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "accel/kvm/system_calls.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kvm_test_machine.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 ms = 1'000'000;
constexpr u64 place = KvmTestMachine::outside + page_size; // where the guest writes the time

// What the guest writes, and when it arrives; after so many it pauses the machine.
class TimeTaker final : public IoHandler {
public:
    explicit TimeTaker(Machine& machine) : machine_(machine) {}
    struct Note {
        u64 told_ns, arrived_ns;
    };
    std::vector<Note> notes;
    std::size_t pause_at = 0;

    u64 read(u64, Width) override { return 0; }
    [[nodiscard]] Widths widths() const override { return {.largest = Width::dword}; }
    void write(u64, u64 value, Width) override {
        notes.push_back({value, machine_.clock().now_ns()});
        if (notes.size() == pause_at) machine_.pause();
    }

private:
    Machine& machine_;
};

// Switches the clock on, with its structure at `data`, and writes the time for ever.
constexpr u8 program[] = {
    0xb9, 0x01, 0x4d, 0x56, 0x4b, // mov ecx, 4b564d01h
    0xb8, 0x01, 0xd0, 0x00, 0x00, // mov eax, data | 1
    0x31, 0xd2,                   // xor edx, edx
    0x0f, 0x30,                   // wrmsr
    0xbb, 0x00, 0xd0, 0x00, 0x00, // mov ebx, data
    0xbe, 0x00, 0x10, 0x01, 0x00, // mov esi, place
    0x8b, 0x3b,                   // again: mov edi, [rbx]
    0x0f, 0x31,                   // rdtsc
    0x48, 0xc1, 0xe2, 0x20,       // shl rdx, 32
    0x48, 0x09, 0xd0,             // or rax, rdx
    0x48, 0x2b, 0x43, 0x08,       // sub rax, [rbx + 8]
    0x8a, 0x4b, 0x1c,             // mov cl, [rbx + 28]
    0x84, 0xc9,                   // test cl, cl
    0x78, 0x05,                   // js right
    0x48, 0xd3, 0xe0,             // shl rax, cl
    0xeb, 0x05,                   // jmp scale
    0xf6, 0xd9,                   // right: neg cl
    0x48, 0xd3, 0xe8,             // shr rax, cl
    0x8b, 0x53, 0x18,             // scale: mov edx, [rbx + 24]
    0x48, 0xf7, 0xe2,             // mul rdx
    0x48, 0x0f, 0xac, 0xd0, 0x20, // shrd rax, rdx, 32
    0x48, 0x03, 0x43, 0x10,       // add rax, [rbx + 16]
    0x3b, 0x3b,                   // cmp edi, [rbx]
    0x75, 0xc7,                   // jne again
    0x40, 0xf6, 0xc7, 0x01,       // test dil, 1
    0x75, 0xc1,                   // jne again
    0x48, 0x89, 0x06,             // mov [rsi], rax
    0xeb, 0xbc,                   // jmp again
};

// Runs twice with a rest between, which is none of the guest's time.
void check_time(KvmTestMachine& machine) {
    auto& taker = machine.machine().keep(std::make_unique<TimeTaker>(machine.machine()));
    REQUIRE(machine.machine().memory().map({.base = {place}, .size_bytes = page_size, .io = &taker, .name = "time"}));
    machine.begin(KvmTestMachine::Mode::kernel_64, program);
    for (u32 run = 1; run <= 2; ++run) {
        taker.pause_at = taker.notes.size() + 300;
        CHECK(machine.machine().run().ending == Ending::paused);
        for (const std::string& failure : machine.failures) FAIL(failure);
        CHECK(taker.notes.size() >= taker.pause_at);
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    u64 last = 0;
    for (const auto& [told_ns, arrived_ns] : taker.notes) {
        CHECK(told_ns > last);
        CHECK(told_ns <= arrived_ns);
        CHECK(arrived_ns - std::min(told_ns, arrived_ns) < 200 * ms); // the host is shared
        last = told_ns;
    }
}

} // namespace

TEST_CASE("the paravirtual clock tells virtual time on KVM, with fallbacks and hand-overs too") {
    if (!has_kvm()) return;
    for (const auto& [fallback, hand_over] : {std::pair<u64, u64>{0, 0}, {3, 0}, {0, 5}}) {
        KvmTestMachine machine(&kvm::host_system_calls(),
                               {.facts = {}, .fallback_every = fallback, .hand_over_every = hand_over, .failed = {}});
        check_time(machine);
        CHECK(machine.count("KVM memory exits") > 20);
        fmt::print("{}, {} hand-overs\n", machine.counts(), machine.count("hand-overs"));
    }
}

TEST_CASE("the paravirtual clock tells virtual time translated") {
    KvmTestMachine machine(nullptr);
    check_time(machine);
}

TEST_CASE("a guest that moves between KVM and the translator finds no jump in its clock") {
    if (!has_kvm()) return;
    KvmTestMachine machine(&kvm::host_system_calls());
    auto& taker = machine.machine().keep(std::make_unique<TimeTaker>(machine.machine()));
    REQUIRE(machine.machine().memory().map({.base = {place}, .size_bytes = page_size, .io = &taker, .name = "time"}));
    machine.begin(KvmTestMachine::Mode::kernel_64, program);
    for (const EngineKind engine : {EngineKind::kvm, EngineKind::translator, EngineKind::kvm, EngineKind::translator}) {
        REQUIRE(machine.cpu().use_engine(engine));
        taker.pause_at = taker.notes.size() + 100;
        CHECK(machine.machine().run().ending == Ending::paused);
        for (const std::string& failure : machine.failures) FAIL(failure);
    }
    for (std::size_t i = 1; i < taker.notes.size(); ++i) {
        CHECK(taker.notes[i].told_ns > taker.notes[i - 1].told_ns);
        CHECK(taker.notes[i].told_ns <= taker.notes[i].arrived_ns);
    }
    fmt::print("{}\n", machine.counts());
}
