// From an ecall in S-mode to the extension it names, and back.
#include "console.h"
#include "platform.h"
#include "sbi.h"

struct extension {
    u64 id;
    struct sbi_result (*handle)(const struct sbi_call*);
};

static const struct extension extensions[] = {
    {SBI_EXT_BASE, ext_base}, {SBI_EXT_TIME, ext_time}, {SBI_EXT_IPI, ext_ipi},   {SBI_EXT_RFENCE, ext_rfence},
    {SBI_EXT_HSM, ext_hsm},   {SBI_EXT_SRST, ext_srst}, {SBI_EXT_DBCN, ext_dbcn}, {SBI_EXT_PMU, ext_pmu},
};

static const struct extension* find(u64 id) {
    for (u32 i = 0; i < sizeof extensions / sizeof extensions[0]; ++i) {
        if (extensions[i].id == id) return &extensions[i];
    }
    return NULL;
}

bool sbi_extension_exists(u64 id) {
    if (id == SBI_EXT_SRST) return platform.finisher_base != 0;
    if (id == SBI_EXT_DBCN) return console_exists();
    if (id == SBI_EXT_PMU) return this_hart()->has_counters;
    return id <= SBI_EXT_LEGACY_LAST || find(id) != NULL;
}

bool sbi_hart_set(u64 mask, u64 mask_base, u32* set) {
    if (mask_base == ~0ull) {
        *set = platform.hart_mask;
        return true;
    }
    *set = 0;
    if (mask == 0) return true;
    if (mask_base >= HART_COUNT_MAX || mask << mask_base >> mask_base != mask) return false;
    mask <<= mask_base;
    if ((mask & ~(u64)platform.hart_mask) != 0) return false;
    *set = (u32)mask;
    return true;
}

void sbi_dispatch(struct trap_frame* frame) {
    struct sbi_call call = {.extension = frame->x[REGISTER_A7], .function = frame->x[REGISTER_A6], .frame = frame};
    for (u32 i = 0; i < 6; ++i) call.arguments[i] = frame->x[REGISTER_A0 + i];

    frame->epc += 4;
    if (call.extension <= SBI_EXT_LEGACY_LAST) {
        frame->x[REGISTER_A0] = (u64)ext_legacy(&call).error;
        return;
    }
    struct sbi_result result = sbi_error(SBI_ERR_NOT_SUPPORTED);
    const struct extension* extension = find(call.extension);
    if (extension != NULL && sbi_extension_exists(call.extension)) result = extension->handle(&call);
    frame->x[REGISTER_A0] = (u64)result.error;
    frame->x[REGISTER_A1] = result.value;
}
