// The one change the firmware makes to the device tree: telling the next stage which memory is the firmware's
// (devicetree bindings, reserved-memory; OpenSBI names its nodes mmode_resv, and kernels and U-Boot know them so).
#include "fdt.h"

enum { HEADER_TOTAL_SIZE = 1, HEADER_STRINGS_OFFSET = 3, HEADER_RESERVE_MAP_OFFSET = 4 };
enum { HEADER_STRINGS_SIZE = 8, HEADER_STRUCTURE_SIZE = 9 };

#define ADDED_WORDS_MAX 96
#define ADDED_STRINGS_MAX 64

// What is to be inserted: words of the structure block, and property names the strings block lacks.
struct addition {
    const struct fdt* fdt;
    u32 words[ADDED_WORDS_MAX];
    u32 word_count;
    char strings[ADDED_STRINGS_MAX];
    u32 strings_size;
};

// Where the new node goes, and how its parent counts.
struct place {
    u32 offset;
    bool parent_exists;
    bool already_there;
    u32 address_cells;
    u32 size_cells;
};

static void add_word(struct addition* addition, u32 value) {
    addition->words[addition->word_count++] = big_endian_u32(value);
}

static u32 text_size(const char* text) {
    u32 size = 1;
    while (*text++ != 0) ++size;
    return size;
}

static void add_begin(struct addition* addition, const char* name) {
    add_word(addition, FDT_BEGIN_NODE);
    const u32 words = (text_size(name) + 3) / 4;
    for (u32 i = 0; i < words; ++i) addition->words[addition->word_count + i] = 0;
    memcpy(&addition->words[addition->word_count], name, text_size(name));
    addition->word_count += words;
}

// The offset of a property name in the strings block as it will be.
static u32 name_offset(struct addition* addition, const char* name) {
    const struct fdt* fdt = addition->fdt;
    const char* strings = (const char*)fdt->blob + fdt->strings_offset;
    const u32 size = text_size(name);
    for (u32 offset = 0; offset + size <= fdt->strings_size; ++offset) {
        if (strings[offset + size - 1] == 0 && strings_equal(strings + offset, name)) return offset;
    }
    const u32 offset = addition->strings_size;
    memcpy(addition->strings + offset, name, size);
    addition->strings_size += size;
    return fdt->strings_size + offset;
}

static void add_property(struct addition* addition, const char* name, const u32* cells, u32 count) {
    const u32 offset = name_offset(addition, name);
    add_word(addition, FDT_PROP);
    add_word(addition, count * 4);
    add_word(addition, offset);
    for (u32 i = 0; i < count; ++i) add_word(addition, cells[i]);
}

static u32 put_cells(u32* cells, u64 value, u32 count) {
    for (u32 i = 0; i < count; ++i) cells[i] = i + 2 >= count ? (u32)(value >> 32 * (count - 1 - i)) : 0;
    return count;
}

static void make_node_name(char* name, u64 base) {
    static const char prefix[] = "mmode_resv0@";
    memcpy(name, prefix, sizeof prefix - 1);
    u32 length = sizeof prefix - 1;
    for (i32 shift = 60; shift >= 0; shift -= 4) {
        const u32 digit = base >> shift & 15;
        if (digit != 0 || length >= sizeof prefix || shift == 0) name[length++] = "0123456789abcdef"[digit];
    }
    name[length] = 0;
}

// Ends in the offset of the END_NODE token of /reserved-memory, or else of the root.
static bool find_place(const struct fdt* fdt, const char* node_name, struct place* place) {
    *place = (struct place){.address_cells = 2, .size_cells = 2};
    u32 depth = 0;
    bool inside = false;
    struct fdt_token token;
    for (u32 offset = fdt->structure_offset; fdt_token_at(fdt, offset, &token); offset = token.next) {
        if (token.kind == FDT_BEGIN_NODE) {
            ++depth;
            if (depth == 2 && strings_equal(token.name, "reserved-memory")) {
                const struct fdt_node node = {.properties = token.next};
                inside = place->parent_exists = true;
                place->address_cells = fdt_property_u32(fdt, &node, "#address-cells", 2);
                place->size_cells = fdt_property_u32(fdt, &node, "#size-cells", 1);
            }
            if (inside && depth == 3 && strings_equal(token.name, node_name)) place->already_there = true;
        }
        if (token.kind != FDT_END_NODE) continue;
        if ((inside && depth == 2) || depth == 1) {
            place->offset = offset;
            return place->address_cells <= 2 && place->size_cells <= 2;
        }
        if (depth == 0) return false;
        --depth;
    }
    return false;
}

static void make_addition(struct addition* addition, const struct place* place, const char* name, u64 base, u64 size) {
    if (!place->parent_exists) {
        add_begin(addition, "reserved-memory");
        add_property(addition, "#address-cells", &place->address_cells, 1);
        add_property(addition, "#size-cells", &place->size_cells, 1);
        add_property(addition, "ranges", NULL, 0);
    }
    u32 reg[4];
    u32 count = put_cells(reg, base, place->address_cells);
    count += put_cells(reg + count, size, place->size_cells);
    add_begin(addition, name);
    add_property(addition, "reg", reg, count);
    add_property(addition, "no-map", NULL, 0);
    add_word(addition, FDT_END_NODE);
    if (!place->parent_exists) add_word(addition, FDT_END_NODE);
}

static void insert(const struct fdt* fdt, const struct addition* addition, u32 offset) {
    u8* blob = (u8*)(u64)fdt->blob;
    u32* header = (u32*)(u64)fdt->blob;
    const u32 strings_end = fdt->strings_offset + fdt->strings_size;
    const u32 added_bytes = addition->word_count * 4;
    memmove(blob + offset + added_bytes, blob + offset, strings_end - offset);
    memcpy(blob + offset, addition->words, added_bytes);
    memcpy(blob + strings_end + added_bytes, addition->strings, addition->strings_size);

    const u32 end = (strings_end + added_bytes + addition->strings_size + 7) & ~7u;
    if (end > fdt->total_size) header[HEADER_TOTAL_SIZE] = big_endian_u32(end);
    header[HEADER_STRINGS_OFFSET] = big_endian_u32(fdt->strings_offset + added_bytes);
    header[HEADER_STRINGS_SIZE] = big_endian_u32(fdt->strings_size + addition->strings_size);
    header[HEADER_STRUCTURE_SIZE] = big_endian_u32(fdt->structure_end - fdt->structure_offset + added_bytes);
}

bool fdt_reserve_memory(u64 device_tree, u64 base, u64 size) {
    struct fdt fdt;
    struct place place;
    char name[32];
    make_node_name(name, base);
    if (!fdt_open(&fdt, device_tree) || !find_place(&fdt, name, &place)) return false;
    if (place.already_there) return true;

    // Only what stands between the insertion and the end of the strings moves, so the order must be the usual one.
    const u32 reserve_map = big_endian_u32(((const u32*)fdt.blob)[HEADER_RESERVE_MAP_OFFSET]);
    if (reserve_map > fdt.structure_offset || fdt.strings_offset < fdt.structure_end) return false;

    struct addition addition = {.fdt = &fdt};
    make_addition(&addition, &place, name, base, size);
    insert(&fdt, &addition, place.offset);
    return true;
}
