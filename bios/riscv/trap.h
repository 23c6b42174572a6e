// The registers of an interrupted guest, as trap_entry in start.S saves them.
#pragma once

#include "hart_layout.h"
#include "types.h"

enum { REGISTER_A0 = 10, REGISTER_A1 = 11, REGISTER_A6 = 16, REGISTER_A7 = 17 };

struct trap_frame {
    u64 x[32]; // x[0] is not used
    u64 epc;
    u64 status;
};

_Static_assert(offsetof(struct trap_frame, epc) == FRAME_EPC, "hart_layout.h");
_Static_assert(offsetof(struct trap_frame, status) == FRAME_STATUS, "hart_layout.h");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "hart_layout.h");

// Reads guest memory with the interrupted mode's translation and permissions; false if that faults.
bool guest_load_u64(const struct trap_frame* frame, u64 address, u64* value);
