// A supervisor-mode program that calls each SBI function and checks what comes back. It powers the machine off with
// success, or says what was wrong and powers off with a system failure. It runs on every hart there is, and expects the
// firmware at the start of RAM.
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;
typedef int64_t i64;

enum { BASE = 0x10, TIME = 0x54494d45, IPI = 0x735049, RFENCE = 0x52464e43 };
enum { HSM = 0x48534d, SRST = 0x53525354, DBCN = 0x4442434e, PMU = 0x504d55 };
enum { NOT_SUPPORTED = -2, INVALID_PARAM = -3, INVALID_ADDRESS = -5, ALREADY_AVAILABLE = -6 };
enum { ALREADY_STARTED = -7, ALREADY_STOPPED = -8 };
enum { STARTED = 0, STOPPED = 1 };
enum { CAUSE_ILLEGAL = 2, CAUSE_LOAD_ACCESS = 5, CAUSE_STORE_ACCESS = 7 };

#define FIRMWARE 0x80000000ull
#define HARTS_MAX 8
#define FENCE_ROUNDS 300
#define SIP_SSIP (1ull << 1)
#define SIP_STIP (1ull << 5)

struct result {
    i64 error;
    i64 value;
};

void guest_main(u64 hart, u64 device_tree);
void other_main(u64 hart, u64 argument);
void resumed(u64 hart, u64 argument);
void entry_for_others(void);
void entry_for_resume(void);
extern u64 last_cause;

static u64 boot_hart;
static u64 arrived[HARTS_MAX];
static u64 got_interrupt[HARTS_MAX];
static u64 fences_done;
static u64 fence_errors;

static struct result call(u64 extension, u64 function, u64 a, u64 b, u64 c, u64 d, u64 e) {
    register u64 a0 __asm__("a0") = a;
    register u64 a1 __asm__("a1") = b;
    register u64 a2 __asm__("a2") = c;
    register u64 a3 __asm__("a3") = d;
    register u64 a4 __asm__("a4") = e;
    register u64 a6 __asm__("a6") = function;
    register u64 a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    return (struct result){(i64)a0, (i64)a1};
}

static void say(const char* text) {
    u64 size = 0;
    while (text[size] != 0) ++size;
    call(DBCN, 0, size, (u64)text, 0, 0, 0);
}

static void check(bool good, const char* what) {
    if (good) return;
    say("SBI-CHECK FAILED: ");
    say(what);
    say("\n");
    call(SRST, 0, 0, 1, 0, 0, 0);
    for (;;) continue;
}

static u64 pending(void) {
    u64 value;
    __asm__ volatile("csrr %0, sip" : "=r"(value));
    return value;
}

static u64 now(void) {
    u64 value;
    __asm__ volatile("rdtime %0" : "=r"(value));
    return value;
}

static u64 load(volatile u64* word) { return __atomic_load_n((u64*)word, __ATOMIC_ACQUIRE); }

static void wait_until(volatile u64* word, u64 value, const char* what) {
    const u64 limit = now() + 200000000; // 20 s of a 10 MHz time base
    while (load(word) != value) check(now() < limit, what);
}

static void wait_for_state(u64 hart, i64 state, const char* what) {
    const u64 limit = now() + 200000000;
    while (call(HSM, 2, hart, 0, 0, 0, 0).value != state) check(now() < limit, what);
}

static void check_base(void) {
    check(call(BASE, 0, 0, 0, 0, 0, 0).value == 2 << 24, "base: the specification's version is 2.0");
    static const u64 known[] = {BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, PMU, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (u64 i = 0; i < sizeof known / sizeof known[0]; ++i)
        check(call(BASE, 3, known[i], 0, 0, 0, 0).value == 1, "base: a required extension probes as 1");
    check(call(BASE, 3, 0x12345678, 0, 0, 0, 0).value == 0, "base: an unknown extension probes as 0");
    check(call(0x12345678, 0, 0, 0, 0, 0, 0).error == NOT_SUPPORTED, "an unknown extension is not supported");
    check(call(BASE, 99, 0, 0, 0, 0, 0).error == NOT_SUPPORTED, "base: an unknown function is not supported");
}

static void check_timer(void) {
    check((pending() & SIP_STIP) == 0, "timer: nothing is pending at the start");
    call(TIME, 0, now() + 1000, 0, 0, 0, 0);
    const u64 limit = now() + 200000000;
    while ((pending() & SIP_STIP) == 0) check(now() < limit, "timer: it fires");
    call(TIME, 0, ~0ull, 0, 0, 0, 0);
    check((pending() & SIP_STIP) == 0, "timer: a far deadline takes the interrupt back");
}

static void check_console(void) {
    check(call(DBCN, 0, 8, FIRMWARE, 0, 0, 0).error == INVALID_PARAM, "console: the firmware's memory is refused");
    check(call(DBCN, 0, 8, FIRMWARE - 4, 0, 0, 0).error == INVALID_PARAM, "console: a range that enters it is refused");
    check(call(DBCN, 1, 8, 0x1000, 0, 0, 0).error == INVALID_PARAM, "console: a buffer outside RAM is refused");
    check(call(DBCN, 0, ~0ull, (u64)&boot_hart, 0, 0, 0).error == INVALID_PARAM, "console: a wrapping size is refused");
    check(call(DBCN, 0, 8, (u64)&boot_hart, 1, 0, 0).error == INVALID_PARAM, "console: a 128-bit address is refused");
    const struct result read = call(DBCN, 1, 8, (u64)&fences_done, 0, 0, 0);
    check(read.error == 0 && read.value == 0, "console: reading does not wait");
    check(call(DBCN, 3, 0, 0, 0, 0, 0).error == NOT_SUPPORTED, "console: an unknown function is not supported");
    check(call(2, 0, 0, 0, 0, 0, 0).error == -1, "legacy getchar: -1 if nothing waits");
}

static void check_protection(void) {
    last_cause = 0;
    __asm__ volatile(".option push\n.option norvc\nlw t0, 0(%0)\n.option pop" ::"r"(FIRMWARE) : "t0", "memory");
    check(last_cause == CAUSE_LOAD_ACCESS, "the firmware cannot be read");
    last_cause = 0;
    __asm__ volatile(".option push\n.option norvc\nsw zero, 0(%0)\n.option pop" ::"r"(FIRMWARE) : "memory");
    check(last_cause == CAUSE_STORE_ACCESS, "the firmware cannot be written");
    last_cause = 0;
    __asm__ volatile("csrw mscratch, zero" ::: "memory");
    check(last_cause == CAUSE_ILLEGAL, "an illegal instruction comes back to the supervisor");
}

static void check_reset_parameters(void) {
    check(call(SRST, 0, 5, 0, 0, 0, 0).error == INVALID_PARAM, "reset: a reserved type is refused");
    check(call(SRST, 0, 0, 2, 0, 0, 0).error == INVALID_PARAM, "reset: a reserved reason is refused");
}

static void check_counters(void) {
    const i64 count = call(PMU, 0, 0, 0, 0, 0, 0).value;
    check(count >= 2, "counters: there are cycle and instret at least");
    check(call(PMU, 1, (u64)count + 64, 0, 0, 0, 0).error == INVALID_PARAM, "counters: one too many has no info");
    const u64 all = (1ull << count) - 1;
    call(PMU, 4, 0, all, 1, 0, 0); // stop and reset, as kernels do
    const struct result cycle = call(PMU, 2, 0, all, 2, 1, 0);
    check(cycle.error == 0, "counters: the cycle event finds its counter");
    const u64 bit = 1ull << cycle.value;
    check(call(PMU, 3, 0, bit, 1, 1000, 0).error == 0, "counters: it starts");
    check(call(PMU, 3, 0, bit, 0, 0, 0).error == ALREADY_STARTED, "counters: it does not start twice");
    u64 value;
    __asm__ volatile("rdcycle %0" : "=r"(value));
    check(value >= 1000, "counters: it started from the given value");
    check(call(PMU, 4, 0, bit, 1, 0, 0).error == 0, "counters: it stops");
    check(call(PMU, 4, 0, bit, 0, 0, 0).error == ALREADY_STOPPED, "counters: it does not stop twice");
    check(call(PMU, 3, 99, 1, 0, 0, 0).error == INVALID_PARAM, "counters: an unknown one does not start");
}

static void check_hart_parameters(void) {
    const u64 here = (u64)entry_for_others;
    check(call(HSM, 0, boot_hart, here, 0, 0, 0).error == ALREADY_AVAILABLE, "harts: a running one does not start");
    check(call(HSM, 0, 4711, here, 0, 0, 0).error == INVALID_PARAM, "harts: an unknown one does not start");
    check(call(HSM, 2, 4711, 0, 0, 0, 0).error == INVALID_PARAM, "harts: an unknown one has no status");
    check(call(HSM, 2, boot_hart, 0, 0, 0, 0).value == STARTED, "harts: this one is started");
    check(call(HSM, 3, 0x70000000, here, 0, 0, 0).error == NOT_SUPPORTED, "suspend: no types of the platform");
    check(call(HSM, 3, 1, here, 0, 0, 0).error == INVALID_PARAM, "suspend: reserved types are refused");
    check(call(IPI, 0, 1, 4711, 0, 0, 0).error == INVALID_PARAM, "IPI: an unknown hart is refused");
    check(call(RFENCE, 0, 1, 4711, 0, 0, 0).error == INVALID_PARAM, "fence: an unknown hart is refused");
    check(call(RFENCE, 3, 1, 0, 0, 0, 0).error != 0, "fence: without a hypervisor there are no hypervisor fences");
}

static void check_self_interrupt(void) {
    check(call(IPI, 0, 1, boot_hart, 0, 0, 0).error == 0, "IPI: to itself");
    const u64 limit = now() + 200000000;
    while ((pending() & SIP_SSIP) == 0) check(now() < limit, "IPI: it arrives at itself");
    __asm__ volatile("csrc sip, %0" ::"r"(SIP_SSIP));
    check((pending() & SIP_SSIP) == 0, "IPI: the supervisor can take it back");
}

static void fence_all(void) {
    for (u64 round = 0; round < FENCE_ROUNDS; ++round) {
        i64 error = 0;
        error |= call(RFENCE, 0, 0, ~0ull, 0, 0, 0).error;
        error |= call(RFENCE, 1, 0, ~0ull, 0x80200000, 4096, 0).error;
        error |= call(RFENCE, 2, 0, ~0ull, 0x80200000, round % 2 == 0 ? ~0ull : 8192, 1).error;
        if (error != 0) __atomic_fetch_add(&fence_errors, 1, __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&fences_done, 1, __ATOMIC_RELEASE);
}

// Every other hart: shows its argument, waits for an interrupt, joins the fencing, stops.
void other_main(u64 hart, u64 argument) {
    __atomic_store_n(&arrived[hart], argument, __ATOMIC_RELEASE);
    while ((pending() & SIP_SSIP) == 0) continue;
    __asm__ volatile("csrc sip, %0" ::"r"(SIP_SSIP));
    __atomic_store_n(&got_interrupt[hart], argument, __ATOMIC_RELEASE);
    fence_all();
    call(HSM, 1, 0, 0, 0, 0, 0);
    check(false, "harts: stop does not return");
}

static void check_other_harts(u64 argument) {
    u64 count = 0;
    fences_done = 0;
    for (u64 hart = 0; hart < HARTS_MAX; ++hart) {
        if (hart == boot_hart || call(HSM, 2, hart, 0, 0, 0, 0).error != 0) continue;
        wait_for_state(hart, STOPPED, "harts: the others are stopped");
        check(call(HSM, 0, hart, FIRMWARE, 0, 0, 0).error == INVALID_ADDRESS, "harts: not started in the firmware");
        check(call(HSM, 0, hart, (u64)entry_for_others, argument, 0, 0).error == 0, "harts: another starts");
        wait_until(&arrived[hart], argument, "harts: it arrives with its argument");
        ++count;
    }
    check(call(IPI, 0, 0, ~0ull, 0, 0, 0).error == 0, "IPI: to all");
    __asm__ volatile("csrc sip, %0" ::"r"(SIP_SSIP));
    fence_all();
    for (u64 hart = 0; hart < HARTS_MAX; ++hart) {
        if (hart == boot_hart || call(HSM, 2, hart, 0, 0, 0, 0).error != 0) continue;
        wait_until(&got_interrupt[hart], argument, "IPI: it arrives at the others");
        wait_for_state(hart, STOPPED, "harts: they stop");
    }
    check(load(&fences_done) == count + 1 && load(&fence_errors) == 0, "fence: all harts at once, without an error");
}

static void check_suspend(void) {
    __asm__ volatile("csrs sie, %0" ::"r"(SIP_STIP));
    call(TIME, 0, now() + 10000, 0, 0, 0, 0);
    check(call(HSM, 3, 0, 0, 0, 0, 0).error == 0, "suspend: the retentive one returns");
    call(TIME, 0, now() + 10000, 0, 0, 0, 0);
    call(HSM, 3, 0x80000000, (u64)entry_for_resume, 42, 0, 0);
    check(false, "suspend: the other one does not return");
}

void resumed(u64 hart, u64 argument) {
    check(hart == boot_hart && argument == 42, "suspend: it resumes with hart id and argument");
    say("SBI-CHECK PASSED\n");
    call(SRST, 0, 0, 0, 0, 0, 0);
    check(false, "reset: shutdown does not return");
}

void guest_main(u64 hart, u64 device_tree) {
    boot_hart = hart;
    check(*(const uint32_t*)device_tree == 0xedfe0dd0, "entry: a1 leads to the device tree");
    check_base();
    check_timer();
    check_console();
    check_protection();
    check_reset_parameters();
    check_counters();
    check_hart_parameters();
    check_self_interrupt();
    check_other_harts(1001);
    check_other_harts(1002); // a stopped hart starts again
    check_suspend();
}
