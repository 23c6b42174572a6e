#include "bios/pc/post/real_mode.h"

void far_call(u16 segment, u16 offset, struct registers* r) {
    shared.real = *r;
    shared.real.cs = segment;
    shared.real.ip = offset;
    void (*call_real)(void) = (void (*)(void))(SERVICES_BASE + shared.call_real);
    call_real();
    *r = shared.real;
}

void interrupt(u8 vector, struct registers* r) {
    const volatile u16* entry = (const volatile u16*)((u32)vector * 4);
    far_call(entry[1], entry[0], r);
}

void call_service(enum service service, struct registers* r) {
    far_call(SERVICES_SEGMENT, (u16)shared.entries[service], r);
}

void await_interrupt(void) {
    struct registers r = {0};
    call_service(service_idle, &r);
}
