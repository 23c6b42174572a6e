// The legacy extensions 0 to 8 (SBI 2.0, chapter 5): one value is returned, and hart masks lie in the caller's virtual
// memory.
#include "console.h"
#include "csr.h"
#include "finisher.h"
#include "platform.h"
#include "sbi.h"

enum {
    SET_TIMER,
    CONSOLE_PUTCHAR,
    CONSOLE_GETCHAR,
    CLEAR_IPI,
    SEND_IPI,
    REMOTE_FENCE_I,
    REMOTE_SFENCE_VMA,
    REMOTE_SFENCE_VMA_ASID,
    SHUTDOWN,
};

static bool read_hart_set(const struct sbi_call* call, u32* set) {
    u64 mask = platform.hart_mask;
    if (call->arguments[0] != 0 && !guest_load_u64(call->frame, call->arguments[0], &mask)) return false;
    return sbi_hart_set(mask, 0, set);
}

static enum sbi_error remote(const struct sbi_call* call) {
    u32 set;
    if (!read_hart_set(call, &set)) return SBI_ERR_INVALID_PARAM;
    struct fence_request request = {.start = call->arguments[1], .size = call->arguments[2]};
    switch (call->extension) {
    case SEND_IPI:
        ipi_send(set);
        return SBI_SUCCESS;
    case REMOTE_FENCE_I:
        request.kind = FENCE_INSTRUCTIONS;
        break;
    case REMOTE_SFENCE_VMA:
        request.kind = FENCE_ADDRESSES;
        break;
    default:
        request.kind = FENCE_ADDRESS_SPACE;
        request.asid = call->arguments[3];
        break;
    }
    fence_everywhere(set, &request);
    return SBI_SUCCESS;
}

struct sbi_result ext_legacy(const struct sbi_call* call) {
    const char byte = (char)call->arguments[0];
    switch (call->extension) {
    case SET_TIMER:
        timer_set(this_hart(), call->arguments[0]);
        return sbi_error(SBI_SUCCESS);
    case CONSOLE_PUTCHAR:
        console_write(&byte, 1);
        return sbi_error(SBI_SUCCESS);
    case CONSOLE_GETCHAR:
        return (struct sbi_result){.error = console_read_byte()};
    case CLEAR_IPI:
        csr_clear(CSR_MIP, INTERRUPT_S_SOFTWARE);
        return sbi_error(SBI_SUCCESS);
    case SHUTDOWN:
        finisher_power_off();
    default:
        return sbi_error(remote(call));
    }
}
