// Random bytes, damaged files and damaged records. ORRERY_TRACE_FUZZ_INPUTS says how many inputs (20 000 without it).
#include <cstdlib>
#include <random>

#include "app/trace/bytes.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/trace/fuzz_input.hpp"
#include "tests/unit/trace/sample.hpp"

using namespace orrery;
using namespace orrery::app::trace;

namespace {

class Inputs {
public:
    std::vector<u8> next() {
        switch (random_() % 4) {
        case 0:
            return some();
        case 1:
            return damaged(file_);
        case 2:
            return with_right_sums(damaged(file_));
        default:
            return damaged(records_);
        }
    }

private:
    static std::vector<u8> sample_records() {
        Encoder encoder;
        test::encode_sample(encoder);
        return {encoder.bytes().begin(), encoder.bytes().end()};
    }
    std::vector<u8> some() {
        std::vector<u8> bytes(random_() % 256);
        for (u8& byte : bytes) byte = static_cast<u8>(random_());
        return bytes;
    }
    std::vector<u8> damaged(std::vector<u8> bytes) {
        for (u64 count = 1 + random_() % 4; count > 0 && !bytes.empty(); --count) {
            const auto at = static_cast<std::ptrdiff_t>(random_() % bytes.size());
            switch (random_() % 5) {
            case 0:
                bytes.resize(static_cast<std::size_t>(at));
                break;
            case 1:
                bytes.insert(bytes.begin() + at, static_cast<u8>(random_()));
                break;
            case 2:
                bytes.erase(bytes.begin() + at);
                break;
            case 3:
                bytes[static_cast<std::size_t>(at)] = random_() % 2 == 0 ? 0xff : 0;
                break;
            default:
                bytes[static_cast<std::size_t>(at)] = static_cast<u8>(random_());
            }
        }
        return bytes;
    }
    // So that what lies behind the check sums is reached: those of the header and of the first block are made right.
    static std::vector<u8> with_right_sums(std::vector<u8> bytes) {
        if (bytes.size() < file_start_bytes) return bytes;
        const u64 header_bytes = file_start_bytes + u64{get_number<u32>(bytes, 12)};
        if (bytes.size() < header_bytes + sizeof(u32)) return bytes;
        put_number(bytes, header_bytes, checksum(std::span(bytes).first(header_bytes), {}));
        const std::span<u8> block = std::span(bytes).subspan(header_bytes + sizeof(u32));
        if (block.size() < block_start_bytes) return bytes;
        const u64 packed = get_number<u32>(block, 32);
        if (block.size() - block_start_bytes < packed) return bytes;
        put_number(block, checked_bytes,
                   checksum(block.first(checked_bytes), block.subspan(block_start_bytes, packed)));
        return bytes;
    }

    std::minstd_rand random_{12345};
    const std::vector<u8> file_ = test::sample_file();
    const std::vector<u8> records_ = sample_records();
};

} // namespace

TEST_CASE("no bytes break the reader of trace files") {
    const char* wanted = std::getenv("ORRERY_TRACE_FUZZ_INPUTS");
    const u64 count = wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
    Inputs inputs;
    for (u64 at = 0; at < count; ++at) test::feed_reader(inputs.next());
    SUCCEED();
}
