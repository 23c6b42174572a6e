// Guest memory: a memfd, so that it can be shared with KVM, cloned copy-on-write and mapped twice. Every 4 KiB page has
// a byte of flags by which engines follow stores to pages they have derived something from (translated code).
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

inline constexpr u64 page_shift = 12;
inline constexpr u64 page_size = u64{1} << page_shift;

enum class PageFlag : u8 {
    tracked = 1,  // stores must be reported to the listeners (the page holds translated code)
    writable = 2, // some engine may hold a direct write path to the page, to be dropped before it can be tracked
};

class Ram {
public:
    // `size_bytes` is rounded up to whole pages. Fails when the host refuses the address space.
    static Result<std::unique_ptr<Ram>> create(std::string name, u64 size_bytes);
    ~Ram();
    Ram(const Ram&) = delete;
    Ram& operator=(const Ram&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] u64 size_bytes() const { return size_; }
    [[nodiscard]] u8* host() const { return host_; }
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] std::span<u8> bytes() const { return {host_, size_}; }
    [[nodiscard]] std::atomic<u8>& flags(u64 offset) const { return flags_[offset >> page_shift]; }
    // Gives the host its pages back; every byte reads 0 afterwards.
    void clear();
    // Whether the host holds any data for the page at `offset`: a page that was never written needs no saving.
    [[nodiscard]] bool is_zero_page(u64 offset) const;

private:
    Ram(std::string name, u64 size, int fd, u8* host, std::unique_ptr<std::atomic<u8>[]> flags)
        : name_(std::move(name)), size_(size), fd_(fd), host_(host), flags_(std::move(flags)) {}

    std::string name_;
    u64 size_;
    int fd_;
    u8* host_;
    std::unique_ptr<std::atomic<u8>[]> flags_;
};

} // namespace orrery
