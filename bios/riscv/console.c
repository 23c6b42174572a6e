#include "console.h"

#include "hart.h"
#include "platform.h"

// 16550D, table 2.
enum { RECEIVER = 0, TRANSMITTER = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 };
enum { DIVISOR_LOW = 0, DIVISOR_HIGH = 1 };
#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define LSR_DATA_READY 0x01
#define LSR_TRANSMITTER_EMPTY 0x20
#define BAUD_RATE 115200

static u32 console_lock;

static u64 register_address(u32 number) { return platform.uart_base + ((u64)number << platform.uart_register_shift); }

static u8 uart_read(u32 number) {
    if (platform.uart_register_width == 4) return (u8)mmio_read32(register_address(number));
    return mmio_read8(register_address(number));
}

static void uart_write(u32 number, u8 value) {
    if (platform.uart_register_width == 4) {
        mmio_write32(register_address(number), value);
    } else {
        mmio_write8(register_address(number), value);
    }
}

void console_initialise(void) {
    if (!console_exists()) return;
    const u32 divisor = (platform.uart_clock_hz + BAUD_RATE * 8) / (BAUD_RATE * 16);
    uart_write(IER, 0);
    if (divisor != 0) {
        uart_write(LCR, LCR_DLAB);
        uart_write(DIVISOR_LOW, (u8)divisor);
        uart_write(DIVISOR_HIGH, (u8)(divisor >> 8));
    }
    uart_write(LCR, LCR_8N1);
    uart_write(FCR, FCR_ENABLE_AND_CLEAR);
}

bool console_exists(void) { return platform.uart_base != 0; }

static void write_byte(u8 byte) {
    if (!console_exists()) return;
    while ((uart_read(LSR) & LSR_TRANSMITTER_EMPTY) == 0) spin_pause();
    uart_write(TRANSMITTER, byte);
}

void console_write(const char* text, u64 size) {
    while (__atomic_exchange_n(&console_lock, 1, __ATOMIC_ACQUIRE) != 0) spin_pause();
    for (u64 i = 0; i < size; ++i) write_byte((u8)text[i]);
    __atomic_store_n(&console_lock, 0, __ATOMIC_RELEASE);
}

i32 console_read_byte(void) {
    if (!console_exists() || (uart_read(LSR) & LSR_DATA_READY) == 0) return -1;
    return uart_read(RECEIVER);
}

void print(const char* text) {
    for (; *text != 0; ++text) {
        if (*text == '\n') write_byte('\r');
        write_byte((u8)*text);
    }
}

void print_hex(u64 value) {
    print("0x");
    i32 shift = 60;
    while (shift > 0 && value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) write_byte((u8) "0123456789abcdef"[value >> shift & 15]);
}

void print_decimal(u64 value) {
    if (value >= 10) print_decimal(value / 10);
    write_byte((u8)('0' + value % 10));
}
