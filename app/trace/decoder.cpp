#include "app/trace/decoder.hpp"

namespace orrery::app::trace {
namespace {

constexpr u8 kind_mask = 7;

RecordKind kind_of(u8 first) { return static_cast<RecordKind>(first & kind_mask); }

} // namespace

void Decoder::begin(std::span<const u8> bytes) {
    bytes_ = bytes;
    offset_ = 0;
    at_ = {};
    code_.forget();
    devices_.clear();
}

std::expected<u8, Decoder::Wrong> Decoder::byte() {
    if (offset_ == bytes_.size()) return std::unexpected(Wrong{"a record has no end"});
    return bytes_[offset_++];
}

std::expected<u64, Decoder::Wrong> Decoder::number() {
    u64 value = 0;
    for (u32 shift = 0; shift < 64; shift += 7) {
        const u8 part = TRY(byte());
        if (shift == 63 && part > 1) break;
        value |= u64{part & 0x7fu} << shift;
        if (part < 0x80) return value;
    }
    return std::unexpected(Wrong{"a number has more than 64 bits"});
}

std::expected<u64, Decoder::Wrong> Decoder::difference() { return unzigzag(TRY(number())); }

std::expected<std::span<const u8>, Decoder::Wrong> Decoder::several(std::size_t count) {
    if (count > bytes_.size() - offset_) return std::unexpected(Wrong{"a record has no end"});
    const auto found = bytes_.subspan(offset_, count);
    offset_ += count;
    return found;
}

std::expected<void, Decoder::Wrong> Decoder::read_place(u8 first, Record& record) {
    const bool instruction = record.kind == RecordKind::instruction;
    at_.pc = instruction ? at_.next_pc : at_.pc;
    at_.count = instruction ? at_.next_count : at_.count;
    if ((first & has_pc) != 0) at_.pc += TRY(difference());
    if ((first & has_count) != 0) at_.count += TRY(difference());
    record.place = {at_.pc, at_.count, at_.privilege, at_.code_kind};
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_instruction(u8 first, Record& record) {
    if ((first & has_bytes) != 0) {
        const u8 length = TRY(byte());
        if (length == 0 || length > longest_instruction)
            return std::unexpected(Wrong{"an instruction has an impossible length"});
        record.bytes = code_.remember(at_.pc, TRY(several(length)));
    } else {
        record.bytes = code_.find(at_.pc);
        if (record.bytes.empty()) return std::unexpected(Wrong{"an instruction's bytes were never told"});
    }
    at_.next_pc = at_.pc + record.bytes.size();
    at_.next_count = at_.count + 1;
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_branch(u8 first, Record& record) {
    const auto kind = static_cast<u8>(first >> first_own_bit);
    if (kind > static_cast<u8>(TraceJump::other)) return std::unexpected(Wrong{"a jump is of no known kind"});
    record.jump = static_cast<TraceJump>(kind);
    record.to = at_.pc + TRY(difference());
    at_.next_pc = record.to;
    at_.next_count = at_.count + 1;
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_memory(u8 first, Record& record) {
    record.access.size_bytes = static_cast<u8>(1 << (first >> size_shift));
    record.access.write = (first & is_write) != 0;
    at_.address += TRY(difference());
    record.access.address = at_.address;
    record.access.value = TRY(number());
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_device(u8 first, Record& record) {
    record.access.size_bytes = static_cast<u8>(1 << (first >> size_shift));
    record.access.write = (first & is_write) != 0;
    const u64 device = TRY(number());
    if (device >= devices_.size()) return std::unexpected(Wrong{"a device's name was never told"});
    record.device = devices_[device];
    record.offset = TRY(number());
    record.access.value = TRY(number());
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_trap(Record& record) {
    record.code = TRY(number());
    if (record.kind == RecordKind::exception) record.value = TRY(number());
    record.to = at_.pc + TRY(difference());
    at_.next_pc = record.to;
    at_.next_count = at_.count;
    return {};
}

std::expected<void, Decoder::Wrong> Decoder::read_name() {
    if (devices_.size() == most_names) return std::unexpected(Wrong{"there are too many names of devices"});
    const u8 length = TRY(byte());
    const auto name = TRY(several(length));
    devices_.emplace_back(name.begin(), name.end());
    return {};
}

// False: the record only changes what later ones mean.
std::expected<bool, Decoder::Wrong> Decoder::read(Record& record) {
    const u8 first = TRY(byte());
    record.kind = kind_of(first);
    if (record.kind == RecordKind::privilege) {
        at_.privilege = first >> privilege_shift & privilege_mask;
        at_.code_kind = first >> code_kind_shift;
        return false;
    }
    if (record.kind == RecordKind::name) {
        TRY_STATUS(read_name());
        return false;
    }
    TRY_STATUS(read_place(first, record));
    switch (record.kind) {
    case RecordKind::instruction:
        TRY_STATUS(read_instruction(first, record));
        break;
    case RecordKind::branch:
        TRY_STATUS(read_branch(first, record));
        break;
    case RecordKind::memory:
        TRY_STATUS(read_memory(first, record));
        break;
    case RecordKind::device:
        TRY_STATUS(read_device(first, record));
        break;
    default:
        TRY_STATUS(read_trap(record));
    }
    return true;
}

Result<std::optional<Record>> Decoder::next() {
    while (offset_ != bytes_.size()) {
        const std::size_t begin = offset_;
        Record record;
        const auto shown = read(record);
        if (!shown) {
            offset_ = bytes_.size();
            return error("the record at byte {} of it is damaged: {}", begin, shown.error().why);
        }
        if (*shown) return record;
    }
    return std::nullopt;
}

} // namespace orrery::app::trace
