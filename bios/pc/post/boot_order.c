#include "bios/pc/post/boot_order.h"

#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/io.h"

enum { cmos_order = 0x3d, cmos_order_third = 0x38, unlisted = 0x4000 };

static const char* skip_to(const char* text, const char* part) {
    const u32 length = strlen(part);
    for (; *text != 0; ++text)
        if (memcmp(text, part, length) == 0) return text + length;
    return NULL;
}

static u32 hex_number(const char** text) {
    u32 number = 0;
    for (;; ++*text) {
        const char c = **text;
        if (c >= '0' && c <= '9')
            number = number << 4 | (u32)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (u32)(c - 'a' + 10);
        else
            return number;
    }
}

// "…/name@number": the number, or -1.
static i32 unit_of(const char* path, const char* name) {
    const char* at = skip_to(path, name);
    return at ? (i32)hex_number(&at) : -1;
}

// Whether "/pci@i0cf8/name@device,function/…" is this one. Of bridges on the way only the last step counts.
static bool is_at(const char* path, u16 address) {
    const char* at = skip_to(path, "/pci@i0cf8/");
    if (!at) return false;
    for (u32 bus = 0;; ++bus) {
        while (*at != '@' && *at != '/' && *at != 0) ++at;
        if (*at != '@') return false;
        ++at;
        const u32 device = hex_number(&at);
        u32 function = 0;
        if (*at == ',') {
            ++at;
            function = hex_number(&at);
        }
        if ((address & 0xff) == (device << 3 | function)) return true;
        if (!skip_to(at, "/pci-bridge@") && memcmp(at, "/", 1) != 0) return false;
        if (*at == 0 || bus == 4) return false;
        ++at;
    }
}

static bool path_is(const char* path, const struct drive* drive) {
    if (drive->kind == drive_floppy) return skip_to(path, "/fdc@") != NULL && unit_of(path, "/floppy@") == drive->unit;
    if (!is_at(path, drive->pci_address)) return false;
    switch (drive->kind) {
    case drive_ide:
    case drive_ide_cd:
        return unit_of(path, "/drive@") == drive->unit / 2 && unit_of(path, "/disk@") == drive->unit % 2;
    case drive_ahci:
    case drive_ahci_cd:
        return unit_of(path, "/drive@") == drive->unit;
    default:
        return true;
    }
}

// The legacy order has a digit for each kind: 1 floppy, 2 disk, 3 CD.
static u32 digit_of(const struct drive* drive) {
    if (drive->kind == drive_floppy) return 1;
    return drive->kind == drive_ide_cd || drive->kind == drive_ahci_cd ? 3 : 2;
}

static u16 legacy_priority(const struct drive* drive) {
    const u8 order = cmos_read(cmos_order);
    const u8 third = cmos_read(cmos_order_third);
    const u32 digits[] = {order & 15, order >> 4, third >> 4, 2, 3, 1};
    for (u16 i = 0; i < sizeof digits / sizeof digits[0]; ++i)
        if (digits[i] == digit_of(drive)) return unlisted + i;
    return unlisted + 15;
}

static void set_priorities(char* text) {
    u16 place = 0;
    while (*text != 0) {
        char* end = text;
        while (*end != '\n' && *end != 0) ++end;
        const bool last = *end == 0;
        *end = 0;
        for (u32 i = 0; i < shared.drive_count; ++i)
            if (shared.drives[i].priority > place && path_is(text, &shared.drives[i]))
                shared.drives[i].priority = place;
        ++place;
        if (last) return;
        text = end + 1;
    }
}

void boot_order_read(void) {
    for (u32 i = 0; i < shared.drive_count; ++i) shared.drives[i].priority = legacy_priority(&shared.drives[i]);
    struct fw_cfg_file file;
    static char text[2048];
    if (!fw_cfg_find("bootorder", &file)) return;
    const u32 bytes = file.size < sizeof text - 1 ? file.size : sizeof text - 1;
    fw_cfg_read(file.key, text, bytes);
    text[bytes] = 0;
    set_priorities(text);
}

u32 boot_order_list(u8 list[most_drives]) {
    for (u32 i = 0; i < shared.drive_count; ++i) {
        u32 place = i;
        for (; place != 0 && shared.drives[list[place - 1]].priority > shared.drives[i].priority; --place)
            list[place] = list[place - 1];
        list[place] = (u8)i;
    }
    return shared.drive_count;
}

void boot_order_prefer(u8 drive) {
    for (u32 i = 0; i < shared.drive_count; ++i) ++shared.drives[i].priority;
    shared.drives[drive].priority = 0;
}
