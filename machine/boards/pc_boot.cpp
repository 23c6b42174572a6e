#include "machine/boards/pc_boot.hpp"

#include "machine/loader/file.hpp"

namespace orrery::pc {
namespace {

// SDM 3A 11.11.2.1: all memory is cached as write-back, as firmware would have it. Without this it is uncached.
constexpr u64 mtrr_enabled = 1 << 11;
constexpr u64 mtrr_write_back = 6;

x86::SegmentCache segment(const X86Entry& entry, u16 selector) {
    return x86::Descriptor{entry.gdt[selector / sizeof entry.gdt[0]]}.segment(selector);
}

} // namespace

Result<X86BootRequest> read_kernel_files(const KernelFiles& files, u64 limit_bytes) {
    X86BootRequest request;
    request.name = files.kernel;
    auto kernel = read_file(files.kernel, limit_bytes, "the kernel");
    if (!kernel) return std::unexpected(kernel.error().in("--kernel"));
    request.kernel = std::move(*kernel);
    for (const KernelFiles::Module& module : files.modules) {
        auto bytes = read_file(module.path, limit_bytes, "the initrd");
        if (!bytes) return std::unexpected(bytes.error().in("--initrd"));
        request.modules.push_back({std::move(*bytes), module.command_line, module.path});
    }
    return request;
}

Result<X86Entry> load_kernel(AddressSpace& memory, X86BootRequest request) {
    auto plan = plan_x86_boot(std::move(request));
    if (!plan) return std::unexpected(plan.error().in("--kernel"));
    for (const LoadSegment& segment : plan->segments)
        if (!memory.write_memory({segment.address}, segment.bytes))
            return error("--kernel: the kernel can't be put at {:#x}: there is no memory", segment.address);
    return plan->entry;
}

void enter_kernel(x86::State& state, const X86Entry& entry) {
    state.r = {};
    state.r[x86::gpr::rax] = entry.rax;
    state.r[x86::gpr::rbx] = entry.rbx;
    state.r[x86::gpr::rsi] = entry.rsi;
    state.pc = entry.rip; // the segments begin at 0
    state.rflags = x86::rflags_fixed;
    for (x86::SegmentCache& cache : state.segments) cache = segment(entry, X86Entry::data_selector);
    state.segment(x86::Segment::cs) = segment(entry, X86Entry::code_selector);
    state.tr = segment(entry, X86Entry::task_selector);
    state.gdtr = {entry.gdt_address, static_cast<u16>(sizeof entry.gdt - 1)};
    state.idtr = {0, 0};
    state.cr0 = x86::cr0::pe | x86::cr0::et;
    if (entry.long_mode) {
        state.cr0 |= x86::cr0::pg;
        state.cr3 = entry.cr3;
        state.cr4 = x86::cr4::pae;
        state.efer = x86::efer::lme | x86::efer::lma;
    }
    state.mtrrs.default_type = mtrr_enabled | mtrr_write_back;
}

} // namespace orrery::pc
