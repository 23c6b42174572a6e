// Reading flattened device trees. Every offset is checked against the header, so a damaged tree ends the walk early.
#include "fdt.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_TOTAL_SIZE_MAX (16u << 20)

struct fdt_header {
    u32 magic, total_size, structure_offset, strings_offset, reserve_map_offset;
    u32 version, last_compatible_version, boot_hart, strings_size, structure_size;
};

static u32 word_at(const struct fdt* fdt, u32 offset) { return big_endian_u32(*(const u32*)(fdt->blob + offset)); }

bool fdt_open(struct fdt* fdt, u64 address) {
    if (address == 0 || address % 8 != 0) return false;
    const struct fdt_header* header = (const struct fdt_header*)address;
    if (big_endian_u32(header->magic) != FDT_MAGIC) return false;

    fdt->blob = (const u8*)address;
    fdt->total_size = big_endian_u32(header->total_size);
    fdt->structure_offset = big_endian_u32(header->structure_offset);
    fdt->structure_end = fdt->structure_offset + big_endian_u32(header->structure_size);
    fdt->strings_offset = big_endian_u32(header->strings_offset);
    fdt->strings_size = big_endian_u32(header->strings_size);
    return fdt->total_size <= FDT_TOTAL_SIZE_MAX && fdt->structure_offset % 4 == 0 &&
           fdt->structure_offset <= fdt->structure_end && fdt->structure_end <= fdt->total_size &&
           fdt->strings_size <= fdt->total_size && fdt->strings_offset <= fdt->total_size - fdt->strings_size;
}

// The length of the string at `offset`, or false if it does not end before `end`.
static bool string_length(const struct fdt* fdt, u32 offset, u32 end, u32* length) {
    for (u32 i = offset; i < end; ++i) {
        if (fdt->blob[i] == 0) {
            *length = i - offset;
            return true;
        }
    }
    return false;
}

static u32 aligned_to_word(u32 offset) { return (offset + 3) & ~3u; }

bool fdt_token_at(const struct fdt* fdt, u32 offset, struct fdt_token* token) {
    if (offset >= fdt->structure_end || fdt->structure_end - offset < 4) return false;
    token->kind = word_at(fdt, offset);
    token->next = offset + 4;
    if (token->kind == FDT_BEGIN_NODE) {
        u32 length;
        if (!string_length(fdt, offset + 4, fdt->structure_end, &length)) return false;
        token->name = (const char*)fdt->blob + offset + 4;
        token->next = aligned_to_word(offset + 4 + length + 1);
        return true;
    }
    if (token->kind == FDT_PROP) {
        if (fdt->structure_end - offset < 12) return false;
        token->size = word_at(fdt, offset + 4);
        const u32 name = word_at(fdt, offset + 8);
        u32 length;
        if (token->size > fdt->structure_end - offset - 12 || name >= fdt->strings_size) return false;
        if (!string_length(fdt, fdt->strings_offset + name, fdt->strings_offset + fdt->strings_size, &length))
            return false;
        token->name = (const char*)fdt->blob + fdt->strings_offset + name;
        token->value = fdt->blob + offset + 12;
        token->next = aligned_to_word(offset + 12 + token->size);
        return true;
    }
    return token->kind == FDT_END_NODE || token->kind == FDT_NOP;
}

bool fdt_next_node(const struct fdt* fdt, struct fdt_walk* walk, struct fdt_node* node) {
    if (walk->offset == 0) walk->offset = fdt->structure_offset;
    struct fdt_token token;
    while (fdt_token_at(fdt, walk->offset, &token)) {
        walk->offset = token.next;
        if (token.kind == FDT_END_NODE) {
            if (walk->depth == 0) return false;
            --walk->depth;
        }
        if (token.kind != FDT_BEGIN_NODE) continue;
        if (walk->depth == FDT_DEPTH_MAX) return false;

        node->name = token.name;
        node->properties = token.next;
        node->address_cells = walk->address_cells[walk->depth];
        node->size_cells = walk->size_cells[walk->depth];
        node->depth = ++walk->depth;
        walk->address_cells[walk->depth] = fdt_property_u32(fdt, node, "#address-cells", 2);
        walk->size_cells[walk->depth] = fdt_property_u32(fdt, node, "#size-cells", 1);
        return true;
    }
    return false;
}

const void* fdt_property(const struct fdt* fdt, const struct fdt_node* node, const char* name, u32* size) {
    struct fdt_token token;
    for (u32 offset = node->properties; fdt_token_at(fdt, offset, &token); offset = token.next) {
        if (token.kind == FDT_BEGIN_NODE || token.kind == FDT_END_NODE) return NULL;
        if (token.kind == FDT_PROP && strings_equal(token.name, name)) {
            *size = token.size;
            return token.value;
        }
    }
    return NULL;
}

u32 fdt_property_u32(const struct fdt* fdt, const struct fdt_node* node, const char* name, u32 otherwise) {
    u32 size;
    const u32* value = fdt_property(fdt, node, name, &size);
    return value != NULL && size == 4 ? big_endian_u32(*value) : otherwise;
}

bool fdt_property_has(const struct fdt* fdt, const struct fdt_node* node, const char* name, const char* text) {
    u32 size;
    const char* list = fdt_property(fdt, node, name, &size);
    if (list == NULL || size == 0 || list[size - 1] != 0) return false;
    for (u32 offset = 0; offset < size;) {
        if (strings_equal(list + offset, text)) return true;
        while (list[offset] != 0) ++offset;
        ++offset;
    }
    return false;
}

static u64 cells(const u32* value, u32 count) {
    u64 result = 0;
    for (u32 i = 0; i < count; ++i) result = result << 32 | big_endian_u32(value[i]);
    return result;
}

bool fdt_reg(const struct fdt* fdt, const struct fdt_node* node, u32 index, u64* address, u64* size) {
    if (node->address_cells > 2 || node->size_cells > 2) return false;
    u32 bytes;
    const u32* value = fdt_property(fdt, node, "reg", &bytes);
    const u32 stride = node->address_cells + node->size_cells;
    if (value == NULL || (u64)(index + 1) * stride * 4 > bytes) return false;
    *address = cells(value + index * stride, node->address_cells);
    *size = cells(value + index * stride + node->address_cells, node->size_cells);
    return true;
}
