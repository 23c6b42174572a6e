#include "machine/fabric/ram.hpp"

#include <sys/mman.h>

#include "tests/support/catch.hpp"

using namespace orrery;

TEST_CASE("memory has whole pages, all zero, with clear flags") {
    const auto ram = Ram::create("ram", page_size + 1).value();
    CHECK(ram->size_bytes() == 2 * page_size);
    CHECK(ram->bytes().size() == 2 * page_size);
    CHECK(ram->name() == "ram");
    for (u64 page = 0; page < ram->size_bytes(); page += page_size) {
        CHECK(ram->is_zero_page(page));
        CHECK(ram->flags(page) == 0);
    }
}

TEST_CASE("memory of no size, or of more than the host has, is refused in words") {
    CHECK(Ram::create("none", 0).error().message() == "memory 'none' has no size");
    const auto huge = Ram::create("huge", u64{1} << 62);
    REQUIRE_FALSE(huge);
    CHECK(huge.error().message().find("for 'huge'") != std::string::npos);
}

TEST_CASE("a page with a single byte set is not a zero page, its neighbours still are") {
    const auto ram = Ram::create("ram", 3 * page_size).value();
    ram->bytes()[2 * page_size - 1] = 1;
    CHECK(ram->is_zero_page(0));
    CHECK_FALSE(ram->is_zero_page(page_size));
    CHECK_FALSE(ram->is_zero_page(page_size + 17)); // any address of the page
    CHECK(ram->is_zero_page(2 * page_size));
}

TEST_CASE("cleared memory reads zero, also through another mapping of its file") {
    const auto ram = Ram::create("ram", page_size).value();
    void* other = ::mmap(nullptr, page_size, PROT_READ, MAP_SHARED, ram->fd(), 0);
    REQUIRE(other != MAP_FAILED);
    ram->bytes()[5] = 9;
    CHECK(static_cast<const volatile u8*>(other)[5] == 9);
    ram->clear();
    CHECK(static_cast<const volatile u8*>(other)[5] == 0);
    CHECK(ram->is_zero_page(0));
    ::munmap(other, page_size);
}

TEST_CASE("flags belong to the page of their address") {
    const auto ram = Ram::create("ram", 2 * page_size).value();
    ram->flags(page_size + 100) = static_cast<u8>(PageFlag::tracked);
    CHECK(ram->flags(page_size) == static_cast<u8>(PageFlag::tracked));
    CHECK(ram->flags(page_size - 1) == 0);
}
