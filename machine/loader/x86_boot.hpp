// Starting an x86 kernel without firmware: what a board gives, and what the loaders answer: which bytes go where in
// guest memory, and how the boot processor begins. Nothing here touches a machine; boards/pc_boot does.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"
#include "machine/loader/kernel_image.hpp"
#include "machine/loader/memory_layout.hpp"

namespace orrery {

// An initial RAM disk, or what multiboot and PVH call a module.
struct X86BootModule {
    std::vector<u8> bytes;
    std::string command_line; // Linux has none
    std::string name;         // of its file
};

// A frame buffer of 32 bits a pixel, 0x00RRGGBB, that is shown already.
struct X86Screen {
    u64 address = 0; // below 4 GiB
    u32 memory_bytes = 0;
    u16 columns = 0, rows = 0; // pixels
};

struct X86BootRequest {
    std::string name; // of the kernel's file
    std::vector<u8> kernel;
    std::vector<X86BootModule> modules;
    std::string command_line;
    std::vector<MemoryRange> memory; // what the kernel is told, and where to load; sorted by address
    u64 rsdp_address = 0;            // of ACPI's root pointer in guest memory; 0: the kernel looks for it by itself
    std::vector<u8> rsdp;            // what lies there, for kernels that are given a copy
    std::vector<u8> random_seed;     // for kernels that take one at their start
    bool vga_text = false;           // there is a VGA, in text mode 3
    std::optional<X86Screen> screen; // which it can show instead, for kernels that take one
};

// How the boot processor begins: with flat segments, interrupts off, and its other registers as after power-on.
struct X86Entry {
    static constexpr u16 code_selector = 0x10;
    static constexpr u16 data_selector = 0x18; // of all data segments and the stack
    static constexpr u16 task_selector = 0x20;

    bool long_mode = false; // 64-bit mode with page tables; else 32-bit protected mode without paging
    u64 rip = 0;
    u64 rax = 0, rbx = 0, rsi = 0; // all others are 0
    u64 cr3 = 0;                   // in long mode: maps the first 4 GiB to themselves
    u64 gdt_address = 0;
    std::array<u64, 6> gdt{}; // as it lies in guest memory

    // What the kernel was told that the screen shows: the request's frame buffer; else text.
    bool frame_buffer_shown = false;
};

struct X86BootPlan {
    std::vector<LoadSegment> segments; // none overlaps another; all lie in RAM
    X86Entry entry;
};

// Finds out what the kernel is, also when it is packed, and plans its start: a bzImage, a program with a header of
// Multiboot 2 or 1, or an ELF file with an entry point for PVH. The error is a sentence that names the kernel and says
// what to do.
Result<X86BootPlan> plan_x86_boot(X86BootRequest request);

// For the loaders.
namespace x86_boot {

inline constexpr u64 page_bytes = 4 * KiB;
inline constexpr u64 low_memory_floor = page_bytes; // page 0 is the interrupt vectors' and the BIOS's
inline constexpr u64 four_gib = 4 * GiB;

// Puts `bytes` into the lowest free memory below 4 GiB that suits. Errors complete a sentence that begins with the
// file's name.
Result<u64> place(X86BootPlan& plan, MemoryLayout& layout, std::vector<u8> bytes, u64 alignment, std::string_view what);

// A text with a zero byte behind it.
Result<u64> place_text(X86BootPlan& plan, MemoryLayout& layout, std::string_view text);

// Takes the places that the segments ask for, and adds them to the plan.
Status place_segments(X86BootPlan& plan, MemoryLayout& layout, std::vector<LoadSegment> segments);

// That the kernel starts within one of its segments, where 32-bit code can be.
Status check_entry(const X86BootPlan& plan);

// Modules lie behind the kernel, each at the start of a page.
struct PlacedModule {
    u64 first = 0;
    u64 size_bytes = 0;
    u64 command_line = 0; // 0: none
};
Result<std::vector<PlacedModule>> place_modules(X86BootPlan& plan, MemoryLayout& layout,
                                                std::vector<X86BootModule> modules);

// Completes plan.entry for a mode, and puts the descriptor table and the page tables into memory.
Status prepare_protected_mode(X86BootPlan& plan, MemoryLayout& layout);
Status prepare_long_mode(X86BootPlan& plan, MemoryLayout& layout);

} // namespace x86_boot
} // namespace orrery
