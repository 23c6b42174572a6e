// What a guest's screen shows, for whoever looks at it: a window on a thread of its own, a screenshot. A display is
// asked for a picture under the machine lock, which takes microseconds; the picture is drawn by any thread without it.
#pragma once

#include <memory>
#include <vector>

#include "machine/fabric/types.hpp"

namespace orrery {

// Pixels of 0x00RRGGBB, row by row from the top.
struct Image {
    u32 width = 0;
    u32 height = 0;
    std::vector<u32> pixels;

    // All black; keeps its memory.
    void resize(u32 new_width, u32 new_height) {
        width = new_width;
        height = new_height;
        pixels.assign(std::size_t{width} * height, 0);
    }
    [[nodiscard]] u32* row(u32 y) { return pixels.data() + std::size_t{y} * width; }
    [[nodiscard]] const u32* row(u32 y) const { return pixels.data() + std::size_t{y} * width; }
};

// What was on the screen at one instant. Registers, palette and memory behind device windows are of that instant; a
// frame buffer that CPUs store to directly is read while it is drawn, as a monitor would. Must not outlive its machine.
class Picture {
public:
    virtual ~Picture() = default;
    virtual void draw(Image& image) const = 0;
    // Two pictures of a display with the same number that isn't 0 look the same.
    [[nodiscard]] virtual u64 number() const = 0;
};

class Display {
public:
    virtual ~Display() = default;
    // Machine lock held. Null: what picture `seen` showed is still there.
    virtual std::unique_ptr<Picture> capture(u64 seen = 0) = 0;
};

} // namespace orrery
