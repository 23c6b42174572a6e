// Writes flattened device trees (Devicetree Specification 0.4) with libfdt: a thin layer that speaks of nodes and
// properties, and keeps the first error until finish().
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::bios {

class DeviceTreeWriter {
public:
    DeviceTreeWriter();

    void begin_node(std::string_view name);
    void end_node();
    // An empty property.
    void flag(const char* name);
    // 32-bit cells.
    void cells(const char* name, std::span<const u32> values);
    void cells(const char* name, std::initializer_list<u32> values) {
        cells(name, std::span(values.begin(), values.size()));
    }
    void text(const char* name, std::string_view value);
    // Strings one behind the other, each with its final zero.
    void texts(const char* name, std::span<const std::string_view> values);
    void texts(const char* name, std::initializer_list<std::string_view> values) {
        texts(name, std::span(values.begin(), values.size()));
    }
    void bytes(const char* name, std::span<const u8> value);
    // "reg" with two address and two size cells for each (base, size) pair.
    void reg(std::initializer_list<std::pair<u64, u64>> ranges);

    // The finished blob, `spare_bytes` larger than needed so that firmware can add to it.
    Result<std::vector<u8>> finish(u32 spare_bytes);

private:
    void note(int status);

    std::vector<u8> buffer_;
    int status_ = 0;
};

// A tree of the user's own, with room for changes and with the chosen boot arguments and initrd put in.
// Errors: not a device tree, or damaged.
Result<std::vector<u8>> adapt_device_tree(std::span<const u8> blob, u32 spare_bytes, std::string_view boot_arguments,
                                          u64 initrd_first, u64 initrd_end);

} // namespace orrery::bios
