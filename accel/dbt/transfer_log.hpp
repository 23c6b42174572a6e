// The last control transfers of a vCPU that C++ has seen. Loops are kept once, with counts, so that what led into one
// is still there after millions of rounds.
#pragma once

#include <array>
#include <vector>

#include "cpu/stuck.hpp"

namespace orrery::dbt {

class TransferLog {
public:
    static constexpr std::size_t longest_loop = 32; // transfers
    // Two rounds of a loop, before they become one, and as much of what led there.
    static constexpr std::size_t capacity = 4 * longest_loop;

    void add(const Transfer& transfer);
    void clear();
    // Oldest first.
    [[nodiscard]] std::vector<Transfer> records() const;

private:
    [[nodiscard]] std::size_t place(std::size_t back) const { return (added_ - back) % capacity; }
    void append(const Transfer& transfer);
    void leave_loop();
    [[nodiscard]] bool repeats(std::size_t length) const;

    std::array<Transfer, capacity> ring_{};
    std::array<u64, capacity> froms_{}; // of `ring_`, to be looked through quickly
    std::size_t added_ = 0;             // where the next goes, modulo the capacity
    std::size_t size_ = 0;
    // While the newest `loop_` records come once more, how many of them have; those aren't appended.
    std::size_t loop_ = 0;
    std::size_t come_ = 0;
};

} // namespace orrery::dbt
