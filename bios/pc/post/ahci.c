// Serial ATA disks and ATAPI drives (AHCI 1.3.1; Serial ATA 3.0, 10.3). One command at a time, by DMA, without
// interrupts.
#include "bios/pc/post/drives.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/clock.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/pci_config.h"

enum { abar = 0x24, most_ports = 32 };
// AHCI 3.1, 3.3: registers, as indices of 32 bits.
enum { host_control = 1, host_ports = 3, ports_begin = 64, port_words = 32 };
enum {
    port_list,
    port_list_high,
    port_fis,
    port_fis_high,
    port_interrupts,
    port_enable,
    port_command,
    port_task = 8,
    port_signature,
    port_sata_status,
    port_sata_error = 12,
    port_issue = 14
};
enum { control_ahci = 0x80000000, interrupts_of_errors = 0x79000000 };
enum {
    command_start = 0x01,
    command_spin_up = 0x02,
    command_power = 0x04,
    command_fis = 0x10,
    command_fis_running = 0x4000,
    command_running = 0x8000
};
enum { task_data = 0x08, task_busy = 0x80, link_present = 3, signature_packet = 0xeb140101 };
enum { list_bytes = 1024, fis_bytes = 256, table_bytes = 256, fis_words = 5, prdt_begin = 0x80, packet_begin = 0x40 };
enum { ata_read_ext = 0x25, ata_write_ext = 0x35, ata_packet = 0xa0, ata_identify_packet = 0xa1, ata_identify = 0xec };
enum { most_sectors = 2048, link_ms = 50, ready_ms = 2000, command_ms = 30000, bounce_bytes = 2048 };
enum { status_failed = 0x20, status_timeout = 0x80, status_write_protected = 0x03 };

struct port {
    volatile u32* registers;
    u32* list;
    u8* fis;
    u8* table;
};

static u8* bounce;

static bool wait_clear(volatile u32* at, u32 bits, u32 ms) {
    struct deadline deadline = deadline_in_ms(ms);
    while (*at & bits) {
        if (deadline_over(&deadline)) return false;
        pause();
    }
    return true;
}

static bool stop(volatile u32* registers) {
    registers[port_command] &= ~(u32)(command_start | command_fis);
    return wait_clear(&registers[port_command], command_running | command_fis_running, 1000);
}

static bool start(volatile u32* registers) {
    if (!wait_clear(&registers[port_task], task_busy | task_data, ready_ms)) return false;
    registers[port_command] |= command_fis;
    registers[port_command] |= command_start;
    return true;
}

// Register FIS, host to device (Serial ATA 3.0, 10.3.4). The LBA has 48 bits.
static void make_fis(u8* fis, u8 command, u64 lba, u32 count, u32 features) {
    memset(fis, 0, 4 * fis_words);
    fis[0] = 0x27;
    fis[1] = 0x80;
    fis[2] = command;
    fis[3] = (u8)features;
    for (u32 i = 0; i < 3; ++i) {
        fis[4 + i] = (u8)(lba >> 8 * i);
        fis[8 + i] = (u8)(lba >> (24 + 8 * i));
    }
    fis[7] = 0x40;
    fis[12] = (u8)count;
    fis[13] = (u8)(count >> 8);
}

static u8 run(const struct port* port, u32 address, u32 bytes, bool write, bool packet) {
    u32* prd = (u32*)(port->table + prdt_begin);
    prd[0] = address;
    prd[1] = 0;
    prd[2] = 0;
    prd[3] = bytes - 1;
    port->list[0] = fis_words | (write ? 1 << 6 : 0) | (packet ? 1 << 5 : 0) | (bytes != 0 ? 1 << 16 : 0);
    port->list[1] = 0;
    port->list[2] = (u32)port->table;
    port->list[3] = 0;
    volatile u32* const registers = port->registers;
    registers[port_interrupts] = registers[port_interrupts];
    registers[port_issue] = 1;
    struct deadline deadline = deadline_in_ms(command_ms);
    u8 status = 0;
    while (registers[port_issue] & 1) {
        // After an error the command stays issued (AHCI 6.2.2). The task file may still show the one before.
        if (registers[port_interrupts] & interrupts_of_errors) {
            status = status_failed;
            break;
        }
        if (deadline_over(&deadline)) {
            status = status_timeout;
            break;
        }
        pause();
    }
    if (status != 0) {
        stop(registers);
        registers[port_sata_error] = registers[port_sata_error];
        start(registers);
    }
    return status;
}

// A PRD's address is even (AHCI 4.2.3.3): what is not goes by way of a buffer.
static u8 move(const struct port* port, u32 address, u32 bytes, bool write, bool packet) {
    const bool bounced = (address & 1) != 0;
    if (bounced && write) memcpy(bounce, (const void*)address, bytes);
    const u8 status = run(port, bounced ? (u32)bounce : address, bytes, write, packet);
    if (bounced && !write && status == 0) memcpy((void*)address, bounce, bytes);
    return status;
}

static u8 packet_command(const struct port* port, const struct transfer* transfer) {
    if ((transfer->address & 1) != 0 && transfer->bytes > bounce_bytes) return status_failed;
    make_fis(port->table, ata_packet, 0, 0, 1); // by DMA
    memset(port->table + packet_begin, 0, 16);
    memcpy(port->table + packet_begin, transfer->packet, 12);
    return move(port, transfer->address, transfer->bytes, false, true);
}

u8 ahci_transfer(const struct transfer* transfer) {
    const struct port* port = (const struct port*)shared.drives[transfer->drive].controller;
    if (transfer->packet_bytes != 0) return packet_command(port, transfer);
    u64 lba = transfer->lba;
    u32 address = transfer->address;
    const u32 most = (address & 1) != 0 ? bounce_bytes / 512 : most_sectors;
    for (u32 left = transfer->count; left != 0;) {
        const u32 some = left < most ? left : most;
        make_fis(port->table, transfer->write ? ata_write_ext : ata_read_ext, lba, some, 0);
        const u8 status = move(port, address, some * 512, transfer->write != 0, false);
        if (status != 0) return status;
        lba += some;
        address += some * 512;
        left -= some;
    }
    return 0;
}

// ---- detection ----

static void set_name(struct drive* drive, const char* kind, const u16* identity) {
    u32 length = strlen(kind);
    memcpy(drive->name, kind, length);
    for (u32 i = 27; i < 47 && length < drive_name_bytes - 2; ++i) {
        drive->name[length++] = (char)(identity[i] >> 8);
        drive->name[length++] = (char)identity[i];
    }
    while (length != 0 && drive->name[length - 1] == ' ') --length;
    drive->name[length] = 0;
}

static void describe(const struct port* port, u16 pci, u8 number, bool packet) {
    static u16 identity[256];
    make_fis(port->table, packet ? ata_identify_packet : ata_identify, 0, 0, 0);
    if (run(port, (u32)identity, sizeof identity, false, false) != 0) return;
    struct drive* drive = drive_add();
    if (!drive) return;
    *drive = (struct drive){.kind = packet ? drive_ahci_cd : drive_ahci,
                            .unit = number,
                            .pci_address = pci,
                            .sector_bytes = packet ? 2048 : 512,
                            .controller = (u32)port};
    set_name(drive, packet ? "SATA CD/DVD " : "SATA ", identity);
    if (packet) return;
    drive->sectors = identity[60] | (u32)identity[61] << 16;
    const u64 extended = identity[100] | (u32)identity[101] << 16 | (u64)identity[102] << 32;
    if ((identity[83] & 0x0400) && extended != 0) drive->sectors = extended;
    drive->physical_cylinders = identity[1];
    drive->physical_heads = identity[3];
    drive->physical_sectors = identity[6];
}

static void probe(volatile u32* registers, u16 pci, u8 number) {
    struct deadline deadline = deadline_in_ms(link_ms);
    if (!stop(registers)) return;
    registers[port_command] |= command_spin_up | command_power;
    while ((registers[port_sata_status] & 15) != link_present)
        if (deadline_over(&deadline)) return;
    struct port* port = allocate_driver(sizeof *port, 16);
    u8* list = allocate_driver(list_bytes, list_bytes);
    u8* fis = allocate_driver(fis_bytes, fis_bytes);
    u8* table = allocate_driver(table_bytes, 128);
    if (!bounce) bounce = allocate_driver(bounce_bytes, 16);
    if (!port || !list || !fis || !table || !bounce) return;
    *port = (struct port){.registers = registers, .list = (u32*)list, .fis = fis, .table = table};
    registers[port_list] = (u32)list;
    registers[port_list_high] = 0;
    registers[port_fis] = (u32)fis;
    registers[port_fis_high] = 0;
    registers[port_enable] = 0;
    registers[port_sata_error] = registers[port_sata_error];
    // The signature comes with the drive's first frame, which needs the receive area.
    registers[port_command] |= command_fis;
    if (!start(registers)) {
        debug("AHCI: the drive at port %u is not ready\n", number);
        return;
    }
    describe(port, pci, number, registers[port_signature] == signature_packet);
}

void ahci_detect(u16 pci_address) {
    pci_write16(pci_address, pci_command,
                pci_read16(pci_address, pci_command) | pci_command_memory | pci_command_master);
    volatile u32* const host = (volatile u32*)(pci_read32(pci_address, abar) & 0xfffffff0);
    if (!host) return;
    host[host_control] |= control_ahci;
    const u32 ports = host[host_ports];
    for (u8 number = 0; number < most_ports; ++number)
        if (ports >> number & 1) probe(host + ports_begin + number * port_words, pci_address, number);
}
