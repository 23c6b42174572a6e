#include "tests/differ/x86/host_cpu.hpp"

#include <csetjmp>
#include <csignal>
#include <cstring>

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

namespace orrery::test {
namespace {

constexpr std::size_t page = 4096;
// One mapping below 2 GiB, which 32-bit displacements reach: code, then data of the harness, a closed page, the window,
// a closed page.
constexpr std::size_t data_at = page;
constexpr std::size_t window_at = 4 * page;
constexpr std::size_t area_bytes = window_at + HostCpu::window_bytes + page;

// XSAVE's area, of which only the upper halves of the YMM registers are used (SDM 1, 13.4).
constexpr u32 avx_component = 4;
struct alignas(64) UpperImage {
    FpuImage legacy;
    u64 components = avx_component;
    std::array<u64, 7> header{};
    std::array<x86::Vector, 16> ymm_high{};
};

// The harness's data, which its code addresses absolutely.
struct HarnessData {
    UserRegisters in;
    UserRegisters out;
    u64 host_stack = 0;
    FpuImage host_fpu;
    UpperImage upper_in;
    UpperImage upper_out;
};
static_assert(sizeof(HarnessData) <= 2 * page);

bool has_avx() { return __builtin_cpu_supports("avx"); }

// The processor leaves out what is zero.
std::array<x86::Vector, 16> upper_of(const UpperImage& image) {
    return (image.components & avx_component) != 0 ? image.ymm_high : std::array<x86::Vector, 16>{};
}

// Where the signal handler goes back to; a process has one set of handlers.
sigjmp_buf back;
UserRegisters at_fault;
u8 fault_vector = 0;

void on_signal(int, siginfo_t*, void* context) {
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    constexpr std::array order{REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    for (std::size_t i = 0; i < order.size(); ++i) at_fault.r[i] = static_cast<u64>(registers[order[i]]);
    at_fault.flags = static_cast<u64>(registers[REG_EFL]);
    // The frame holds FXSAVE's area, of which the last bytes are the kernel's own.
    const auto* saved = reinterpret_cast<const u8*>(static_cast<const ucontext_t*>(context)->uc_mcontext.fpregs);
    std::memcpy(at_fault.fpu.bytes.data(), saved, 416);
    UpperImage upper;
    if (has_avx()) {
        std::memcpy(&upper, saved, sizeof upper); // which the kernel has extended to XSAVE's
        at_fault.ymm_high = upper_of(upper);
    }
    fault_vector = static_cast<u8>(registers[REG_TRAPNO]);
    siglongjmp(back, 1);
}

// Just enough of an assembler.
class Code {
public:
    explicit Code(u8* at) : at_(at) {}
    void bytes(std::initializer_list<u8> values) {
        for (const u8 value : values) *at_++ = value;
    }
    void copy(std::span<const u8> values) {
        std::memcpy(at_, values.data(), values.size());
        at_ += values.size();
    }
    // mov reg, [address] (8b) and mov [address], reg (89)
    void move(u8 opcode, u32 reg, const void* address) {
        bytes({static_cast<u8>(reg >= 8 ? 0x4c : 0x48), opcode, static_cast<u8>(0x04 | (reg & 7) << 3), 0x25});
        displacement(address);
    }
    void fxsave(const void* address) {
        bytes({0x48, 0x0f, 0xae, 0x04, 0x25});
        displacement(address);
    }
    void fxrstor(const void* address) {
        bytes({0x48, 0x0f, 0xae, 0x0c, 0x25});
        displacement(address);
    }
    void xsave_upper(const void* address) {
        load_components();
        bytes({0x48, 0x0f, 0xae, 0x24, 0x25});
        displacement(address);
    }
    void xrstor_upper(const void* address) {
        load_components();
        bytes({0x48, 0x0f, 0xae, 0x2c, 0x25});
        displacement(address);
    }
    void push_memory(const void* address) {
        bytes({0xff, 0x34, 0x25});
        displacement(address);
    }
    void pop_memory(const void* address) {
        bytes({0x8f, 0x04, 0x25});
        displacement(address);
    }

private:
    // mov eax, 4; xor edx, edx
    void load_components() { bytes({0xb8, avx_component, 0, 0, 0, 0x31, 0xd2}); }
    void displacement(const void* address) {
        const auto low = static_cast<u32>(reinterpret_cast<u64>(address));
        std::memcpy(at_, &low, sizeof low);
        at_ += sizeof low;
    }
    u8* at_;
};

constexpr u32 rsp = 4;
constexpr std::array<u32, 6> kept{3, 5, 12, 13, 14, 15}; // by the host's calling convention

void write_harness(u8* area, std::span<const u8> instruction) {
    auto* data = reinterpret_cast<HarnessData*>(area + data_at);
    Code code(area);
    for (const u32 reg : kept) code.bytes({static_cast<u8>(reg >= 8 ? 0x41 : 0x40), static_cast<u8>(0x50 | (reg & 7))});
    code.move(0x89, rsp, &data->host_stack);
    code.fxsave(&data->host_fpu);
    if (has_avx()) code.xrstor_upper(&data->upper_in);
    code.fxrstor(&data->in.fpu);
    code.push_memory(&data->in.flags);
    code.bytes({0x9d}); // popfq
    for (u32 reg = 0; reg < 16; ++reg) code.move(0x8b, reg, &data->in.r[reg]);
    code.copy(instruction);
    for (u32 reg = 0; reg < 16; ++reg) code.move(0x89, reg, &data->out.r[reg]);
    code.move(0x8b, rsp, &data->host_stack);
    code.bytes({0x9c}); // pushfq
    code.pop_memory(&data->out.flags);
    code.fxsave(&data->out.fpu);
    if (has_avx()) code.xsave_upper(&data->upper_out);
    code.fxrstor(&data->host_fpu);
    code.bytes({0xfc}); // cld
    for (std::size_t i = kept.size(); i-- > 0;)
        code.bytes({static_cast<u8>(kept[i] >= 8 ? 0x41 : 0x40), static_cast<u8>(0x58 | (kept[i] & 7))});
    code.bytes({0xc3});
}

} // namespace

Result<std::unique_ptr<HostCpu>> HostCpu::create() {
    void* area = ::mmap(nullptr, area_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (area == MAP_FAILED) return error("no memory below 2 GiB: {}", errno_text(errno));
    auto* bytes = static_cast<u8*>(area);
    ::mprotect(bytes, data_at, PROT_READ | PROT_WRITE | PROT_EXEC);
    ::mprotect(bytes + data_at, sizeof(HarnessData), PROT_READ | PROT_WRITE);
    ::mprotect(bytes + window_at, window_bytes, PROT_READ | PROT_WRITE);
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    static std::array<u8, 64 * 1024> stack;
    const stack_t alternate{.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
    ::sigaltstack(&alternate, nullptr);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) ::sigaction(signal, &action, nullptr);
    return std::unique_ptr<HostCpu>(new HostCpu(bytes, {bytes + window_at, window_bytes}));
}

HostCpu::~HostCpu() { ::munmap(area_, area_bytes); }

// The harness is no function that a compiler has made, and so has no mark of its type before it.
#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
HostOutcome HostCpu::run(std::span<const u8> instruction, const UserRegisters& before) {
    auto* data = reinterpret_cast<HarnessData*>(area_ + data_at);
    write_harness(area_, instruction);
    data->in = before;
    data->upper_in.components = avx_component;
    data->upper_in.legacy.put<u32>(FpuImage::mxcsr, 0x1f80);
    data->upper_in.ymm_high = before.ymm_high;
    if (sigsetjmp(back, 0) != 0) {
        asm volatile("cld");
        return {at_fault, fault_vector};
    }
    reinterpret_cast<void (*)()>(area_)();
    data->out.ymm_high = has_avx() ? upper_of(data->upper_out) : before.ymm_high;
    return {data->out, std::nullopt};
}

} // namespace orrery::test
