// Intel MultiProcessor Specification 1.4, chapter 4.
#include "bios/pc/post/cpus.h"
#include "bios/pc/post/legacy_tables.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/pci.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/layout.h"
#include "bios/pc/shared/pci_config.h"

enum { entry_processor, entry_bus, entry_io_apic, entry_interrupt, entry_local_interrupt };
enum { bus_pci = 0, bus_isa = 1, io_apic_address = 0xfec00000, local_apic_address = 0xfee00000 };
enum { kind_int, kind_nmi, kind_smi, kind_ext_int };
enum { active_low_level = 0x0f, active_high_level = 0x0d, all_apics = 0xff };
enum { most_table_bytes = 0x1000 };

struct header {
    char signature[4];
    u16 length;
    u8 revision;
    u8 checksum;
    char oem[8];
    char product[12];
    u32 oem_table;
    u16 oem_bytes;
    u16 entries;
    u32 local_apic;
    u16 extended_bytes;
    u8 extended_checksum;
    u8 reserved;
} __attribute__((packed));

struct floating {
    char signature[4];
    u32 table;
    u8 length;
    u8 revision;
    u8 checksum;
    u8 features[5];
} __attribute__((packed));

struct processor {
    u8 kind;
    u8 apic_id;
    u8 apic_version;
    u8 flags;
    u32 signature;
    u32 features;
    u32 reserved[2];
} __attribute__((packed));

struct interrupt_entry {
    u8 kind;
    u8 type;
    u16 flags;
    u8 bus;
    u8 irq;
    u8 apic;
    u8 pin;
} __attribute__((packed));

static u8* table;
static u32 used;

static void append(const void* entry, u32 bytes) {
    if (used + bytes > most_table_bytes) return;
    memcpy(table + used, entry, bytes);
    used += bytes;
    ++((struct header*)table)->entries;
}

static void add_processors(void) {
    u32 signature, b, c, features;
    cpuid(1, &signature, &b, &c, &features);
    for (u32 i = 0; i < cpus_found(); ++i)
        append(&(struct processor){.apic_id = cpu_apic_id(i),
                                   .apic_version = 0x14,
                                   .flags = i == 0 ? 3 : 1, // usable, the boot processor
                                   .signature = signature,
                                   .features = features},
               sizeof(struct processor));
}

static void add_bus(u8 id, const char* name) {
    u8 entry[8] = {entry_bus, id};
    memcpy(entry + 2, name, 6);
    append(entry, sizeof entry);
}

static void add_interrupt(u8 kind, u8 type, u16 flags, u8 bus, u8 irq, u8 apic, u8 pin) {
    const struct interrupt_entry entry = {
        .kind = kind, .type = type, .flags = flags, .bus = bus, .irq = irq, .apic = apic, .pin = pin};
    append(&entry, sizeof entry);
}

// The Q35's lines PIRQA to PIRQH have pins 16 to 23 of their own.
static u8 io_apic_pin(u32 device, u32 pin) {
    if (chipset() != chipset_q35) return pci_irq(device, pin);
    const u8 link = pci_link_register(device, pin);
    return (u8)(link < 0x68 ? link - 0x60 + 16 : link - 0x68 + 20);
}

static void add_interrupts(u8 io_apic) {
    u32 used_irqs = 0;
    for (u32 device = 1; device < 32; ++device) {
        if ((pci_read32((u16)(device << 3), pci_vendor) & 0xffff) == 0xffff) continue;
        for (u32 pin = 1; pin <= 4; ++pin) {
            add_interrupt(entry_interrupt, kind_int, chipset() == chipset_q35 ? active_low_level : active_high_level,
                          bus_pci, (u8)(device << 2 | (pin - 1)), io_apic, io_apic_pin(device, pin));
            used_irqs |= 1U << io_apic_pin(device, pin);
        }
    }
    for (u8 irq = 0; irq < 16; ++irq)
        if (irq != 2 && !(used_irqs >> irq & 1)) // IRQ 0 is at pin 2
            add_interrupt(entry_interrupt, kind_int, 0, bus_isa, irq, io_apic, irq == 0 ? 2 : irq);
}

static u8 sum_of(const void* from, u32 bytes) {
    u8 sum = 0;
    for (u32 i = 0; i < bytes; ++i) sum = (u8)(sum + ((const u8*)from)[i]);
    return sum;
}

void mp_tables_set_up(void) {
    if (!cpu_has_apic()) return;
    struct floating* floating = allocate_low(sizeof *floating, 16);
    table = allocate_low(most_table_bytes, 16);
    if (!floating || !table) return;
    struct header* header = (struct header*)table;
    memcpy(header->signature, "PCMP", 4);
    memcpy(header->oem, "ORRERY  ", 8);
    memcpy(header->product, "PC          ", 12);
    header->revision = 4;
    header->local_apic = local_apic_address;
    used = sizeof *header;
    add_processors();
    add_bus(bus_pci, "PCI   ");
    add_bus(bus_isa, "ISA   ");
    const u8 io_apic = 0;
    const u8 entry[8] = {entry_io_apic, io_apic, 0x11, 1, 0, 0, (io_apic_address >> 16) & 0xff, io_apic_address >> 24};
    append(entry, sizeof entry);
    add_interrupts(io_apic);
    add_interrupt(entry_local_interrupt, kind_ext_int, 0, bus_isa, 0, all_apics, 0);
    add_interrupt(entry_local_interrupt, kind_nmi, 0, bus_isa, 0, all_apics, 1);
    header->length = (u16)used;
    header->checksum = (u8)(0 - sum_of(table, used));
    memcpy(floating->signature, "_MP_", 4);
    floating->table = (u32)table;
    floating->length = 1;
    floating->revision = 4;
    floating->checksum = (u8)(0 - sum_of(floating, sizeof *floating));
    debug("MP: table at %x, %u entries\n", (u32)table, header->entries);
}
