#include "bios/pc/post/boot_menu.h"

#include "bios/pc/post/boot_order.h"
#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/legacy.h"
#include "bios/pc/post/print.h"
#include "bios/pc/post/real_mode.h"

enum { key_escape = 0x01, key_f12 = 0x86, default_wait_ms = 2500, menu_ms = 60000 };
enum { bda_ticks = 0x6c, tick_ms = 55 };

// The next key, as int 16h 10h gives it; 0: none came. The time is that of int 8.
static u16 key_within(u32 ms) {
    const u32 begin = *bda32(bda_ticks);
    do {
        struct registers r = {.eax = 0x1100};
        interrupt(0x16, &r);
        if (!(r.flags & flag_zero)) {
            r = (struct registers){.eax = 0x1000};
            interrupt(0x16, &r);
            return (u16)r.eax;
        }
        if (ms != 0) await_interrupt();
    } while ((*bda32(bda_ticks) - begin) * tick_ms < ms);
    return 0;
}

static bool is_wanted(u16 key) { return key >> 8 == key_escape || key >> 8 == key_f12; }

static void choose(void) {
    u8 list[most_drives];
    const u32 count = boot_order_list(list);
    print("\nBoot from:\n");
    for (u32 i = 0; i < count; ++i)
        print("  %c. %s\n", (char)(i < 9 ? '1' + i : 'a' + i - 9), shared.drives[list[i]].name);
    print("A number chooses; Esc goes on as usual.\n");
    for (;;) {
        const u16 key = key_within(menu_ms);
        const u8 character = (u8)key;
        if (key == 0 || key >> 8 == key_escape) return;
        u32 choice = most_drives;
        if (character >= '1' && character <= '9') choice = character - '1';
        if (character >= 'a' && character <= 'g') choice = character - 'a' + 9U;
        if (choice >= count) continue;
        boot_order_prefer(list[choice]);
        return;
    }
}

void boot_menu_offer(void) {
    u16 enabled = 0;
    fw_cfg_read(fw_cfg_boot_menu, &enabled, sizeof enabled);
    u32 wait_ms = 0;
    if (enabled) {
        wait_ms = (u32)fw_cfg_number("etc/boot-menu-wait", default_wait_ms);
        if (wait_ms > menu_ms) wait_ms = menu_ms;
        print("F12 or Esc: boot menu\n");
    }
    u16 key;
    do key = key_within(wait_ms);
    while (key != 0 && !is_wanted(key));
    if (key != 0) choose();
}
