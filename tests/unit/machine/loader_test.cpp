#include "machine/loader/kernel_image.hpp"

#include "machine/loader/file.hpp"
#include "machine/loader/image_content.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/machine/sample_files.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 limit = 64 * MiB;

Result<KernelImage> parse(std::vector<u8> bytes, u64 limit_bytes = limit) {
    return parse_kernel("k", std::move(bytes), elf_machine_riscv, limit_bytes);
}

// What the user reads; it must name the file.
std::string refusal(std::vector<u8> bytes, u64 limit_bytes = limit) {
    const Result<KernelImage> image = parse(std::move(bytes), limit_bytes);
    if (image) return "it was accepted";
    CHECK(image.error().message().starts_with("the kernel 'k' "));
    return image.error().message().substr(15);
}

std::vector<u8> cut(std::vector<u8> bytes, u64 size) {
    bytes.resize(size);
    return bytes;
}

std::vector<u8> with_text(u64 at, std::string_view text) {
    std::vector<u8> bytes(4096);
    put_text(bytes, at, text);
    return bytes;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a RISC-V Image is flat, with its offset and the memory it needs") {
    const auto image = parse(riscv_image(0x200000, 8192));
    REQUIRE(image);
    CHECK(image->kind == KernelImage::Kind::flat);
    CHECK(image->flat == riscv_image(0x200000, 8192));
    CHECK(image->text_offset == 0x200000);
    CHECK(image->image_size == 8192);
}

TEST_CASE("an Image needs at least the memory that its file fills") {
    CHECK(parse(riscv_image(0, 16))->image_size == 4096);
}

TEST_CASE("an ELF file gives segments and a physical entry point") {
    const auto image = parse(riscv_elf());
    REQUIRE(image);
    CHECK(image->kind == KernelImage::Kind::elf);
    REQUIRE(image->segments.size() == 1);
    CHECK(image->segments[0].address == 0x80200000);
    CHECK(image->segments[0].bytes.size() == 16);
    CHECK(image->segments[0].bytes[15] == 0xaf);
    CHECK(image->segments[0].memory_bytes == 64);
    CHECK(image->entry == 0x80200004);
}

TEST_CASE("kernels are unpacked, in every combination of packing and wrapping") {
    const std::vector<u8> image = riscv_image();
    for (const auto& packed : {gzip(image), xz(image), zstd(image), gzip(gzip(image)), zboot(gzip(image), "gzip"),
                               zboot(zstd(image), "zstd22"), zboot(xz(image), "xzkern"), zboot(lzma(image), "lzma"),
                               gzip(zboot(gzip(image), "gzip"))}) {
        const auto parsed = parse(packed);
        REQUIRE(parsed);
        CHECK(parsed->flat == image);
    }
    CHECK(parse(zstd(riscv_elf()))->entry == 0x80200004);
}

TEST_CASE("a packed kernel in two parts is unpacked whole, and what follows it is ignored") {
    const std::vector<u8> image = riscv_image();
    const std::vector<u8> first(image.begin(), image.begin() + 1000);
    const std::vector<u8> second(image.begin() + 1000, image.end());
    for (const auto pack : {gzip, xz, zstd}) {
        std::vector<u8> packed = pack(first);
        const std::vector<u8> rest = pack(second);
        packed.insert(packed.end(), rest.begin(), rest.end());
        put_text(packed, packed.size(), "tail");
        const auto parsed = parse(packed);
        REQUIRE(parsed);
        CHECK(parsed->flat == image);
    }
}

TEST_CASE("a kernel cut short is refused as such") {
    const std::vector<u8> image = riscv_image();
    for (const auto pack : {gzip, xz, zstd}) {
        const std::vector<u8> packed = pack(image);
        CHECK(has(refusal(cut(packed, packed.size() / 2)), "is cut short"));
        CHECK(has(refusal(cut(packed, packed.size() - 1)), "is cut short"));
    }
    CHECK(has(refusal(cut(riscv_elf(), 130)), "is cut short: the segment for 0x80200000"));
    CHECK(has(refusal(cut(riscv_elf(), 100)), "is cut short: its table of segments"));
    CHECK(has(refusal(cut(riscv_elf(), 50)), "is cut short: it ends within its ELF header"));
    CHECK(has(refusal(cut(zboot(gzip(image), "gzip"), 0x210)), "is cut short: its kernel lies at offset 512"));

    std::vector<u8> with_sections = image;
    put_text(with_sections, 0, "MZ");
    put32(with_sections, 0x3c, 0x40);
    put_text(with_sections, 0x40, std::string_view("PE\0\0", 4));
    put16(with_sections, 0x46, 1);
    put16(with_sections, 0x54, 0);
    put32(with_sections, 0x58 + 16, 5000);
    put32(with_sections, 0x58 + 20, 0);
    CHECK(has(refusal(with_sections), "is cut short: 4096 bytes of 5000"));
}

TEST_CASE("damaged packed data is refused as such") {
    for (const auto pack : {gzip, xz, zstd}) {
        std::vector<u8> packed = pack(riscv_image());
        for (u64 i = 30; i < packed.size(); ++i) packed[i] = static_cast<u8>(packed[i] ^ (i * 37));
        const std::string sentence = refusal(packed);
        CHECK((has(sentence, "is damaged") || has(sentence, "is cut short")));
    }
}

TEST_CASE("a kernel of another architecture is refused by name") {
    std::vector<u8> elf = riscv_elf();
    put16(elf, 18, 62);
    CHECK(has(refusal(elf), "ELF file for x86-64, but this machine is RISC-V"));
    put16(elf, 18, 999);
    CHECK(has(refusal(elf), "machine number 999"));
    CHECK(has(refusal(with_text(0x202, "HdrS")), "kernel (bzImage) for x86-64"));
    CHECK(has(refusal(with_text(0x38, "ARM\x64")), "kernel for arm64, but this machine is RISC-V"));
    CHECK(has(refusal(zboot(gzip(riscv_image()), "gzip", 0xaa64)), "zboot kernel for arm64"));
    elf = riscv_elf();
    elf[4] = 1;
    CHECK(has(refusal(elf), "32-bit"));
    elf = riscv_elf();
    elf[5] = 2;
    CHECK(has(refusal(elf), "big-endian"));
}

TEST_CASE("what is no kernel is refused by what it is") {
    CHECK(has(refusal(with_text(0, "070701")), "initial RAM disk"));
    CHECK(has(refusal(gzip(with_text(0, "070701"))), "--initrd"));
    CHECK(has(refusal(with_text(0, "\xd0\x0d\xfe\xed")), "--dtb"));
    CHECK(has(refusal(with_text(0, "QFI\xfb")), "qemu-img convert"));
    CHECK(has(refusal(with_text(0, "\x04\x22\x4d\x18")), "lz4"));
    CHECK(has(refusal(with_text(0, "hello, world")), "is no kernel"));
    CHECK(has(refusal({1}), "is no kernel"));
    CHECK(has(refusal(zboot(with_text(0, "x"), "l\xffz4")), "packed with 'l?z4'"));
    std::vector<u8> object = riscv_elf();
    put16(object, 16, 1);
    CHECK(has(refusal(object), "not a program"));
    std::vector<u8> outside = riscv_elf();
    put64(outside, 24, 0x1234);
    CHECK(has(refusal(outside), "entry point at 0x1234"));
}

TEST_CASE("a kernel that needs more memory than the guest has is refused, packed or not") {
    CHECK(has(refusal(gzip(std::vector<u8>(8 * MiB)), 4 * MiB), "more than the 4194304 bytes"));
    CHECK(has(refusal(xz(std::vector<u8>(8 * MiB)), 4 * MiB), "more than the 4194304 bytes"));
    CHECK(has(refusal(zstd(std::vector<u8>(8 * MiB)), 4 * MiB), "more than the 4194304 bytes"));
    CHECK(has(refusal(riscv_image(0, 8 * MiB), 4 * MiB), "--memory"));
    CHECK(has(refusal(riscv_image(~u64{0}, ~u64{0}), 4 * MiB), "--memory"));
    std::vector<u8> elf = riscv_elf();
    put64(elf, 64 + 40, ~u64{0});
    CHECK(has(refusal(elf), "--memory"));
}

TEST_CASE("a kernel that fills the limit exactly is unpacked") {
    CHECK(parse(gzip(riscv_image(0, 0)), 4096));
    CHECK(has(refusal(gzip(riscv_image(0, 0)), 4095), "more than the 4095 bytes"));
}

TEST_CASE("endless packing is refused") {
    std::vector<u8> bytes = riscv_image();
    for (int i = 0; i < 10; ++i) bytes = gzip(bytes);
    CHECK(has(refusal(bytes), "times over"));
}

TEST_CASE("files that can't be read are refused with what to do") {
    const TemporaryFolder folder;
    const auto refused = [](const std::string& path) { return read_file(path, 100, "the thing").error().message(); };
    CHECK(refused(folder.path() + "/none") == "the thing '" + folder.path() + "/none' doesn't exist; check the path");
    CHECK(has(refused(folder.path()), "is a directory"));
    CHECK(has(refused("/dev/zero"), "is a device"));
    CHECK(has(refused(folder.file("empty", {})), "is empty"));
    CHECK(has(refused(folder.file("large", std::vector<u8>(101))), "has 101 bytes"));
    CHECK(read_file(folder.file("fits", std::vector<u8>(100)), 100, "the thing")->size() == 100);
}

TEST_CASE("firmware may be of no known format") {
    const TemporaryFolder folder;
    const std::vector<u8> code = with_text(0, "code");
    const auto flat = read_firmware(folder.file("fw.bin", code), elf_machine_riscv, limit);
    REQUIRE(flat);
    CHECK(flat->flat == code);
    CHECK(flat->text_offset == 0);
    CHECK(read_firmware(folder.file("fw.elf", riscv_elf()), elf_machine_riscv, limit)->entry == 0x80200004);
    std::vector<u8> other = riscv_elf();
    put16(other, 18, 62);
    const auto refused = read_firmware(folder.file("other.elf", other), elf_machine_riscv, limit);
    REQUIRE_FALSE(refused);
    CHECK(has(refused.error().message(), "the firmware '"));
}

TEST_CASE("an image is recognised as a kernel, a disk or a CD by its contents") {
    const TemporaryFolder folder;
    const auto content = [&](std::vector<u8> bytes) { return recognise_image(folder.file("image", std::move(bytes))); };
    CHECK(content(riscv_image()) == ImageContent::kernel);
    CHECK(content(gzip(riscv_image())) == ImageContent::kernel);
    CHECK(content(with_text(0x202, "HdrS")) == ImageContent::kernel);
    CHECK(content(with_text(510, "\x55\xaa")) == ImageContent::disk);
    CHECK(content(with_text(0x438, "\x53\xef")) == ImageContent::disk);
    CHECK(content(std::vector<u8>(4096)) == ImageContent::disk);
    std::vector<u8> hybrid = with_text(510, "\x55\xaa");
    hybrid.resize(0x9000);
    std::ranges::copy(std::string_view("CD001"), hybrid.begin() + 0x8001);
    CHECK(content(hybrid) == ImageContent::cdrom);
    CHECK(has(content(with_text(0, "text")).error().message(), "neither a kernel nor a disk"));
    CHECK(has(recognise_image("/").error().message(), "is a directory"));
}

TEST_CASE("no change of bytes in a kernel's file does harm") {
    std::vector<std::vector<u8>> seeds{riscv_image(),   riscv_elf(),         gzip(riscv_image()),
                                       xz(riscv_elf()), zstd(riscv_image()), zboot(gzip(riscv_image()), "gzip")};
    u64 random = 1;
    const auto next = [&] {
        random ^= random << 13;
        random ^= random >> 7;
        return random ^= random << 17;
    };
    u64 accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<u8> bytes = seeds[next() % seeds.size()];
        for (u64 change = next() % 4 + 1; change != 0; --change) {
            const u64 range = next() % 2 ? bytes.size() : std::min<u64>(bytes.size(), 0x80);
            bytes[next() % range] = next() % 2 ? static_cast<u8>(next()) : u8{0xff};
        }
        if (next() % 4 == 0) bytes.resize(next() % bytes.size() + 1);
        const auto image = parse(std::move(bytes), 1 * MiB);
        if (!image) continue;
        ++accepted;
        u64 total = image->flat.size();
        for (const LoadSegment& segment : image->segments) total += segment.memory_bytes;
        REQUIRE(total <= 1 * MiB);
    }
    CHECK(accepted > 100);
}
