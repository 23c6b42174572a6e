#include "bios/pc/shared/frame.h"

void far_copy(u16 to_segment, u16 to, u16 from_segment, u16 from, u16 count) {
    u32 destination = to;
    u32 source = from;
    u32 left = count;
    __asm__ volatile("pushw %%es\n"
                     "pushw %%ds\n"
                     "movw %w3, %%es\n"
                     "movw %w4, %%ds\n"
                     "rep movsb\n"
                     "popw %%ds\n"
                     "popw %%es\n"
                     : "+D"(destination), "+S"(source), "+c"(left)
                     : "r"((u32)to_segment), "r"((u32)from_segment)
                     : "memory");
}
