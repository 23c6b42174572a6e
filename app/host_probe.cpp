#include "app/host_probe.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace orrery::app {
namespace {

// The first line of a /proc file that begins with `key`, without the key, the colon and the blanks around it.
std::string proc_value(const char* path, std::string_view key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
        return begin == std::string::npos ? std::string{} : line.substr(begin);
    }
    return {};
}

// Generated code has none of the marks by which a sanitizer knows a function's type.
#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
int call(void* code) {
    int (*function)() = nullptr;
    std::memcpy(&function, &code, sizeof function);
    return function();
}

// A page that returns 42, written through one mapping and run through another.
Status run_code_mapped_twice(int memory) {
    constexpr std::size_t size = 4096;
    constexpr unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; // mov eax, 42; ret
    void* writable = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    void* executable = ::mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0);
    const int reason = errno;
    Status verdict;
    if (writable == MAP_FAILED || executable == MAP_FAILED) {
        verdict =
            error("the host refuses to map memory for code: {}; is it hardened (SELinux execmem, noexec /dev/shm)?",
                  errno_text(reason));
    } else {
        std::memcpy(writable, code, sizeof code);
        if (call(executable) != 42) verdict = error("code written through one mapping isn't seen through another");
    }
    if (writable != MAP_FAILED) ::munmap(writable, size);
    if (executable != MAP_FAILED) ::munmap(executable, size);
    return verdict;
}

std::string cpu_flag_for_virtualization() {
    const std::string flags = proc_value("/proc/cpuinfo", "flags") + " ";
    if (flags.find("vmx ") != std::string::npos) return "vmx";
    if (flags.find("svm ") != std::string::npos) return "svm";
    return {};
}

} // namespace

Status translator_usable() {
#if defined(__x86_64__)
    const int memory = ::memfd_create("orrery-probe", MFD_CLOEXEC);
    if (memory < 0) return error("the host gives no memory file: {}", errno_text(errno));
    Status verdict;
    if (::ftruncate(memory, 4096) != 0)
        verdict = error("the host gives no memory for code: {}", errno_text(errno));
    else
        verdict = run_code_mapped_twice(memory);
    ::close(memory);
    return verdict;
#else
    return error("the translator writes x86-64 code, and this host isn't x86-64");
#endif
}

std::vector<std::pair<std::string, bool>> translator_instructions() {
#if defined(__x86_64__)
    return {{"SSE4.1", __builtin_cpu_supports("sse4.1")}, {"POPCNT", __builtin_cpu_supports("popcnt")},
            {"LZCNT", __builtin_cpu_supports("lzcnt")},   {"BMI1", __builtin_cpu_supports("bmi")},
            {"BMI2", __builtin_cpu_supports("bmi2")},     {"AVX2", __builtin_cpu_supports("avx2")},
            {"FMA", __builtin_cpu_supports("fma")},       {"F16C", __builtin_cpu_supports("f16c")}};
#else
    return {};
#endif
}

std::string no_kvm_device() {
    const std::string flag = cpu_flag_for_virtualization();
    if (flag.empty())
        return "the processor shows neither VT-x nor AMD-V; switch it on in the firmware set-up, or nested "
               "virtualization if this is a virtual machine";
    return fmt::format("the processor could; `sudo modprobe kvm_{}` loads the driver", flag == "vmx" ? "intel" : "amd");
}

std::optional<std::filesystem::path> cache_folder() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/')
        return std::filesystem::path(cache) / "orrery";
    if (const char* home = std::getenv("HOME"); home && *home == '/')
        return std::filesystem::path(home) / ".cache" / "orrery";
    return std::nullopt;
}

std::string processor_name() {
    const std::string name = proc_value("/proc/cpuinfo", "model name");
    return name.empty() ? "unknown" : name;
}

std::string system_name() {
    utsname names{};
    if (::uname(&names) != 0) return "unknown";
    return fmt::format("{} {} on {}", names.sysname, names.release, names.machine);
}

u64 available_memory_bytes() {
    u64 kibibytes = 0;
    std::istringstream(proc_value("/proc/meminfo", "MemAvailable")) >> kibibytes;
    return kibibytes * KiB;
}

} // namespace orrery::app
