// What assembly must know of struct hart and struct trap_frame; hart.h checks every number against the C layout.
#pragma once

#define HART_COUNT_MAX 8
#define HART_STACK_SHIFT 12 // 4 KiB of stack for each hart
#define HART_SIZE_SHIFT 8   // sizeof(struct hart) is 256, so an index becomes an offset by shifting

#define HART_STACK_TOP 0
#define HART_SAVED_SP 8
#define HART_SAVED_T0 16
#define HART_ID 24

#define FRAME_EPC 256
#define FRAME_STATUS 264
#define FRAME_SIZE 272
