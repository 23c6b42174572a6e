#include "device_tree.h"

enum { MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOTHING = 4 };

static uint32_t big_endian(const uint8_t* bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t big_endian_pair(const uint8_t* bytes) {
    return (uint64_t)big_endian(bytes) << 32 | big_endian(bytes + 4);
}

static bool same(const char* left, const char* right) {
    for (; *left == *right; ++left, ++right)
        if (*left == 0) return true;
    return false;
}

static uint32_t padded(uint32_t size) { return (size + 3) & ~3u; }

static void read_property(struct device_node* node, const char* name, const uint8_t* value, uint32_t size) {
    if (same(name, "compatible")) node->compatible = (const char*)value;
    if (same(name, "device_type")) node->device_type = (const char*)value;
    if (same(name, "reg") && size >= 16) {
        node->address = big_endian_pair(value);
        node->size = big_endian_pair(value + 8);
        node->has_region = true;
    }
}

static uint32_t name_bytes(const uint8_t* text) {
    uint32_t size = 1;
    while (text[size - 1] != 0) ++size;
    return padded(size);
}

bool device_tree_walk(const void* tree, device_visitor* visit) {
    const uint8_t* const header = tree;
    if (big_endian(header) != MAGIC) return false;
    const uint8_t* at = header + big_endian(header + 8);
    const uint8_t* const strings = header + big_endian(header + 12);
    struct device_node node = {0};
    uint32_t depth = 0;
    for (;;) {
        const uint32_t token = big_endian(at);
        at += 4;
        if (token == PROPERTY) {
            const uint32_t size = big_endian(at);
            read_property(&node, (const char*)strings + big_endian(at + 4), at + 8, size);
            at += 8 + padded(size);
            continue;
        }
        if (token == NOTHING) continue;
        // Properties come before children, so the node is complete now.
        if (node.name) visit(&node);
        node = (struct device_node){0};
        if (token == BEGIN_NODE) {
            node.name = (const char*)at;
            node.depth = depth++;
            at += name_bytes(at);
        } else if (token == END_NODE) {
            --depth;
        } else {
            return true;
        }
    }
}
