// Drives the virtio-mmio devices through real rings whose contents are random: descriptors that point anywhere and to
// each other, indices that jump, queues in memory that isn't there. And fw_cfg DMA of the same kind.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

enum : u64 { memory = 0x80100000, memory_end = 0x81000000 };
enum : u64 { status = 0x70, queue_select = 0x30, queue_size = 0x38, queue_ready = 0x44, notify = 0x50 };
enum : u64 { feature_select = 0x24, features = 0x20, descriptors = 0x80, available = 0x90, used = 0xa0 };

static u64 seed = 0x9e3779b97f4a7c15;

static u64 random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static u64 below(u64 bound) { return (random() >> 8) % bound; }

static void put32(u64 address, u32 value) { *(volatile u32*)address = value; }
static void put64(u64 address, u64 value) { *(volatile u64*)address = value; }

// Never where this program is.
static u64 place(void) {
    switch (below(8)) {
    case 0: return memory_end - below(64);
    case 1: return random() | 1UL << 63;
    case 2: return below(0x20000000) & ~0xfffUL;
    default: return memory + below(memory_end - memory);
    }
}

static void fill_descriptors(u64 table, u64 count) {
    for (u64 i = 0; i < count; ++i) {
        put64(table + i * 16, place());
        put32(table + i * 16 + 8, below(4) ? (u32)below(0x3000) : (u32)random());
        put32(table + i * 16 + 12, (u32)(below(2) ? below(4) : below(8)) | (u32)below(count + 2) << 16);
    }
}

static void write_queue_address(u64 device, u64 where, u64 address) {
    put32(device + where, (u32)address);
    put32(device + where + 4, (u32)(address >> 32));
}

static void drive(u64 device) {
    put32(device + status, 0);
    put32(device + status, 3);
    put32(device + feature_select, 1);
    put32(device + features, 1); // VIRTIO_F_VERSION_1
    put32(device + feature_select, 0);
    put32(device + features, below(2) ? 0 : (u32)random());
    put32(device + status, 11);
    const u64 count = 1UL << below(9);
    const u64 table = memory + (below(0x1000) << 4);
    const u64 driver = table + 0x10000;
    for (u32 queue = 0; queue < 3; ++queue) {
        put32(device + queue_select, queue);
        put32(device + queue_size, (u32)(below(16) ? count : below(0x10000)));
        write_queue_address(device, descriptors, below(16) ? table : place());
        write_queue_address(device, available, below(16) ? driver : place());
        write_queue_address(device, used, below(4) ? table + 0x20000 : below(2) ? table : place());
        put32(device + queue_ready, 1);
    }
    put32(device + status, 15);
    for (u32 round = 0; round < 8; ++round) {
        fill_descriptors(table, count);
        for (u64 i = 0; i < count; ++i) *(volatile u16*)(driver + 4 + i * 2) = (u16)below(count + (below(8) == 0));
        const u16 index = *(volatile u16*)(driver + 2);
        *(volatile u16*)(driver + 2) = below(8) ? (u16)(index + below(count + 1)) : (u16)random();
        put32(device + notify, (u32)below(4));
    }
}

static u32 swap32(u32 value) { return __builtin_bswap32(value); }

static void read_configuration(void) {
    const u64 request = memory + (below(0x1000) << 3);
    put32(request, swap32((u32)below(64) | (u32)below(0x40) << 16));
    put32(request + 4, swap32(below(4) ? (u32)below(0x2000) : (u32)random()));
    put64(request + 8, __builtin_bswap64(place()));
    put64(0x10100010, __builtin_bswap64(below(8) ? request : place()));
}

void run(void) {
    for (u32 round = 0; round < ROUNDS; ++round) {
        drive(0x10001000 + below(4) * 0x1000);
        read_configuration();
    }
}
