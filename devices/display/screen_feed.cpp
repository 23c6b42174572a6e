#include "devices/display/screen_feed.hpp"

#include <algorithm>

namespace orrery {

ScreenFeed::ScreenFeed(Display& display, EventLoop& loop)
    : display_(display), loop_(loop), mailbox_(std::make_shared<Mailbox>()) {}

void ScreenFeed::request() {
    {
        const std::lock_guard guard(mailbox_->mutex);
        if (mailbox_->requested) return;
        mailbox_->requested = true;
    }
    loop_.post([mailbox = mailbox_, &display = display_, seen = seen_] {
        std::unique_ptr<Picture> picture = display.capture(seen);
        const std::lock_guard guard(mailbox->mutex);
        mailbox->requested = false;
        if (picture) mailbox->picture = std::move(picture);
    });
}

std::optional<RowRange> ScreenFeed::update() {
    std::unique_ptr<Picture> picture;
    {
        const std::lock_guard guard(mailbox_->mutex);
        picture = std::move(mailbox_->picture);
    }
    if (!picture) return std::nullopt;
    seen_ = picture->number();
    picture->draw(next_);
    const auto changed = changed_rows(image_, next_);
    std::swap(image_, next_);
    return changed;
}

std::optional<RowRange> changed_rows(const Image& before, const Image& after) {
    if (before.width != after.width || before.height != after.height) return RowRange{0, after.height};
    const auto same = [&](u32 y) { return std::equal(after.row(y), after.row(y) + after.width, before.row(y)); };
    u32 first = 0, end = after.height;
    while (first < end && same(first)) ++first;
    while (end > first && same(end - 1)) --end;
    if (first == end) return std::nullopt;
    return RowRange{first, end};
}

} // namespace orrery
