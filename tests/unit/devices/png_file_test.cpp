// Reads back what png_file writes, with libpng, which knows nothing of ours.
#include "devices/host/png_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

#include <png.h>

using namespace orrery;
using namespace orrery::test;

namespace {

Image sample(u32 width, u32 height) {
    Image image;
    image.resize(width, height);
    for (u32 i = 0; i < width * height; ++i) image.pixels[i] = i * 0x01'0305 & 0xff'ffff;
    return image;
}

Image read_back(const std::string& path) {
    png_image file{};
    file.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&file, path.c_str()) != 0);
    REQUIRE(file.format == PNG_FORMAT_RGB);
    Image image;
    image.resize(file.width, file.height);
    std::vector<u8> bytes(PNG_IMAGE_SIZE(file));
    REQUIRE(png_image_finish_read(&file, nullptr, bytes.data(), 0, nullptr) != 0);
    REQUIRE(file.warning_or_error == 0);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = static_cast<u32>(bytes[i * 3] << 16 | bytes[i * 3 + 1] << 8 | bytes[i * 3 + 2]);
    return image;
}

} // namespace

TEST_CASE("a PNG file holds every pixel of the image it was made from") {
    const ScratchFile file("screen.png", std::vector<u8>{});
    for (const auto& [width, height] : {std::pair(1U, 1U), std::pair(720U, 400U), std::pair(3U, 500U)}) {
        const Image image = sample(width, height);
        REQUIRE(write_png(file.path(), image));
        const Image read = read_back(file.path());
        REQUIRE(read.width == width);
        REQUIRE(read.height == height);
        REQUIRE(read.pixels == image.pixels);
    }
}

TEST_CASE("a picture that can't be written is an error that names the file") {
    const Status failed = write_png("/nonexistent/screen.png", sample(1, 1));
    REQUIRE_FALSE(failed);
    REQUIRE(failed.error().message() ==
            "the picture can't be written to /nonexistent/screen.png: No such file or directory");
    REQUIRE_FALSE(write_png("screen.png", Image{}));
}
