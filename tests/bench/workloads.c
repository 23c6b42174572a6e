// The guest's first process: small loops, each of one kind of work. Prints the nanoseconds of each, as the guest's clock
// has them, and powers off.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { area_bytes = 4 << 20 };
static unsigned char *from, *to;
static volatile uint64_t kept; // results go here, so that no loop is left out

static void copy_memory(void) {
    for (int i = 0; i < 400; ++i) {
#ifdef __x86_64__
        void *source = from, *target = to;
        size_t count = area_bytes;
        __asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count)::"memory");
#else
        memcpy(to, from, area_bytes);
#endif
    }
}

static void copy_small(void) {
    for (int i = 0; i < 2000000; ++i) {
#ifdef __x86_64__
        void *source = from + (i & 4095), *target = to + (i & 4095);
        size_t count = 200;
        __asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count)::"memory");
#else
        memcpy(to + (i & 4095), from + (i & 4095), 200);
#endif
    }
}

static volatile sig_atomic_t seen;
static void count_signal(int number) { seen += number != 0; }
static void signals(void) {
    signal(SIGUSR1, count_signal);
    const pid_t self = getpid();
    for (int i = 0; i < 200000; ++i) kill(self, SIGUSR1);
}

static void floating_point(void) {
    static double a[96][96], b[96][96], c[96][96];
    for (int i = 0; i < 96 * 96; ++i) (&a[0][0])[i] = 1.0 / (i + 1), (&b[0][0])[i] = i * 0.5;
    for (int round = 0; round < 60; ++round)
        for (int i = 0; i < 96; ++i)
            for (int j = 0; j < 96; ++j) {
                double sum = 0;
                for (int k = 0; k < 96; ++k) sum += a[i][k] * b[k][j];
                c[i][j] = sum + round;
            }
    kept = (uint64_t)c[5][7];
}

static void floating_chain(void) {
    double x = 0.5, y = 1.5;
    for (int i = 0; i < 20000000; ++i) {
        x = x * 0.999 + y / 3.0;
        y = y * 0.5 + x * 0.25 - 0.125;
    }
    kept = (uint64_t)(x * 1e6 + y);
}

static void sieve(void) {
    enum { size = 2000000 };
    for (int round = 0; round < 10; ++round) {
        memset(from, 1, size);
        for (uint32_t i = 2; i * i < size; ++i)
            if (from[i])
                for (uint32_t j = i * i; j < size; j += i) from[j] = 0;
    }
    kept = from[1999993];
}

static uint32_t __attribute__((noinline)) fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static void calls(void) { kept = fibonacci(36); }

static void system_calls(void) {
    for (int i = 0; i < 1500000; ++i) syscall(SYS_getppid);
}

static void page_faults(void) {
    for (int round = 0; round < 40; ++round) {
        unsigned char *area = mmap(NULL, area_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (size_t i = 0; i < area_bytes; i += 4096) area[i] = 1;
        munmap(area, area_bytes);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} workloads[] = {{"copy 4 MiB", copy_memory},       {"copy 200 bytes", copy_small}, {"signals", signals},
                 {"float matrix", floating_point},  {"float chain", floating_chain}, {"sieve", sieve},
                 {"calls", calls},                  {"system calls", system_calls},  {"page faults", page_faults}};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// With an argument only the workloads whose names begin so.
int main(int count, char** arguments) {
    const char* wanted = count > 1 ? arguments[1] : "";
    from = aligned_alloc(4096, area_bytes);
    to = aligned_alloc(4096, area_bytes);
    memset(from, 1, area_bytes);
    memset(to, 2, area_bytes);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; ++i) {
        if (strncmp(workloads[i].name, wanted, strlen(wanted)) != 0) continue;
        const uint64_t start = now();
        workloads[i].run();
        printf("WORKLOAD %s: %llu\n", workloads[i].name, (unsigned long long)(now() - start));
        fflush(stdout);
    }
    reboot(RB_POWER_OFF);
}
