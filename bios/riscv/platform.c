// Finding the devices the firmware drives.
#include "platform.h"

#include "fdt.h"
#include "hart_layout.h"

struct platform platform;

// CLINT (SiFive), the same layout as the ACLINT pair it was split into.
#define CLINT_MTIMECMP 0x4000
#define CLINT_MTIME 0xbff8

static bool is(const struct fdt* fdt, const struct fdt_node* node, const char* compatible) {
    return fdt_property_has(fdt, node, "compatible", compatible);
}

static bool is_enabled(const struct fdt* fdt, const struct fdt_node* node) {
    u32 size;
    return fdt_property(fdt, node, "status", &size) == NULL || fdt_property_has(fdt, node, "status", "okay");
}

static void note_memory(const struct fdt* fdt, const struct fdt_node* node) {
    struct memory_range range;
    for (u32 i = 0; fdt_reg(fdt, node, i, &range.base, &range.size); ++i) {
        if (platform.memory_count == MEMORY_RANGES_MAX) return;
        if (range.size != 0) platform.memory[platform.memory_count++] = range;
    }
}

static bool isa_string_has(const char* isa, const char* extension) {
    for (; *isa != 0; ++isa) {
        if (*isa != '_') continue;
        u32 length = 0;
        while (extension[length] != 0 && isa[1 + length] == extension[length]) ++length;
        if (extension[length] == 0 && (isa[1 + length] == 0 || isa[1 + length] == '_')) return true;
    }
    return false;
}

static void note_hart(const struct fdt* fdt, const struct fdt_node* node) {
    u64 id, size;
    if (!is_enabled(fdt, node) || !fdt_reg(fdt, node, 0, &id, &size)) return;
    if (id >= HART_COUNT_MAX) {
        ++platform.harts_left_out;
        return;
    }
    platform.hart_mask |= 1u << id;

    u32 isa_size;
    const char* isa = fdt_property(fdt, node, "riscv,isa", &isa_size);
    if (isa == NULL || isa_size == 0 || isa[isa_size - 1] != 0) isa = "";
    if (fdt_property_has(fdt, node, "riscv,isa-extensions", "svade") || isa_string_has(isa, "svade"))
        platform.software_access_bits = true;
}

static void note_uart(const struct fdt* fdt, const struct fdt_node* node, u64 base) {
    platform.uart_base = base;
    platform.uart_register_shift = fdt_property_u32(fdt, node, "reg-shift", 0);
    platform.uart_register_width = fdt_property_u32(fdt, node, "reg-io-width", 1);
    platform.uart_clock_hz = fdt_property_u32(fdt, node, "clock-frequency", 0);
}

static void note_device(const struct fdt* fdt, const struct fdt_node* node) {
    u64 base, size;
    if (!is_enabled(fdt, node) || !fdt_reg(fdt, node, 0, &base, &size)) return;
    if (platform.uart_base == 0 && (is(fdt, node, "ns16550a") || is(fdt, node, "ns16550"))) {
        note_uart(fdt, node, base);
    } else if (is(fdt, node, "sifive,test0") || is(fdt, node, "sifive,test1")) {
        platform.finisher_base = base;
    } else if (is(fdt, node, "riscv,clint0") || is(fdt, node, "sifive,clint0")) {
        platform.software_interrupt_base = base;
        platform.timer_compare_base = base + CLINT_MTIMECMP;
        platform.timer_base = base + CLINT_MTIME;
    } else if (is(fdt, node, "riscv,aclint-mswi")) {
        platform.software_interrupt_base = base;
    } else if (is(fdt, node, "riscv,aclint-mtimer")) {
        platform.timer_base = base;
        fdt_reg(fdt, node, 1, &platform.timer_compare_base, &size);
    }
}

bool platform_discover(u64 device_tree) {
    struct fdt fdt;
    struct fdt_walk walk = {0};
    struct fdt_node node;
    if (!fdt_open(&fdt, device_tree)) return false;
    platform.device_tree = device_tree;
    while (fdt_next_node(&fdt, &walk, &node)) {
        if (fdt_property_has(&fdt, &node, "device_type", "memory")) {
            note_memory(&fdt, &node);
        } else if (fdt_property_has(&fdt, &node, "device_type", "cpu")) {
            note_hart(&fdt, &node);
        } else {
            note_device(&fdt, &node);
        }
    }
    return true;
}

bool platform_is_guest_memory(u64 address, u64 size) {
    if (size == 0) size = 1;
    const u64 last = address + (size - 1);
    if (last < address) return false;
    if (address < FIRMWARE_BASE + FIRMWARE_SIZE && last >= FIRMWARE_BASE) return false;
    for (u32 i = 0; i < platform.memory_count; ++i) {
        const struct memory_range* range = &platform.memory[i];
        if (address >= range->base && last - range->base < range->size) return true;
    }
    return false;
}
