// Video memory that vCPUs store to while it is read: single loads and stores that never tear a pixel's word, so that
// the thread that draws needs no lock. `at` and the length are within the memory.
#pragma once

#include <cstring>
#include <span>

#include "machine/fabric/types.hpp"

namespace orrery::vga {

inline u8 load_live(std::span<const u8> memory, u64 at) {
    return __atomic_load_n(memory.data() + at, __ATOMIC_RELAXED);
}

inline void store_live(std::span<u8> memory, u64 at, u8 value) {
    __atomic_store_n(memory.data() + at, value, __ATOMIC_RELAXED);
}

// Memory begins at a page, so multiples of eight are aligned.
inline void copy_live(std::span<const u8> memory, u64 at, std::span<u8> out) {
    u64 done = 0;
    while (done < out.size()) {
        if ((at + done) % 8 == 0 && out.size() - done >= 8) {
            const u64 word = __atomic_load_n(reinterpret_cast<const u64*>(memory.data() + at + done), __ATOMIC_RELAXED);
            std::memcpy(out.data() + done, &word, 8);
            done += 8;
        } else {
            out[done] = load_live(memory, at + done);
            ++done;
        }
    }
}

} // namespace orrery::vga
