// Orrery's own small guest: says what machine it finds, tests a few things, and switches the machine off. It runs in
// machine mode without any firmware.
#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "device_tree.h"

enum { CAUSE_ILLEGAL = 2, CAUSE_LOAD_ACCESS = 5 };
enum { FINISHER_PASS = 0x5555, FINISHER_FAIL = 0x3333 };
#define UART 0x10000000ull
#define FINISHER 0x100000ull

void hello_main(uint64_t hart, const void* tree);
extern volatile uint32_t harts_arrived, trap_count;
extern volatile uint64_t trap_cause;

static uint32_t harts;
static uint32_t failures;

static bool same(const char* left, const char* right) {
    for (; *left == *right; ++left, ++right)
        if (*left == 0) return true;
    return false;
}

static void show(const struct device_node* node) {
    if (node->device_type && same(node->device_type, "cpu")) {
        ++harts;
        return;
    }
    if (!node->has_region) return;
    say("  ");
    say_hexadecimal(node->address);
    say("  ");
    if (node->device_type && same(node->device_type, "memory")) {
        say_number(node->size >> 20);
        say(" MiB of memory\n");
        return;
    }
    say(node->compatible ? node->compatible : node->name);
    say("\n");
}

static void check(bool good, const char* what) {
    say(good ? "  ok      " : "  FAILED  ");
    say(what);
    say("\n");
    if (!good) ++failures;
}

static void check_arithmetic(void) {
    volatile uint64_t seed = 1;
    uint64_t value = seed;
    for (int i = 0; i < 1000; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
    volatile uint64_t divisor = 1000003;
    check(value == 0xf517ff66df0cbea9 && value / divisor == 0x100ffa718975 && value % divisor == 0xa9b0a,
          "multiplication and division");
}

static void check_float(void) {
    __asm__ volatile("csrs mstatus, %0" ::"r"(1ull << 13));
    volatile double third = 1.0 / 3.0;
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += third;
    check(sum == 1.0, "floating point");
}

static void check_atomics(void) {
    uint64_t word = 40;
    const uint64_t before = __atomic_fetch_add(&word, 2, __ATOMIC_SEQ_CST);
    uint64_t expected = 42;
    const bool swapped = __atomic_compare_exchange_n(&word, &expected, 7, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    check(before == 40 && swapped && word == 7, "atomic operations");
}

static void check_traps(void) {
    trap_count = 0;
    __asm__ volatile(".word 0xffffffff" ::: "memory");
    check(trap_count == 1 && trap_cause == CAUSE_ILLEGAL, "an illegal instruction traps");
    __asm__ volatile(".option push\n.option norvc\nlw t0, 0(zero)\n.option pop" ::: "t0", "memory");
    check(trap_count == 2 && trap_cause == CAUSE_LOAD_ACCESS, "a load from nowhere traps");
}

static uint64_t now(void) {
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value));
    return value;
}

static void check_time(void) {
    const uint64_t start = now();
    for (volatile int i = 0; i < 100000; ++i) continue;
    check(now() > start, "time goes on");
}

static void check_harts(void) {
    const uint64_t limit = now() + 100000000; // 10 s of a 10 MHz time base
    while (harts_arrived + 1 < harts && now() < limit) continue;
    check(harts_arrived + 1 == harts, "every hart has started");
}

static void finish(void) {
    *(volatile uint32_t*)FINISHER = failures == 0 ? FINISHER_PASS : failures << 16 | FINISHER_FAIL;
    for (;;) continue;
}

void hello_main(uint64_t hart, const void* tree) {
    console_open(UART);
    say("\nHello from the small guest that comes with Orrery. It runs on hart ");
    say_number(hart);
    say(" and finds:\n");
    check(device_tree_walk(tree, show), "a device tree");
    say("  harts: ");
    say_number(harts);
    say("\nSelf-test:\n");
    check_arithmetic();
    check_float();
    check_atomics();
    check_traps();
    check_time();
    check_harts();
    say(failures == 0 ? "All is well. Powering off.\n" : "Something is wrong. Powering off.\n");
    finish();
}
