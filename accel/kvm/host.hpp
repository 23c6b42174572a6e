// What KVM on this host can run. It isn't asked for its name or its driver's but made to run small guests, since there
// are hosts where all requests succeed and most instructions don't.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::kvm {

class SystemCalls;

enum class HostClass : u8 {
    none,    // no guest runs
    limited, // some code runs, but no operating system as it is
    full,
};

// What the small guests showed. The initial values are those of a host that can do nothing.
struct HostFacts {
    bool kernel_vectors = false;    // SSE instructions at privilege 0
    bool bit_counts = false;        // LZCNT and TZCNT at privilege 0 aren't taken for BSR and BSF
    bool paging_32 = false;         // 32-bit paging
    bool system_calls = false;      // SYSCALL ends at privilege 0
    bool protection_faults = false; // at privilege 3, of instructions that KVM might emulate
    bool cpuid_masked = false;      // CPUID tells the guest no more than we allow
    bool single_step = false;       // at privilege 3
    bool table_edits_seen = false;  // page tables that we change, once the guest's CR3 was loaded
    bool time_stamp_set = false;    // guests read the time-stamp counter that we set
    bool kernel_is_fast = false;    // code at privilege 0 isn't interpreted
    u64 kernel_instructions_per_us = 0;
    static constexpr void fields(auto& s, auto&& f) {
        f("kernel_vectors", s.kernel_vectors), f("bit_counts", s.bit_counts), f("paging_32", s.paging_32);
        f("system_calls", s.system_calls), f("protection_faults", s.protection_faults);
        f("cpuid_masked", s.cpuid_masked), f("single_step", s.single_step);
        f("table_edits_seen", s.table_edits_seen), f("time_stamp_set", s.time_stamp_set);
        f("kernel_is_fast", s.kernel_is_fast), f("kernel_instructions_per_us", s.kernel_instructions_per_us);
    }
    bool operator==(const HostFacts&) const = default;
};

struct HostReport {
    HostClass host_class = HostClass::none;
    std::vector<std::string> reasons; // why it isn't `full`, each a sentence without its full stop
    std::optional<HostFacts> facts;   // where guests ran
    bool remembered = false;          // by an earlier examination
};

HostReport judge(const HostFacts& facts);

// Runs the small guests, each for two seconds at most.
HostReport examine_host(SystemCalls& calls);
// The same for the host's KVM, but asks a file in `cache` first, and leaves what it found there. The file counts for
// one kernel and processor. Without a folder nothing is remembered.
HostReport examine_host_once(const std::optional<std::filesystem::path>& cache);

} // namespace orrery::kvm
