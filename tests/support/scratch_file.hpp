// A file for the time of a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "machine/fabric/types.hpp"

namespace orrery::test {

class ScratchFile {
public:
    ScratchFile(std::string_view name, std::span<const u8> bytes)
        : path_(std::filesystem::temp_directory_path() / fmt::format("orrery-{}-{}", ::getpid(), name)) {
        std::ofstream(path_, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace orrery::test
