// The small guests on the host's own KVM.
#include "accel/kvm/host.hpp"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "accel/kvm/x86/small_guest.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;
using namespace orrery::kvm;
using namespace orrery::test;

TEST_CASE("the host's KVM has a class, and the same one when asked again") {
    if (!has_kvm()) return;
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("orrery-kvm-{}", ::getpid());
    const HostReport first = examine_host_once(folder);
    fmt::print("engine KVM; the host is {}\n", first.host_class == HostClass::full ? "full" : "limited");
    for (const std::string& reason : first.reasons) fmt::print("  {}\n", reason);
    REQUIRE(first.facts);
    CHECK(first.host_class != HostClass::none);
    CHECK(first.facts->kernel_instructions_per_us > 0); // the loop came to its end
    CHECK_FALSE(first.remembered);
    const HostReport second = examine_host_once(folder);
    CHECK(second.remembered);
    CHECK(second.facts == first.facts);
    CHECK(second.reasons == first.reasons);
    std::filesystem::remove_all(folder);
}

TEST_CASE("an endless loop on the host's KVM is ended by a kick") {
    if (!has_kvm()) return;
    auto guest = SmallGuest::create(host_system_calls());
    if (!guest) FAIL(guest.error().message());
    constexpr u8 for_ever[] = {0xeb, 0xfe}; // jmp to itself
    for (const auto mode : {SmallGuest::Mode::kernel_64, SmallGuest::Mode::user_64}) {
        REQUIRE((*guest)->begin(mode, for_ever));
        CHECK_FALSE((*guest)->run(std::chrono::milliseconds(20)));
        const auto registers = (*guest)->registers();
        REQUIRE(registers);
        CHECK(registers->rip == SmallGuest::code);
    }
}
