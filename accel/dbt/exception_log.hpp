// The last exceptions that a vCPU delivered, and whether they show a guest that will never get anywhere. Runs only when
// an exception is delivered, never in translated code.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "cpu/frontend.hpp"
#include "cpu/stuck.hpp"

namespace orrery::dbt {

class ExceptionLog {
public:
    static constexpr u64 capacity = 32;
    // Long enough that no guest which works comes near: one that probes memory by exceptions stays below.
    static constexpr u32 retries_of_a_loop = 1 << 16;
    static constexpr u32 nested_of_a_loop = 1 << 18;
    static constexpr u32 retries_between_looks = 64;

    // `returned` is where and how often handlers have returned; `fingerprint` is asked for seldom and stands for all
    // registers.
    template <typename Fingerprint>
    std::optional<StuckKind> add(const ExceptionRecord& exception, HandlerReturn returned, Fingerprint fingerprint) {
        const bool again = exception.pc == last_.pc && exception.code == last_.code;
        const bool retried = again && returned.count != returned_.count && returned.pc == exception.pc;
        const bool nested = again && returned.count == returned_.count;
        returned_ = returned;
        last_ = exception;
        remember(exception);
        nested_ = nested ? nested_ + 1 : 0;
        retries_ = retried ? retries_ + 1 : 0;
        if (retries_ % retries_between_looks == 1) {
            const u64 now = fingerprint();
            if (retries_ != 1 && now != fingerprint_) retries_ = 1;
            fingerprint_ = now;
        }
        if (retries_ >= retries_of_a_loop) return forget(StuckKind::retry);
        if (nested_ >= nested_of_a_loop) return forget(StuckKind::nest);
        return std::nullopt;
    }
    // Oldest first.
    [[nodiscard]] std::vector<ExceptionRecord> records() const;

private:
    void remember(const ExceptionRecord& exception);
    StuckKind forget(StuckKind kind) {
        retries_ = 0;
        nested_ = 0;
        return kind;
    }

    std::array<ExceptionRecord, capacity> ring_{};
    u64 added_ = 0; // records, ever
    ExceptionRecord last_;
    HandlerReturn returned_;
    u64 fingerprint_ = 0;
    u32 retries_ = 0;
    u32 nested_ = 0;
};

} // namespace orrery::dbt
