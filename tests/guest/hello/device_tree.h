// Walks a flattened device tree (Devicetree Specification 0.4, chapter 5), node by node.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct device_node {
    const char* name;       // "serial@10000000"
    const char* compatible; // its first string, or null
    const char* device_type;
    uint64_t address; // of the first region in `reg`, with two cells each, if has_region
    uint64_t size;
    bool has_region;
    uint32_t depth; // 0: the root
};

typedef void device_visitor(const struct device_node* node);

// False: there is no device tree. Nodes are visited once all their properties are read, parents before children.
bool device_tree_walk(const void* tree, device_visitor* visit);
