// Errors as values. A host, file or user failure is a `Result<T>`; its `Error` carries the chain of what was being
// attempted, outermost last, and prints as one sentence. A bug of ours is an ORRERY_ASSERT.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace orrery {

class Error {
public:
    explicit Error(std::string message) : message_(std::move(message)) {}

    // The same error seen from one level further out: "opening the disk: disk.img: permission denied".
    [[nodiscard]] Error in(std::string_view context) const { return Error(fmt::format("{}: {}", context, message_)); }

    [[nodiscard]] const std::string& message() const { return message_; }

private:
    std::string message_;
};

template <typename T> using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

// error("cannot open {}: {}", path, reason): the failing side of any Result.
template <typename... Args> std::unexpected<Error> error(fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error(fmt::format(format, std::forward<Args>(args)...)));
}

// The text of an errno value, thread-safe.
std::string errno_text(int number);

[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file, int line);

} // namespace orrery

// TRY(expression): the value of a Result, or return its error from the enclosing function.
#define ORRERY_TRY(expression)                                                                                         \
    ({                                                                                                                 \
        auto orrery_try_result = (expression);                                                                         \
        if (!orrery_try_result) return std::unexpected(std::move(orrery_try_result).error());                          \
        *std::move(orrery_try_result);                                                                                 \
    })
#define TRY(expression) ORRERY_TRY(expression)

// The same for a Status, which has no value.
#define TRY_STATUS(expression)                                                                                         \
    do {                                                                                                               \
        if (auto orrery_try_status = (expression); !orrery_try_status)                                                 \
            return std::unexpected(std::move(orrery_try_status).error());                                              \
    } while (false)

// A condition that only a bug of ours can break.
#define ORRERY_ASSERT(condition, why)                                                                                  \
    (static_cast<bool>(condition) ? void() : ::orrery::assertion_failed(#condition, why, __FILE__, __LINE__))
