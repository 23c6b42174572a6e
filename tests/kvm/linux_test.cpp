// Debian's kernel while the engine changes under it: from our BIOS through its early start, until it is alive in user
// space.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <fmt/format.h>

#include "machine/boards/pc.hpp"
#include "tests/kvm/engine_changes.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::test;
using Catch::Matchers::ContainsSubstring;

namespace {

// As app/guests/fetch lays it.
std::string guest_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    return (cache && *cache ? cache : std::string(home ? home : "/root") + "/.cache") +
           "/orrery/guests/debian-amd64-bookworm/";
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

u64 counted(Machine& machine, std::string_view name) {
    for (const EngineCounter& counter : machine.cpus().front()->counters())
        if (counter.name == name) return counter.value;
    return 0;
}

constexpr u64 changes_before_kernel = 500, changes = 1000;

} // namespace

// The changes are meant for the time before there is user space, since on limited hosts KVM can't run programs that
// call their kernel; on a loaded host the last ones come later, and programs get on by the other engines' turns.
TEST_CASE("Debian's kernel starts while KVM, translator and interpreter take turns a thousand times") {
    if (!has_kvm()) return;
    const std::string folder = guest_folder();
    if (!std::filesystem::exists(folder + "kernel")) {
        fmt::print("skipped: there is no {}kernel; app/guests/fetch --suite bookworm fetches the guest\n", folder);
        return;
    }
    const ScratchFile serial("kvm-linux.serial", {});
    BoardOptions options;
    options.kvm = kvm::HostFacts{};
    options.memory_bytes = 512 * MiB;
    options.kernel = folder + "kernel";
    options.initrd = folder + "initrd";
    options.kernel_arguments = "console=ttyS0 earlyprintk=ttyS0 panic=-1";
    options.network.user = false;
    options.serial = "file:" + serial.path();
    options.timeout_ns = 300'000'000'000;
    auto machine = create_pc(options);
    if (!machine) FAIL(machine.error().message());
    EngineChanges engines(**machine);
    const auto said = [&](std::string_view words) { return contents(serial.path()).contains(words); };
    const Outcome outcome = engines.run([&](EngineChanges& engines) {
        std::mt19937_64 random(1);
        const auto up_to = [&](u64 longest_us) { return EngineChanges::Duration(random() % longest_us); };
        while (engines.count() < changes_before_kernel)
            if (!engines.change_after(up_to(1000))) return;
        if (!engines.translate_until([&] { return said("Linux version"); })) return;
        while (engines.count() < changes)
            // KVM needs the longer time to begin; where it doesn't have the guest, a loaded host makes pauses longer.
            if (!engines.change_after(up_to(engines.on_kvm() ? 2000 : 100))) return;
        if (!engines.translate_until([&] { return said("GUEST-READY"); })) return;
        const MachineEntry entry((*machine)->lock());
        (*machine)->power_off(0);
    });
    const u64 exits = counted(**machine, "KVM exits"), kicks = counted(**machine, "KVM kicks");
    fmt::print("Linux: engine KVM: {} exits, {} kicks, {} fallbacks, {} changes of engine, {} of them in the kernel\n",
               exits, kicks, counted(**machine, "fallbacks"), engines.count(), engines.count_in_kernel());
    INFO(contents(serial.path()));
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(said("GUEST-READY"));
    CHECK(engines.count() >= changes);
    // Nearly all of the second half, unless a loaded host makes pauses so long that the kernel is through before.
    CHECK(engines.count_in_kernel() >= (changes - changes_before_kernel) / 4);
    CHECK(exits + kicks > 50); // most stays on KVM end by a kick, in the middle of code
}
