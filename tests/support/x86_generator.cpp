#include "tests/support/x86_generator.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "cpu/x86/instruction_table.hpp"
#include "machine/fabric/result.hpp"

namespace orrery::test {
namespace {

using namespace x86;

bool is_one_of(Op op, std::initializer_list<Op> ops) { return std::find(ops.begin(), ops.end(), op) != ops.end(); }

bool has_place(const Row& row, std::initializer_list<Place> places) {
    return std::any_of(row.operands.begin(), row.operands.end(), [places](Operand operand) {
        return std::find(places.begin(), places.end(), operand.place) != places.end();
    });
}

// Privileged, or the system's business, or dangerous to a process that hosts the instruction.
bool is_system(const Row& row) {
    using enum Op;
    if (row.has(trait::privileged | trait::io_sensitive | trait::user_input | trait::protected_mode)) return true;
    if (row.branch == Branch::interrupt || row.branch == Branch::system || row.branch == Branch::far) return true;
    if (has_place(row, {Place::S, Place::es, Place::cs, Place::ss, Place::ds, Place::fs, Place::gs})) return true;
    return is_one_of(row.op, {sgdt, sidt, smsw, les, lds, lss, lfs, lgs, cpuid, xgetbv, rdfsbase, rdgsbase, wrfsbase,
                              wrgsbase, bound, rdpmc, rsm, xrstor});
}

bool reaches_other_memory(const Row& row) {
    using enum Op;
    if (has_place(row, {Place::O, Place::X, Place::Y}) || row.has(trait::vsib)) return true;
    if (is_one_of(row.op, {push, pop, pusha, popa, pushf, popf, enter, leave, xlat, maskmovq, maskmovdqu, call, ret}))
        return true;
    return is_one_of(row.op, {bt, bts, btr, btc}) && row.operands[1].place == Place::G && row.mod != Mod::registers;
}

bool moves_control(const Row& row) { return row.branch != Branch::none; }

// The bytes of an instruction in the making.
class Encoding {
public:
    Encoding(const Row& row, const X86Constraints& constraints, Random& random)
        : row_(row), constraints_(constraints), random_(random) {}

    std::vector<u8> make() {
        choose_opcode();
        choose_modrm();
        choose_prefixes();
        // A gather's address has a SIB, and so at least 32 bits.
        if (row_.has(trait::vsib) && constraints_.code_size == CodeSize::bits16) bytes_.push_back(0x67);
        if (is_vex(row_.map)) {
            append_vex();
        } else {
            append_legacy();
        }
        append_modrm();
        append_immediates();
        return bytes_;
    }

private:
    [[nodiscard]] bool code_64() const { return constraints_.code_size == CodeSize::bits64; }
    [[nodiscard]] bool one_in(u64 chances) { return random_.one_in(chances); }

    // A general register that operands may name.
    u8 general_register() {
        for (;;) {
            const u8 number = static_cast<u8>(random_.below(code_64() ? 16 : 8));
            if ((constraints_.general_registers >> number & 1) == 0) continue;
            if (!constraints_.memory_base || number != *constraints_.memory_base) return number;
        }
    }
    u8 any_register() { return static_cast<u8>(random_.below(code_64() ? 16 : 8)); }

    // A byte register without REX may be AH to BH, and so part of register 0 to 3.
    [[nodiscard]] bool allowed_as_byte(u8 number) const {
        const u8 whole = rex_ == 0 && number >= 4 ? static_cast<u8>(number - 4) : number;
        return (constraints_.general_registers >> whole & 1) != 0 && whole != constraints_.memory_base;
    }

    void choose_opcode() {
        do {
            opcode_ = static_cast<u8>(row_.opcode + random_.below(row_.opcode_count));
            extension_b_ = code_64() && !row_.has(trait::no_rex_b) && one_in(2);
        } while (has_place(row_, {Place::Z}) && !opcode_register_allowed());
    }

    [[nodiscard]] bool opcode_register_allowed() const {
        const u8 number = static_cast<u8>((opcode_ & 7) | (extension_b_ ? 8 : 0));
        if (opcode_ == 0x90 && row_.map == Map::one_byte && number == 0) return false; // NOP
        return (constraints_.general_registers >> number & 1) != 0 && number != constraints_.memory_base;
    }

    void choose_modrm() {
        if (!row_.has_modrm) return;
        reg_ = row_.reg >= 0 ? static_cast<u8>(row_.reg) : choose_reg();
        const bool register_form = row_.mod == Mod::registers || !constraints_.memory ||
                                   (row_.mod == Mod::any && one_in(2)) || row_.has(trait::mod_ignored);
        if (register_form) {
            mod_ = 3;
            rm_ = row_.rm >= 0 ? static_cast<u8>(row_.rm) : choose_rm();
        } else {
            choose_memory();
        }
    }

    u8 choose_reg() {
        constexpr std::array<u8, 4> control = {0, 2, 3, 4};
        if (has_place(row_, {Place::C})) return random_.among<u8>(control);
        if (has_place(row_, {Place::S}))
            return row_.operands[0].place == Place::S ? 3 : static_cast<u8>(random_.below(6));
        if (has_place(row_, {Place::D, Place::P})) return static_cast<u8>(random_.below(8));
        return has_place(row_, {Place::G}) ? general_register() : any_register();
    }
    u8 choose_rm() {
        if (has_place(row_, {Place::E, Place::R, Place::M})) return general_register();
        return has_place(row_, {Place::N, Place::Q, Place::T}) ? static_cast<u8>(random_.below(8)) : any_register();
    }

    void choose_memory() {
        if (constraints_.memory_base) {
            choose_window();
            return;
        }
        mod_ = static_cast<u8>(random_.below(3));
        rm_ = row_.has(trait::vsib) ? 4 : any_register();
        address_16_ = !code_64() && constraints_.code_size == CodeSize::bits16 && !row_.has(trait::vsib);
        has_sib_ = !address_16_ && (rm_ & 7) == 4;
        sib_ = static_cast<u8>(random_.next());
        extension_x_ = code_64() && one_in(2);
        if (row_.has(trait::vsib)) choose_gather_index();
        const bool no_base = has_sib_ ? (sib_ & 7) == 5 : !address_16_ && (rm_ & 7) == 5;
        const bool absolute_16 = address_16_ && (rm_ & 7) == 6;
        const u8 wide = address_16_ ? 2 : 4;
        displacement_size_ = mod_ == 1 ? 1 : mod_ == 2 || (mod_ == 0 && (no_base || absolute_16)) ? wide : 0;
        displacement_ = static_cast<u32>(random_.next());
    }

    // Destination, index and mask of a gather must differ.
    void choose_gather_index() {
        reg_ = static_cast<u8>(random_.below(2));
        sib_ = static_cast<u8>((sib_ & 0xc7) | (2 + random_.below(2)) << 3);
        extension_x_ = false;
        vvvv_ = static_cast<u8>(4 + random_.below(2));
    }

    void choose_window() {
        rm_ = *constraints_.memory_base;
        displacement_ = static_cast<u32>(random_.below(constraints_.window_bytes));
        if (constraints_.aligned_often && one_in(2)) displacement_ &= ~15U;
        const bool needs_16 = constraints_.code_size == CodeSize::bits16;
        const bool short_form = displacement_ < 128 && one_in(2);
        ORRERY_ASSERT(!needs_16 || rm_ == 3 || rm_ == 5 || rm_ == 6 || rm_ == 7,
                      "16-bit addresses have BX, BP, SI or DI");
        if (needs_16) rm_ = rm_ == 3 ? 7 : rm_ == 5 ? 6 : static_cast<u8>(rm_ - 2);
        mod_ = short_form ? 1 : 2;
        displacement_size_ = short_form ? 1 : needs_16 ? 2 : 4;
        has_sib_ = !needs_16 && (rm_ & 7) == 4;
        sib_ = 0x24; // no index
        if (row_.has(trait::vsib)) choose_window_gather();
    }
    // The caller sees to it that the index stays in the window.
    void choose_window_gather() {
        ORRERY_ASSERT(*constraints_.memory_base < 8, "gathers have one of the first eight registers for a base");
        rm_ = 4;
        has_sib_ = true;
        sib_ = static_cast<u8>(random_.below(4) << 6 | *constraints_.memory_base);
        choose_gather_index();
    }

    void choose_prefixes() {
        const bool several = row_.prefixes == prefix::any;
        mandatory_ = 0;
        if (row_.prefixes == prefix::pf3) mandatory_ = 0xf3;
        if (row_.prefixes == prefix::pf2) mandatory_ = 0xf2;
        if (row_.prefixes == prefix::p66) operand_size_ = true;
        const bool takes_66 = several || (row_.prefixes & prefix::p66) != 0;
        if (!is_vex(row_.map) && takes_66 && one_in(4)) operand_size_ = true;
        if (several && row_.has(trait::rep | trait::repe) && one_in(2)) mandatory_ = one_in(2) ? 0xf3 : 0xf2;
        lock_ = row_.has(trait::lockable) && mod_ != 3 && one_in(4);
        choose_rex();
    }

    void choose_rex() {
        if (!code_64()) return;
        wide_ = row_.wide >= 0 ? row_.wide == 1 : one_in(3);
        unsigned bits = wide_ ? 8 : 0;
        if ((reg_ & 8) != 0) bits |= 4;
        if (extension_x_ && has_sib_) bits |= 2;
        if (row_.has_modrm ? (rm_ & 8) != 0 : extension_b_) bits |= 1;
        if (bits != 0 || one_in(4)) rex_ = static_cast<u8>(0x40 | bits);
    }

    void append_legacy() {
        redraw_byte_registers();
        if (lock_) bytes_.push_back(0xf0);
        if (constraints_.prefixes_without_effect && !constraints_.memory_base && one_in(4)) bytes_.push_back(0x3e);
        if (operand_size_) bytes_.push_back(0x66);
        if (mandatory_ != 0) bytes_.push_back(mandatory_);
        if (rex_ != 0) bytes_.push_back(rex_);
        if (row_.map != Map::one_byte) bytes_.push_back(0x0f);
        if (row_.map == Map::map_0f38) bytes_.push_back(0x38);
        if (row_.map == Map::map_0f3a) bytes_.push_back(0x3a);
        bytes_.push_back(opcode_);
    }

    // Whether numbers 4 to 7 of a byte register mean AH to BH is known only now; a REX makes them SPL to DIL.
    void redraw_byte_registers() {
        for (const Operand operand : row_.operands) {
            if (operand.type != Type::b) continue;
            while (operand.place == Place::G && !allowed_as_byte(reg_)) reg_ = draw_like(reg_);
            while (operand.place == Place::E && mod_ == 3 && !allowed_as_byte(rm_)) rm_ = draw_like(rm_);
            while (operand.place == Place::Z && !allowed_as_byte(static_cast<u8>(opcode_ & 7)) && rex_ == 0)
                opcode_ = static_cast<u8>(row_.opcode + random_.below(8));
        }
    }
    // Another register with the same bit in REX.
    u8 draw_like(u8 number) {
        for (;;) {
            const u8 other = general_register();
            if ((other & 8) == (number & 8)) return other;
        }
    }

    void append_vex() {
        const bool wide = row_.wide >= 0 ? row_.wide == 1 : one_in(3);
        const bool allows_256 = constraints_.features.contains(row_.features_256);
        const bool vector = row_.vector >= 0 ? row_.vector == 1 : allows_256 && one_in(2);
        if (row_.uses_vvvv && !row_.has(trait::vsib))
            vvvv_ = has_place(row_, {Place::B}) ? general_register() : any_register();
        const u8 r = (reg_ & 8) != 0 ? 0 : 0x80;
        const u8 x = extension_x_ && has_sib_ ? 0 : 0x40;
        const u8 b = (rm_ & 8) != 0 ? 0 : 0x20;
        const unsigned prefix = row_.prefixes == prefix::none  ? 0U
                                : row_.prefixes == prefix::p66 ? 1U
                                : row_.prefixes == prefix::pf3 ? 2U
                                                               : 3U;
        const unsigned last = (~unsigned{vvvv_} & 15U) << 3 | (vector ? 4U : 0U) | prefix;
        const unsigned map = static_cast<unsigned>(row_.map) - static_cast<unsigned>(Map::vex_0f) + 1;
        if (map == 1 && !wide && x != 0 && b != 0 && one_in(2)) {
            bytes_.insert(bytes_.end(), {0xc5, static_cast<u8>(r | last)});
        } else {
            bytes_.insert(bytes_.end(),
                          {0xc4, static_cast<u8>(r | x | b | map), static_cast<u8>((wide ? 0x80U : 0U) | last)});
        }
        bytes_.push_back(opcode_);
    }

    void append_modrm() {
        if (!row_.has_modrm) return;
        bytes_.push_back(static_cast<u8>(mod_ << 6 | (reg_ & 7) << 3 | (rm_ & 7)));
        if (mod_ == 3) return;
        if (has_sib_) bytes_.push_back(sib_);
        append(displacement_, displacement_size_);
    }

    void append(u64 value, unsigned size_bytes) {
        for (unsigned i = 0; i < size_bytes; ++i) bytes_.push_back(static_cast<u8>(value >> (i * 8)));
    }

    [[nodiscard]] unsigned operand_size() const {
        if (!code_64()) return (constraints_.code_size == CodeSize::bits16) != operand_size_ ? 2 : 4;
        if (row_.has(trait::force_64) || wide_) return 8;
        if (operand_size_) return 2;
        return row_.has(trait::default_64) ? 8 : 4;
    }

    void append_immediates() {
        const unsigned v = operand_size();
        const unsigned z = v == 2 ? 2 : 4;
        const unsigned address = code_64() ? 8 : constraints_.code_size == CodeSize::bits16 ? 2 : 4;
        constexpr std::array<u64, 6> edges = {0, 1, 0x7f, 0x80, 0x8000'0000, ~u64{0}};
        const u64 value = one_in(3) ? random_.among<u64>(edges) : random_.next();
        switch (row_.immediates) {
        case Immediates::none:
            return;
        case Immediates::byte:
        case Immediates::byte_signed:
        case Immediates::branch_byte:
            return append(value, 1);
        case Immediates::word:
            return append(value, 2);
        case Immediates::z:
        case Immediates::branch_z:
            return append(value, z);
        case Immediates::v:
            return append(value, v);
        case Immediates::word_byte:
            return append(value, 3);
        case Immediates::far_pointer:
            append(value, z);
            return append(random_.next(), 2);
        case Immediates::address:
            return append(value, address);
        }
    }

    const Row& row_;
    const X86Constraints& constraints_;
    Random& random_;
    std::vector<u8> bytes_;
    u8 opcode_ = 0;
    u8 mod_ = 3;
    u8 reg_ = 0;
    u8 rm_ = 0;
    u8 sib_ = 0;
    u8 vvvv_ = 0;
    u8 rex_ = 0;
    u8 mandatory_ = 0;
    u8 displacement_size_ = 0;
    u32 displacement_ = 0;
    bool has_sib_ = false;
    bool address_16_ = false;
    bool extension_x_ = false;
    bool extension_b_ = false;
    bool operand_size_ = false;
    bool lock_ = false;
    bool wide_ = false;
};

} // namespace

bool may_generate(const Row& row, const X86Constraints& constraints) {
    const bool code_64 = constraints.code_size == CodeSize::bits64;
    if (row.has(code_64 ? trait::not_64 : trait::only_64)) return false;
    if (!is_vex(row.map) && row.wide == 1 && !code_64) return false;
    if (!constraints.features.contains(row.features)) return false;
    if (row.vector == 1 && !constraints.features.contains(row.features_256)) return false;
    if (constraints.user_mode_only && is_system(row)) return false;
    if (!constraints.control_flow && moves_control(row)) return false;
    if (!constraints.implicit_memory && reaches_other_memory(row)) return false;
    return constraints.memory || row.mod != Mod::memory;
}

std::vector<u8> generate(const Row& row, const X86Constraints& constraints, Random& random) {
    const unsigned base = constraints.memory_base ? 1U << *constraints.memory_base : 0;
    ORRERY_ASSERT((constraints.general_registers & ~base & 15U) != 0, "one of rAX to rBX may be named");
    return Encoding(row, constraints, random).make();
}

std::vector<const Row*> generatable_rows(const X86Constraints& constraints) {
    std::vector<const Row*> rows;
    for (const Row& row : instruction_rows())
        if (may_generate(row, constraints)) rows.push_back(&row);
    return rows;
}

std::vector<u8> random_instruction(const X86Constraints& constraints, Random& random) {
    const std::vector<const Row*> rows = generatable_rows(constraints);
    ORRERY_ASSERT(!rows.empty(), "the constraints leave an instruction");
    return generate(*rows[random.below(rows.size())], constraints, random);
}

} // namespace orrery::test
