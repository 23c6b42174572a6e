// Undoes gzip, xz, lzma and zstd, in memory and within a limit.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

enum class Packing : u8 { gzip, xz, lzma, zstd };

std::string_view name(Packing packing);

// What the first bytes say. Plain lzma has no such mark.
std::optional<Packing> recognise_packing(std::span<const u8> packed);

// What follows the packed stream (padding, a size) is ignored; a further stream of the same kind is appended. Errors,
// which complete a sentence that begins with the file's name: cut short, damaged, more than `limit_bytes` unpacked.
Result<std::vector<u8>> unpack(Packing packing, std::span<const u8> packed, u64 limit_bytes);

} // namespace orrery
