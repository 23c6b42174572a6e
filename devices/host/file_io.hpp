// Whole reads and writes at an offset of a host file, retried when the host does only a part.
#pragma once

#include <span>

#include <sys/uio.h>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery {

// Errors: the host's, and a file that ends before the last byte asked for.
Status read_at(int fd, u64 offset, std::span<u8> out);
Status write_at(int fd, u64 offset, std::span<const u8> in);
Status read_pieces_at(int fd, u64 offset, std::span<const iovec> pieces);
Status write_pieces_at(int fd, u64 offset, std::span<const iovec> pieces);

} // namespace orrery
