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
    static constexpr u32 longest_cycle = 8; // exceptions that take turns
    // Long enough that no guest which works comes near: one that probes memory by exceptions stays below.
    static constexpr u32 retries_of_a_loop = 1 << 16;
    static constexpr u32 nested_of_a_loop = 1 << 18;
    static constexpr u32 retries_between_looks = 64;

    // `returned` is where and how often handlers have returned; `fingerprint` is asked for seldom and stands for all
    // registers.
    template <typename Fingerprint>
    std::optional<StuckKind> add(const ExceptionRecord& exception, HandlerReturn returned, Fingerprint fingerprint) {
        const bool none_returned = returned.count == returned_.count;
        const bool returned_here = !none_returned && returned.pc == exception.pc;
        returned_ = returned;
        remember(exception);
        nested_.add(exception, none_returned);
        retried_.add(exception, returned_here);
        if (retried_.begins_anew() && retried_.rounds % retries_between_looks == 1) {
            const u64 now = fingerprint();
            if (retried_.rounds != 1 && now != fingerprint_) retried_.rounds = 1;
            fingerprint_ = now;
        }
        if (retried_.rounds >= retries_of_a_loop)
            return forget(retried_.length == 1 ? StuckKind::retry : StuckKind::chase);
        if (nested_.rounds >= nested_of_a_loop) return forget(StuckKind::nest);
        return std::nullopt;
    }
    // Oldest first.
    [[nodiscard]] std::vector<ExceptionRecord> records() const;

private:
    void remember(const ExceptionRecord& exception);
    StuckKind forget(StuckKind kind) {
        retried_.rounds = 0;
        nested_.rounds = 0;
        return kind;
    }
    // Counts how often in an unbroken row an exception comes again, others between them or not.
    struct Cycle {
        u64 pc = 0;
        u64 code = 0;
        u32 rounds = 0;
        u32 length = 0;            // exceptions in the last round
        u32 since = longest_cycle; // exceptions in this one; at first there is none

        void add(const ExceptionRecord& exception, bool row_goes_on) {
            ++since;
            const bool first = exception.pc == pc && exception.code == code;
            if (row_goes_on && !first && since < longest_cycle) return;
            rounds = row_goes_on && first ? rounds + 1 : 0;
            length = since;
            since = 0;
            pc = exception.pc;
            code = exception.code;
        }
        [[nodiscard]] bool begins_anew() const { return since == 0; }
    };

    std::array<ExceptionRecord, capacity> ring_{};
    u64 added_ = 0; // records, ever
    HandlerReturn returned_;
    Cycle retried_;       // exceptions at the very place that a handler returned to
    Cycle nested_;        // without a handler's return
    u64 fingerprint_ = 0; // of all registers when `retried_` was looked at last
};

} // namespace orrery::dbt
