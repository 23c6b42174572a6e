#include "bios/pc/shared/uart.h"

#include "bios/pc/shared/io.h"

// 16550D 8
enum {
    uart_data = 0,
    uart_interrupts = 1,
    uart_fifo = 2,
    uart_line_control = 3,
    uart_modem_control = 4,
    uart_line_status = 5,
    uart_scratch = 7,
};
enum { line_data_ready = 1, line_transmitter_free = 0x20, debug_port = 0x402 };

void uart_set_up(u16 port) {
    out8(port + uart_line_control, 0x80);
    out8(port + uart_data, 1); // 115200 baud
    out8(port + uart_interrupts, 0);
    out8(port + uart_line_control, 3);
    out8(port + uart_fifo, 1);
    out8(port + uart_modem_control, 3);
}

bool uart_present(u16 port) {
    out8(port + uart_scratch, 0x5a);
    if (in8(port + uart_scratch) != 0x5a) return false;
    out8(port + uart_scratch, 0xa5);
    return in8(port + uart_scratch) == 0xa5;
}

void uart_write(u16 port, char character) {
    // A read of a port takes a microsecond at most on a real bus, and no transmitter needs 100 ms.
    for (u32 i = 0; i < 100000 && !(in8(port + uart_line_status) & line_transmitter_free); ++i) pause();
    out8(port + uart_data, (u8)character);
}

bool uart_has_input(u16 port) {
    const u8 status = in8(port + uart_line_status);
    return status != 0xff && (status & line_data_ready) != 0;
}

u8 uart_read(u16 port) { return in8(port + uart_data); }

void debug_character(char character) { out8(debug_port, (u8)character); }
