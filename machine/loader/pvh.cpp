#include "machine/loader/pvh.hpp"

#include <cstring>

#include "machine/loader/byte_view.hpp"
#include "machine/loader/elf.hpp"

namespace orrery {
namespace {

using namespace x86_boot;

constexpr std::string_view note_owner = "Xen";
constexpr u32 note_physical_entry = 18; // XEN_ELFNOTE_PHYS32_ENTRY

// start_info.h, version 1.
struct StartInfo {
    u32 magic = 0x336e'c578;
    u32 version = 1;
    u32 flags = 0;
    u32 module_count = 0;
    u64 modules = 0;
    u64 command_line = 0;
    u64 rsdp = 0;
    u64 memory_map = 0;
    u32 memory_map_entries = 0;
    u32 reserved = 0;
};
struct Module {
    u64 address = 0;
    u64 size_bytes = 0;
    u64 command_line = 0;
    u64 reserved = 0;
};
struct MemoryMapEntry {
    u64 address = 0;
    u64 size_bytes = 0;
    u32 type = 0;
    u32 reserved = 0;
};
static_assert(sizeof(StartInfo) == 56 && sizeof(Module) == 32 && sizeof(MemoryMapEntry) == 24);

template <typename T> std::vector<u8> bytes_of(std::span<const T> values) {
    const auto* const first = reinterpret_cast<const u8*>(values.data());
    return {first, first + values.size_bytes()};
}

template <typename T>
Result<u64> place_list(X86BootPlan& plan, MemoryLayout& layout, const std::vector<T>& values, std::string_view what) {
    if (values.empty()) return u64{0};
    return place(plan, layout, bytes_of(std::span<const T>(values)), 8, what);
}

} // namespace

bool has_pvh_entry(std::span<const u8> file) {
    return is_elf(file) && find_elf_note(file, note_owner, note_physical_entry).has_value();
}

Result<X86BootPlan> plan_pvh(X86BootRequest request, u64 limit_bytes) {
    KernelImage image = TRY(parse_x86_elf(request.kernel, limit_bytes));
    const auto note = find_elf_note(request.kernel, note_owner, note_physical_entry);
    if (!note || note->size() < sizeof(u32))
        return error("is damaged: its note of PVH's entry point holds no address; fetch or copy it again");
    X86BootPlan plan;
    MemoryLayout layout(request.memory);
    plan.entry.rip = ByteView(*note).word(0); // the same in a note of 8 bytes
    TRY_STATUS(place_segments(plan, layout, std::move(image.segments)));
    TRY_STATUS(check_entry(plan));

    StartInfo info;
    info.rsdp = request.rsdp_address;
    info.command_line = TRY(place_text(plan, layout, request.command_line));
    std::vector<Module> modules;
    for (const PlacedModule& module : TRY(place_modules(plan, layout, std::move(request.modules))))
        modules.push_back({module.first, module.size_bytes, module.command_line, 0});
    info.module_count = static_cast<u32>(modules.size());
    info.modules = TRY(place_list(plan, layout, modules, "the list of its modules"));
    std::vector<MemoryMapEntry> map;
    for (const MemoryRange& range : request.memory)
        map.push_back({range.first, range.size_bytes, static_cast<u32>(range.type), 0});
    info.memory_map_entries = static_cast<u32>(map.size());
    info.memory_map = TRY(place_list(plan, layout, map, "the list of its memory"));
    plan.entry.rbx = TRY(place(plan, layout, bytes_of(std::span<const StartInfo>(&info, 1)), 8, "its start info"));
    TRY_STATUS(prepare_protected_mode(plan, layout));
    return plan;
}

} // namespace orrery
