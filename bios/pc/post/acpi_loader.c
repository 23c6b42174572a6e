// The linker script that comes with the tables (QEMU, docs/specs/fw_cfg and hw/acpi "bios-linker-loader"): commands of
// 128 bytes, little-endian.
#include "bios/pc/post/acpi_loader.h"

#include "bios/pc/post/fw_cfg.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/print.h"

enum { name_bytes = 56, most_files = 16 };
enum { command_allocate = 1, command_add_pointer = 2, command_add_checksum = 3, command_write_pointer = 4 };
enum { zone_high = 1, zone_fseg = 2 };

struct command {
    u32 kind;
    union {
        struct {
            char file[name_bytes];
            u32 align;
            u8 zone;
        } allocate;
        struct {
            char to[name_bytes];
            char from[name_bytes];
            u32 offset;
            u8 size;
        } pointer;
        struct {
            char file[name_bytes];
            u32 offset;
            u32 start;
            u32 length;
        } checksum;
        struct {
            char to[name_bytes];
            char from[name_bytes];
            u32 to_offset;
            u32 from_offset;
            u8 size;
        } write;
        u8 all[124];
    };
} __attribute__((packed));

_Static_assert(sizeof(struct command) == 128, "a command is 128 bytes long");

struct loaded {
    char name[name_bytes];
    u8* bytes;
    u32 size;
    u16 key;
};

static struct loaded files[most_files];
static u32 file_count;

static struct loaded* find(const char* name) {
    for (u32 i = 0; i < file_count; ++i)
        if (memcmp(files[i].name, name, strlen(files[i].name) + 1) == 0) return &files[i];
    debug("ACPI: %s was never loaded\n", name);
    return NULL;
}

static bool allocate(const struct command* c) {
    const u32 align = c->allocate.align;
    struct fw_cfg_file file;
    if (file_count == most_files || (align & (align - 1)) != 0 || align > 0x10000 ||
        !fw_cfg_find(c->allocate.file, &file))
        return false;
    void* (*const from)(u32, u32) = c->allocate.zone == zone_fseg ? allocate_low : allocate_tables;
    u8* bytes = from(file.size, align < 16 ? 16 : align);
    if (!bytes) return false;
    fw_cfg_read(file.key, bytes, file.size);
    struct loaded* loaded = &files[file_count++];
    *loaded = (struct loaded){.bytes = bytes, .size = file.size, .key = file.key};
    memcpy(loaded->name, c->allocate.file, name_bytes);
    debug("ACPI: %s at %x, %x bytes\n", loaded->name, (u32)bytes, file.size);
    return true;
}

static bool is_width(u32 size) { return size == 1 || size == 2 || size == 4 || size == 8; }

static bool within(const struct loaded* file, u32 offset, u32 bytes) {
    return file && offset <= file->size && bytes <= file->size - offset;
}

static bool add_pointer(const struct command* c) {
    const struct loaded* to = find(c->pointer.to);
    const struct loaded* from = find(c->pointer.from);
    const u32 size = c->pointer.size;
    if (!from || !is_width(size) || !within(to, c->pointer.offset, size)) return false;
    u64 pointer = 0;
    memcpy(&pointer, to->bytes + c->pointer.offset, size);
    pointer += (u32)from->bytes;
    memcpy(to->bytes + c->pointer.offset, &pointer, size);
    return true;
}

static bool add_checksum(const struct command* c) {
    const struct loaded* file = find(c->checksum.file);
    if (!within(file, c->checksum.start, c->checksum.length) || !within(file, c->checksum.offset, 1)) return false;
    u8 sum = 0;
    for (u32 i = 0; i < c->checksum.length; ++i) sum = (u8)(sum + file->bytes[c->checksum.start + i]);
    file->bytes[c->checksum.offset] = (u8)(file->bytes[c->checksum.offset] - sum);
    return true;
}

// The machine is told where something is.
static bool write_pointer(const struct command* c) {
    const struct loaded* from = find(c->write.from);
    struct fw_cfg_file to;
    if (!within(from, c->write.from_offset, 1) || !is_width(c->write.size) || !fw_cfg_find(c->write.to, &to))
        return false;
    const u64 pointer = (u32)from->bytes + c->write.from_offset;
    return fw_cfg_write(to.key, c->write.to_offset, &pointer, c->write.size);
}

static bool run(struct command* c) {
    c->all[name_bytes - 1] = 0; // names end
    if (c->kind == command_add_pointer || c->kind == command_write_pointer) c->all[2 * name_bytes - 1] = 0;
    switch (c->kind) {
    case command_allocate:
        return allocate(c);
    case command_add_pointer:
        return add_pointer(c);
    case command_add_checksum:
        return add_checksum(c);
    case command_write_pointer:
        return write_pointer(c);
    default:
        return true; // to be ignored, says the specification
    }
}

void acpi_set_up(void) {
    struct fw_cfg_file script;
    if (!fw_cfg_find("etc/table-loader", &script)) {
        debug("The machine offers no ACPI tables\n");
        return;
    }
    static struct command commands[160];
    const u32 bytes = script.size < sizeof commands ? script.size : sizeof commands;
    fw_cfg_read(script.key, commands, bytes);
    for (u32 i = 0; i < bytes / sizeof commands[0]; ++i) {
        if (run(&commands[i])) continue;
        print("ACPI tables: step %u of their script (a %u) failed; the system may find none\n", i, commands[i].kind);
        return;
    }
}
