// Drives a PC's disks, CD and floppies with nonsense through their real registers: IDE commands with tasks out of range
// while bus-master DMA goes through random region tables, AHCI command lists of random frames and regions, floppy
// commands with the 8237 aimed anywhere. Interrupts stay off: what matters is what the devices do to memory.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum { memory = 0x1000000, memory_end = 0x2000000 };
enum { config_address = 0xcf8, config_data = 0xcfc };
enum { ide_class = 0x0101, sata_class = 0x0106 };
enum { floppy = 0x3f0, dma = 0x00, dma_page_2 = 0x81 };

static u32 seed = 0x9e3779b9;

static u32 random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static u32 below(u32 bound) { return (random() >> 4) % bound; }

static void out8(u16 port, u32 value) { __asm__ volatile("outb %0, %1" ::"a"((u8)value), "Nd"(port)); }
static void out16(u16 port, u32 value) { __asm__ volatile("outw %0, %1" ::"a"((u16)value), "Nd"(port)); }
static void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static u16 in16(u16 port) {
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static u32 in32(u16 port) {
    u32 value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static void put32(u32 address, u32 value) { *(volatile u32*)address = value; }

static u32 config(u32 slot, u32 function, u32 offset) {
    out32(config_address, 1u << 31 | slot << 11 | function << 8 | offset);
    return in32(config_data);
}

// Mostly where nothing is lost. At most 4 MiB from here are written, never to this program at 8 MiB nor as a message to a
// local APIC.
static u32 place(void) {
    switch (below(8)) {
    case 0: return memory_end - below(64);
    case 1: return (random() & 0x3fffffff) | 1u << 31;
    case 2: return below(0x100000) & ~1u;
    default: return memory + below(memory_end - memory);
    }
}

// Region descriptors: address, byte count, perhaps the end bit.
static u32 region_table(void) {
    const u32 table = memory + (below(0x10000) << 6);
    const u32 count = 1 + below(16);
    for (u32 i = 0; i < count; ++i) {
        put32(table + 8 * i, place());
        put32(table + 8 * i + 4, (below(2) ? below(0x2000) : random()) | (i + 1 == count || !below(8) ? 1u << 31 : 0));
    }
    return table;
}

static const u8 ata_commands[] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x60, 0x61, 0x70, 0x90,
                                  0x91, 0xa0, 0xa1, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe7, 0xea, 0xec, 0xef, 0xf8};
static const u8 packets[] = {0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xbe};

static u8 ata_command(void) { return below(8) ? ata_commands[below(sizeof ata_commands)] : (u8)random(); }

static void move_data(u16 base) {
    const u32 words = below(600);
    for (u32 i = 0; i < words && (in8(base + 7) & 0x08); ++i) {
        if (below(2))
            in16(base);
        else
            out16(base, i < 6 ? packets[below(sizeof packets)] : random());
    }
}

static void drive_ide(u16 base, u16 control, u16 bus_master) {
    if (!below(16)) out8(control, below(2) ? 4 : random());
    out8(base + 6, 0xa0 | below(2) << 4 | below(2) << 6 | below(16));
    for (u32 i = 1; i < 6; ++i)
        for (u32 times = 1 + below(2); times != 0; --times) out8((u16)(base + i), below(2) ? below(4) : random());
    out8(bus_master, 0);
    out32((u16)(bus_master + 4), below(8) ? region_table() : place());
    out8((u16)(bus_master + 2), 6);
    out8((u16)(base + 7), ata_command());
    if (below(2)) out8(bus_master, 1 | below(2) << 3);
    move_data(base);
    in8((u16)(bus_master + 2));
    out8(bus_master, below(4));
}

static void drive_ahci(u32 registers) {
    const u32 port = registers + 0x100 + 0x80 * below(6);
    const u32 list = memory + (below(0x1000) << 10);
    put32(registers + 4, below(32) ? 1u << 31 : random());
    put32(port + 0x18, 0);
    put32(port + 0x00, below(16) ? list : place());
    put32(port + 0x04, below(32) ? 0 : random());
    put32(port + 0x08, below(16) ? memory + (below(0x1000) << 8) : place());
    put32(port + 0x18, below(16) ? 0x11 : random());
    for (u32 slot = 0; slot < 4; ++slot) {
        const u32 table = below(16) ? memory + (below(0x10000) << 7) : place() & ~0x7fu;
        put32(list + 32 * slot, (below(8) ? 5 : below(32)) | below(8) << 5 | below(64) << 16);
        put32(list + 32 * slot + 8, table);
        put32(list + 32 * slot + 12, 0);
        if (table < memory || table > memory_end - 0x200) continue;
        put32(table, 0x8027u | (u32)ata_command() << 16 | below(256) << 24);
        for (u32 i = 4; i < 20; i += 4) put32(table + i, below(2) ? below(16) : random());
        put32(table + 0x40, packets[below(sizeof packets)] | random() << 8);
        for (u32 i = 0; i < 8; ++i) {
            put32(table + 0x80 + 16 * i, place());
            put32(table + 0x84 + 16 * i, below(16) ? 0 : random());
            put32(table + 0x8c + 16 * i, below(2) ? below(0x2000) : random());
        }
    }
    put32(port + 0x34, below(16));
    put32(port + 0x38, 1u + below(15));
    put32(port + 0x10, ~0u);
}

static void drive_floppy(void) {
    static const u8 commands[] = {0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0a, 0x0d, 0x0f, 0x12, 0x13, 0x45, 0x46, 0x4d, 0x66, 0xe6};
    out8(floppy + 2, below(16) ? 0x1c | below(4) : random());
    out8(dma + 0x0a, 4 | 2);
    out8(dma + 0x0c, 0);
    for (u32 i = 0; i < 2; ++i) out8(dma + 4, random());
    for (u32 i = 0; i < 2; ++i) out8(dma + 5, below(2) ? 1 : random());
    out8(dma_page_2, below(0x40));
    out8(dma + 0x0b, below(4) ? 0x46 + 4 * below(2) : random());
    out8(dma + 0x0a, 2);
    out8(floppy + 5, below(8) ? commands[below(sizeof commands)] : random());
    for (u32 i = 0; i < 9; ++i) out8(floppy + 5, below(2) ? below(20) : random());
    for (u32 i = 0; i < 8; ++i) in8(floppy + 5);
}

void run(void) {
    u16 bus_master = 0;
    u32 ahci = 0;
    for (u32 slot = 0; slot < 32; ++slot)
        for (u32 function = 0; function < 8; ++function) {
            if ((u16)config(slot, function, 0) == 0xffff) continue;
            const u32 class = config(slot, function, 8) >> 16;
            if (class == ide_class) bus_master = config(slot, function, 0x20) & 0xfff0;
            if (class == sata_class) ahci = config(slot, function, 0x24) & ~0xfu;
        }
    for (u32 round = 0; round < ROUNDS; ++round) {
        if (bus_master) {
            drive_ide(0x1f0, 0x3f6, bus_master);
            drive_ide(0x170, 0x376, bus_master + 8);
        }
        if (ahci) drive_ahci(ahci);
        drive_floppy();
    }
}
