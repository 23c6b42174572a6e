// Loads, stores and atomics at the edges of pages, with the TLB and the address memos knowing more or less.
#include "tests/support/catch.hpp"
#include "tests/unit/baseline/harness.hpp"

using namespace orrery;
using namespace orrery::test;
using ir::Op;

namespace {

constexpr u64 offsets_in_page[] = {0, 1, 7, 8, 0x7ff, 0xff0, 0xff8, 0xff9, 0xffb, 0xffc, 0xffd, 0xffe, 0xfff};

// Two accesses through the same register, so that the second finds what the first has left.
ir::Block access_block(u16 base, ir::MemoryAccess access, bool store_first, bool store_second, i64 offset) {
    ir::Builder builder;
    builder.begin({.pc = block_pc, .mode = 0});
    u16 result = 8;
    for (const bool store : {store_first, store_second}) {
        builder.insn(block_pc + 4 * builder.guest_instructions(), 4);
        if (store)
            builder.store(access, builder.get(base), offset, builder.get(9));
        else
            builder.put(result, builder.load(access, builder.get(base), offset));
        result = 31;
    }
    builder.end(ir::Leave{block_pc + 8});
    return builder.take();
}

void check(Comparison& comparison, const ir::Block& block, const std::string& what) {
    const std::string differences = comparison.run(block);
    INFO(what << "\n" << describe(block) << differences);
    if (!differences.empty()) CHECK(differences.empty());
}

} // namespace

TEST_CASE("accesses of every size hit, miss and cross pages as in the interpreter") {
    Comparison comparison;
    u64 seed = 0;
    for (const u16 base : {u16{3}, u16{30}})
        for (u8 size = 0; size < 4; ++size)
            for (const u64 at : offsets_in_page)
                for (u32 stores = 0; stores < 4; ++stores)
                    for (const i64 offset : {i64{0}, i64{-8}, i64{2047}, i64{1} << 40})
                        for (u64 page = 0; page < 4; ++page) {
                            comparison.reset(seed++);
                            const u64 address = ram_base + page * 4096 + at;
                            comparison.set_slot(base, address - static_cast<u64>(offset));
                            const ir::MemoryAccess access{.size_log2 = size, .sign_extend = (seed & 8) != 0};
                            check(comparison, access_block(base, access, (stores & 1) != 0, (stores & 2) != 0, offset),
                                  fmt::format("{:x}", address));
                        }
}

TEST_CASE("an access to the last bytes of the address space doesn't reach the first page") {
    for (const u16 base : {u16{3}, u16{30}}) {
        Comparison comparison;
        comparison.reset(1);
        // The first page is known to the TLB and to the memo.
        for (Vcpu* vcpu : {&comparison.interpreted(), &comparison.translated()}) {
            jit::TlbEntry& entry = vcpu->context().tlb[0];
            entry.read_tag = entry.write_tag = vcpu->context().data_tag[0];
            entry.addend = reinterpret_cast<u64>(vcpu->ram->data());
        }
        comparison.set_slot(base, 16);
        check(comparison, access_block(base, {.size_log2 = 3}, false, false, 0), "first page");
        CHECK(comparison.translated().log.empty());
        comparison.set_slot(base, ~u64{3});
        check(comparison, access_block(base, {.size_log2 = 3}, false, false, 0), "last bytes");
        CHECK(comparison.translated().log.size() == 1);
    }
}

TEST_CASE("a page that may only be read takes no store, although loads through the same register hit") {
    Comparison comparison;
    comparison.reset(1);
    for (Vcpu* vcpu : {&comparison.interpreted(), &comparison.translated()}) {
        vcpu->context().tlb[(ram_base >> 12) % jit::tlb_entries].write_tag = jit::tlb_invalid;
        vcpu->fill_tlb(ram_base, true, false);
    }
    comparison.set_slot(3, ram_base + 64);
    check(comparison, access_block(3, {.size_log2 = 3}, false, false, 0), "loads");
    CHECK(comparison.translated().log.empty());
    check(comparison, access_block(3, {.size_log2 = 3}, true, false, 0), "store");
    CHECK(comparison.translated().log.size() == 1);
}

TEST_CASE("atomics do what the slow path does, aligned or not, known to the TLB or not") {
    Comparison comparison;
    u64 seed = 0;
    for (u8 op = 0; op < 9; ++op)
        for (const u8 size : {u8{2}, u8{3}})
            for (const u64 at : {u64{0}, u64{4}, u64{8}, u64{2}, u64{0xffc}, u64{0xff8}, u64{0x1000}})
                for (const u16 to : {u16{3}, u16{4}, u16{5}, u16{30}})
                    for (u32 turn = 0; turn < 4; ++turn) {
                        comparison.reset(seed++);
                        ir::Builder builder;
                        builder.begin({.pc = block_pc, .mode = 0});
                        builder.insn(block_pc, 4);
                        const ir::MemoryAccess access{.size_log2 = size, .atomic = static_cast<ir::AtomicOp>(op)};
                        const ir::Value operand = builder.get(turn & 1 ? u16{4} : u16{33});
                        builder.put(to, builder.amo(access, builder.get(turn & 2 ? u16{3} : u16{32}), operand));
                        builder.end(ir::Leave{block_pc + 4});
                        comparison.set_slot(3, ram_base + at);
                        comparison.set_slot(32, ram_base + at);
                        check(comparison, builder.take(), fmt::format("{:x}", at));
                    }
}
