// Blocks of random instructions of every kind: whatever they are, every line of their explanation is linked.
#include <algorithm>
#include <set>

#include "accel/dbt/explain.hpp"
#include "cpu/riscv/hart.hpp"
#include "cpu/riscv/instruction_table.hpp"
#include "jit/passes/pipeline.hpp"
#include "machine/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

namespace orrery {
namespace {

using dbt::CodeBytes;
using dbt::ExplainedBlock;
using HartMemory = dbt::VcpuMemory<riscv::State>;

struct Bench {
    std::unique_ptr<Machine> machine = Machine::create({.deterministic = true}).value();
    riscv::State state;
    riscv::Hart hart{state, *machine, {}};
    std::unique_ptr<dbt::Explainer> explainer = dbt::Explainer::create(hart, HartMemory::state_offset_bytes()).value();
};

CodeBytes random_code(test::Random& random, u64 mode) {
    CodeBytes code{.key = {0x8000'0000 + 2 * (random.next() % 2048), mode}, .bytes = {}};
    const auto rows = riscv::instruction_rows();
    for (u32 i = 0; i < 24; ++i) {
        const riscv::Row& row = rows[random.next() % rows.size()];
        const u32 bits = row.match | (static_cast<u32>(random.next()) & ~row.mask);
        for (u32 byte = 0; byte < 4; ++byte) code.bytes.push_back(static_cast<u8>(bits >> 8 * byte));
    }
    return code;
}

std::set<u32> ids(const ExplainedBlock::Stage& stage) {
    std::set<u32> found;
    for (const auto& line : stage.lines) found.insert(line.id);
    return found;
}

void check_stages(const ExplainedBlock& block) {
    REQUIRE(block.stages.size() == passes::pipeline.size() + 1);
    for (std::size_t i = 0; i < block.stages.size(); ++i) {
        const auto& lines = block.stages[i].lines;
        const std::set<u32> here = ids(block.stages[i]);
        REQUIRE(here.size() == lines.size());
        REQUIRE(std::ranges::is_sorted(lines, {}, &ExplainedBlock::Line::id));
        REQUIRE(std::ranges::is_sorted(lines, {}, &ExplainedBlock::Line::guest));
        REQUIRE(lines.back().guest + 1 == block.guests.size());
        // No pass of today makes new instructions, and each belongs to the same guest instruction for ever.
        for (const auto& line : lines) {
            const auto& first = block.stages.front().lines;
            const auto origin = std::ranges::find(first, line.id, &ExplainedBlock::Line::id);
            REQUIRE(origin != first.end());
            REQUIRE(origin->guest == line.guest);
            REQUIRE(origin->marker == line.marker);
        }
    }
}

void check_host(const ExplainedBlock& block) {
    REQUIRE_FALSE(block.host_code.empty());
    const std::set<u32> last = ids(block.stages.back());
    u32 next = 0;
    for (const auto& piece : block.host_pieces) {
        REQUIRE(piece.offset == next);
        REQUIRE(piece.size_bytes != 0);
        REQUIRE(piece.guest < block.guests.size());
        REQUIRE((piece.line == jit::Listing::entry || last.contains(piece.line)));
        next += piece.size_bytes;
    }
    REQUIRE(next == block.host_code.size());
    REQUIRE(std::ranges::is_sorted(block.host_pieces, {}, &ExplainedBlock::HostPiece::cold));
    // The end of the block is always somewhere in its code.
    const u32 terminal = block.stages.back().lines.back().id;
    REQUIRE(std::ranges::count(block.host_pieces, terminal, &ExplainedBlock::HostPiece::line) > 0);
}

} // namespace

TEST_CASE("Every line of an explanation is linked to a guest instruction and to the line it came from") {
    Bench bench;
    test::Random random(7);
    u32 dropped = 0;
    for (u32 i = 0; i < 400; ++i) {
        const u64 mode = riscv::Mode{.privilege = riscv::Privilege::supervisor, .float_enabled = i % 4 != 0}.pack();
        const ExplainedBlock block = bench.explainer->explain(random_code(random, mode));
        REQUIRE(block.guest_bytes == 4 * block.guests.size());
        check_stages(block);
        check_host(block);
        dropped += block.stages.back().lines.size() < block.stages.front().lines.size();
    }
    CHECK(dropped > 50);
}

TEST_CASE("Values keep the names that the frontend gave them") {
    Bench bench;
    // mul x0, a1, a2 (dead); add a0, a1, a2
    const CodeBytes code{.key = {0x8000'0000, 3}, .bytes = {0x33, 0x80, 0xc5, 0x02, 0x33, 0x85, 0xc5, 0x00}};
    const ExplainedBlock block = bench.explainer->explain(code);
    const auto text_of_second = [&](const ExplainedBlock::Stage& stage) {
        std::string text;
        for (const auto& line : stage.lines)
            if (line.guest == 1 && !line.marker) text += line.text + "\n";
        return text;
    };
    CHECK(block.stages.back().lines.size() < block.stages.front().lines.size());
    CHECK(text_of_second(block.stages.front()) == text_of_second(block.stages.back()));
}

TEST_CASE("A listing changes nothing in the code that is listed") {
    Bench bench;
    test::Random random(11);
    const auto buffer = jit::CodeBuffer::create(4 * MiB).value();
    const auto baseline =
        jit::Baseline::create(bench.hart.description(), HartMemory::state_offset_bytes(), *buffer).value();
    for (u32 i = 0; i < 50; ++i) {
        const CodeBytes code = random_code(random, 7);
        struct Reader final : CodeReader {
            const CodeBytes& code;
            explicit Reader(const CodeBytes& bytes) : code(bytes) {}
            std::expected<u8, Fault> fetch8(u64 pc) override {
                if (pc - code.key.pc >= code.bytes.size()) return std::unexpected(Fault{});
                return code.bytes[pc - code.key.pc];
            }
            std::expected<u16, Fault> fetch16(u64 pc) override {
                const auto low = fetch8(pc), high = fetch8(pc + 1);
                if (!low || !high) return std::unexpected(Fault{});
                return static_cast<u16>(*low | *high << 8);
            }
        } reader(code);
        ir::Builder builder;
        builder.begin(code.key);
        bench.hart.translate(code.key, reader, code.limit, builder);
        ir::Block block = builder.take();
        passes::run(block);
        baseline->reset();
        const auto plain = baseline->compile(block);
        REQUIRE(plain);
        const std::vector<u8> expected(plain->code, plain->code + plain->code_size);
        CHECK(bench.explainer->explain(code).host_code == expected);
    }
}

} // namespace orrery
