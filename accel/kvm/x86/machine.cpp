#include "accel/kvm/x86/machine.hpp"

#include <algorithm>
#include <span>

namespace orrery::kvm {
namespace {

struct Capability {
    long number;
    std::string_view name;
};
// All since Linux 5.10.
constexpr Capability needed[] = {
    {KVM_CAP_USER_MEMORY, "USER_MEMORY"},
    {KVM_CAP_READONLY_MEM, "READONLY_MEM"},
    {KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT"},
    {KVM_CAP_EXT_CPUID, "EXT_CPUID"},
    {KVM_CAP_VCPU_EVENTS, "VCPU_EVENTS"},
    {KVM_CAP_DEBUGREGS, "DEBUGREGS"},
    {KVM_CAP_XSAVE, "XSAVE"},
    {KVM_CAP_SET_TSS_ADDR, "SET_TSS_ADDR"},
    {KVM_CAP_SET_IDENTITY_MAP_ADDR, "SET_IDENTITY_MAP_ADDR"},
    {KVM_CAP_X86_USER_SPACE_MSR, "X86_USER_SPACE_MSR"},
    {KVM_CAP_X86_MSR_FILTER, "X86_MSR_FILTER"},
};

// Four pages that older VT-x processors need for guests in real mode. No board has anything there: it is below the
// largest flash, and above the I/O APIC and the local APICs.
constexpr u64 identity_map = 0xfeff'c000;
constexpr u64 task_state = identity_map + 0x1000;

// What running code depends on: SYSENTER's, EFER and SYSCALL's, the bases of FS and GS, TSC_AUX.
struct MsrRange {
    u32 first, count;
};
constexpr MsrRange kept_ranges[] = {{0x174, 3}, {0xc000'0080, 5}, {0xc000'0100, 4}};
// Where the local APICs are KVM's: IA32_APIC_BASE, IA32_TSC_DEADLINE, and x2APIC's, which are never exits.
constexpr MsrRange apic_ranges[] = {{0x1b, 1}, {0x6e0, 1}, {0x800, 0x100}};
constexpr std::size_t filtered_apic_ranges = 2;

bool contain(std::span<const MsrRange> ranges, u32 msr) {
    return std::ranges::any_of(ranges, [&](const MsrRange& range) { return msr - range.first < range.count; });
}

} // namespace

bool kept_by_kvm(u32 msr, Irqchip irqchip) {
    return contain(kept_ranges, msr) || (irqchip == Irqchip::split && contain(apic_ranges, msr));
}

Status ask_for_msrs(const VirtualMachine& machine, Irqchip irqchip) {
    kvm_enable_cap exits{};
    exits.cap = KVM_CAP_X86_USER_SPACE_MSR;
    exits.args[0] = KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER;
    TRY_STATUS(machine.file().ask(KVM_ENABLE_CAP, exits, "KVM_ENABLE_CAP for KVM_CAP_X86_USER_SPACE_MSR"));
    kvm_msr_filter filter{};
    filter.flags = KVM_MSR_FILTER_DEFAULT_DENY;
    u8 all = 0xff; // no range has more than eight
    std::size_t number = 0;
    const auto allow = [&](const MsrRange& range) {
        filter.ranges[number++] = {.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
                                   .nmsrs = range.count,
                                   .base = range.first,
                                   .bitmap = &all};
    };
    std::ranges::for_each(kept_ranges, allow);
    if (irqchip == Irqchip::split) std::ranges::for_each(std::span(apic_ranges).first(filtered_apic_ranges), allow);
    return machine.file().ask(KVM_X86_SET_MSR_FILTER, filter, "KVM_X86_SET_MSR_FILTER");
}

Result<std::unique_ptr<VirtualMachine>> create_x86_machine(SystemCalls& calls) {
    auto machine = TRY(VirtualMachine::create(calls));
    std::string missing;
    for (const Capability& capability : needed)
        if (machine->capability(capability.number) == 0)
            missing += fmt::format("{}KVM_CAP_{}", missing.empty() ? "" : ", ", capability.name);
    if (!missing.empty()) return error("the kernel's KVM lacks {}; Linux 5.10 and later have it", missing);
    u64 address = identity_map;
    TRY_STATUS(machine->file().ask(KVM_SET_IDENTITY_MAP_ADDR, address, "KVM_SET_IDENTITY_MAP_ADDR"));
    TRY(machine->file().number_of(KVM_SET_TSS_ADDR, task_state, "KVM_SET_TSS_ADDR"));
    return machine;
}

} // namespace orrery::kvm
