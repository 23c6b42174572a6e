// Whether a file that the user gave without saying what it is, is a kernel, a disk or a CD.
#pragma once

#include <string>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class ImageContent : u8 { kernel, disk, cdrom };

// By its contents, never by its name. A kernel of another architecture is a kernel here; read_kernel() refuses it.
// Errors: the file can't be read, or is neither.
Result<ImageContent> recognise_image(const std::string& path);

} // namespace orrery
