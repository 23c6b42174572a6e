// Virtio block devices by their modern PCI transport (VirtIO 1.2: 2.7 split virtqueues, 4.1 PCI, 5.2 block device). One
// request at a time, without interrupts.
#include "bios/pc/post/drives.h"
#include "bios/pc/post/memory_map.h"
#include "bios/pc/post/print.h"
#include "bios/pc/shared/clock.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/pci_config.h"

enum { capability_vendor = 9, structure_common = 1, structure_notify = 2, structure_device = 4 };
enum { status_acknowledge = 1, status_driver = 2, status_driver_ok = 4, status_features_ok = 8 };
enum { feature_version_1_word = 1, feature_version_1 = 1, feature_read_only = 1 << 5 };
enum { descriptor_next = 1, descriptor_write = 2, available_no_interrupt = 1 };
enum { request_in = 0, request_out = 1, queue_size = 4, request_ms = 30000, most_sectors = 2048 };
enum { failed_controller = 0x20, failed_timeout = 0x80, failed_write_protected = 0x03 };

// 4.1.4.3
struct common {
    u32 device_feature_select;
    u32 device_feature;
    u32 driver_feature_select;
    u32 driver_feature;
    u16 config_vector;
    u16 queue_count;
    u8 status;
    u8 generation;
    u16 queue_select;
    u16 queue_size;
    u16 queue_vector;
    u16 queue_enable;
    u16 queue_notify_offset;
    u32 queue_descriptors[2];
    u32 queue_available[2];
    u32 queue_used[2];
};

struct descriptor {
    u32 address;
    u32 address_high;
    u32 length;
    u16 flags;
    u16 next;
};

struct device {
    struct descriptor descriptors[queue_size]; // aligned to 16
    struct {
        u16 flags;
        u16 index;
        u16 ring[queue_size];
    } available;
    volatile struct {
        u16 flags;
        u16 index;
        struct {
            u32 id;
            u32 length;
        } ring[queue_size];
    } used __attribute__((aligned(4)));
    struct {
        u32 kind;
        u32 reserved;
        u64 sector;
    } request;
    volatile u8 result;
    bool read_only;
    volatile u16* notify;
};

struct structures {
    volatile struct common* common;
    u32 notify;
    u32 notify_multiplier;
    volatile u32* config;
};

// Where a capability's structure is; null when its BAR is not memory below 4 GiB.
static u32 place(u16 pci, u8 capability) {
    const u8 bar = pci_read8(pci, capability + 4U);
    if (bar > 5) return 0;
    const u32 offset = pci_bar0 + 4U * bar;
    const u32 base = pci_read32(pci, offset);
    if ((base & 1) != 0 || ((base & 6) == 4 && pci_read32(pci, offset + 4) != 0) || (base & 0xfffffff0) == 0) return 0;
    return (base & 0xfffffff0) + pci_read32(pci, capability + 8U);
}

static struct structures find_structures(u16 pci) {
    struct structures found = {0};
    u8 capability = pci_read8(pci, pci_capabilities) & 0xfc;
    for (u32 i = 0; i < 48 && capability != 0; ++i, capability = pci_read8(pci, capability + 1U) & 0xfc) {
        if (pci_read8(pci, capability) != capability_vendor) continue;
        const u32 at = place(pci, capability);
        switch (at != 0 ? pci_read8(pci, capability + 3U) : 0) {
        case structure_common:
            found.common = (volatile struct common*)at;
            break;
        case structure_notify:
            found.notify = at;
            found.notify_multiplier = pci_read32(pci, capability + 16U);
            break;
        case structure_device:
            found.config = (volatile u32*)at;
            break;
        default:
            break;
        }
    }
    return found;
}

static bool negotiate(volatile struct common* common, bool* read_only) {
    common->status = 0;
    struct deadline deadline = deadline_in_ms(1000);
    while (common->status != 0)
        if (deadline_over(&deadline)) return false;
    common->status = status_acknowledge;
    common->status = status_acknowledge | status_driver;
    common->device_feature_select = 0;
    *read_only = (common->device_feature & feature_read_only) != 0;
    common->device_feature_select = feature_version_1_word;
    if (!(common->device_feature & feature_version_1)) return false;
    common->driver_feature_select = 0;
    common->driver_feature = *read_only ? feature_read_only : 0;
    common->driver_feature_select = feature_version_1_word;
    common->driver_feature = feature_version_1;
    common->status = status_acknowledge | status_driver | status_features_ok;
    return (common->status & status_features_ok) != 0;
}

static struct device* set_up(const struct structures* found) {
    volatile struct common* common = found->common;
    bool read_only;
    if (!negotiate(common, &read_only)) return NULL;
    struct device* device = allocate_driver(sizeof *device, 64);
    if (!device) return NULL;
    common->queue_select = 0;
    if (common->queue_size < queue_size) return NULL;
    common->queue_size = queue_size;
    common->queue_descriptors[0] = (u32)device->descriptors;
    common->queue_descriptors[1] = 0;
    common->queue_available[0] = (u32)&device->available;
    common->queue_available[1] = 0;
    common->queue_used[0] = (u32)&device->used;
    common->queue_used[1] = 0;
    device->notify = (volatile u16*)(found->notify + common->queue_notify_offset * found->notify_multiplier);
    device->available.flags = available_no_interrupt;
    device->read_only = read_only;
    common->queue_enable = 1;
    common->status = status_acknowledge | status_driver | status_features_ok | status_driver_ok;
    return device;
}

static u8 run(struct device* device, u64 sector, u32 address, u32 bytes, bool write) {
    device->request.kind = write ? request_out : request_in;
    device->request.sector = sector;
    device->result = 0xff;
    device->descriptors[0] = (struct descriptor){
        .address = (u32)&device->request, .length = sizeof device->request, .flags = descriptor_next, .next = 1};
    device->descriptors[1] = (struct descriptor){.address = address,
                                                 .length = bytes,
                                                 .flags = (u16)(descriptor_next | (write ? 0 : descriptor_write)),
                                                 .next = 2};
    device->descriptors[2] =
        (struct descriptor){.address = (u32)&device->result, .length = 1, .flags = descriptor_write};
    const u16 before = device->used.index;
    device->available.ring[device->available.index % queue_size] = 0;
    __asm__ volatile("" : : : "memory");
    ++device->available.index;
    __asm__ volatile("lock; addl $0, (%%esp)" : : : "memory");
    *device->notify = 0;
    struct deadline deadline = deadline_in_ms(request_ms);
    while (device->used.index == before) {
        if (deadline_over(&deadline)) return failed_timeout;
        pause();
    }
    return device->result == 0 ? 0 : failed_controller;
}

u8 virtio_block_transfer(const struct transfer* transfer) {
    struct device* device = (struct device*)shared.drives[transfer->drive].controller;
    if (transfer->write && device->read_only) return failed_write_protected;
    u64 lba = transfer->lba;
    u32 address = transfer->address;
    for (u32 left = transfer->count; left != 0;) {
        const u32 some = left < most_sectors ? left : most_sectors;
        const u8 status = run(device, lba, address, some * 512, transfer->write != 0);
        if (status != 0) return status;
        lba += some;
        address += some * 512;
        left -= some;
    }
    return 0;
}

void virtio_block_detect(u16 pci_address) {
    pci_write16(pci_address, pci_command,
                pci_read16(pci_address, pci_command) | pci_command_memory | pci_command_master);
    const struct structures found = find_structures(pci_address);
    if (!found.common || !found.notify || !found.config) {
        debug("Virtio block device %x has no modern interface that we can reach\n", pci_address);
        return;
    }
    struct device* device = set_up(&found);
    struct drive* drive = device ? drive_add() : NULL;
    if (!drive) return;
    *drive = (struct drive){.kind = drive_virtio,
                            .pci_address = pci_address,
                            .sector_bytes = 512,
                            .controller = (u32)device,
                            .sectors = found.config[0] | (u64)found.config[1] << 32};
    memcpy(drive->name, "Virtio disk", sizeof "Virtio disk");
}
