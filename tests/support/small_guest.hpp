// A guest made up for tests of the translator: eight registers, a pc, three helpers. SmallMachine is one vCPU of it for
// the interpreter, with a soft TLB that misses until a test fills it and slow paths that reach 64 KiB of memory, write
// down what was asked of them and leave when they are told to.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "jit/interpreter/interpreter.hpp"
#include "jit/ir/ir.hpp"

namespace orrery::test {

struct SmallState {
    std::array<u64, 8> x{};
    u64 pc = 0;
    bool operator==(const SmallState&) const = default;
};

class SmallMachine {
public:
    static constexpr u16 pc_slot = 8;
    static constexpr u64 memory_bytes = 0x1'0000;

    static const ir::GuestDescription& guest() {
        static constexpr std::array<ir::Slot, 9> slots{
            {{"x0", 0}, {"x1", 8}, {"x2", 16}, {"x3", 24}, {"x4", 32}, {"x5", 40}, {"x6", 48}, {"x7", 56}, {"pc", 64}}};
        static constexpr std::array<u16, 2> hot{1, 2};
        static constexpr std::array<ir::HelperInfo, 3> helpers{{{"mix", mix, false, false, false},
                                                                {"advance_x1", advance_x1, true, false, false},
                                                                {"maybe_raise", maybe_raise, false, true, false}}};
        static constexpr ir::GuestDescription description{"small", slots, pc_slot, hot, helpers};
        return description;
    }

    SmallMachine() : context(std::make_unique<jit::Context>()), memory(memory_bytes) {
        for (jit::TlbEntry& entry : context->tlb) entry = {jit::tlb_invalid, jit::tlb_invalid, 0, 0};
        context->data_tag = {1, 2, 3, 4};
        context->slow = {load, store, amo, load_reserved, store_conditional};
        context->state = &state;
        context->self = this;
        context->engine = this;
    }

    void run(const ir::Block& block) {
        jit::CompiledBlock compiled;
        compiled.key = block.key;
        compiled.ir = std::make_unique<const ir::Block>(block);
        jit::Interpreter(guest()).run(*context, compiled);
    }

    SmallState state;
    std::unique_ptr<jit::Context> context;
    std::vector<u8> memory;
    std::vector<std::string> trace;                      // what slow paths and helpers were asked, and where
    u64 leave_at = ~u64{0};                              // index of the request that leaves, in `trace`
    jit::LeaveRequest request = jit::LeaveRequest::none; // what it then asks for

private:
    static SmallMachine& of(jit::Context* context) { return *static_cast<SmallMachine*>(context->engine); }

    void note(const char* what, u64 a, u64 b, u64 c) {
        std::string registers;
        for (const u64 x : state.x) registers += fmt::format(" {:x}", x);
        trace.push_back(
            fmt::format("{} {:x} {:x} {:x} at {}:{}", what, a, b, c, context->interpreted_instruction, registers));
        if (trace.size() - 1 == leave_at) context->leave = request;
    }
    u64 fetch(u64 address, u32 access) const {
        u64 value = 0;
        std::memcpy(&value, &memory[address % (memory_bytes - 8)], 1u << (access & 3));
        return value;
    }
    void put(u64 address, u32 access, u64 value) {
        std::memcpy(&memory[address % (memory_bytes - 8)], &value, 1u << (access & 3));
    }
    static u64 load(jit::Context* context, u64 address, u32 access) {
        of(context).note("load", address, access, 0);
        return of(context).fetch(address, access);
    }
    static void store(jit::Context* context, u64 address, u32 access, u64 value) {
        of(context).note("store", address, access, value);
        of(context).put(address, access, value);
    }
    static u64 amo(jit::Context* context, u64 address, u32 access, u64 value) {
        of(context).note("amo", address, access, value);
        const u64 old = of(context).fetch(address, access);
        of(context).put(address, access, old + value);
        return old;
    }
    static u64 load_reserved(jit::Context* context, u64 address, u32 access) {
        of(context).note("load_reserved", address, access, 0);
        return of(context).fetch(address, access);
    }
    static u64 store_conditional(jit::Context* context, u64 address, u32 access, u64 value) {
        of(context).note("store_conditional", address, access, value);
        of(context).put(address, access, value);
        return address & 1;
    }
    static u64 mix(void* self, u64 a, u64 b, u64 c) {
        static_cast<SmallMachine*>(self)->note("mix", a, b, c);
        return a + std::rotl(b, 7) * 3 + c;
    }
    static u64 advance_x1(void* self, u64 a, u64 b, u64 c) {
        static_cast<SmallMachine*>(self)->note("advance_x1", a, b, c);
        return static_cast<SmallMachine*>(self)->state.x[1] += a;
    }
    static u64 maybe_raise(void* self, u64 a, u64 b, u64 c) {
        static_cast<SmallMachine*>(self)->note("maybe_raise", a, b, c);
        return a;
    }
};

} // namespace orrery::test
