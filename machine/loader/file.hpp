// Reads a file that the user named, with errors he can act on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// `what` is what the file is to the user, with its article: "the kernel". Errors, each a sentence that names both: no
// such file, a directory or device, no permission, empty, larger than `limit_bytes`, the host's own.
Result<std::vector<u8>> read_file(const std::string& path, u64 limit_bytes, std::string_view what);

// Only the first `most_bytes` of a file of any size; fewer if it has fewer.
Result<std::vector<u8>> read_file_start(const std::string& path, u64 most_bytes, std::string_view what);

} // namespace orrery
