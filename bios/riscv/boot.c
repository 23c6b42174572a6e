// The way from reset to the next stage: the boot hart finds the platform, sets up the machine and enters S-mode; the
// other harts set themselves up and wait for hart_start.
#include "console.h"
#include "csr.h"
#include "fdt.h"
#include "finisher.h"
#include "platform.h"
#include "sbi.h"

// OpenSBI's FW_DYNAMIC protocol, as QEMU's reset ROM passes it in a2.
#define DYNAMIC_MAGIC 0x4942534f // "OSBI"
#define NEXT_MODE_SUPERVISOR 1

struct fw_dynamic_info {
    u64 magic;
    u64 version;
    u64 next_address;
    u64 next_mode;
    u64 options;
    u64 boot_hart; // from version 2 on; start.S has seen to it
};

struct hart harts[HART_COUNT_MAX];
extern u32 boot_done;

_Noreturn void boot_hart_main(u64 hart_id, u64 device_tree, const struct fw_dynamic_info* next);
_Noreturn void secondary_hart_main(u64 hart_id);

static _Noreturn void refuse(const char* reason) {
    print("Orrery SBI firmware stopped: ");
    print(reason);
    print(".\n");
    finisher_fail(FAILURE_PLATFORM);
}

static void require_platform(u64 hart_id) {
    if (platform.memory_count == 0) refuse("the device tree has no memory node");
    if ((platform.hart_mask >> hart_id & 1) == 0) refuse("the device tree has no enabled cpu node for the boot hart");
    if (platform.software_interrupt_base == 0) refuse("the device tree has no CLINT or ACLINT software interrupts");
    if (platform.timer_base == 0 || platform.timer_compare_base == 0)
        refuse("the device tree has no CLINT or ACLINT timer");
    if (platform.finisher_base == 0) print("Note: no test finisher in the device tree, so no power off or reset.\n");
    if (platform.harts_left_out != 0) print("Note: only harts 0 to 7 can be used.\n");
}

static void require_next(const struct fw_dynamic_info* next) {
    if (next == NULL || next->magic != DYNAMIC_MAGIC) refuse("a2 at entry does not lead to FW_DYNAMIC information");
    if (next->next_mode != NEXT_MODE_SUPERVISOR) refuse("the next stage is not to run in S-mode");
    if (!platform_is_guest_memory(next->next_address, 4))
        refuse("the next stage's address is not in memory: no kernel was loaded");
}

static void banner(const struct hart* hart, u64 next_address) {
    print("\nOrrery SBI firmware " FIRMWARE_VERSION " (SBI 2.0)\n");
    print("  harts ");
    print_decimal((u64)__builtin_popcount(platform.hart_mask));
    print(", boot hart ");
    print_decimal(hart->id);
    print(hart->has_stimecmp ? ", timer Sstc\n" : ", timer CLINT\n");
    print("  next stage ");
    print_hex(next_address);
    print(", device tree ");
    print_hex(platform.device_tree);
    print("\n");
}

static void release_other_harts(const struct hart* self) {
    __atomic_store_n(&boot_done, 1, __ATOMIC_SEQ_CST);
    for (u32 id = 0; id < HART_COUNT_MAX; ++id) {
        if (id != self->id && (platform.hart_mask >> id & 1) != 0) ipi_wake(id);
    }
}

void boot_hart_main(u64 hart_id, u64 device_tree, const struct fw_dynamic_info* next) {
    struct hart* hart = &harts[hart_id];
    const bool found = platform_discover(device_tree);
    console_initialise();
    if (!found) refuse("a1 at entry does not lead to a device tree");
    require_platform(hart_id);
    require_next(next);
    for (u32 id = 0; id < HART_COUNT_MAX; ++id) harts[id].state = id == hart_id ? HART_STARTED : HART_STOPPED;

    hart_setup(hart);
    if (!fdt_reserve_memory(device_tree, FIRMWARE_BASE, FIRMWARE_SIZE))
        print("Note: the device tree's layout leaves no way to reserve the firmware's memory.\n");
    banner(hart, next->next_address);
    const u64 next_address = next->next_address;
    release_other_harts(hart);
    csr_write(CSR_MIE, INTERRUPT_M_SOFTWARE);
    hart_enter_supervisor(hart, next_address, device_tree);
}

void secondary_hart_main(u64 hart_id) {
    struct hart* hart = &harts[hart_id];
    hart_setup(hart);
    hart_wait_for_start(hart);
}
