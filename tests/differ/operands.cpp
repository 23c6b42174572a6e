#include "tests/differ/operands.hpp"

#include <array>

#include "tests/differ/layout.hpp"

namespace orrery::test::differ {
namespace {

constexpr u64 box = 0xffff'ffff'0000'0000;

constexpr std::array<u64, 40> special{
    0, 1, 2, 3, ~u64{0}, ~u64{1}, 0x7fff'ffff'ffff'ffff, 0x8000'0000'0000'0000, 0x8000'0000'0000'0001, 0x7fff'ffff,
    0x8000'0000, 0xffff'ffff, 0xffff'ffff'8000'0000, 0xffff'ffff'7fff'ffff, 0x1'0000'0000, 63, 64, 31, 32,
    // binary64: 0, 1, infinities, NaNs, least and greatest of each kind, halves at the rounding edge
    0x3ff0'0000'0000'0000, 0xbff0'0000'0000'0000, 0x7ff0'0000'0000'0000, 0xfff0'0000'0000'0000, 0x7ff8'0000'0000'0000,
    0x7ff0'0000'0000'0001, 0xfff8'0000'0000'1234, 0x0010'0000'0000'0000, 0x000f'ffff'ffff'ffff, 0x7fef'ffff'ffff'ffff,
    0x3fe0'0000'0000'0000, 0x43e0'0000'0000'0000,
    // binary32 and binary16, boxed
    box | 0x3f80'0000, box | 0x7f80'0000, box | 0xff80'0000, box | 0x7fc0'0000, box | 0x7f80'0001, box | 0x0080'0000,
    box | 0x0000'0001, box | 0x7f7f'ffff, box | 0xffff'7e00};

} // namespace

u64 random_operand(Random& random) {
    switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
        return random.among<u64>(special);
    case 3:
        return (u64{1} << random.below(64)) - 1 + random.below(3);
    case 4:
        return ~u64{0} << random.below(64);
    case 5:
        return random.below(256);
    case 6:
        return box | random.next();
    default:
        return random.next();
    }
}

u64 random_pointer(Random& random) {
    const u64 data_pages = ram_pages - code_pages;
    const u64 page = code_end + random.below(data_pages) * page_size;
    switch (random.below(20)) {
    case 0:
        return ram_base + random.below(code_end - ram_base);
    case 1:
    case 2:
    case 3:
    case 4:
        return page + page_size - 1 - random.below(8);
    case 5:
        return ram_end - 1 - random.below(16);
    case 6:
        return rom_base + random.below(rom_size);
    case 7:
        return device_base + random.below(2) * page_size + port::lines + random.below(0x800);
    case 8:
        return random.one_in(2) ? random.next() : 0x7000'0000 + random.below(0x100);
    case 9:
    case 10:
        return alias_base + random.below(ram_pages) * page_size + page_size - 1 - random.below(8);
    case 11:
        return large_base + random.below(ram_pages * page_size);
    case 12:
    case 13:
        return alias_base + random.below(ram_pages * page_size) / 8 * 8;
    case 14:
        return page + random.below(page_size);
    default:
        return page + random.below(page_size) / 8 * 8;
    }
}

u64 random_pc(Random& random, bool supervisor, bool paging) {
    u64 page = random.below(code_pages);
    if (paging && !random.one_in(16)) page = (page & ~u64{1}) | (supervisor ? 1 : 0);
    u64 offset = random.one_in(4) ? page_size - 2 - 2 * random.below(8) : random.below(page_size) & ~u64{1};
    const u64 base =
        paging && random.one_in(3) ? (random.one_in(supervisor ? 32 : 4) ? large_base : alias_base) : ram_base;
    if (random.one_in(64)) offset = random.next() & ~u64{1};
    return base + page * page_size + offset;
}

u64 random_leaf(Random& random, u64 page, bool user) {
    constexpr u64 v = 1, r = 2, w = 4, x = 8, u = 16, g = 32, a = 64, d = 128;
    u64 flags = v | r | w | x | a | d | (user ? u : 0);
    if (random.one_in(2)) flags &= ~(random.one_in(2) ? a | d : d);
    if (random.one_in(8)) flags &= ~(u64{1} << random.below(8));
    if (random.one_in(8)) flags |= g;
    if (random.one_in(16)) flags ^= u;
    if (random.one_in(32)) flags |= random.next() & (u64{0xffc0'0000'0000'0300});
    return page >> page_shift << 10 | flags;
}

} // namespace orrery::test::differ
