// What the answers to IDENTIFY DEVICE and IDENTIFY PACKET DEVICE have in common.
#pragma once

#include <array>
#include <string_view>

#include "machine/fabric/types.hpp"

namespace orrery::ata {

using IdentityWords = std::array<u16, 256>;

// Text from word `first` on, in `words` words padded with blanks: the first character of a word is its upper byte.
void put_text(IdentityWords& identity, u32 first, u32 words, std::string_view text);
// Words 49 and on that tell of PIO and DMA modes, and words 80 and 93 of the standards and the wire. `dma_mode` is the
// one selected, as SET FEATURES names it.
void put_transfer_modes(IdentityWords& identity, u8 dma_mode, bool serial_wire);
// Word 255: the signature and a sum that makes that of all bytes 0.
void put_integrity(IdentityWords& identity);

} // namespace orrery::ata
