#include "bios/tables/device_tree.hpp"

#include <algorithm>
#include <bit>

extern "C" {
#include <libfdt.h>
}

namespace orrery::bios {
namespace {

constexpr std::size_t buffer_bytes = 256 * KiB;

} // namespace

DeviceTreeWriter::DeviceTreeWriter() : buffer_(buffer_bytes) {
    note(fdt_create(buffer_.data(), static_cast<int>(buffer_.size())));
    note(fdt_finish_reservemap(buffer_.data()));
}

void DeviceTreeWriter::note(int status) {
    if (status_ == 0) status_ = status;
}

void DeviceTreeWriter::begin_node(std::string_view name) {
    note(fdt_begin_node(buffer_.data(), std::string(name).c_str()));
}

void DeviceTreeWriter::end_node() { note(fdt_end_node(buffer_.data())); }

void DeviceTreeWriter::flag(const char* name) { note(fdt_property(buffer_.data(), name, nullptr, 0)); }

void DeviceTreeWriter::bytes(const char* name, std::span<const u8> value) {
    note(fdt_property(buffer_.data(), name, value.data(), static_cast<int>(value.size())));
}

void DeviceTreeWriter::cells(const char* name, std::span<const u32> values) {
    std::vector<u32> big_endian(values.begin(), values.end());
    for (u32& cell : big_endian) cell = std::byteswap(cell);
    bytes(name, {reinterpret_cast<const u8*>(big_endian.data()), big_endian.size() * sizeof(u32)});
}

void DeviceTreeWriter::text(const char* name, std::string_view value) { texts(name, {value}); }

void DeviceTreeWriter::texts(const char* name, std::span<const std::string_view> values) {
    std::vector<u8> joined;
    for (const std::string_view value : values) {
        joined.insert(joined.end(), value.begin(), value.end());
        joined.push_back(0);
    }
    bytes(name, joined);
}

void DeviceTreeWriter::reg(std::initializer_list<std::pair<u64, u64>> ranges) {
    std::vector<u32> values;
    for (const auto& [base, size] : ranges) {
        for (const u64 number : {base, size}) {
            values.push_back(static_cast<u32>(number >> 32));
            values.push_back(static_cast<u32>(number));
        }
    }
    cells("reg", values);
}

Result<std::vector<u8>> DeviceTreeWriter::finish(u32 spare_bytes) {
    note(fdt_finish(buffer_.data()));
    if (status_ != 0) return error("the device tree can't be written: {}", fdt_strerror(status_));
    const auto size = static_cast<std::size_t>(fdt_totalsize(buffer_.data())) + spare_bytes;
    std::vector<u8> blob(size);
    const int status = fdt_open_into(buffer_.data(), blob.data(), static_cast<int>(size));
    if (status != 0) return error("the device tree can't be written: {}", fdt_strerror(status));
    return blob;
}

Result<std::vector<u8>> adapt_device_tree(std::span<const u8> original, u32 spare_bytes,
                                          std::string_view boot_arguments, u64 initrd_first, u64 initrd_end) {
    if (original.size() < sizeof(fdt_header) || fdt_check_full(original.data(), original.size()) != 0)
        return error("this is not a valid flattened device tree (.dtb); make one with: dtc -O dtb -o FILE SOURCE.dts");
    const std::size_t size = original.size() + spare_bytes + boot_arguments.size() + 256;
    std::vector<u8> blob(size);
    int status = fdt_open_into(original.data(), blob.data(), static_cast<int>(size));
    int chosen = status < 0 ? status : fdt_path_offset(blob.data(), "/chosen");
    if (chosen == -FDT_ERR_NOTFOUND) chosen = fdt_add_subnode(blob.data(), 0, "chosen");
    status = std::min(status, chosen);
    if (status >= 0 && !boot_arguments.empty()) {
        const std::string text(boot_arguments);
        status = fdt_setprop(blob.data(), chosen, "bootargs", text.c_str(), static_cast<int>(text.size() + 1));
    }
    if (status >= 0 && initrd_end != 0) status = fdt_setprop_u64(blob.data(), chosen, "linux,initrd-start", initrd_first);
    if (status >= 0 && initrd_end != 0) status = fdt_setprop_u64(blob.data(), chosen, "linux,initrd-end", initrd_end);
    if (status < 0) return error("the device tree can't be changed: {}", fdt_strerror(status));
    return blob;
}

} // namespace orrery::bios
