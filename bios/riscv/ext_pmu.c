// Performance monitoring extension (SBI 2.0, chapter 11): the two fixed counters every hart has, cycle and instret.
#include "csr.h"
#include "sbi.h"

enum {
    NUM_COUNTERS,
    COUNTER_GET_INFO,
    COUNTER_CONFIG_MATCHING,
    COUNTER_START,
    COUNTER_STOP,
    COUNTER_FW_READ,
    COUNTER_FW_READ_HI,
};

// Logical counter numbers.
enum { COUNTER_CYCLE, COUNTER_INSTRET, COUNTER_COUNT };

// Generic hardware events (table 11.3), which have event type 0.
#define EVENT_CPU_CYCLES 1
#define EVENT_INSTRUCTIONS 2

#define CONFIG_SKIP_MATCH (1u << 0)
#define CONFIG_CLEAR_VALUE (1u << 1)
#define CONFIG_AUTO_START (1u << 2)
#define START_SET_INIT_VALUE (1u << 0)
#define START_INIT_SNAPSHOT (1u << 1)
#define STOP_RESET (1u << 0)
#define STOP_TAKE_SNAPSHOT (1u << 1)

#define INFO_WIDTH_64 (63u << 12) // one less than the width

static u64 inhibit_bit(u32 counter) { return counter == COUNTER_CYCLE ? 1 << 0 : 1 << 2; }

static void write_counter(u32 counter, u64 value) {
    if (counter == COUNTER_CYCLE) {
        csr_write(CSR_MCYCLE, value);
    } else {
        csr_write(CSR_MINSTRET, value);
    }
}

void pmu_setup(struct hart* hart) {
    u64 unused;
    hart->has_counters = csr_try_read(CSR_CYCLE, &unused) && csr_try_read(CSR_INSTRET, &unused);
    hart->has_counter_inhibit = csr_try_read(CSR_MCOUNTINHIBIT, &unused);
    if (hart->has_counter_inhibit) csr_write(CSR_MCOUNTINHIBIT, 0);
    hart->counters_configured = 0;
    hart->counters_started = 0;
}

static void run_counter(struct hart* hart, u32 counter) {
    hart->counters_started |= 1u << counter;
    if (hart->has_counter_inhibit) csr_clear(CSR_MCOUNTINHIBIT, inhibit_bit(counter));
}

static void halt_counter(struct hart* hart, u32 counter) {
    hart->counters_started &= ~(1u << counter);
    if (hart->has_counter_inhibit) csr_set(CSR_MCOUNTINHIBIT, inhibit_bit(counter));
}

static bool counter_set(u64 base, u64 mask, u32* set) {
    if (base >= COUNTER_COUNT || mask == 0 || mask >= 1u << (COUNTER_COUNT - base)) return false;
    *set = (u32)(mask << base);
    return true;
}

static struct sbi_result get_info(u64 counter) {
    if (counter >= COUNTER_COUNT) return sbi_error(SBI_ERR_INVALID_PARAM);
    return sbi_value(INFO_WIDTH_64 | (counter == COUNTER_CYCLE ? CSR_CYCLE : CSR_INSTRET));
}

static struct sbi_result configure(struct hart* hart, u32 set, u64 flags, u64 event) {
    u32 candidates = set;
    if ((flags & CONFIG_SKIP_MATCH) != 0) {
        candidates &= hart->counters_configured;
        if (candidates == 0) return sbi_error(SBI_ERR_INVALID_PARAM);
    } else {
        candidates &= ~hart->counters_configured;
        if (event == EVENT_CPU_CYCLES) {
            candidates &= 1u << COUNTER_CYCLE;
        } else if (event == EVENT_INSTRUCTIONS) {
            candidates &= 1u << COUNTER_INSTRET;
        } else {
            candidates = 0;
        }
    }
    if (candidates == 0) return sbi_error(SBI_ERR_NOT_SUPPORTED);
    const u32 counter = (candidates & 1u << COUNTER_CYCLE) != 0 ? COUNTER_CYCLE : COUNTER_INSTRET;
    hart->counters_configured |= 1u << counter;
    if ((flags & CONFIG_CLEAR_VALUE) != 0) write_counter(counter, 0);
    if ((flags & CONFIG_AUTO_START) != 0) run_counter(hart, counter);
    return sbi_value(counter);
}

static struct sbi_result start(struct hart* hart, u32 set, u64 flags, u64 initial) {
    if ((flags & START_INIT_SNAPSHOT) != 0) return sbi_error(SBI_ERR_NO_SHMEM);
    if ((set & ~hart->counters_configured) != 0) return sbi_error(SBI_ERR_INVALID_PARAM);
    if ((set & hart->counters_started) != 0) return sbi_error(SBI_ERR_ALREADY_STARTED);
    for (u32 counter = 0; counter < COUNTER_COUNT; ++counter) {
        if ((set >> counter & 1) == 0) continue;
        if ((flags & START_SET_INIT_VALUE) != 0) write_counter(counter, initial);
        run_counter(hart, counter);
    }
    return sbi_error(SBI_SUCCESS);
}

// Kernels stop and reset every counter when they come up. Only counters that an event was using are halted then: a
// plain rdcycle or rdinstret of a user program goes on counting.
static struct sbi_result stop(struct hart* hart, u32 set, u64 flags) {
    if ((flags & STOP_TAKE_SNAPSHOT) != 0) return sbi_error(SBI_ERR_NO_SHMEM);
    const bool stopped_already = (set & ~hart->counters_started) != 0;
    for (u32 counter = 0; counter < COUNTER_COUNT; ++counter) {
        const u32 bit = 1u << counter;
        if ((set & bit) == 0) continue;
        if ((hart->counters_started & bit) != 0) halt_counter(hart, counter);
        if ((flags & STOP_RESET) != 0) hart->counters_configured &= ~bit;
    }
    return sbi_error(stopped_already ? SBI_ERR_ALREADY_STOPPED : SBI_SUCCESS);
}

struct sbi_result ext_pmu(const struct sbi_call* call) {
    const u64* arguments = call->arguments;
    u32 set;
    switch (call->function) {
    case NUM_COUNTERS:
        return sbi_value(COUNTER_COUNT);
    case COUNTER_GET_INFO:
        return get_info(arguments[0]);
    case COUNTER_CONFIG_MATCHING:
    case COUNTER_START:
    case COUNTER_STOP:
        break;
    case COUNTER_FW_READ:
    case COUNTER_FW_READ_HI:
        return sbi_error(SBI_ERR_INVALID_PARAM); // there are no firmware counters
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
    if (!counter_set(arguments[0], arguments[1], &set)) return sbi_error(SBI_ERR_INVALID_PARAM);
    struct hart* hart = this_hart();
    if (call->function == COUNTER_CONFIG_MATCHING) return configure(hart, set, arguments[2], arguments[3]);
    if (call->function == COUNTER_START) return start(hart, set, arguments[2], arguments[3]);
    return stop(hart, set, arguments[2]);
}
