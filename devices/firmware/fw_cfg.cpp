#include "devices/firmware/fw_cfg.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// The window: data at 0, then these (fw_cfg, "Selector Register", "DMA Address Register"). All of it is big-endian.
constexpr u64 selector_register = 0x08;
constexpr u64 dma_address_register = 0x10;

// The ports: the selector at 0, little-endian, the data at 1, and the same DMA address, big-endian.
constexpr u64 data_port = 1;
constexpr u64 dma_address_port = 4;

constexpr u32 version_with_dma = 0x3;
constexpr std::string_view dma_signature = "QEMU CFG";
constexpr std::size_t longest_path = 55;
constexpr std::size_t most_files = 0x1000;

// The control word of a DMA descriptor.
namespace dma {
enum : u32 { error = 0x01, read = 0x02, skip = 0x04, select = 0x08, write = 0x10 };
constexpr std::size_t descriptor_bytes = 16;
} // namespace dma

template <typename T> std::vector<u8> little_endian(T value) {
    std::vector<u8> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

template <typename T> void append_big_endian(std::vector<u8>& out, T value) {
    for (std::size_t shift = sizeof value * 8; shift != 0; shift -= 8)
        out.push_back(static_cast<u8>(value >> (shift - 8)));
}

template <typename T> T from_big_endian(const u8* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return std::byteswap(value);
}

} // namespace

FwCfg::FwCfg(std::string name, AddressSpace& memory) : Component(std::move(name)), memory_(memory) {
    add(signature, {'Q', 'E', 'M', 'U'});
    add_u32(interface_version, version_with_dma);
    list_files();
}

// ---- items ----

void FwCfg::add_u16(u16 key, u16 value) { add(key, little_endian(value)); }
void FwCfg::add_u32(u16 key, u32 value) { add(key, little_endian(value)); }
void FwCfg::add_u64(u16 key, u64 value) { add(key, little_endian(value)); }

void FwCfg::add_blob(u16 size_key, u16 data_key, std::vector<u8> bytes) {
    add_u32(size_key, static_cast<u32>(bytes.size()));
    add(data_key, std::move(bytes));
}

Status FwCfg::add_file(std::string_view path, std::vector<u8> bytes) {
    return add(path, {.bytes = std::move(bytes), .make = {}});
}

Status FwCfg::add_made_file(std::string_view path, MakeFile make) {
    std::vector<u8> bytes = make();
    return add(path, {.bytes = std::move(bytes), .make = std::move(make)});
}

Status FwCfg::add(std::string_view path, File file) {
    if (path.empty() || path.size() > longest_path)
        return error("firmware file '{}': the name must have 1 to {} bytes", path, longest_path);
    if (files_.size() >= most_files) return error("firmware file '{}': there are {} already", path, most_files);
    if (!files_.emplace(path, std::move(file)).second) return error("firmware file '{}' is there already", path);
    list_files();
    return {};
}

// Files are numbered, and listed in the directory, in the order of their names.
void FwCfg::list_files() {
    std::vector<u8> directory;
    append_big_endian(directory, static_cast<u32>(files_.size()));
    u16 key = first_file;
    for (const auto& [path, file] : files_) {
        append_big_endian(directory, static_cast<u32>(file.bytes.size()));
        append_big_endian(directory, key);
        append_big_endian(directory, u16{0});
        directory.insert(directory.end(), path.begin(), path.end());
        directory.resize(directory.size() + longest_path + 1 - path.size());
        ++key;
    }
    items_[file_directory] = std::move(directory);
}

void FwCfg::select(u16 key) {
    s_.key = key;
    s_.offset = 0;
    make_item(key);
}

bool FwCfg::is_file(u16 key) const { return key >= first_file && key - std::size_t{first_file} < files_.size(); }

void FwCfg::make_item(u16 key) {
    if (!is_file(key)) return;
    File& file = std::next(files_.begin(), key - first_file)->second;
    if (!file.make) return;
    const std::size_t listed = file.bytes.size();
    file.bytes = file.make();
    ORRERY_ASSERT(file.bytes.size() == listed, "the directory tells the guest the size in advance");
}

std::span<const u8> FwCfg::item(u16 key) const {
    if (is_file(key)) return std::next(files_.begin(), key - first_file)->second.bytes;
    const auto found = items_.find(key);
    return found == items_.end() ? std::span<const u8>{} : found->second;
}

std::span<const u8> FwCfg::rest_of_item() const {
    const std::span<const u8> whole = item(s_.key);
    return whole.subspan(std::min<std::size_t>(s_.offset, whole.size()));
}

void FwCfg::advance(u64 bytes) { s_.offset = static_cast<u32>(std::min<u64>(s_.offset + bytes, ~u32{0})); }

// ---- registers ----

std::string FwCfg::register_name(u64 offset, bool) const {
    constexpr std::array<RegisterName, 3> registers{
        {{0, "data"}, {selector_register, "selector"}, {dma_address_register, "DMA address"}}};
    return name_in(registers, offset);
}

u64 FwCfg::read(u64 offset, Width width) {
    if (offset < selector_register) return read_data(width);
    if (offset < dma_address_register) return 0; // the selector is write-only
    u64 value = 0;
    const u64 first = offset - dma_address_register;
    for (u64 i = 0; i < bytes(width) && first + i < dma_signature.size(); ++i)
        value |= static_cast<u64>(dma_signature[first + i]) << (i * 8);
    return value;
}

std::string FwCfg::Ports::register_name(u64 offset, bool) const {
    constexpr std::array<RegisterName, 3> registers{
        {{0, "selector"}, {data_port, "data"}, {dma_address_port, "DMA address"}}};
    return name_in(registers, offset);
}

u64 FwCfg::Ports::read(u64 offset, Width width) {
    if (offset == data_port) return device_.read_data(width);
    if (offset < dma_address_port) return 0;
    return device_.read(dma_address_register + offset - dma_address_port, width);
}

void FwCfg::Ports::write(u64 offset, u64 value, Width width) {
    if (offset == 0 && width == Width::half)
        device_.select(static_cast<u16>(value));
    else if (offset >= dma_address_port)
        device_.write_dma_address(offset - dma_address_port, value, width);
    else
        log::guest_error(device_.name(), "ignored write of {} bytes to port {:#x}", bytes(width), ports_base + offset);
}

// However wide, a read is the next bytes of the item in the order of their addresses; beyond its end they are 0.
u64 FwCfg::read_data(Width width) {
    const std::span<const u8> rest = rest_of_item();
    u64 value = 0;
    for (u64 i = 0; i < std::min<u64>(rest.size(), bytes(width)); ++i) value |= u64{rest[i]} << (i * 8);
    advance(bytes(width));
    return value;
}

void FwCfg::write(u64 offset, u64 value, Width width) {
    if (offset == selector_register && width == Width::half)
        select(std::byteswap(static_cast<u16>(value)));
    else if (offset >= dma_address_register)
        write_dma_address(offset - dma_address_register, value, width);
    else
        log::guest_error(name(), "ignored write of {} bytes to {:#x}", bytes(width), offset);
}

// A write to the register's low half starts the transfer.
void FwCfg::write_dma_address(u64 offset, u64 value, Width width) {
    if (width == Width::dword && offset == 0) {
        run_dma({std::byteswap(value)});
    } else if (width == Width::word && offset == 0) {
        s_.dma_high = std::byteswap(static_cast<u32>(value));
    } else if (width == Width::word && offset == 4) {
        const u64 high = s_.dma_high;
        s_.dma_high = 0;
        run_dma({high << 32 | std::byteswap(static_cast<u32>(value))});
    } else {
        log::guest_error(name(), "ignored write of {} bytes to the DMA address", bytes(width));
    }
}

// ---- DMA ----

void FwCfg::run_dma(GuestPhysical descriptor) {
    std::array<u8, dma::descriptor_bytes> raw{};
    if (!memory_.read_memory(descriptor, raw)) {
        log::guest_error(name(), "no memory for a DMA descriptor at {:#x}", descriptor.value);
        return;
    }
    const u32 control = from_big_endian<u32>(&raw[0]);
    const u32 length = from_big_endian<u32>(&raw[4]);
    const GuestPhysical buffer{from_big_endian<u64>(&raw[8])};

    if (control & dma::select) select(static_cast<u16>(control >> 16));
    bool done = true;
    if (control & dma::read)
        done = dma_read(buffer, length);
    else if (control & dma::write)
        done = false; // no item of ours may be written
    else if (control & dma::skip)
        advance(length);
    if (!done) log::guest_error(name(), "DMA of {:#x} bytes at {:#x} failed", length, buffer.value);

    const u32 result = done ? 0 : std::byteswap(static_cast<u32>(dma::error));
    std::array<u8, 4> answer{};
    std::memcpy(answer.data(), &result, sizeof result);
    memory_.write_memory(descriptor, answer);
}

bool FwCfg::dma_read(GuestPhysical to, u32 length) {
    const std::span<const u8> rest = rest_of_item();
    const std::size_t present = std::min<std::size_t>(rest.size(), length);
    advance(length);
    return memory_.write_memory(to, rest.first(present)) && fill_with_zeros(to + present, length - present);
}

bool FwCfg::fill_with_zeros(GuestPhysical to, u64 length) {
    while (length != 0) {
        const std::span<u8> part = memory_.memory(to, length, true);
        if (part.empty()) return false;
        std::ranges::fill(part, u8{0});
        memory_.memory_written(to, part.size());
        to = to + part.size();
        length -= part.size();
    }
    return true;
}

} // namespace orrery
