// Bus numbers, and addresses for BARs and expansion ROMs (PCI Local Bus 3.0, 6.2.5; PCI-to-PCI Bridge 1.2, 3.2.5).
// Every bus first adds up what its functions and the buses behind it need; then places are given from the top down.
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/layout.h"
#include "bios/pc/shared/pci_config.h"

enum kind { kind_io, kind_memory, kind_count };
enum { most_requests = 192, most_buses = 32 };
enum { bar_io = 1, bar_64 = 4, header_bridge = 1 };
enum {
    io_begin = 0xc000,
    io_end = 0xff00,
    memory_end = 0xfec00000,
    bridge_io_step = 0x1000,
    bridge_memory_step = 0x100000
};

struct request {
    u32 size;
    u32 align;
    u16 address; // of the function; the bridge, when this is its window
    u8 offset;   // of the BAR
    u8 bus;
    u8 kind;
    u8 window_of; // the bus behind a bridge; 0: a BAR
    bool is_64;
};

static struct request requests[most_requests];
static u32 request_count;
static u32 window_begin;

u32 pci_window_begin(void) { return window_begin; }

static void ask(struct request request) {
    if (request_count == most_requests)
        debug("PCI: too many BARs; one of %x stays without an address\n", request.address);
    else
        requests[request_count++] = request;
}

// The size that a BAR's sticky bits show; 0: no BAR.
static u32 size_of(u16 address, u32 offset, u32 mask) {
    const u32 before = pci_read32(address, offset);
    pci_write32(address, offset, offset == pci_rom ? 0xfffff800 : 0xffffffff);
    const u32 seen = pci_read32(address, offset) & mask;
    pci_write32(address, offset, before);
    return seen & (0U - seen);
}

static void collect_bars(u16 address, u8 bus, u32 count) {
    for (u32 i = 0; i < count; ++i) {
        const u32 offset = pci_bar0 + 4 * i;
        const u32 value = pci_read32(address, offset);
        struct request r = {.address = address, .offset = (u8)offset, .bus = bus};
        if (value & bar_io) {
            r.kind = kind_io;
            r.size = size_of(address, offset, 0xfffc);
        } else {
            r.kind = kind_memory;
            r.is_64 = (value & 6) == bar_64;
            r.size = size_of(address, offset, 0xfffffff0);
            if (r.is_64) ++i;
        }
        if (r.kind == kind_memory && r.size != 0 && r.size < 4096) r.size = 4096;
        r.align = r.size;
        if (r.size != 0)
            ask(r);
        else if (r.is_64)
            debug("PCI: %x has a BAR of 4 GiB or more, which gets no address\n", address);
    }
}

static void collect_rom(u16 address, u8 bus, u32 offset) {
    const u32 size = size_of(address, offset, 0xfffff800);
    if (size != 0)
        ask((struct request){
            .address = address, .offset = (u8)offset, .bus = bus, .kind = kind_memory, .size = size, .align = size});
}

static u32 round_up(u32 value, u32 to) { return (value + to - 1) & ~(to - 1); }

// What a bus needs, placed largest first: then no gaps arise.
static void sum_up(u8 bus, enum kind kind, u32* size, u32* align) {
    *size = 0;
    *align = 0;
    for (u32 i = 0; i < request_count; ++i) {
        if (requests[i].bus != bus || requests[i].kind != kind) continue;
        *size += requests[i].size;
        if (requests[i].align > *align) *align = requests[i].align;
    }
}

static void scan_bus(u8 bus);

static void scan_bridge(u16 address, u8 bus) {
    collect_bars(address, bus, 2);
    pci_write8(address, pci_bus_primary, bus);
    if (shared.last_bus + 1 >= most_buses) return;
    const u8 behind = ++shared.last_bus;
    pci_write8(address, pci_bus_secondary, behind);
    pci_write8(address, pci_bus_subordinate, 0xff);
    scan_bus(behind);
    pci_write8(address, pci_bus_subordinate, shared.last_bus);
    static const u32 steps[] = {bridge_io_step, bridge_memory_step};
    for (enum kind kind = kind_io; kind < kind_count; ++kind) {
        u32 size, align;
        sum_up(behind, kind, &size, &align);
        // An empty port may be filled later.
        if (size == 0 && kind == kind_memory) size = 2 * bridge_memory_step;
        if (align < steps[kind]) align = steps[kind];
        if (size != 0)
            ask((struct request){.address = address,
                                 .bus = bus,
                                 .kind = (u8)kind,
                                 .window_of = behind,
                                 .size = round_up(size, steps[kind]),
                                 .align = align});
    }
}

static void scan_bus(u8 bus) {
    const i32 end = (bus + 1) << 8;
    for (i32 at = pci_next((bus << 8) - 1, bus); at >= 0 && at < end; at = pci_next(at, bus)) {
        const u16 address = (u16)at;
        pci_write16(address, pci_command,
                    pci_read16(address, pci_command) & (u16) ~(pci_command_io | pci_command_memory));
        const u8 header = pci_read8(address, pci_header) & 0x7f;
        if (header == header_bridge) {
            scan_bridge(address, bus);
        } else if (header == 0) {
            const bool host = (pci_read32(address, pci_class) >> 16) == 0x0600;
            if (!host) collect_bars(address, bus, 6);
            if (!host) collect_rom(address, bus, pci_rom);
        }
    }
}

static void open_window(const struct request* r, u32 base) {
    const u32 last = base + r->size - 1;
    if (r->kind == kind_io) {
        pci_write8(r->address, pci_bridge_io, (u8)(base >> 8 & 0xf0));
        pci_write8(r->address, pci_bridge_io + 1, (u8)(last >> 8 & 0xf0));
    } else {
        pci_write16(r->address, pci_bridge_memory, (u16)(base >> 16 & 0xfff0));
        pci_write16(r->address, pci_bridge_memory + 2, (u16)(last >> 16 & 0xfff0));
        pci_write32(r->address, pci_bridge_prefetch, 0x0000fff0); // closed
        pci_write32(r->address, pci_bridge_prefetch_upper, 0);
        pci_write32(r->address, pci_bridge_prefetch_upper + 4, 0);
    }
}

static void place_bus(u8 bus, enum kind kind, u32 at, u32 end);

static void give(const struct request* r, u32 base, enum kind kind) {
    if (r->window_of != 0) {
        open_window(r, base);
        place_bus(r->window_of, kind, base, base + r->size);
        return;
    }
    pci_write32(r->address, r->offset, base);
    if (r->is_64) pci_write32(r->address, r->offset + 4U, 0);
    debug("PCI %02x:%02x.%x %02x: %s %x, %x bytes\n", r->address >> 8, r->address >> 3 & 31, r->address & 7, r->offset,
          kind == kind_io ? "ports" : "memory", base, r->size);
}

static void place_bus(u8 bus, enum kind kind, u32 at, u32 end) {
    for (u32 align = 0x80000000; align != 0; align >>= 1) {
        for (u32 i = 0; i < request_count; ++i) {
            const struct request* r = &requests[i];
            if (r->bus != bus || r->kind != kind || r->align != align) continue;
            const u32 base = round_up(at, r->align);
            if (base < at || base > end || r->size > end - base) {
                debug("PCI %x: no room for %x bytes\n", r->address, r->size);
                continue;
            }
            give(r, base, kind);
            at = base + r->size;
        }
    }
}

static u8 pin_at_root(u16 address, u8 pin, u8* device) {
    // Bridges turn the pins of what is behind them (PCI-to-PCI Bridge 1.2, 9.1).
    *device = (u8)(address >> 3 & 31);
    for (u8 bus = (u8)(address >> 8); bus != 0;) {
        pin = (u8)((pin - 1 + *device) % 4 + 1);
        i32 at = pci_next(-1, shared.last_bus);
        while (at >= 0 && ((pci_read8((u16)at, pci_header) & 0x7f) != header_bridge ||
                           pci_read8((u16)at, pci_bus_secondary) != bus))
            at = pci_next(at, shared.last_bus);
        if (at < 0) break;
        bus = (u8)(at >> 8);
        *device = (u8)(at >> 3 & 31);
    }
    return pin;
}

static void switch_on(u16 address) {
    const u8 pin = pci_read8(address, pci_interrupt_pin);
    if (pin >= 1 && pin <= 4 && pci_read32(address, pci_vendor) != 0x71138086) {
        u8 device;
        const u8 root_pin = pin_at_root(address, pin, &device);
        pci_write8(address, pci_interrupt_line, pci_irq(device, root_pin));
    }
    u16 command = pci_read16(address, pci_command) | pci_command_io | pci_command_memory;
    if ((pci_read8(address, pci_header) & 0x7f) == header_bridge) command |= pci_command_master;
    pci_write16(address, pci_command, command);
}

void pci_set_up(u32 low_ram_end) {
    shared.last_bus = 0;
    scan_bus(0);
    u32 size, align;
    sum_up(0, kind_memory, &size, &align);
    window_begin = pci_ecam_base() != 0 ? pci_ecam_base() + 0x10000000 : 0xe0000000;
    if (window_begin < low_ram_end) window_begin = low_ram_end;
    // Large frame buffers may need more than that.
    while (memory_end - window_begin < size && pci_ecam_base() == 0 && window_begin - 0x10000000 >= low_ram_end)
        window_begin -= 0x10000000;
    place_bus(0, kind_io, io_begin, io_end);
    place_bus(0, kind_memory, window_begin, memory_end);
    pci_route_interrupts();
    for (i32 at = pci_next(-1, shared.last_bus); at >= 0; at = pci_next(at, shared.last_bus)) switch_on((u16)at);
}
