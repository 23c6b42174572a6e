#include "app/trace/encoder.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace orrery::app::trace {
namespace {

u8 access_flags(u8 size_bytes, bool write) {
    const auto size_log2 = static_cast<u32>(std::countr_zero(size_bytes));
    return static_cast<u8>(size_log2 << size_shift | (write ? is_write : 0));
}

} // namespace

// LEB128: seven bits a byte, the lowest first, the top bit set on all but the last.
void Encoder::put(u64 value) {
    while (value >= 0x80) {
        bytes_.push_back(static_cast<u8>(value | 0x80));
        value >>= 7;
    }
    bytes_.push_back(static_cast<u8>(value));
}

void Encoder::begin(RecordKind kind, u8 flags, const TracePlace& place) {
    if (place.privilege != at_.privilege || place.code_kind != at_.code_kind) {
        at_.privilege = place.privilege;
        at_.code_kind = place.code_kind;
        bytes_.push_back(static_cast<u8>(std::to_underlying(RecordKind::privilege) |
                                         place.privilege << privilege_shift | place.code_kind << code_kind_shift));
    }
    const bool instruction = kind == RecordKind::instruction;
    const u64 pc = place.pc - (instruction ? at_.next_pc : at_.pc);
    const u64 count = place.retired - (instruction ? at_.next_count : at_.count);
    bytes_.push_back(
        static_cast<u8>(std::to_underlying(kind) | flags | (pc != 0 ? has_pc : 0) | (count != 0 ? has_count : 0)));
    if (pc != 0) put_signed(pc);
    if (count != 0) put_signed(count);
    at_.pc = place.pc;
    at_.count = place.retired;
    ++records_;
    least_count_ = std::min(least_count_, place.retired);
    most_count_ = std::max(most_count_, place.retired);
}

void Encoder::instruction(const TracePlace& place, std::span<const u8> bytes) {
    const bool known = std::ranges::equal(code_.find(place.pc), bytes);
    begin(RecordKind::instruction, known ? 0 : has_bytes, place);
    if (!known) {
        const auto kept = code_.remember(place.pc, bytes);
        bytes_.push_back(static_cast<u8>(kept.size()));
        bytes_.insert(bytes_.end(), kept.begin(), kept.end());
    }
    at_.next_pc = place.pc + bytes.size();
    at_.next_count = place.retired + 1;
}

void Encoder::branch(const TracePlace& place, TraceJump kind, u64 to) {
    begin(RecordKind::branch, static_cast<u8>(std::to_underlying(kind) << first_own_bit), place);
    put_signed(to - place.pc);
    at_.next_pc = to;
    at_.next_count = place.retired + 1;
}

void Encoder::memory(const TracePlace& place, const TraceAccess& access) {
    begin(RecordKind::memory, access_flags(access.size_bytes, access.write), place);
    put_signed(access.address - at_.address);
    put(access.value);
    at_.address = access.address;
}

// A name is defined by a record before its first use in the block.
u64 Encoder::number_of_device(std::string_view name) {
    name = name.substr(0, longest_name);
    if (const auto found = devices_.find(name); found != devices_.end()) return found->second;
    bytes_.push_back(std::to_underlying(RecordKind::name));
    bytes_.push_back(static_cast<u8>(name.size()));
    bytes_.insert(bytes_.end(), name.begin(), name.end());
    return devices_.emplace(name, devices_.size()).first->second;
}

void Encoder::device(const TracePlace& place, const TraceDeviceAccess& access) {
    const u64 number = number_of_device(access.window);
    begin(RecordKind::device, access_flags(access.size_bytes, access.write), place);
    put(number);
    put(access.offset);
    put(access.value);
}

void Encoder::exception(const TracePlace& place, u64 code, u64 value, u64 to) {
    begin(RecordKind::exception, 0, place);
    put(code);
    put(value);
    put_signed(to - place.pc);
    at_.next_pc = to;
    at_.next_count = place.retired;
}

void Encoder::interrupt(const TracePlace& place, u64 code, u64 to) {
    begin(RecordKind::interrupt, 0, place);
    put(code);
    put_signed(to - place.pc);
    at_.next_pc = to;
    at_.next_count = place.retired;
}

void Encoder::clear() {
    bytes_.clear();
    at_ = {};
    code_.forget();
    devices_.clear();
    records_ = 0;
    least_count_ = ~u64{0};
    most_count_ = 0;
}

} // namespace orrery::app::trace
