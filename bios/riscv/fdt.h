// A reader of flattened device trees (Devicetree Specification 0.4, chapter 5), and the one change the firmware makes.
#pragma once

#include "types.h"

#define FDT_DEPTH_MAX 16

struct fdt {
    const u8* blob;
    u32 total_size;
    u32 structure_offset;
    u32 structure_end;
    u32 strings_offset;
    u32 strings_size;
};

struct fdt_node {
    const char* name;
    u32 depth;         // the root is 1
    u32 properties;    // offset of the first token after the name
    u32 address_cells; // as the parent states them: they govern this node's reg
    u32 size_cells;
};

// Where a walk over all nodes stands. Zero-initialised to begin.
struct fdt_walk {
    u32 offset;
    u32 depth;
    u32 address_cells[FDT_DEPTH_MAX + 1]; // [depth]: for the children of the node that is open at that depth
    u32 size_cells[FDT_DEPTH_MAX + 1];
};

bool fdt_open(struct fdt* fdt, u64 address);
bool fdt_next_node(const struct fdt* fdt, struct fdt_walk* walk, struct fdt_node* node);

// The property's value within the tree, or null.
const void* fdt_property(const struct fdt* fdt, const struct fdt_node* node, const char* name, u32* size);
u32 fdt_property_u32(const struct fdt* fdt, const struct fdt_node* node, const char* name, u32 otherwise);
// True if one string of the list property is `text`.
bool fdt_property_has(const struct fdt* fdt, const struct fdt_node* node, const char* name, const char* text);
// The n-th address and size of `reg`. Addresses are taken as they stand: buses with a non-empty `ranges` are not known.
bool fdt_reg(const struct fdt* fdt, const struct fdt_node* node, u32 index, u64* address, u64* size);

static inline u32 big_endian_u32(u32 value) { return __builtin_bswap32(value); }

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

// One token of the structure block, with everything that belongs to it.
struct fdt_token {
    u32 kind;
    u32 next;         // offset of the following token
    const char* name; // of a node or a property
    const void* value;
    u32 size;
};

// False at the end of the tree or where it is damaged.
bool fdt_token_at(const struct fdt* fdt, u32 offset, struct fdt_token* token);

// Adds /reserved-memory/mmode_resv0@BASE with no-map, in place: the tree grows by less than 1 KiB, which must be free
// behind it (as QEMU's virt and OpenSBI agree on). False if the tree's layout does not allow it.
bool fdt_reserve_memory(u64 device_tree, u64 base, u64 size);
