#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "devices/host/file_disk.hpp"
#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "orrery-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string image(u64 size, char fill = 'a') const {
        const std::string name = (path / "disk.img").string();
        std::ofstream(name) << std::string(size, fill);
        return name;
    }
    std::filesystem::path path;
};

std::string failure(const FileDiskOptions& options) {
    const auto disk = FileDisk::open(options);
    REQUIRE(!disk);
    return disk.error().message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

iovec piece(std::vector<u8>& bytes) { return {bytes.data(), bytes.size()}; }

std::vector<u8> read(Disk& disk, u64 offset, u64 size) {
    std::vector<u8> bytes(size);
    const iovec one = piece(bytes);
    REQUIRE(disk.read(offset, std::span(&one, 1)));
    return bytes;
}

void write(Disk& disk, u64 offset, std::vector<u8> bytes) {
    const iovec one = piece(bytes);
    REQUIRE(disk.write(offset, std::span(&one, 1)));
}

std::vector<u8> state_of(Disk& disk) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    disk.state(visitor);
    return bytes;
}

} // namespace

TEST_CASE("a disk option is a file and what follows it", "[file_disk]") {
    const auto both = parse_disk_options("a,b.img,readonly,snapshot");
    REQUIRE(both);
    CHECK(both->path == "a,b.img");
    CHECK(both->read_only);
    CHECK(both->snapshot);
    const auto plain = parse_disk_options("disk.img");
    REQUIRE(plain);
    CHECK(!plain->read_only);
    CHECK(!parse_disk_options(""));
    CHECK(!parse_disk_options(",readonly"));
}

TEST_CASE("a file that can't be a disk is refused with the reason", "[file_disk]") {
    Folder folder;
    CHECK(contains(failure({.path = "/nonexistent/disk.img"}), "/nonexistent/disk.img: there is no such file"));
    CHECK(contains(failure({.path = folder.path.string()}), "is a directory"));
    CHECK(contains(failure({.path = folder.path.string(), .read_only = true}), "is a directory"));
    CHECK(contains(failure({.path = "/dev/null"}), "neither a file nor a block device"));
    CHECK(contains(failure({.path = folder.image(0)}), "is empty"));
    CHECK(contains(failure({.path = folder.image(1000)}), "1000 bytes are no multiple of 512"));
    if (::geteuid() != 0) { // nothing is forbidden to root
        const std::string name = folder.image(512);
        std::filesystem::permissions(name, std::filesystem::perms::owner_read);
        CHECK(contains(failure({.path = name}), "',readonly'"));
    }
}

TEST_CASE("a disk has one writer or many readers", "[file_disk]") {
    Folder folder;
    const std::string name = folder.image(4096);
    {
        const auto writer = FileDisk::open({.path = name});
        REQUIRE(writer);
        CHECK(contains(failure({.path = name}), "another program uses this disk"));
        CHECK(contains(failure({.path = name, .read_only = true}), "another program writes"));
    }
    const auto reader = FileDisk::open({.path = name, .read_only = true});
    REQUIRE(reader);
    CHECK(FileDisk::open({.path = name, .snapshot = true}));
    CHECK(!FileDisk::open({.path = name}));
}

TEST_CASE("a file disk reads, writes and clears its file", "[file_disk]") {
    Folder folder;
    const std::string name = folder.image(64 * 512);
    const auto disk = FileDisk::open({.path = name});
    REQUIRE(disk);
    CHECK((*disk)->size_bytes() == 64 * 512);
    // More pieces than one system call takes, of odd sizes.
    std::vector<std::vector<u8>> parts(1500);
    std::vector<iovec> pieces;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i].assign(1 + i % 7, static_cast<u8>(i));
        pieces.push_back(piece(parts[i]));
    }
    REQUIRE((*disk)->write(512, pieces));
    auto copy = parts;
    pieces.clear();
    for (auto& part : copy) {
        std::ranges::fill(part, u8{0});
        pieces.push_back(piece(part));
    }
    REQUIRE((*disk)->read(512, pieces));
    CHECK(copy == parts);
    REQUIRE((*disk)->write_zeroes(1024, 512, false));
    CHECK(read(**disk, 1024, 512) == std::vector<u8>(512));
    REQUIRE((*disk)->write_zeroes(2048, 512, true));
    CHECK(read(**disk, 2048, 512) == std::vector<u8>(512));
    REQUIRE((*disk)->discard(0, 512));
    REQUIRE((*disk)->flush());
    CHECK(read(**disk, 63 * 512, 512) == std::vector<u8>(512, 'a'));
    std::vector<u8> beyond(1024);
    const iovec past = piece(beyond);
    const Status ends = (*disk)->read(63 * 512, std::span(&past, 1));
    REQUIRE(!ends);
    CHECK(contains(ends.error().message(), name));
    const auto none = FileDisk::open({.path = name, .read_only = true});
    CHECK(!none);
}

TEST_CASE("a snapshot keeps its writes from the file and in the machine's state", "[file_disk]") {
    Folder folder;
    const u64 size = 3 * Overlay::cluster_bytes + 1024;
    const std::string name = folder.image(size);
    const auto opened = FileDisk::open({.path = name, .snapshot = true});
    REQUIRE(opened);
    FileDisk& disk = **opened;
    CHECK(!disk.read_only());
    CHECK(state_of(disk).size() == 8);
    write(disk, Overlay::cluster_bytes - 512, std::vector<u8>(1024, 'x'));
    write(disk, size - 512, std::vector<u8>(512, 'y'));
    REQUIRE(disk.write_zeroes(512, 512, true));
    const std::vector<u8> state = state_of(disk);
    const std::vector<u8> all = read(disk, 0, size);
    CHECK(all[Overlay::cluster_bytes - 513] == 'a');
    CHECK(all[Overlay::cluster_bytes + 511] == 'x');
    CHECK(all[Overlay::cluster_bytes + 512] == 'a');
    CHECK(all[600] == 0);
    CHECK(all[2 * Overlay::cluster_bytes - 1] == 'a');
    CHECK(all[size - 1] == 'y');

    write(disk, 0, std::vector<u8>(512, 'z'));
    write(disk, 2 * Overlay::cluster_bytes, std::vector<u8>(512, 'z'));
    RestoreVisitor restorer(state);
    disk.state(restorer);
    REQUIRE(!restorer.failed());
    CHECK(restorer.at_end());
    CHECK(read(disk, 0, size) == all);
    CHECK(state_of(disk) == state);

    REQUIRE(disk.write_zeroes(Overlay::cluster_bytes, 2 * Overlay::cluster_bytes, true)); // whole clusters
    CHECK(read(disk, Overlay::cluster_bytes, 2 * Overlay::cluster_bytes) ==
          std::vector<u8>(2 * Overlay::cluster_bytes));
    CHECK(read(disk, 3 * Overlay::cluster_bytes, 512) == std::vector<u8>(512, 'a'));

    // Another process, as it were; and a snapshot that was damaged.
    const auto other = FileDisk::open({.path = name, .snapshot = true});
    REQUIRE(other);
    RestoreVisitor again(state);
    (*other)->state(again);
    CHECK(read(**other, 0, size) == all);
    std::vector<u8> damaged = state;
    std::fill_n(damaged.begin() + 8, 16, u8{0xff});
    RestoreVisitor wrong(damaged);
    (*other)->state(wrong);
    damaged.resize(100);
    RestoreVisitor cut(damaged);
    (*other)->state(cut);
    CHECK(cut.failed());

    std::ifstream file(name);
    const std::string content((std::istreambuf_iterator<char>(file)), {});
    CHECK(content == std::string(size, 'a'));
}
