#include "devices/host/host_entropy.hpp"

#include <cerrno>

#include <sys/random.h>

#include "machine/fabric/result.hpp"

namespace orrery {

void HostEntropy::fill(std::span<u8> out) {
    while (!out.empty()) {
        const ssize_t got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        ORRERY_ASSERT(got > 0, "every kernel since 3.17 has getrandom");
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

} // namespace orrery
