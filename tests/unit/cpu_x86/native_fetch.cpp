#include "tests/unit/cpu_x86/native_fetch.hpp"

#include <array>
#include <csignal>
#include <cstring>

#include <cpuid.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "machine/fabric/result.hpp"

namespace orrery::tests {
namespace {

using x86::Feature;
using x86::Features;

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t window_bytes = std::size_t{16} * page_bytes;
constexpr std::size_t stack_bytes = std::size_t{16} * page_bytes;

struct FeatureBit {
    Feature feature;
    u32 leaf;
    u32 subleaf;
    unsigned reg; // 0 EAX, 1 EBX, 2 ECX, 3 EDX
    unsigned bit;
};
// SDM 2A, CPUID
constexpr std::array<FeatureBit, 24> feature_bits = {{
    {Feature::sse3, 1, 0, 2, 0},
    {Feature::pclmul, 1, 0, 2, 1},
    {Feature::ssse3, 1, 0, 2, 9},
    {Feature::fma, 1, 0, 2, 12},
    {Feature::cx16, 1, 0, 2, 13},
    {Feature::sse41, 1, 0, 2, 19},
    {Feature::sse42, 1, 0, 2, 20},
    {Feature::movbe, 1, 0, 2, 22},
    {Feature::popcnt, 1, 0, 2, 23},
    {Feature::aes, 1, 0, 2, 25},
    {Feature::xsave, 1, 0, 2, 27},
    {Feature::avx, 1, 0, 2, 28},
    {Feature::f16c, 1, 0, 2, 29},
    {Feature::bmi1, 7, 0, 1, 3},
    {Feature::avx2, 7, 0, 1, 5},
    {Feature::bmi2, 7, 0, 1, 8},
    {Feature::adx, 7, 0, 1, 19},
    {Feature::clflushopt, 7, 0, 1, 23},
    {Feature::clwb, 7, 0, 1, 24},
    {Feature::xsaveopt, 13, 1, 0, 0},
    {Feature::xsavec, 13, 1, 0, 1},
    {Feature::lahf64, 0x8000'0001, 0, 2, 0},
    {Feature::lzcnt, 0x8000'0001, 0, 2, 5},
    {Feature::prefetchw, 0x8000'0001, 0, 2, 8},
}};

// Where the handler sends the processor; one process runs one instruction at a time.
u64 resume_rip = 0;
u64 resume_rsp = 0;
int last_signal = 0;
u64 last_rip = 0;
u64 last_address = 0;

void on_signal(int number, siginfo_t* information, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    last_signal = number;
    last_rip = static_cast<u64>(registers[REG_RIP]);
    last_address = reinterpret_cast<u64>(information->si_addr);
    registers[REG_RIP] = static_cast<greg_t>(resume_rip);
    registers[REG_RSP] = static_cast<greg_t>(resume_rsp);
    registers[REG_EFL] = 0x202; // only IF
}

void take_signals() {
    static std::array<u8, stack_bytes> stack;
    stack_t alternate{};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    ::sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int number : {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP}) ::sigaction(number, &action, nullptr);
}

// The instruction may change every register but the stack pointer; the handler's return is at label 1.
[[gnu::noinline]] void jump_to(const u8* code, u8* window) {
    asm volatile("sub $128, %%rsp\n\t" // what the compiler may have below it
                 "push %%rbp\n\t"
                 "lea 1f(%%rip), %%rax\n\t"
                 "mov %%rax, %[rip]\n\t"
                 "mov %%rsp, %[rsp]\n\t"
                 "mov %[window], %%rbx\n\t"
                 "jmp *%[code]\n"
                 "1:\n\t"
                 "pop %%rbp\n\t"
                 "add $128, %%rsp"
                 : [code] "+D"(code), [window] "+S"(window), [rip] "=m"(resume_rip), [rsp] "=m"(resume_rsp)
                 :
                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc",
                   "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
}

} // namespace

Features native_features() {
    Features features;
    for (const FeatureBit& wanted : feature_bits) {
        std::array<u32, 4> registers{};
        if (__get_cpuid_count(wanted.leaf, wanted.subleaf, &registers[0], &registers[1], &registers[2],
                              &registers[3]) != 0 &&
            (registers[wanted.reg] >> wanted.bit & 1) != 0)
            features = features | Features{wanted.feature};
    }
    // A processor's AVX counts only where the kernel keeps its registers.
    const Features avx{Feature::avx, Feature::avx2, Feature::fma, Feature::f16c};
    return __builtin_cpu_supports("avx") ? features : features.without(avx);
}

// The page of code is mapped twice, to be written here and executed there, with nothing behind it.
NativeProcessor::NativeProcessor() {
    const int private_memory = MAP_PRIVATE | MAP_ANONYMOUS;
    const int file = ::memfd_create("instructions", MFD_CLOEXEC);
    ORRERY_ASSERT(file >= 0 && ::ftruncate(file, page_bytes) == 0, "a page of memory can be had");
    void* place = ::mmap(nullptr, 2 * page_bytes, PROT_NONE, private_memory, -1, 0);
    ORRERY_ASSERT(place != MAP_FAILED, "two pages can be mapped");
    void* code = ::mmap(place, page_bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0);
    void* writable = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void* window = ::mmap(nullptr, window_bytes, PROT_READ | PROT_WRITE, private_memory, -1, 0);
    ORRERY_ASSERT(code != MAP_FAILED && writable != MAP_FAILED && window != MAP_FAILED, "some pages can be mapped");
    ::close(file);
    code_end_ = static_cast<u8*>(code) + page_bytes;
    writable_end_ = static_cast<u8*>(writable) + page_bytes;
    window_ = static_cast<u8*>(window);
    take_signals();
}

NativeProcessor::~NativeProcessor() {
    ::munmap(code_end_ - page_bytes, 2 * page_bytes);
    ::munmap(writable_end_ - page_bytes, page_bytes);
    ::munmap(window_, window_bytes);
}

NativeOutcome NativeProcessor::run(std::span<const u8> bytes) {
    u8* const begin = code_end_ - bytes.size();
    std::memcpy(writable_end_ - bytes.size(), bytes.data(), bytes.size());
    jump_to(begin, window_);
    if (last_signal == SIGILL) return NativeOutcome::invalid;
    const bool at_end = last_signal == SIGSEGV && last_address == reinterpret_cast<u64>(code_end_);
    return at_end && last_rip == reinterpret_cast<u64>(begin) ? NativeOutcome::more : NativeOutcome::executed;
}

int run_apart(const std::function<int()>& body) {
    const pid_t child = ::fork();
    ORRERY_ASSERT(child >= 0, "a process can be made");
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace orrery::tests
