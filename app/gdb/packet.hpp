// The remote protocol's framing: bytes to packets, and replies to bytes. "$" payload "#" two digits of checksum.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery::app::gdb {

// What was received and not yet dealt with.
class PacketReader {
public:
    // A longer packet is answered like a damaged one, and dropped.
    static constexpr std::size_t packet_limit_bytes = 2 * MiB;

    enum class Event : u8 { nothing, packet, interrupt, resend, damaged };

    void feed(std::span<const u8> bytes);
    // What comes next. It stays the next until pop().
    [[nodiscard]] Event peek(bool check_sums);
    // Of the packet that peek() told of, until feed() or pop(); escapes not yet undone (and undone in place).
    [[nodiscard]] std::span<char> payload();
    void pop();
    [[nodiscard]] std::size_t buffered_bytes() const { return buffer_.size() - begin_; }

private:
    [[nodiscard]] Event peek_packet(bool check_sums);
    [[nodiscard]] bool skip_oversized();

    std::vector<char> buffer_;
    std::size_t begin_ = 0;   // of the next event
    std::size_t length_ = 0;  // of the next event, frame included; 0: not known yet
    std::size_t scanned_ = 0; // no '#' before
    bool oversized_ = false;  // drop everything up to the '#'
};

// Undoes the escapes of binary data; returns how many bytes are left at the front.
[[nodiscard]] std::size_t unescape(std::span<char> data);
void append_escaped(std::string& out, std::span<const u8> bytes);
void append_escaped(std::string& out, std::string_view text);

// Bytes for the client, framed.
class PacketWriter {
public:
    void acknowledge(bool good) { buffer_ += good ? '+' : '-'; }
    // A reply is what is appended to text() between begin() and end().
    void begin();
    [[nodiscard]] std::string& text() { return buffer_; }
    void end();
    void packet(std::string_view payload);
    // With remember(true) the last packet can be sent again.
    void remember(bool on) { remember_ = on; }
    void resend();

    [[nodiscard]] std::string_view waiting() const { return std::string_view(buffer_).substr(sent_); }
    void sent(std::size_t bytes);
    [[nodiscard]] std::size_t held_bytes() const { return buffer_.size(); }

private:
    std::string buffer_;
    std::string last_;
    std::size_t sent_ = 0;
    std::size_t payload_start_ = 0;
    bool remember_ = true;
};

} // namespace orrery::app::gdb
