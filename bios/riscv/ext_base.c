// Base extension (SBI 2.0, chapter 4).
#include "csr.h"
#include "sbi.h"

enum { GET_SPEC_VERSION, GET_IMPL_ID, GET_IMPL_VERSION, PROBE_EXTENSION, GET_MVENDORID, GET_MARCHID, GET_MIMPID };

#define SPEC_VERSION_2_0 (2u << 24)
#define IMPLEMENTATION_ID 0x4f525259 // "ORRY": outside the range the specification has given out

struct sbi_result ext_base(const struct sbi_call* call) {
    switch (call->function) {
    case GET_SPEC_VERSION:
        return sbi_value(SPEC_VERSION_2_0);
    case GET_IMPL_ID:
        return sbi_value(IMPLEMENTATION_ID);
    case GET_IMPL_VERSION:
        return sbi_value(FIRMWARE_VERSION_NUMBER);
    case PROBE_EXTENSION:
        return sbi_value(sbi_extension_exists(call->arguments[0]));
    case GET_MVENDORID:
        return sbi_value(csr_read(CSR_MVENDORID));
    case GET_MARCHID:
        return sbi_value(csr_read(CSR_MARCHID));
    case GET_MIMPID:
        return sbi_value(csr_read(CSR_MIMPID));
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
}
