// Emits one block: its instructions in order, then the cold code that they branch to, then the side tables. Cold code
// is emitted to a buffer of its own at the moment it is needed, while it is known where everything is, and is copied
// behind the block at the end.
#pragma once

#include <memory>

#include "jit/baseline/host_features.hpp"
#include "jit/baseline/listing.hpp"
#include "jit/baseline/thunks.hpp"
#include "jit/baseline/value_locations.hpp"
#include "jit/baseline/vector_registers.hpp"
#include "jit/runtime/compiled_block.hpp"

namespace orrery::jit::baseline {

class BlockEmitter {
public:
    // `counting`: blocks count their executions.
    BlockEmitter(const Layout& layout, const Thunks& thunks, const ir::GuestDescription& guest, bool counting);

    // Writes to `begin`, at most up to `end`. Fills in the block's side tables; its code_size is 0 if there was too
    // little room. `listing` may be null.
    void emit(const ir::Block& block, u8* begin, u8* end, CompiledBlock& compiled, Listing* listing);

private:
    using Condition = x64::Condition;

    // ---- references between the two pieces of code and to the thunks; places are ends of displacements
    struct Reference {
        u32 from;
        u32 to;
    };
    struct ThunkReference {
        u32 from;
        const u8* to;
    };
    // A jump of the block that may be linked.
    struct Link {
        u32 displacement; // in the hot code
        u32 stub;         // in the cold code
        u64 target_pc;
    };
    // Where the code for an instruction begins.
    struct Mark {
        u32 hot;
        u32 cold;
        u32 instruction;
    };

    // ---- block_emitter.cpp
    void emit_entry(u64& executions);
    void emit_instructions_with_marks(u16 count);
    void emit_instruction(u16 index);
    void emit_pure(u16 index);
    void begin_guest_instruction();
    void finish(CompiledBlock& compiled);
    [[nodiscard]] u32 hot_offset() const { return static_cast<u32>(hot_.size()); }
    [[nodiscard]] u32 cold_offset() const { return static_cast<u32>(cold_.size()); }
    void jump_cold(Condition condition); // to the cold code that is emitted next
    void jump_back();                    // from there to where the hot code goes on
    void cold_jump(const u8* thunk);
    void cold_call(const u8* thunk);
    void load(x64::Assembler& a, Gpr to, const Operand& from);

    // ---- emit_listing.cpp
    void list_pieces(Listing& listing) const;
    void list_names(const u8* code, Listing& listing) const;
    void list_memory(Listing& listing) const;

    // ---- emit_integer.cpp, emit_multiply.cpp
    void emit_sum(u16 index);
    void emit_scaled_sum(u16 index, ir::Value scaled, ir::Value other);
    void emit_sum_immediate(u16 index, const Operand& a, u64 immediate);
    void emit_difference(u16 index);
    void emit_logic(u16 index, x64::Alu op);
    void emit_mask(u16 index, const Operand& a, u64 mask);
    void emit_and_not(u16 index);
    void emit_multiply(u16 index);
    void emit_high_multiply(u16 index);
    void emit_divide(u16 index);
    void emit_shift(u16 index);
    void emit_folded_shift(u16 index, u32 count);
    void emit_shift_by_immediate(u16 index, x64::Shift op, u32 count);
    void emit_shift_by_cl(u16 index, x64::Shift op);
    void emit_count_zeros(u16 index);
    void emit_population_count(u16 index);
    void emit_byte_swap(u16 index);
    void emit_extension(u16 index);
    void emit_comparison(u16 index);
    void emit_select(u16 index);
    // Operands as one instruction compares them, and the condition to test then.
    struct Comparison {
        Condition condition;
        Size size;
        Operand a, b;
    };
    Comparison comparison(ir::Condition condition, ir::Type type, ir::Value a, ir::Value b);
    void compare(const Comparison& comparison);
    // Operands of a two-operand instruction: an immediate that doesn't fit goes into a register.
    Operand usable(const Operand& operand, Size size);
    void alu(x64::Alu op, Size size, Gpr to, const Operand& from);
    void bring(Gpr to, const Operand& from, Size size);

    // ---- emit_memory.cpp
    // An access uses rax for the TLB entry and then the addend, rcx for checks; the address is in neither.
    struct Address {
        Gpr base;
        i32 offset;
        u8 memo; // its AddressMemo, or no_memo
    };
    void emit_load(u16 index);
    void emit_store(u16 index);
    Address address(const ir::Instruction& instruction);
    // Leaves the addend in rax. Every branch to `cold_` is made before anything else is.
    void emit_translation(const Address& address, ir::MemoryAccess access, bool write);
    void emit_memo_check(const Address& address, ir::MemoryAccess access, bool write);
    void emit_tlb_check(const Address& address, ir::MemoryAccess access, bool write, u32 checked_bytes);
    void move_address(Size size, Gpr to, const Address& address, i32 further);
    void emit_cold_access(const ir::Instruction& instruction, const Address& address, const Operand* value,
                          const u8* thunk, Gpr result);
    const u8* store_thunk(u16 index);
    void store_value(Size size, const Mem& to, const Operand& value);
    void load_extended(Gpr to, const Mem& from, ir::MemoryAccess access);

    // ---- emit_atomic.cpp
    void emit_amo(u16 index);
    void emit_amo_inline(u16 index);
    void emit_fence();
    void emit_slow_access(u16 index, const u8* thunk);

    // ---- emit_call.cpp, emit_vector.cpp
    void emit_call(u16 index);
    [[nodiscard]] std::optional<ir::HostVector> host_vector(u16 index) const;
    void emit_host_vector(u16 index, const ir::HostVector& vector);
    Xmm execute_pair(const ir::HostVector& vector, const ir::HostVector::Pairs& slots, bool in_place);
    void emit_pairs(const ir::HostVector& vector);
    void execute_host_vector(const ir::HostVector& vector, Gpr result);
    void execute(const ir::HostVector& vector, Xmm to, u16 b);
    void overwrite_pair(u16 slot);
    void load_vector(Xmm to, u16 slot);
    Xmm vector_in_register(u16 slot);
    void reload_vectors();
    void emit_float_check(x64::Label& unmasked);
    void emit_call_instead(const ir::Instruction& call);
    void note_put(const ir::Instruction& put);
    void define_result_of_call(u16 index);
    void add_site(std::vector<Site>& sites, u32 offset);

    // ---- emit_terminal.cpp
    void emit_terminal();
    void emit_goto(u64 pc, Flow flow);
    void emit_branch(const ir::Branch& branch);
    void emit_indirect(const ir::Indirect& indirect);
    void emit_raise(const ir::Raise& raise);
    void emit_link(u64 pc, Flow flow);
    void emit_conditional_link(Condition condition, u64 pc, Flow flow);
    void emit_link_stub(u64 pc, Flow flow);
    void emit_jump_table_probe(u64 pc, Flow flow);
    void emit_probe(Gpr pc, const Mem& entry_pc, const Mem& entry_tag, const Mem& entry_code, Flow flow);
    void cold_exit(const std::array<const u8*, flows>& thunks, Flow flow);
    // Whether a jump there may be linked: to the same page, and not to a block that might reach into the next one.
    [[nodiscard]] bool linkable(u64 pc) const {
        return ((pc ^ block_->key.pc) & ~u64{4095}) == 0 && (pc & 4095) < 4096 - crossing_bytes;
    }

    static constexpr u64 cold_capacity_bytes = 32 * MiB; // touched only as far as it is used

    const Layout& layout_;
    const Thunks& thunks_;
    const ir::GuestDescription& guest_;
    const bool counting_;
    const x64::HostFeatures features_;
    std::unique_ptr<u8[]> cold_memory_;
    x64::Assembler hot_;
    x64::Assembler cold_;
    BlockAnalysis facts_;
    ValueLocations locations_;
    VectorRegisters vectors_;

    const ir::Block* block_ = nullptr;
    u32 guest_instruction_ = 0;
    u64 last_pc_ = 0;
    bool check_leave_ = false;
    std::vector<Reference> hot_to_cold_;
    std::vector<Reference> cold_to_hot_;
    std::vector<ThunkReference> cold_to_thunk_;
    std::vector<Link> links_;
    std::vector<Site> hot_sites_;
    std::vector<Site> cold_sites_;
    std::vector<Mark> marks_; // only for a listing
};

constexpr Size size_of(ir::Type type) { return type == ir::Type::i32 ? Size::dword : Size::qword; }
constexpr bool fits_i32(u64 value) { return static_cast<i64>(value) == static_cast<i32>(value); }

} // namespace orrery::jit::baseline
