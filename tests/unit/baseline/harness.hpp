// A fake guest of forty slots with fake slow paths, to run the same block on the interpreter and on the baseline and
// compare everything they leave behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jit/baseline/baseline.hpp"
#include "jit/interpreter/interpreter.hpp"
#include "jit/ir/builder.hpp"

namespace orrery::test {

inline constexpr u32 slot_count = 40;
inline constexpr u16 pc_slot = 20;
inline constexpr u64 ram_base = 0x4000'0000; // four pages
inline constexpr u64 ram_bytes = 0x4000;
inline constexpr u64 device_base = 0x5000'0000; // a page; see Vcpu::device()
inline constexpr u64 block_pc = 0x8000'1000;

enum HelperNumber : u16 {
    combine,
    look,
    change,
    leave_by_argument,
    change_and_leave,
    vector_pair,
    vector_value,
    vector_flags,
    helper_count
};
// Of the last three, which back ends may execute in place: the lower slots of pairs that aren't pinned, from any
// number. `controlled`: in floating point, by the MXCSR in control_slot, else on bytes.
struct VectorArguments {
    bool controlled = false;
    bool doubled = false; // the same of the next pairs
    u16 destination = 0;
    u16 a = 0;
    u16 b = 0;
    static constexpr VectorArguments unpack(u64 packed) {
        const auto pair = [&](u32 at) { return static_cast<u16>(24 + (packed >> at & 0xff) % 7 * 2); };
        return {.controlled = (packed & 1) != 0,
                .doubled = (packed & 2) != 0,
                .destination = pair(8),
                .a = pair(16),
                .b = pair(24)};
    }
    static constexpr u16 upper(u16 slot) { return static_cast<u16>(24 + (slot - 24 + 2) % 14); }
    [[nodiscard]] constexpr VectorArguments upper() const {
        return {.controlled = controlled, .destination = upper(destination), .a = upper(a), .b = upper(b)};
    }
};
inline constexpr u16 control_slot = 38;
inline constexpr u32 default_control = 0x1f80; // of MXCSR
const ir::GuestDescription& fake_guest();

struct FakeState {
    std::array<u64, slot_count> slots{};
};

// One side of a comparison.
struct Vcpu {
    struct Memory {
        jit::Context context;
        FakeState state;
    };
    Memory* memory;
    std::array<u8, ram_bytes>* ram;
    std::vector<std::string> log; // every call of C++, with the guest instruction it belongs to
    const jit::CompiledBlock* running = nullptr;

    Vcpu();
    ~Vcpu();
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    jit::Context& context() { return memory->context; }
    FakeState& state() { return memory->state; }
    void fill_tlb(u64 page, bool readable, bool writable);
    [[nodiscard]] i64 position() const; // the guest instruction whose call runs; -2: no site
    void note(const std::string& what);

    u64 load(u64 address, u32 access);
    void store(u64 address, u32 access, u64 value);
    u64 amo(u64 address, u32 access, u64 value);
    static u32 state_offset_bytes() { return offsetof(Memory, state); }

private:
    // A device asks to leave behind a store's instruction, or raises, by the low bits of the address.
    void device(u64 address, bool is_store);
    [[nodiscard]] bool in_ram(u64 address, u64 size_bytes) const;
};

class Comparison {
public:
    Comparison();

    // Sets both sides to the same state, made from a seed; the TLBs know some pages.
    void reset(u64 seed);
    void set_slot(u16 slot, u64 value);
    Vcpu& interpreted() { return interpreted_; }
    Vcpu& translated() { return translated_; }
    // Runs the block on both. Empty if they agree, else what differs.
    std::string run(const ir::Block& block, u64 budget = 1000);
    // The same, going on from the state that the last run left.
    std::string run_again(const ir::Block& block);
    jit::Baseline& baseline() { return *baseline_; }
    std::unique_ptr<jit::CompiledBlock> compile(const ir::Block& block);

private:
    std::unique_ptr<jit::CodeBuffer> buffer_;
    std::unique_ptr<jit::Baseline> baseline_;
    Vcpu interpreted_, translated_;
    jit::Interpreter interpreter_;
};

std::string describe(const ir::Block& block);

} // namespace orrery::test
