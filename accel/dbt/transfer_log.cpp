#include "accel/dbt/transfer_log.hpp"

#include <algorithm>
#include <utility>

namespace orrery::dbt {
namespace {

bool alike(const Transfer& a, const Transfer& b) {
    return a.from == b.from && a.to == b.to && a.kind == b.kind && a.code == b.code;
}

} // namespace

void TransferLog::clear() { size_ = loop_ = come_ = 0; }

// Whether the last `length` records are those before them once more.
bool TransferLog::repeats(std::size_t length) const {
    for (std::size_t i = 1; i <= length; ++i)
        if (!alike(ring_[place(i)], ring_[place(i + length)])) return false;
    return true;
}

void TransferLog::append(const Transfer& transfer) {
    loop_ = 0;
    ring_[added_ % capacity] = transfer;
    froms_[added_ % capacity] = transfer.from;
    ++added_;
    size_ = std::min(size_ + 1, capacity);
    for (std::size_t length = 1; length <= longest_loop && 2 * length <= size_; ++length) {
        if (froms_[place(1 + length)] != transfer.from || !repeats(length)) continue;
        for (std::size_t i = 1; i <= length; ++i) ring_[place(i + length)].count += ring_[place(i)].count;
        added_ -= length;
        size_ -= length;
        loop_ = length;
        return;
    }
}

void TransferLog::add(const Transfer& transfer) {
    if (loop_ != 0 && alike(ring_[place(loop_ - come_)], transfer)) {
        if (++come_ < loop_) return;
        for (std::size_t i = 1; i <= loop_; ++i) ++ring_[place(i)].count;
        come_ = 0;
        return;
    }
    if (come_ != 0) leave_loop();
    append(transfer);
}

// In the middle of a round.
void TransferLog::leave_loop() {
    std::vector<Transfer> begun = records();
    begun.erase(begun.begin(), begun.end() - static_cast<std::ptrdiff_t>(come_));
    come_ = 0;
    for (const Transfer& transfer : begun) append(transfer);
}

std::vector<Transfer> TransferLog::records() const {
    std::vector<Transfer> records;
    for (std::size_t i = size_; i > 0; --i) records.push_back(ring_[place(i)]);
    for (std::size_t i = 0; i < come_; ++i) {
        records.push_back(ring_[place(loop_ - i)]);
        records.back().count = 1;
    }
    return records;
}

} // namespace orrery::dbt
