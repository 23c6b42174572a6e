// State is declared once per component, as `static constexpr void fields(auto& s, auto&& f) { f("ier", s.ier); … }` on a
// plain struct. `visit` walks that declaration for a StateVisitor: saving, restoring, inspecting, comparing and the
// golden schema are all visitors over the same declaration, so that none of them can miss a field.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "machine/fabric/types.hpp"

namespace orrery {

enum class ScalarType : u8 { boolean, unsigned8, unsigned16, unsigned32, unsigned64, signed32, signed64 };

std::string_view name(ScalarType type);
std::size_t size_bytes(ScalarType type);

class StateVisitor {
public:
    virtual ~StateVisitor() = default;
    virtual void enter(std::string_view name) = 0;
    virtual void leave() = 0;
    // `storage` points at `count` values of `type`, one after another. A scalar has count 1.
    virtual void scalars(std::string_view name, ScalarType type, void* storage, std::size_t count) = 0;
    // A sequence whose length is state too. A visitor that restores resizes it, never beyond `limit` elements;
    // the new length is returned.
    virtual std::size_t length(std::string_view name, std::size_t current, std::size_t limit) = 0;
};

template <typename T>
concept HasFields = requires(T& value) { std::remove_cvref_t<T>::fields(value, [](std::string_view, auto&) {}); };

// A vector whose restored length may not exceed `limit` elements. Queues that a guest fills are of this type.
template <typename T, std::size_t limit> struct BoundedVector : std::vector<T> {
    using std::vector<T>::vector;
    static constexpr std::size_t length_limit = limit;
    [[nodiscard]] bool full() const { return this->size() >= limit; }
};

namespace detail {

template <typename T> constexpr ScalarType scalar_type() {
    if constexpr (std::is_same_v<T, bool>) return ScalarType::boolean;
    else if constexpr (std::is_enum_v<T>) return scalar_type<std::underlying_type_t<T>>();
    else if constexpr (sizeof(T) == 1) return ScalarType::unsigned8;
    else if constexpr (sizeof(T) == 2) return ScalarType::unsigned16;
    else if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? ScalarType::signed32 : ScalarType::unsigned32;
    else return std::is_signed_v<T> ? ScalarType::signed64 : ScalarType::unsigned64;
}

template <typename T> constexpr bool is_scalar = std::is_integral_v<T> || std::is_enum_v<T>;
template <typename T> struct ArrayTraits : std::false_type {};
template <typename T, std::size_t n> struct ArrayTraits<std::array<T, n>> : std::true_type {
    using Element = T;
};
template <typename T> struct BoundedTraits : std::false_type {};
template <typename T, std::size_t n> struct BoundedTraits<BoundedVector<T, n>> : std::true_type {
    using Element = T;
};

} // namespace detail

template <typename T> void visit(StateVisitor& visitor, std::string_view name, T& value) {
    if constexpr (detail::is_scalar<T>) {
        visitor.scalars(name, detail::scalar_type<T>(), &value, 1);
    } else if constexpr (detail::ArrayTraits<T>::value) {
        using Element = typename detail::ArrayTraits<T>::Element;
        if constexpr (detail::is_scalar<Element>) {
            visitor.scalars(name, detail::scalar_type<Element>(), value.data(), value.size());
        } else {
            for (std::size_t i = 0; i < value.size(); ++i) visit(visitor, fmt::format("{}[{}]", name, i), value[i]);
        }
    } else if constexpr (detail::BoundedTraits<T>::value) {
        using Element = typename detail::BoundedTraits<T>::Element;
        value.resize(visitor.length(name, value.size(), T::length_limit));
        if constexpr (detail::is_scalar<Element> && !std::is_same_v<Element, bool>) {
            visitor.scalars(name, detail::scalar_type<Element>(), value.data(), value.size());
        } else {
            for (std::size_t i = 0; i < value.size(); ++i) visit(visitor, fmt::format("{}[{}]", name, i), value[i]);
        }
    } else {
        static_assert(HasFields<T>, "a state member is a scalar, an array, a BoundedVector or a struct with fields()");
        visitor.enter(name);
        T::fields(value, [&](std::string_view field, auto& member) { visit(visitor, field, member); });
        visitor.leave();
    }
}

// Visits the members of `state` without a level of their own.
template <HasFields T> void visit_fields(StateVisitor& visitor, T& state) {
    T::fields(state, [&](std::string_view field, auto& member) { visit(visitor, field, member); });
}

// Writes values little-endian, one after another.
class SaveVisitor final : public StateVisitor {
public:
    explicit SaveVisitor(std::vector<u8>& out) : out_(out) {}
    void enter(std::string_view) override {}
    void leave() override {}
    void scalars(std::string_view name, ScalarType type, void* storage, std::size_t count) override;
    std::size_t length(std::string_view name, std::size_t current, std::size_t limit) override;

private:
    std::vector<u8>& out_;
};

// Reads what a SaveVisitor wrote. A short or impossible input leaves the rest untouched and sets failed().
class RestoreVisitor final : public StateVisitor {
public:
    explicit RestoreVisitor(std::span<const u8> in) : in_(in) {}
    void enter(std::string_view) override {}
    void leave() override {}
    void scalars(std::string_view name, ScalarType type, void* storage, std::size_t count) override;
    std::size_t length(std::string_view name, std::size_t current, std::size_t limit) override;
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return in_.empty(); }

private:
    std::span<const u8> in_;
    bool failed_ = false;
};

// One line per value: its dotted path, its type and its value in hexadecimal.
struct StateLine {
    std::string path;
    ScalarType type;
    std::size_t count;
    std::string value;
};

class InspectVisitor final : public StateVisitor {
public:
    explicit InspectVisitor(std::string prefix = {}) : prefix_(std::move(prefix)) {}
    void enter(std::string_view name) override;
    void leave() override;
    void scalars(std::string_view name, ScalarType type, void* storage, std::size_t count) override;
    std::size_t length(std::string_view name, std::size_t current, std::size_t limit) override;
    [[nodiscard]] const std::vector<StateLine>& lines() const { return lines_; }

private:
    [[nodiscard]] std::string path(std::string_view name) const;

    std::string prefix_;
    std::vector<std::size_t> levels_;
    std::vector<StateLine> lines_;
};

} // namespace orrery
