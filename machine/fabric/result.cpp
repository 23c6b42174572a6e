#include "machine/fabric/result.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace orrery {

std::string errno_text(int number) {
    char buffer[128];
    return ::strerror_r(number, buffer, sizeof buffer);
}

void assertion_failed(const char* condition, const char* why, const char* file, int line) {
    std::fprintf(stderr, "orrery: internal error at %s:%d: %s (%s). This is a bug in orrery; please report it.\n", file,
                 line, why, condition);
    std::abort();
}

} // namespace orrery
