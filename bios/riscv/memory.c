// The memory functions the compiler emits calls to, and string comparison.
#include "types.h"

void* memcpy(void* to, const void* from, size_t count) { return memmove(to, from, count); }

void* memmove(void* to, const void* from, size_t count) {
    u8* target = to;
    const u8* source = from;
    if (target < source) {
        for (size_t i = 0; i < count; ++i) target[i] = source[i];
    } else {
        while (count-- > 0) target[count] = source[count];
    }
    return to;
}

void* memset(void* to, int value, size_t count) {
    u8* target = to;
    for (size_t i = 0; i < count; ++i) target[i] = (u8)value;
    return to;
}

bool strings_equal(const char* a, const char* b) {
    while (*a != 0 && *a == *b) ++a, ++b;
    return *a == *b;
}
