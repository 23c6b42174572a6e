// $PIR (Microsoft, "PCI IRQ Routing Table Specification" 1.0).
#include "bios/pc/post/legacy_tables.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/shared/layout.h"
#include "bios/pc/shared/pci_config.h"

enum { shareable_irqs = 0xdef8, most_slots = 31 };

struct pin {
    u8 link;
    u16 irqs;
} __attribute__((packed));

struct slot {
    u8 bus;
    u8 device;
    struct pin pins[4];
    u8 slot_number;
    u8 reserved;
} __attribute__((packed));

struct routing_table {
    char signature[4];
    u16 version;
    u16 size;
    u8 router_bus;
    u8 router_device;
    u16 exclusive_irqs;
    u32 compatible_router;
    u32 miniport;
    u8 reserved[11];
    u8 checksum;
    struct slot slots[];
} __attribute__((packed));

static void make_routing_table(void) {
    const u16 bytes = sizeof(struct routing_table) + most_slots * sizeof(struct slot);
    struct routing_table* table = allocate_low(bytes, 16);
    if (!table) return;
    memcpy(table->signature, "$PIR", 4);
    table->version = 0x0100;
    table->size = bytes;
    table->router_device = (u8)pci_south_bridge();
    table->compatible_router = 0x122e8086; // PIIX, whose registers all of them have
    for (u32 device = 1; device <= most_slots; ++device) {
        struct slot* slot = &table->slots[device - 1];
        slot->device = (u8)(device << 3);
        slot->slot_number = (u8)(device == pci_south_bridge() >> 3 ? 0 : device);
        for (u32 pin = 1; pin <= 4; ++pin)
            slot->pins[pin - 1] = (struct pin){.link = pci_link_register(device, pin), .irqs = shareable_irqs};
    }
    u8 sum = 0;
    for (u32 i = 0; i < bytes; ++i) sum = (u8)(sum + ((const u8*)table)[i]);
    table->checksum = (u8)(0 - sum);
}

void legacy_tables_set_up(void) {
    make_routing_table();
    mp_tables_set_up();
}
