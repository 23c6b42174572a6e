#include "bios/pc/shared/types.h"

void* memcpy(void* to, const void* from, size_t count) {
    void* destination = to;
    __asm__ volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(count) : : "memory");
    return to;
}

void* memset(void* to, int value, size_t count) {
    void* destination = to;
    __asm__ volatile("rep stosb" : "+D"(destination), "+c"(count) : "a"(value) : "memory");
    return to;
}

int memcmp(const void* a, const void* b, size_t count) {
    const u8* left = a;
    const u8* right = b;
    for (size_t i = 0; i < count; ++i)
        if (left[i] != right[i]) return left[i] - right[i];
    return 0;
}

size_t strlen(const char* text) {
    size_t length = 0;
    while (text[length] != 0) ++length;
    return length;
}
