#include "cpu/x86/model.hpp"
#include "tests/support/catch.hpp"

namespace orrery::x86 {
namespace {

bool has(u32 value, u32 bit) { return (value >> bit & 1) != 0; }

} // namespace

TEST_CASE("a model shows the features that it has, and only those") {
    State state;
    const Model v2 = *find_model("x86-64-v2");
    const Model v3 = *find_model("x86-64-v3");
    const CpuidAnswer second = cpuid({.features = v2.features, .model = v2.name}, state, 1, 0);
    const CpuidAnswer third = cpuid({.features = v3.features, .model = v3.name}, state, 1, 0);
    CHECK(has(second.ecx, 20)); // SSE4.2
    CHECK_FALSE(has(second.ecx, 28));
    CHECK(has(third.ecx, 28));                                                          // AVX
    CHECK(has(cpuid({.features = v3.features, .model = v3.name}, state, 7, 0).ebx, 5)); // AVX2
    CHECK_FALSE(find_model("x86-64-v9"));
}

TEST_CASE("CPUID shows OSXSAVE and the APIC as they are now") {
    State state;
    Identity identity{.features = find_model("x86-64-v2")->features, .model = "x86-64-v2"};
    CHECK_FALSE(has(cpuid(identity, state, 1, 0).ecx, 27));
    state.cr4 |= cr4::osxsave;
    CHECK(has(cpuid(identity, state, 1, 0).ecx, 27));
    CHECK(has(cpuid(identity, state, 1, 0).edx, 9));
    identity.apic_enabled = false;
    CHECK_FALSE(has(cpuid(identity, state, 1, 0).edx, 9));
}

TEST_CASE("the topology is cores in one package, numbered by their APICs") {
    State state;
    const Identity identity{.features = {}, .model = "", .apic_id = 3, .cpus = 4};
    const CpuidAnswer cores = cpuid(identity, state, 0xb, 1);
    CHECK(cores.eax == 2);
    CHECK(cores.ebx == 4);
    CHECK(cores.edx == 3);
    CHECK(cpuid(identity, state, 1, 0).ebx >> 24 == 3);
}

TEST_CASE("a leaf beyond the last basic one gives what that one gives") {
    State state;
    const Identity identity{.features = {}, .model = ""};
    CHECK(cpuid(identity, state, 0x1000, 0) == cpuid(identity, state, 0x16, 0));
    CHECK(cpuid(identity, state, 0x8000'0000, 0).eax == 0x8000'0008);
    CHECK(cpuid(identity, state, 0x4000'0000, 0).ebx == 0x6572'724f);
}

} // namespace orrery::x86
