// Screenshots: an image as a PNG file (PNG, third edition), compressed by zlib.
#pragma once

#include <string>
#include <vector>

#include "devices/display/display.hpp"
#include "machine/fabric/result.hpp"

namespace orrery {

std::vector<u8> png_bytes(const Image& image);
// Fails, naming the file, when the image has no pixels or the host can't write it.
Status write_png(const std::string& path, const Image& image);

} // namespace orrery
