// Debug console extension (SBI 2.0, chapter 12). Buffers are physical; those outside RAM or inside the firmware are
// refused, so a guest cannot read the firmware's memory through the console.
#include "console.h"
#include "platform.h"
#include "sbi.h"

enum { CONSOLE_WRITE, CONSOLE_READ, CONSOLE_WRITE_BYTE };

static struct sbi_result console_read(u8* buffer, u64 size) {
    u64 count = 0;
    while (count < size) {
        const i32 byte = console_read_byte();
        if (byte < 0) break;
        buffer[count++] = (u8)byte;
    }
    return sbi_value(count);
}

struct sbi_result ext_dbcn(const struct sbi_call* call) {
    const u64* arguments = call->arguments;
    if (call->function == CONSOLE_WRITE_BYTE) {
        const char byte = (char)arguments[0];
        console_write(&byte, 1);
        return sbi_error(SBI_SUCCESS);
    }
    if (call->function > CONSOLE_WRITE_BYTE) return sbi_error(SBI_ERR_NOT_SUPPORTED);

    const u64 size = arguments[0];
    const u64 address = arguments[1];
    const u64 address_high = arguments[2]; // bits 64 and up
    if (size == 0) return sbi_value(0);
    if (address_high != 0 || !platform_is_guest_memory(address, size)) return sbi_error(SBI_ERR_INVALID_PARAM);
    if (call->function == CONSOLE_READ) return console_read((u8*)address, size);
    console_write((const char*)address, size);
    return sbi_value(size);
}
