// The small guests by which a host's KVM is examined, each a function and a few instructions.
#include <algorithm>
#include <cstring>
#include <ctime>

#include "accel/kvm/host.hpp"
#include "accel/kvm/x86/cpuid_table.hpp"
#include "accel/kvm/x86/small_guest.hpp"

namespace orrery::kvm {
namespace {

using Mode = SmallGuest::Mode;

// Whether the guest halts at the instruction at the end of `program`, as it does where it meets with no exception.
bool halts_at_end(SmallGuest& guest, std::span<const u8> program) {
    if (!guest.run() || guest.vcpu().shared().exit_reason != KVM_EXIT_HLT) return false;
    const auto registers = guest.registers();
    return registers && registers->rip == SmallGuest::code + program.size();
}

constexpr u8 vector_program[] = {
    0xb8, 0x05, 0x00, 0x00, 0x00, // mov eax, 5
    0x66, 0x0f, 0x6e, 0xc0,       // movd xmm0, eax
    0x66, 0x0f, 0xfe, 0xc0,       // paddd xmm0, xmm0
    0x66, 0x0f, 0x7e, 0xc0,       // movd eax, xmm0
    0xf4,                         // hlt
};

Result<bool> kernel_vectors(SmallGuest& guest) {
    TRY_STATUS(guest.begin(Mode::kernel_64, vector_program));
    if (!halts_at_end(guest, vector_program)) return false;
    return TRY(guest.registers()).rax == 10;
}

constexpr u8 count_program[] = {
    0xb8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1
    0xf3, 0x0f, 0xbd, 0xc0,       // lzcnt eax, eax
    0x31, 0xc9,                   // xor ecx, ecx
    0xf3, 0x0f, 0xbc, 0xc9,       // tzcnt ecx, ecx
    0xf4,                         // hlt
};

// Processors without them take them for BSR and BSF too.
Result<bool> bit_counts(SmallGuest& guest) {
    TRY_STATUS(guest.begin(Mode::kernel_64, count_program));
    if (!halts_at_end(guest, count_program)) return false;
    const kvm_regs registers = TRY(guest.registers());
    return (registers.rax == 31 || !__builtin_cpu_supports("lzcnt")) &&
           (registers.rcx == 32 || !__builtin_cpu_supports("bmi"));
}

constexpr u8 paging_program[] = {
    0xa1, 0x00, 0xc0, 0x00, 0x00, // mov eax, [data]
    0xf4,                         // hlt
};

Result<bool> paging_32(SmallGuest& guest) {
    // A host may refuse the registers already.
    if (!guest.begin(Mode::paging_32, paging_program)) return false;
    guest.store(SmallGuest::data, 0x1234'5678);
    if (!halts_at_end(guest, paging_program)) return false;
    return TRY(guest.registers()).rax == 0x1234'5678;
}

constexpr u8 system_call_program[] = {0x0f, 0x05}; // syscall

Result<bool> system_calls(SmallGuest& guest) {
    constexpr u32 star = 0xc000'0081, lstar = 0xc000'0082, fmask = 0xc000'0084;
    constexpr u64 selectors = u64{0x18} << 48 | u64{0x08} << 32;
    TRY_STATUS(guest.begin(Mode::user_64, system_call_program));
    TRY_STATUS(guest.set_msr(star, selectors));
    TRY_STATUS(guest.set_msr(lstar, SmallGuest::system_call));
    TRY_STATUS(guest.set_msr(fmask, 0));
    guest.store(SmallGuest::system_call, 0xf4); // hlt, which only privilege 0 may
    if (!guest.run() || guest.vcpu().shared().exit_reason != KVM_EXIT_HLT) return false;
    return TRY(guest.registers()).rip == SmallGuest::system_call + 1;
}

constexpr u8 protection_program[] = {
    0x0f, 0x57, 0x04, 0x25, 0x01, 0xc0, 0x00, 0x00, // xorps xmm0, [data + 1]
};

// Of the vectors that an instruction may raise here, only general protection's has an error code.
Result<bool> protection_faults(SmallGuest& guest) {
    constexpr u64 frame_bytes = 5 * sizeof(u64);
    TRY_STATUS(guest.begin(Mode::user_64, protection_program));
    if (!guest.run() || guest.vcpu().shared().exit_reason != KVM_EXIT_HLT) return false;
    return TRY(guest.registers()).rsp == SmallGuest::stack_end - frame_bytes - sizeof(u64);
}

constexpr u8 cpuid_program[] = {
    0xb8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1
    0x0f, 0xa2,                   // cpuid
    0xf4,                         // hlt
};

// CPUID tells a guest of SSE4.2, POPCNT and AVX only if we say that they are there.
Result<bool> cpuid_masked(SystemCalls& calls) {
    constexpr u32 features = u32{1} << 20 | u32{1} << 23 | u32{1} << 28;
    auto guest = TRY(SmallGuest::create(calls));
    CpuidTable table = TRY(CpuidTable::supported(guest->machine()));
    for (kvm_cpuid_entry2& entry : table.entries())
        if (entry.function == 1) entry.ecx &= ~features;
    TRY_STATUS(table.give_to(guest->vcpu()));
    TRY_STATUS(guest->begin(Mode::kernel_64, cpuid_program));
    if (!halts_at_end(*guest, cpuid_program)) return false;
    return (TRY(guest->registers()).rcx & features) == 0;
}

constexpr u8 step_program[] = {0x90, 0x90, 0x0f, 0x0b}; // nop; nop; ud2

Result<bool> single_step(SmallGuest& guest) {
    TRY_STATUS(guest.begin(Mode::user_64, step_program));
    kvm_guest_debug debug{};
    debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
    if (!guest.vcpu().file().ask(KVM_SET_GUEST_DEBUG, debug, "KVM_SET_GUEST_DEBUG")) return false;
    const bool trapped = guest.run() && guest.vcpu().shared().exit_reason == KVM_EXIT_DEBUG;
    const auto registers = guest.registers();
    debug.control = 0;
    TRY_STATUS(guest.vcpu().file().ask(KVM_SET_GUEST_DEBUG, debug, "KVM_SET_GUEST_DEBUG"));
    return trapped && registers && registers->rip == SmallGuest::code + 1;
}

constexpr u8 table_program[] = {
    0x8b, 0x04, 0x25, 0x00, 0xc0, 0x00, 0x00, // mov eax, [data]
    0x89, 0x04, 0x25, 0x00, 0x00, 0x01, 0x00, // mov [outside], eax
    0x8b, 0x04, 0x25, 0x00, 0xc0, 0x00, 0x00, // mov eax, [data]
    0x89, 0x04, 0x25, 0x00, 0x00, 0x01, 0x00, // mov [outside], eax
    0x0f, 0x0b,                               // ud2
};

// What the guest stores `outside`.
std::optional<u32> next_told(SmallGuest& guest) {
    if (!guest.run()) return std::nullopt;
    const kvm_run& exit = guest.vcpu().shared();
    if (exit.exit_reason != KVM_EXIT_MMIO || !exit.mmio.is_write || exit.mmio.phys_addr != SmallGuest::outside)
        return std::nullopt;
    u32 value = 0;
    std::memcpy(&value, exit.mmio.data, sizeof value);
    return value;
}

// We change a page table and give CR3 another value, as after any such change.
Result<bool> table_edits_seen(SmallGuest& guest) {
    TRY_STATUS(guest.begin(Mode::user_64, table_program));
    guest.store(SmallGuest::data, 1);
    guest.store(SmallGuest::other_data, 2);
    if (next_told(guest) != 1) return false;
    guest.vcpu().arm();
    guest.vcpu().finish_instruction();
    guest.vcpu().disarm();
    guest.store(SmallGuest::page_table + 8 * (SmallGuest::data >> page_shift), SmallGuest::other_data | 7);
    kvm_sregs system{};
    TRY_STATUS(guest.vcpu().file().ask(KVM_GET_SREGS, system, "KVM_GET_SREGS"));
    system.cr3 = SmallGuest::other_top_table;
    TRY_STATUS(guest.vcpu().file().ask(KVM_SET_SREGS, system, "KVM_SET_SREGS"));
    return next_told(guest) == 2;
}

constexpr u8 time_program[] = {
    0x0f, 0x31,             // rdtsc
    0x48, 0xc1, 0xe2, 0x20, // shl rdx, 32
    0x48, 0x09, 0xd0,       // or rax, rdx
    0xf4,                   // hlt
};

// The counter is set far from where the host's can be.
Result<bool> time_stamp_set(SmallGuest& guest) {
    constexpr u32 time_stamp_counter = 0x10;
    constexpr u64 set_to = u64{1} << 60, some_seconds = u64{1} << 36;
    TRY_STATUS(guest.begin(Mode::kernel_64, time_program));
    TRY_STATUS(guest.set_msr(time_stamp_counter, set_to));
    if (!halts_at_end(guest, time_program)) return false;
    return TRY(guest.registers()).rax - set_to < some_seconds;
}

constexpr u32 loops = 50'000;
constexpr u8 loop_program[] = {
    0xb9, loops & 0xff, loops >> 8 & 0xff, 0x00, 0x00, // mov ecx, loops
    0x01, 0xc8,                                        // add eax, ecx
    0x31, 0xd0,                                        // xor eax, edx
    0xff, 0xc9,                                        // dec ecx
    0x75, 0xf8,                                        // jnz add
    0xf4,                                              // hlt
};
constexpr u64 loop_instructions = 4;
// Between an interpreter's speed and a processor's there is a factor of a thousand.
constexpr u64 fast_per_us = 100;

u64 thread_time_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<u64>(time.tv_sec) * 1'000'000'000 + static_cast<u64>(time.tv_nsec);
}

Status measure_kernel(SmallGuest& guest, HostFacts& facts) {
    TRY_STATUS(guest.begin(Mode::kernel_64, loop_program));
    const u64 before_ns = thread_time_ns();
    if (!halts_at_end(guest, loop_program)) return {};
    const u64 spent_ns = std::max<u64>(1, thread_time_ns() - before_ns);
    facts.kernel_instructions_per_us = loops * loop_instructions * 1000 / spent_ns;
    facts.kernel_is_fast = facts.kernel_instructions_per_us >= fast_per_us;
    return {};
}

// A guest of its own for each: what one does to its vCPU, such as a shutdown, is nothing to the next.
Result<bool> ask(SystemCalls& calls, Result<bool> (*question)(SmallGuest&)) {
    auto guest = TRY(SmallGuest::create(calls));
    return question(*guest);
}

Result<HostFacts> run_guests(SystemCalls& calls) {
    HostFacts facts;
    facts.kernel_vectors = TRY(ask(calls, kernel_vectors));
    facts.bit_counts = TRY(ask(calls, bit_counts));
    facts.paging_32 = TRY(ask(calls, paging_32));
    facts.system_calls = TRY(ask(calls, system_calls));
    facts.protection_faults = TRY(ask(calls, protection_faults));
    facts.cpuid_masked = TRY(cpuid_masked(calls));
    facts.single_step = TRY(ask(calls, single_step));
    facts.table_edits_seen = TRY(ask(calls, table_edits_seen));
    facts.time_stamp_set = TRY(ask(calls, time_stamp_set));
    auto guest = TRY(SmallGuest::create(calls));
    TRY_STATUS(measure_kernel(*guest, facts));
    return facts;
}

} // namespace

HostReport examine_host(SystemCalls& calls) {
    const auto facts = run_guests(calls);
    if (!facts) return {.reasons = {facts.error().message()}, .facts = {}};
    return judge(*facts);
}

} // namespace orrery::kvm
