#include "accel/dbt/exception_log.hpp"

#include <algorithm>

namespace orrery::dbt {
void ExceptionLog::remember(const ExceptionRecord& exception) {
    for (u64 back = 1; back <= std::min<u64>(added_, longest_cycle); ++back) {
        ExceptionRecord& known = ring_[(added_ - back) % capacity];
        if (known.pc != exception.pc || known.code != exception.code) continue;
        const u64 count = known.count + 1;
        known = exception;
        known.count = count;
        return;
    }
    ring_[added_++ % capacity] = exception;
}

std::vector<ExceptionRecord> ExceptionLog::records() const {
    std::vector<ExceptionRecord> records;
    for (u64 i = added_ - std::min(added_, capacity); i < added_; ++i) records.push_back(ring_[i % capacity]);
    return records;
}

} // namespace orrery::dbt
