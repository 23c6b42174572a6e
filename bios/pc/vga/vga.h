// What the VGA BIOS's files share.
#pragma once

#include "bios/pc/shared/frame.h"
#include "bios/pc/shared/io.h"
#include "bios/pc/shared/layout.h"

enum memory_kind { memory_text, memory_cga2, memory_cga1, memory_planar, memory_linear };

struct mode {
    u8 number;
    u8 memory;
    u8 columns; // of characters
    u8 rows;
    u8 character_height;
    u8 palette; // which of dac.c's
    u16 segment;
    u16 page_bytes;
    u8 misc;
    u8 sequencer[4];     // from register 1 on
    const u8* crtc;      // 25
    const u8* attribute; // 20
    const u8* graphics;  // 9
};

// The standard mode of a number, or null.
const struct mode* mode_find(u8 number);
const struct mode* mode_current(void);
// Keeps video memory when bit 7 of the number is set. False: there is no such mode.
bool mode_set(u8 number);

enum { crtc_port = 0x3d4 };
void crtc_write(u8 index, u8 value);

// ---- fonts: tables in this segment ----

extern u8 font8[256 * 8];
extern u8 font14[256 * 14];
extern u8 font16[256 * 16];
void fonts_make(void);
// Copies `count` characters of `height` rows into block `block` of plane 2.
void font_load(u16 segment, u16 offset, u32 first, u32 count, u8 height, u8 block);
void font_function(struct frame* f);

// ---- colours ----

void dac_set(u8 palette);
void palette_function(struct frame* f);

// ---- characters and points ----

struct cell {
    u8 character;
    u8 attribute;
};
void cell_write(u8 page, u8 column, u8 row, struct cell cell, bool with_attribute);
struct cell cell_read(u8 page, u8 column, u8 row);
// Positive: up.
void window_scroll(const struct frame* f, bool up);
void point_function(struct frame* f);

void cursor_place(u8 page, u8 column, u8 row);
void teletype(u8 page, u8 character, u8 attribute);

// ---- Bochs' display interface and VBE on top of it ----

void dispi_off(void);
bool dispi_present(void);
void vbe_function(struct frame* f);

// What header.S enters.
void video(struct frame* f);
void initialize(struct frame* f);

static inline u16 own_offset(const void* pointer) { return (u16)(u32)pointer; }
