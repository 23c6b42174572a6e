// What compilers may call of their own accord.
#include <stddef.h>
#include <stdint.h>

void* memset(void* to, int value, size_t size);

void* memset(void* to, int value, size_t size) {
    uint8_t* bytes = to;
    for (size_t i = 0; i < size; ++i) bytes[i] = (uint8_t)value;
    return to;
}
