#include "tests/unit/bios/linker_script.hpp"

#include <algorithm>
#include <cstring>

namespace orrery::test {
namespace {

class Firmware {
public:
    Firmware(const std::vector<bios::FirmwareFile>& offered, const std::map<std::string, u64>& places)
        : offered_(offered), places_(places) {}

    LinkedByFirmware run() {
        const std::vector<u8>* script = content("etc/table-loader");
        expect(script != nullptr && script->size() % 128 == 0, "there is a script of whole entries");
        for (u64 at = 0; script != nullptr && at + 128 <= script->size(); at += 128) {
            entry_ = script->data() + at;
            switch (number(0, 4)) {
            case 1:
                allocate();
                break;
            case 2:
                add_pointer();
                break;
            case 3:
                add_checksum();
                break;
            default:
                expect(false, "commands are known");
            }
        }
        return std::move(out_);
    }

private:
    void allocate() {
        const std::string name = text(4);
        const std::vector<u8>* bytes = content(name);
        expect(bytes != nullptr && places_.contains(name) && !out_.files.contains(name), "files are allocated once");
        if (bytes == nullptr) return;
        const u64 alignment = number(60, 4), zone = number(64, 1);
        expect(alignment != 0 && places_.at(name) % alignment == 0, "the place is aligned");
        expect(zone == 1 || zone == 2, "zones are known");
        if (zone == 2) out_.in_f_segment.push_back(name);
        out_.files[name] = *bytes;
    }
    void add_pointer() {
        const auto file = out_.files.find(text(4));
        const std::string target = text(60);
        const u64 offset = number(116, 4), size = number(120, 1);
        expect(file != out_.files.end() && out_.files.contains(target), "pointers are between allocated files");
        if (file == out_.files.end() || !in_file(file->second, offset, size)) return;
        u64 value = 0;
        std::memcpy(&value, file->second.data() + offset, size);
        expect(value < out_.files[target].size(), "pointers point into their file");
        value += places_.at(target);
        std::memcpy(file->second.data() + offset, &value, size);
    }
    void add_checksum() {
        const auto file = out_.files.find(text(4));
        expect(file != out_.files.end(), "checksums are of allocated files");
        if (file == out_.files.end()) return;
        std::vector<u8>& bytes = file->second;
        const u64 at = number(60, 4), first = number(64, 4), size = number(68, 4);
        if (!in_file(bytes, at, 1) || !in_file(bytes, first, size)) return;
        expect(bytes[at] == 0, "a checksum is 0 before it is made: EDK2 adds it up too");
        u8 sum = 0;
        for (u64 i = first; i < first + size; ++i) sum = static_cast<u8>(sum + bytes[i]);
        bytes[at] = static_cast<u8>(bytes[at] - sum);
    }

    bool in_file(const std::vector<u8>& bytes, u64 at, u64 size) {
        const bool inside = at + size <= bytes.size();
        expect(inside, "the script stays within its files");
        return inside;
    }
    void expect(bool holds, const char* what) {
        if (!holds) out_.problems.emplace_back(what);
    }
    const std::vector<u8>* content(const std::string& name) {
        const auto file = std::ranges::find(offered_, name, &bios::FirmwareFile::name);
        return file == offered_.end() ? nullptr : &file->bytes;
    }
    [[nodiscard]] u64 number(u64 at, u32 size) const {
        u64 value = 0;
        std::memcpy(&value, entry_ + at, size);
        return value;
    }
    [[nodiscard]] std::string text(u64 at) const {
        const char* const start = reinterpret_cast<const char*>(entry_ + at);
        return {start, ::strnlen(start, 56)};
    }

    const std::vector<bios::FirmwareFile>& offered_;
    const std::map<std::string, u64>& places_;
    const u8* entry_ = nullptr;
    LinkedByFirmware out_;
};

} // namespace

LinkedByFirmware carry_out(const std::vector<bios::FirmwareFile>& offered, const std::map<std::string, u64>& places) {
    return Firmware(offered, places).run();
}

} // namespace orrery::test
