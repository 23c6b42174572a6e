// Reads the records of one block. Whatever the bytes are, it ends, with an error if they aren't records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/trace/record.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::app::trace {

class Decoder {
public:
    // `bytes` outlive the reading of the block.
    void begin(std::span<const u8> bytes);
    // Empty at the end. The error says where in the block's bytes, and why; nothing can be read behind it.
    Result<std::optional<Record>> next();

private:
    struct Wrong {
        const char* why;
    };
    std::expected<u8, Wrong> byte();
    std::expected<u64, Wrong> number();
    std::expected<u64, Wrong> difference();
    std::expected<std::span<const u8>, Wrong> several(std::size_t count);
    std::expected<bool, Wrong> read(Record& record);
    std::expected<void, Wrong> read_place(u8 first, Record& record);
    std::expected<void, Wrong> read_instruction(u8 first, Record& record);
    std::expected<void, Wrong> read_branch(u8 first, Record& record);
    std::expected<void, Wrong> read_memory(u8 first, Record& record);
    std::expected<void, Wrong> read_device(u8 first, Record& record);
    std::expected<void, Wrong> read_trap(Record& record);
    std::expected<void, Wrong> read_name();

    std::span<const u8> bytes_;
    std::size_t offset_ = 0;
    Position at_;
    CodeMemory code_;
    std::vector<std::string> devices_;
};

} // namespace orrery::app::trace
