// The Supervisor Binary Interface: what the dispatcher in ecall.c and the extensions share (SBI 2.0, chapter 3).
#pragma once

#include "hart.h"
#include "trap.h"
#include "types.h"

enum sbi_error {
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
    SBI_ERR_NO_SHMEM = -9,
};

#define SBI_EXT_BASE 0x10
#define SBI_EXT_TIME 0x54494d45
#define SBI_EXT_IPI 0x735049
#define SBI_EXT_RFENCE 0x52464e43
#define SBI_EXT_HSM 0x48534d
#define SBI_EXT_SRST 0x53525354
#define SBI_EXT_DBCN 0x4442434e
#define SBI_EXT_PMU 0x504d55
#define SBI_EXT_LEGACY_LAST 8

struct sbi_call {
    u64 extension;
    u64 function;
    u64 arguments[6];
    struct trap_frame* frame;
};

struct sbi_result {
    i64 error;
    u64 value;
};

static inline struct sbi_result sbi_error(enum sbi_error error) { return (struct sbi_result){.error = error}; }
static inline struct sbi_result sbi_value(u64 value) { return (struct sbi_result){.value = value}; }

// ecall.c
void sbi_dispatch(struct trap_frame* frame);
bool sbi_extension_exists(u64 extension);

// One handler for each extension, in ext_<name>.c; ext_legacy's error is the legacy return value.
struct sbi_result ext_base(const struct sbi_call* call);
struct sbi_result ext_time(const struct sbi_call* call);
struct sbi_result ext_ipi(const struct sbi_call* call);
struct sbi_result ext_rfence(const struct sbi_call* call);
struct sbi_result ext_hsm(const struct sbi_call* call);
struct sbi_result ext_srst(const struct sbi_call* call);
struct sbi_result ext_dbcn(const struct sbi_call* call);
struct sbi_result ext_pmu(const struct sbi_call* call);
struct sbi_result ext_legacy(const struct sbi_call* call);

// ecall.c: turns the hart mask of a call (SBI 2.0, section 3.1) into a set of hart ids; false if one doesn't exist.
bool sbi_hart_set(u64 mask, u64 mask_base, u32* set);

// ext_time.c
void timer_setup(struct hart* hart);
void timer_set(struct hart* hart, u64 deadline);
void timer_expired(void);
u64 timer_now(void);

// ext_ipi.c
void ipi_send(u32 hart_set);
void ipi_wake(u64 hart_id);          // raises the machine software interrupt
void ipi_receive(struct hart* hart); // all that other harts have asked for

// ext_rfence.c
void fence_everywhere(u32 hart_set, const struct fence_request* request);
void fence_serve(struct hart* hart);

// ext_hsm.c: harts that run supervisor code, or may resume it at any time.
u32 hsm_running_harts(void);

// ext_pmu.c
void pmu_setup(struct hart* hart);
