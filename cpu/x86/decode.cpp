#include "cpu/x86/decode.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "cpu/x86/opcode_maps.hpp"

namespace orrery::x86 {
namespace {

// What a byte is at the place of a prefix or opcode (SDM 2A, 2.1.1).
enum class Kind : u8 { opcode, segment, operand_size, address_size, lock, repeat_f3, repeat_f2, rex, escape, vex };

constexpr std::array<Kind, 256> make_kinds() {
    std::array<Kind, 256> kinds{};
    for (const unsigned byte : {0x26U, 0x2eU, 0x36U, 0x3eU, 0x64U, 0x65U}) kinds[byte] = Kind::segment;
    for (unsigned byte = 0x40; byte < 0x50; ++byte) kinds[byte] = Kind::rex;
    kinds[0x66] = Kind::operand_size;
    kinds[0x67] = Kind::address_size;
    kinds[0xf0] = Kind::lock;
    kinds[0xf2] = Kind::repeat_f2;
    kinds[0xf3] = Kind::repeat_f3;
    kinds[0x0f] = Kind::escape;
    kinds[0xc4] = Kind::vex;
    kinds[0xc5] = Kind::vex;
    return kinds;
}
constexpr std::array<Kind, 256> kinds = make_kinds();

constexpr Segment segment_of_prefix(u8 byte) {
    if (byte >= 0x64) return byte == 0x64 ? Segment::fs : Segment::gs;
    return static_cast<Segment>(byte >> 3 & 3);
}

// SDM 2A, table 2-1: base and index of 16-bit addresses.
constexpr u8 register_bx = 3;
constexpr u8 register_si = 6;
constexpr u8 register_di = 7;
struct BaseIndex {
    u8 base;
    u8 index;
};
constexpr std::array<BaseIndex, 8> addresses_16 = {{{register_bx, register_si},
                                                    {register_bx, register_di},
                                                    {register_bp, register_si},
                                                    {register_bp, register_di},
                                                    {register_si, no_register},
                                                    {register_di, no_register},
                                                    {register_bp, no_register},
                                                    {register_bx, no_register}}};

class SpanSource {
public:
    explicit SpanSource(std::span<const u8> bytes)
        : bytes_(bytes.data()), size_(static_cast<u8>(std::min<std::size_t>(bytes.size(), maximum_length))) {}
    bool read(u8 position, u8& byte) {
        if (position >= size_) return false;
        byte = bytes_[position];
        return true;
    }
    template <typename T> bool read_value(u8 position, T& value) {
        if (position + sizeof value > size_) return false;
        std::memcpy(&value, bytes_ + position, sizeof value);
        return true;
    }
    // How many of the bytes that a failed read_value asked for are there.
    [[nodiscard]] u8 end(u8) const { return size_; }

private:
    const u8* bytes_;
    u8 size_;
};

class ReaderSource {
public:
    explicit ReaderSource(ByteReader& reader) : reader_(reader) {}
    bool read(u8 position, u8& byte) {
        end_ = position;
        if (position >= maximum_length) return false;
        const std::optional<u8> next = reader_.next();
        byte = next.value_or(0);
        return next.has_value();
    }
    template <typename T> bool read_value(u8 position, T& value) {
        u64 bits = 0;
        for (u8 i = 0; i < sizeof value; ++i) {
            u8 byte = 0;
            if (!read(static_cast<u8>(position + i), byte)) return false;
            bits |= u64{byte} << (i * 8U);
        }
        value = static_cast<T>(bits);
        return true;
    }
    [[nodiscard]] u8 end(u8) const { return end_; }

private:
    ByteReader& reader_;
    u8 end_ = 0;
};

// Every step says whether to go on; where it doesn't, the outcome is set.
template <typename Source> class Decoder {
public:
    // `result` as it is made: it is large enough that a copy would be felt.
    Decoder(Source source, CodeSize code_size, Features features, Instruction& result)
        : source_(source), result_(result), features_(features), code_64_(code_size == CodeSize::bits64),
          code_16_(code_size == CodeSize::bits16) {
        result_.code_size = code_size;
    }

    void run() {
        if (decode()) result_.row = row_;
    }

private:
    bool decode() {
        u8 byte = 0;
        if (!read_prefixes(byte)) return false;
        set_address_size();
        const bool vex = kinds[byte] == Kind::vex;
        if (vex ? !read_vex(byte) : !read_opcode(byte)) return false;
        if (!conditions_met()) return false;
        if (row_->has_modrm && !read_modrm_once()) return false;
        if (row_->has_modrm && result_.modrm < 0xc0 && !row_->has(trait::mod_ignored) && !read_memory()) return false;
        set_operand_size();
        if (row_->immediates != Immediates::none && !read_immediates()) return false;
        return legal();
    }

    bool fail(Outcome outcome) {
        result_.outcome = outcome;
        return false;
    }
    bool fail_read() {
        result_.length = source_.end(result_.length);
        return fail(result_.length >= maximum_length ? Outcome::too_long : Outcome::fetch_fault);
    }

    bool read(u8& byte) {
        if (!source_.read(result_.length, byte)) return fail_read();
        ++result_.length;
        return true;
    }
    // A little-endian value of the type's size.
    template <typename T, typename To> bool read_as(To& to) {
        T value = 0;
        if (!source_.read_value(result_.length, value)) return fail_read();
        result_.length = static_cast<u8>(result_.length + sizeof value);
        to = static_cast<To>(value);
        return true;
    }

    // ---- prefixes (SDM 2A, 2.1.1, 2.2.1)
    bool read_prefixes(u8& byte) {
        for (;;) {
            if (!read(byte)) return false;
            const Kind kind = kinds[byte];
            if (kind == Kind::opcode || kind >= Kind::escape) return true;
            if (kind == Kind::rex) {
                if (!code_64_) return true;
                result_.rex = byte;
                continue;
            }
            result_.rex = 0; // ignored unless it is the last prefix
            note_prefix(kind, byte);
        }
    }

    void note_prefix(Kind kind, u8 byte) {
        switch (kind) {
        case Kind::segment:
            // SDM 1, 3.4.2.1: those of CS, DS, ES and SS are ignored in 64-bit mode, so they replace no other.
            if (code_64_ && byte < 0x64) return;
            result_.segment_override = true;
            result_.memory.segment = segment_of_prefix(byte);
            return;
        case Kind::operand_size:
            result_.operand_size_prefix = true;
            return;
        case Kind::address_size:
            result_.address_size_prefix = true;
            return;
        case Kind::lock:
            result_.lock = true;
            return;
        default: // the last of F3 and F2 counts
            result_.repeat = kind == Kind::repeat_f3 ? Repeat::f3 : Repeat::f2;
            return;
        }
    }

    void set_address_size() {
        const bool other = result_.address_size_prefix;
        if (code_64_) {
            result_.address_size = other ? 4 : 8;
        } else {
            result_.address_size = code_16_ != other ? 2 : 4;
        }
    }

    // The number that stands in VEX.pp for the mandatory prefix; F3 and F2 go before 66.
    [[nodiscard]] unsigned prefix_number() const {
        if (result_.repeat != Repeat::none) return result_.repeat == Repeat::f3 ? 2 : 3;
        return result_.operand_size_prefix ? 1 : 0;
    }

    // ---- opcode
    bool read_opcode(u8 byte) {
        Map map = Map::one_byte;
        if (byte == 0x0f) {
            if (!read(byte)) return false;
            map = Map::map_0f;
            if (byte == 0x38 || byte == 0x3a) {
                map = byte == 0x38 ? Map::map_0f38 : Map::map_0f3a;
                if (!read(byte)) return false;
            }
        }
        result_.opcode = byte;
        return find_row(legacy_key(map, code_64_, result_.rex_w(), prefix_number(), byte));
    }

    bool find_row(std::size_t key) {
        u16 cell = opcode_maps.cells[key];
        if ((cell & group_bit) != 0) {
            if (!read_modrm_once()) return false;
            cell = opcode_maps.groups[cell & ~group_bit][group_slot(result_.modrm)];
        }
        if (cell == 0) return fail(Outcome::invalid);
        row_ = opcode_maps.rows + cell - 1;
        return true;
    }

    bool read_modrm_once() {
        if (modrm_read_) return true;
        modrm_read_ = true;
        return read(result_.modrm);
    }

    // SDM 2A, 2.3.5. Outside 64-bit mode C4 and C5 are LES and LDS unless what would be ModRM names a register.
    bool read_vex(u8 first) {
        u8 byte = 0;
        if (!read(byte)) return false;
        if (!code_64_ && byte < 0xc0) {
            result_.modrm = byte;
            modrm_read_ = true;
            result_.opcode = first;
            return find_row(legacy_key(Map::one_byte, false, false, prefix_number(), first));
        }
        const bool prefixed = result_.lock || result_.operand_size_prefix || result_.repeat != Repeat::none;
        if (prefixed || result_.rex != 0) return fail(Outcome::invalid);
        result_.vex = true;
        return read_vex_fields(first, byte);
    }

    bool read_vex_fields(u8 first, u8 byte) {
        unsigned extension = ~unsigned{byte} >> 5 & 4; // R, X and B are inverted, as is vvvv
        unsigned map = 1;
        if (first == 0xc4) {
            extension |= ~unsigned{byte} >> 5 & 3;
            map = byte & 0x1f;
            if (!read(byte)) return false;
            extension |= byte >> 4 & 8U;
        }
        if (map < 1 || map > 3) return fail(Outcome::invalid);
        const bool wide = (extension & 8) != 0;
        // Outside 64-bit mode there is nothing to extend; VEX.W then tells rows apart, but widens no operand.
        result_.rex = static_cast<u8>(0x40 | (code_64_ ? extension : 0));
        vvvv_given_ = (byte & 0x78) != 0x78;
        result_.vvvv = static_cast<u8>((~unsigned{byte} >> 3 & 15) & (code_64_ ? 15U : 7U));
        result_.vex_256 = (byte & 4) != 0;
        const unsigned prefix = byte & 3;
        if (!read(result_.opcode)) return false;
        const auto vex_map = static_cast<Map>(static_cast<unsigned>(Map::vex_0f) + map - 1);
        return find_row(vex_key(vex_map, code_64_, wide, result_.vex_256, prefix, result_.opcode));
    }

    // Takes the row that says less where a condition of this one isn't met.
    bool conditions_met() {
        for (;;) {
            const bool with_features =
                features_.contains(row_->features) && (!result_.vex_256 || features_.contains(row_->features_256));
            if (with_features && (!row_->has(trait::no_rex_b) || (result_.rex & 1) == 0)) return true;
            const u16 cell = opcode_maps.otherwise[row_ - opcode_maps.rows];
            if (cell == 0) return fail(Outcome::invalid);
            row_ = opcode_maps.rows + cell - 1;
        }
    }

    // ---- ModRM's memory operand (SDM 2A, 2.1.5)
    bool read_memory() {
        result_.has_memory = true;
        if (result_.address_size == 2) return !row_->has(trait::vsib) ? read_memory_16() : fail(Outcome::invalid);
        const unsigned mod = result_.modrm >> 6;
        const unsigned low = result_.modrm & 7;
        MemoryAddress& memory = result_.memory;
        if (low == register_sp) {
            if (!read_sib(mod)) return false;
        } else if (row_->has(trait::vsib)) {
            return fail(Outcome::invalid);
        } else if (mod == 0 && low == register_bp) {
            memory.base = code_64_ ? instruction_pointer : no_register;
        } else {
            memory.base = result_.rm();
        }
        choose_segment();
        if (mod == 1) return read_as<i8>(result_.displacement);
        const bool no_base = memory.base >= no_base_from;
        return mod == 2 || (mod == 0 && no_base) ? read_as<i32>(result_.displacement) : true;
    }

    bool read_sib(unsigned mod) {
        if (!read(result_.sib)) return false;
        MemoryAddress& memory = result_.memory;
        const unsigned index = (result_.sib >> 3 & 7U) | (result_.rex & 2U) << 2;
        if (index != register_sp || row_->has(trait::vsib)) memory.index = static_cast<u8>(index);
        memory.scale = result_.sib >> 6;
        const unsigned base = result_.sib & 7U;
        if (base != register_bp || mod != 0) memory.base = static_cast<u8>(base | (result_.rex & 1U) << 3);
        return true;
    }

    bool read_memory_16() {
        const unsigned mod = result_.modrm >> 6;
        const unsigned low = result_.modrm & 7;
        MemoryAddress& memory = result_.memory;
        memory.base = addresses_16[low].base;
        memory.index = addresses_16[low].index;
        const bool absolute = mod == 0 && low == 6;
        if (absolute) memory.base = no_register;
        choose_segment();
        if (mod == 1) return read_as<i8>(result_.displacement);
        return mod == 2 || absolute ? read_as<i16>(result_.displacement) : true;
    }

    // SDM 1, 3.7.4. In 64-bit mode it still decides between #SS and #GP.
    void choose_segment() {
        const u8 base = result_.memory.base;
        if (!result_.segment_override && (base == register_sp || base == register_bp))
            result_.memory.segment = Segment::ss;
    }

    // ---- operand size and immediates (SDM 2A, 2.2.1.2, 2.2.1.7)
    void set_operand_size() {
        const bool prefix = result_.operand_size_prefix;
        if (!code_64_) {
            result_.operand_size = code_16_ != prefix ? 2 : 4;
        } else if (row_->has(trait::force_64) || result_.rex_w()) {
            result_.operand_size = 8;
        } else if (prefix) {
            result_.operand_size = 2;
        } else {
            result_.operand_size = row_->has(trait::default_64) ? 8 : 4;
        }
    }

    bool read_immediates() {
        i64& immediate = result_.immediate;
        const u8 size = result_.operand_size;
        switch (row_->immediates) {
        case Immediates::none:
            return true;
        case Immediates::byte:
            return read_as<u8>(immediate);
        case Immediates::byte_signed:
        case Immediates::branch_byte:
            return read_as<i8>(immediate);
        case Immediates::word:
            return read_as<u16>(immediate);
        case Immediates::z:
        case Immediates::branch_z:
            return size == 2 ? read_as<i16>(immediate) : read_as<i32>(immediate);
        case Immediates::v:
            if (size == 8) return read_as<i64>(immediate);
            return size == 2 ? read_as<i16>(immediate) : read_as<i32>(immediate);
        case Immediates::word_byte:
            return read_as<u16>(immediate) && read_as<u8>(result_.immediate2);
        case Immediates::far_pointer:
            return (size == 2 ? read_as<u16>(immediate) : read_as<u32>(immediate)) && read_as<u16>(result_.immediate2);
        case Immediates::address:
            return read_address();
        }
        return fail(Outcome::invalid);
    }

    bool read_address() {
        if (result_.address_size == 8) return read_as<i64>(result_.displacement);
        return result_.address_size == 2 ? read_as<u16>(result_.displacement) : read_as<u32>(result_.displacement);
    }

    // ---- what is #UD although it is a row
    bool legal() {
        const bool lock_legal = !result_.lock || (row_->has(trait::lockable) && result_.has_memory);
        const bool vvvv_legal = !result_.vex || row_->uses_vvvv || !vvvv_given_;
        if (!lock_legal || !vvvv_legal) return fail(Outcome::invalid);
        if (row_->has(trait::vsib) && !gather_registers_differ()) return fail(Outcome::invalid);
        if (row_->has(trait::limited_reg) && !reg_legal()) return fail(Outcome::invalid);
        return true;
    }

    // SDM 2C, VGATHERDPS
    [[nodiscard]] bool gather_registers_differ() const {
        const u8 index = result_.memory.index;
        return index != result_.reg() && index != result_.vvvv && result_.reg() != result_.vvvv;
    }

    // Control registers 0, 2, 3, 4 and 8, debug registers 0 to 7, six segment registers; CS is loaded by jumps only.
    [[nodiscard]] bool reg_legal() const {
        const auto has_operand = [this](Place place) {
            return row_->operands[0].place == place || row_->operands[1].place == place;
        };
        if (has_operand(Place::S)) {
            const unsigned segment = result_.modrm >> 3 & 7; // REX.R is ignored
            const bool loads_cs = row_->operands[0].place == Place::S && segment == static_cast<unsigned>(Segment::cs);
            return segment < 6 && !loads_cs;
        }
        if (has_operand(Place::D)) return result_.reg() < 8;
        constexpr unsigned control_registers = 1U << 0 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 8;
        return (control_registers >> result_.reg() & 1) != 0;
    }

    static constexpr u8 no_base_from = instruction_pointer;

    Source source_;
    Instruction& result_;
    Features features_;
    bool code_64_;
    bool code_16_;
    bool modrm_read_ = false;
    bool vvvv_given_ = false;
    const Row* row_ = nullptr;
};

} // namespace

Instruction decode(std::span<const u8> bytes, CodeSize code_size, Features features) {
    Instruction result;
    Decoder(SpanSource(bytes), code_size, features, result).run();
    return result;
}

Instruction decode(ByteReader& reader, CodeSize code_size, Features features) {
    Instruction result;
    Decoder(ReaderSource(reader), code_size, features, result).run();
    return result;
}

} // namespace orrery::x86
