// System reset extension (SBI 2.0, chapter 10).
#include "finisher.h"
#include "sbi.h"

enum { SYSTEM_RESET };
enum { RESET_SHUTDOWN, RESET_COLD_REBOOT, RESET_WARM_REBOOT };
enum { REASON_NONE, REASON_SYSTEM_FAILURE };

#define VENDOR_REASON_FIRST 0xe0000000
#define VENDOR_TYPE_FIRST 0xf0000000

struct sbi_result ext_srst(const struct sbi_call* call) {
    if (call->function != SYSTEM_RESET) return sbi_error(SBI_ERR_NOT_SUPPORTED);
    const u64 type = call->arguments[0];
    const u64 reason = call->arguments[1];
    const bool vendor_reason = reason >= VENDOR_REASON_FIRST && reason <= 0xffffffff;
    if (reason > REASON_SYSTEM_FAILURE && !vendor_reason) return sbi_error(SBI_ERR_INVALID_PARAM);
    switch (type) {
    case RESET_SHUTDOWN:
        if (reason == REASON_SYSTEM_FAILURE) finisher_fail(FAILURE_GUEST);
        finisher_power_off();
    case RESET_COLD_REBOOT:
    case RESET_WARM_REBOOT:
        finisher_restart();
    default:
        return sbi_error(type >= VENDOR_TYPE_FIRST && type <= 0xffffffff ? SBI_ERR_NOT_SUPPORTED
                                                                         : SBI_ERR_INVALID_PARAM);
    }
}
