#include "bios/pc/shared/clock.h"

#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"

enum { pm_ticks_per_100us = 358, pit_ticks_per_100us = 119, pit_channel0 = 0x40, pit_command = 0x43 };

static u32 ticks_per_100us(void) { return shared.pm_timer_port ? pm_ticks_per_100us : pit_ticks_per_100us; }

// Counts up.
static u32 now(void) {
    if (shared.pm_timer_port) return in32(shared.pm_timer_port);
    out8(pit_command, 0); // latch channel 0
    const u32 low = in8(pit_channel0);
    return 0U - (low | (u32)in8(pit_channel0) << 8);
}

static u32 ticks_since(u32 then, u32 current) { return (current - then) & (shared.pm_timer_port ? 0xffffff : 0xffff); }

struct deadline deadline_in_us(u32 us) {
    return (struct deadline){.last = now(), .left = (us / 100 + 1) * ticks_per_100us()};
}

struct deadline deadline_in_ms(u32 ms) { return (struct deadline){.last = now(), .left = ms * 10 * ticks_per_100us()}; }

bool deadline_over(struct deadline* deadline) {
    const u32 current = now();
    const u32 passed = ticks_since(deadline->last, current);
    deadline->last = current;
    deadline->left = passed < deadline->left ? deadline->left - passed : 0;
    return deadline->left == 0;
}

void wait_us(u32 us) {
    struct deadline deadline = deadline_in_us(us);
    while (!deadline_over(&deadline)) pause();
}
