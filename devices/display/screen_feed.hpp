// A display as a thread outside the machine sees it. The thread asks for a picture, goes on with its own work, and
// later draws what has come: neither it nor a vCPU waits for the other.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "devices/display/display.hpp"
#include "machine/fabric/event_loop.hpp"

namespace orrery {

struct RowRange {
    u32 first = 0;
    u32 end = 0;
    constexpr bool operator==(const RowRange&) const = default;
};

// Used by one thread. The display and the event loop outlive what has been requested, not necessarily the feed.
class ScreenFeed {
public:
    ScreenFeed(Display& display, EventLoop& loop);

    // Posts to the event loop, unless a picture is on its way already.
    void request();
    // Draws the picture that has come, if any. The rows that differ from before, all if the size does; empty: none.
    std::optional<RowRange> update();
    [[nodiscard]] const Image& image() const { return image_; }

private:
    struct Mailbox {
        std::mutex mutex;
        bool requested = false;
        std::unique_ptr<Picture> picture;
    };

    Display& display_;
    EventLoop& loop_;
    std::shared_ptr<Mailbox> mailbox_; // shared with work that is still posted when the feed ends
    u64 seen_ = 0;
    Image image_;
    Image next_;
};

// The rows in which two images differ, all of them if their sizes do.
std::optional<RowRange> changed_rows(const Image& before, const Image& after);

} // namespace orrery
