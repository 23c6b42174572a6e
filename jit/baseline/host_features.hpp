// Which optional instructions this host can run, as CPUID says at run time.
#pragma once

namespace orrery::x64 {

struct HostFeatures {
    bool sse4_1 = false;
    bool popcnt = false;
    bool lzcnt = false;
    bool movbe = false;
    bool cmpxchg16b = false;
    bool bmi1 = false;
    bool bmi2 = false;
    // These four also need an operating system that saves the ymm registers.
    bool avx = false;
    bool avx2 = false;
    bool fma = false;
    bool f16c = false;

    // Asks the processor; hundreds of cycles, in a virtual machine thousands, so keep the answer. All false on another
    // host.
    static HostFeatures probe();
};

} // namespace orrery::x64
