#include "bios/tables/firmware_tables.hpp"

#include <cstring>

namespace orrery::bios {
namespace {

// The script is a list of entries of 128 bytes: a command, its names and its numbers.
constexpr u64 entry_bytes = 128;
constexpr u64 name_bytes = 56;
enum class Command : u32 { allocate = 1, add_pointer = 2, add_checksum = 3 };
enum class Zone : u8 { high = 1, f_segment = 2 };

class Script {
public:
    void begin(Command command) {
        at_ = bytes_.size();
        bytes_.resize(at_ + entry_bytes);
        number(static_cast<u32>(command));
    }
    void name(const std::string& text) {
        std::memcpy(bytes_.data() + at_, text.data(), std::min<u64>(text.size(), name_bytes - 1));
        at_ += name_bytes;
    }
    template <typename T> void number(T value) {
        std::memcpy(bytes_.data() + at_, &value, sizeof value);
        at_ += sizeof value;
    }
    std::vector<u8> take() { return std::move(bytes_); }

private:
    std::vector<u8> bytes_;
    u64 at_ = 0;
};

} // namespace

u8 checksum_of(const std::vector<u8>& bytes, u64 first, u64 size_bytes) {
    u8 sum = 0;
    for (u64 i = first; i < first + size_bytes; ++i) sum = static_cast<u8>(sum + bytes[i]);
    return static_cast<u8>(-sum);
}

std::vector<FirmwareFile> FirmwareTables::for_firmware() const {
    Script script;
    std::vector<FirmwareFile> out;
    for (const File& file : files) {
        script.begin(Command::allocate);
        script.name(file.name);
        script.number(file.alignment);
        script.number(static_cast<u8>(file.in_f_segment ? Zone::f_segment : Zone::high));
        out.push_back({file.name, file.bytes});
    }
    for (const Pointer& pointer : pointers) {
        script.begin(Command::add_pointer);
        script.name(files[pointer.file].name);
        script.name(files[pointer.target].name);
        script.number(pointer.offset);
        script.number(pointer.size_bytes);
    }
    for (const Checksum& checksum : checksums) {
        script.begin(Command::add_checksum);
        script.name(files[checksum.file].name);
        script.number(checksum.at);
        script.number(checksum.first);
        script.number(checksum.size_bytes);
    }
    out.push_back({"etc/table-loader", script.take()});
    return out;
}

Result<std::vector<PlacedTable>> FirmwareTables::linked_at(const std::vector<u64>& addresses) const {
    ORRERY_ASSERT(addresses.size() == files.size(), "each file lies somewhere");
    std::vector<PlacedTable> placed;
    for (u64 i = 0; i < files.size(); ++i) {
        if (addresses[i] % files[i].alignment != 0)
            return error("{} can't lie at {:#x}: it needs a multiple of {}", files[i].name, addresses[i],
                         files[i].alignment);
        placed.push_back({addresses[i], files[i].bytes});
    }
    for (const Pointer& pointer : pointers) {
        u8* const where = placed[pointer.file].bytes.data() + pointer.offset;
        u64 value = 0;
        std::memcpy(&value, where, pointer.size_bytes);
        value += addresses[pointer.target];
        if (pointer.size_bytes < 8 && value >> (8 * pointer.size_bytes) != 0)
            return error("{} can't lie at {:#x}: its address must have {} bytes", files[pointer.target].name,
                         addresses[pointer.target], pointer.size_bytes);
        std::memcpy(where, &value, pointer.size_bytes);
    }
    for (const Checksum& checksum : checksums) {
        std::vector<u8>& bytes = placed[checksum.file].bytes;
        bytes[checksum.at] = 0;
        bytes[checksum.at] = checksum_of(bytes, checksum.first, checksum.size_bytes);
    }
    return placed;
}

} // namespace orrery::bios
