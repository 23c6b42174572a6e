#include "bios/pc/post/fw_cfg.h"

#include "bios/pc/shared/clock.h"
#include "bios/pc/shared/io.h"

enum { port_select = 0x510, port_data = 0x511, port_dma_high = 0x514, port_dma_low = 0x518 };
enum { dma_error = 1, dma_read = 2, dma_select = 8, dma_write = 16, dma_seek = 4 };
enum { name_bytes = 56, dma_ms = 5000 };

struct directory_entry {
    u32 size;
    u16 key;
    u16 reserved;
    char name[name_bytes];
};

struct dma_command {
    u32 control;
    u32 length;
    u32 address_high;
    u32 address;
};

static bool present;
static bool has_dma;

static void read_bytes(void* to, u32 bytes) {
    u8* out = to;
    for (u32 i = 0; i < bytes; ++i) out[i] = in8(port_data);
}

bool fw_cfg_present(void) {
    static bool asked;
    if (asked) return present;
    asked = true;
    char signature[4];
    out16(port_select, fw_cfg_signature);
    read_bytes(signature, sizeof signature);
    present = memcmp(signature, "QEMU", sizeof signature) == 0;
    if (!present) return false;
    u32 features = 0;
    out16(port_select, fw_cfg_features);
    read_bytes(&features, sizeof features);
    has_dma = (features & 2) != 0;
    return true;
}

static bool run_dma(u32 control, u32 address, u32 bytes) {
    volatile struct dma_command command = {.control = __builtin_bswap32(control),
                                           .length = __builtin_bswap32(bytes),
                                           .address = __builtin_bswap32(address)};
    out32(port_dma_high, 0);
    out32(port_dma_low, __builtin_bswap32((u32)&command));
    struct deadline deadline = deadline_in_ms(dma_ms);
    while (command.control & __builtin_bswap32(~(u32)dma_error)) {
        if (deadline_over(&deadline)) return false;
        pause();
    }
    return command.control == 0;
}

void fw_cfg_read(u16 key, void* to, u32 bytes) {
    memset(to, 0, bytes);
    if (!fw_cfg_present()) return;
    if (has_dma && run_dma((u32)key << 16 | dma_select | dma_read, (u32)to, bytes)) return;
    out16(port_select, key);
    read_bytes(to, bytes);
}

bool fw_cfg_write(u16 key, u32 offset, const void* from, u32 bytes) {
    if (!fw_cfg_present() || !has_dma) return false;
    return run_dma((u32)key << 16 | dma_select | dma_seek, 0, offset) && run_dma(dma_write, (u32)from, bytes);
}

static bool same_name(const char* a, const char* b) {
    u32 i = 0;
    while (i < name_bytes && a[i] == b[i] && a[i] != 0) ++i;
    return i < name_bytes && a[i] == b[i];
}

bool fw_cfg_find(const char* name, struct fw_cfg_file* file) {
    if (!fw_cfg_present()) return false;
    u32 count = 0;
    out16(port_select, fw_cfg_directory);
    read_bytes(&count, sizeof count);
    count = __builtin_bswap32(count);
    for (u32 i = 0; i < count && i < 4096; ++i) {
        struct directory_entry entry;
        read_bytes(&entry, sizeof entry);
        if (!same_name(entry.name, name)) continue;
        *file = (struct fw_cfg_file){.size = __builtin_bswap32(entry.size), .key = __builtin_bswap16(entry.key)};
        return true;
    }
    return false;
}

u64 fw_cfg_number(const char* name, u64 otherwise) {
    struct fw_cfg_file file;
    if (!fw_cfg_find(name, &file) || file.size == 0 || file.size > sizeof(u64)) return otherwise;
    u64 number = 0;
    fw_cfg_read(file.key, &number, file.size);
    return number;
}
