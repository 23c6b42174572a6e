// What the passes cost for each IR instruction, and what they save, on blocks like a RISC-V kernel's; run by hand.
#include <chrono>
#include <cstdio>
#include <random>

#include "jit/ir/builder.hpp"
#include "jit/ir/verify.hpp"
#include "jit/passes/pipeline.hpp"
#include "tests/support/small_guest.hpp"

using namespace orrery;
using ir::Op;

namespace {

// A mix of what compilers emit: a third memory accesses, 32-bit arithmetic with its extension, constants in two steps.
class Mix {
public:
    explicit Mix(u64 seed) : random_(seed) {}

    ir::Block make(u32 guest_instructions) {
        builder_.begin({0x1000, 0});
        for (u32 i = 0; i < guest_instructions; ++i) {
            builder_.insn(0x1000 + 4 * i, 4);
            instruction();
        }
        builder_.end(ir::Branch{ir::Condition::ne, ir::Type::i64, get(), builder_.constant(0), 0x1000, 0x2000});
        return builder_.take();
    }

private:
    u16 slot() { return static_cast<u16>(random_() % 8); }
    ir::Value get() { return builder_.get(slot()); }
    void put(ir::Value value) { builder_.put(slot(), value); }

    void instruction() {
        switch (random_() % 12) {
        case 0:
        case 1:
        case 2:
            return put(builder_.load({.size_log2 = 3}, get(), 16));
        case 3:
        case 4:
            return builder_.store({.size_log2 = 3}, get(), 8, get());
        case 5:
            return put(builder_.unary(Op::sext32, builder_.binary(Op::add, get(), get())));
        case 6:
            return put(builder_.constant(random_() & 0xffff'f000));
        case 7:
            return put(builder_.binary(Op::shl, get(), u64{32}));
        case 8:
            return put(builder_.binary(Op::shr, get(), u64{32}));
        case 9:
            return put(builder_.binary(Op::and_, get(), u64{0xff}));
        default:
            return put(builder_.binary(Op::add, get(), random_() % 64));
        }
    }

    std::mt19937_64 random_;
    ir::Builder builder_;
};

template <typename F> double nanoseconds(F&& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

struct Cost {
    double copy = 0, fold = 0, dead_puts = 0, dead_code = 0, all = 0, verify = 0;
};

void measure(u32 guest_instructions) {
    std::vector<ir::Block> blocks;
    std::size_t before = 0, after = 0;
    for (u64 seed = 0; seed < 2000; ++seed) {
        blocks.push_back(Mix(seed).make(guest_instructions));
        before += blocks.back().instructions.size();
    }
    Cost best{1e18, 1e18, 1e18, 1e18, 1e18, 1e18};
    const auto least = [](double& value, double now) { value = std::min(value, now); };
    ir::Block work;
    const auto time = [&](double& value, auto&& pass) {
        least(value, nanoseconds([&] {
                  for (const ir::Block& block : blocks) {
                      work = block;
                      pass();
                  }
              }));
    };
    for (int round = 0; round < 25; ++round) {
        time(best.copy, [] {});
        time(best.fold, [&] { passes::fold(work); });
        time(best.dead_puts, [&] { passes::dead_puts(work); });
        time(best.dead_code, [&] { passes::dead_code(work); });
        after = 0;
        time(best.all, [&] {
            passes::run(work);
            after += work.instructions.size();
        });
        time(best.verify, [&] {
            if (!ir::verify(work, test::SmallMachine::guest())) std::abort();
        });
    }
    const auto each = [&](double total) { return (total - best.copy) / static_cast<double>(before); };
    std::printf("%3u guest instructions: %.1f IR instructions a block, %.1f %% removed; ns for each: fold %.1f, "
                "dead_puts %.1f, dead_code %.1f, together %.1f (verify %.1f)\n",
                guest_instructions, static_cast<double>(before) / 2000,
                100 - 100.0 * static_cast<double>(after) / static_cast<double>(before), each(best.fold),
                each(best.dead_puts), each(best.dead_code), each(best.all), each(best.verify));
}

} // namespace

int main() {
    for (const u32 guest_instructions : {4u, 12u, 40u}) measure(guest_instructions);
}
