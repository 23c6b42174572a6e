// The image: the VGA BIOS, 64 KiB that nobody uses, POST, the services (layout.h).
#include "bios/pc/shared/layout.h"

    .section .rom, "a"
rom:
    .incbin VGA_IMAGE
    .org rom + 2 * ROM_PART_BYTES, 0xff
    .incbin POST_IMAGE
    .org rom + 3 * ROM_PART_BYTES, 0xff
    .incbin SERVICES_IMAGE
    .org rom + 4 * ROM_PART_BYTES, 0xff
