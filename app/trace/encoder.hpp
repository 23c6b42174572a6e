// Codes what one CPU does as the records of one block. README.md has the format.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/trace/record.hpp"

namespace orrery::app::trace {

class Encoder {
public:
    Encoder() { bytes_.reserve(block_bytes + 1024); }

    void instruction(const TracePlace& place, std::span<const u8> bytes);
    void branch(const TracePlace& place, TraceJump kind, u64 to);
    void memory(const TracePlace& place, const TraceAccess& access);
    void device(const TracePlace& place, const TraceDeviceAccess& access);
    void exception(const TracePlace& place, u64 code, u64 value, u64 to);
    void interrupt(const TracePlace& place, u64 code, u64 to);

    // ---- the block so far
    [[nodiscard]] bool full() const { return bytes_.size() >= block_bytes; }
    [[nodiscard]] bool empty() const { return records_ == 0; }
    [[nodiscard]] std::span<const u8> bytes() const { return bytes_; }
    [[nodiscard]] u32 records() const { return records_; }
    [[nodiscard]] u64 least_count() const { return least_count_; }
    [[nodiscard]] u64 most_count() const { return most_count_; }
    void clear();

private:
    void begin(RecordKind kind, u8 flags, const TracePlace& place);
    void put(u64 value);
    void put_signed(u64 difference) { put(zigzag(difference)); }
    u64 number_of_device(std::string_view name);

    std::vector<u8> bytes_;
    Position at_;
    CodeMemory code_;
    std::map<std::string, u64, std::less<>> devices_;
    u32 records_ = 0;
    u64 least_count_ = ~u64{0};
    u64 most_count_ = 0;
};

} // namespace orrery::app::trace
