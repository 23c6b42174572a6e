#include "tests/unit/cpu_x86/known_disagreements.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cpu/x86/instruction_table.hpp"
#include "tests/unit/cpu_x86/intel_text.hpp"

namespace orrery::tests {
namespace {

using namespace x86;

bool is_one_of(Op op, std::initializer_list<Op> ops) { return std::find(ops.begin(), ops.end(), op) != ops.end(); }

constexpr const char* pause_excuse =
    "F3 90 is PAUSE whatever other prefixes, unless REX.B makes it an exchange (SDM 2, NOP and XCHG)";

bool is_near_branch(const Row& row) { return row.has(trait::force_64) && row.branch != Branch::none; }

// The extensions that LLVM knows and our tables leave out, by the beginnings of their mnemonics.
struct Extension {
    std::string_view name;
    std::string_view mnemonics;
};
constexpr std::array<Extension, 16> left_out = {{
    {"3DNow!", "femms pavgusb pf pi2f pmulhrw pswapd "},
    {"SSE4a, FMA4, XOP", "extrq insertq movnts vfmadd vfmsub vfnmadd vfnmsub vpermil2 vphadd vprot "},
    {"VMX, SVM", "invept invvpid vmcall vmclear vmfunc vmlaunch vmload vmmcall vmptr vmread vmresume vmrun vmsave "
                 "vmwrite vmxo vmgexit clgi stgi skinit invlpga invlpgb tlbsync psmash pvalidate rmp tdcall seam "},
    {"SGX, SMX, PCONFIG", "encl getsec pconfig "},
    {"CET", "clrssbsy incssp rdssp rstorssp saveprevssp setssbsy wrss wruss "},
    {"SHA", "sha vsha vsm3 vsm4 "},
    {"GFNI, VAES, VPCLMULQDQ", "gf2p8 vgf2p8 vaes vpclmulqdq "},
    {"AVX-512", "kadd kand kmov knot kor kshift ktest kunpck kxnor kxor "},
    {"AVX-VNNI, AVX-IFMA, AVX-NE-CONVERT", "{vex} vpdp vpmadd52 vbcst vcvtne "},
    {"AMX", "ldtilecfg sttilecfg tile tdp tcmm "},
    {"MOVDIR, ENQCMD", "movdir enqcmd "},
    {"RAO-INT", "aadd aand aor axor "},
    {"TSX, WAITPKG, PKU, UINTR",
     "xabort xbegin xend xtest tpause umonitor umwait rdpkru wrpkru clui stui testui uiret senduipi xsusldtrk "
     "xresldtrk "},
    {"key locker", "aesdec128kl aesdec256kl aesenc128kl aesenc256kl aesdecwide aesencwide encodekey loadiwkey "},
    {"AMD's and VIA's own", "clzero mcommit monitorx mwaitx rdpru xstore xcrypt xsha montmul ccs "},
    {"others", "hreset ptwrite serialize cldemote lkgs eret rdmsrlist wrmsrlist wrmsrns urdmsr uwrmsr pbndkb "},
}};

bool is_in(std::string_view mnemonic, std::string_view beginnings) {
    while (!beginnings.empty()) {
        const std::size_t end = beginnings.find(' ');
        const std::string_view beginning = beginnings.substr(0, end);
        if (!beginning.empty() && mnemonic.starts_with(beginning)) return true;
        if (end == std::string_view::npos) return false;
        beginnings.remove_prefix(end + 1);
    }
    return false;
}

bool is_any_prefix(u8 byte, CodeSize code_size) {
    if ((byte & 0xf0) == 0x40) return code_size == CodeSize::bits64;
    return (byte & 0xe7) == 0x26 || (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

std::string extension_of(std::string_view mnemonic) {
    for (const Extension& extension : left_out)
        if (is_in(mnemonic, extension.mnemonics)) return std::string(extension.name);
    if (mnemonic.starts_with("cmp") && mnemonic.ends_with("xadd")) return "CMPCCXADD";
    return "";
}

} // namespace

std::string excuse_for_llvm_rejecting(const Instruction& ours) {
    const Row& row = *ours.row;
    if (is_one_of(row.op, {Op::nop_hint, Op::endbr64, Op::endbr32}))
        return "0F 18 to 0F 1F are no-operations unless they mean more (SDM 2D, table A-3)";
    if (is_one_of(row.op, {Op::prefetchw, Op::prefetch_exclusive}))
        return "0F 0D has eight values of reg, all prefetches";
    if (is_one_of(row.op, {Op::ud0, Op::ud1, Op::int1}))
        return "UD0, UD1 and INT1 are instructions (SDM 2, UD and INT n)";
    if (row.has(trait::mod_ignored)) return "the mod field of moves to and from control and debug registers is ignored";
    if (row.map == Map::one_byte && row.opcode >= 0xd8 && row.opcode <= 0xdf)
        return "aliases of x87 instructions that the manual leaves out";
    if (is_one_of(row.op, {Op::shl, Op::test})) return "aliases in groups 2 and 3 that the manual leaves out";
    if (row.op == Op::pause) return pause_excuse;
    if (row.prefixes == prefix::pf3 && ours.operand_size_prefix)
        return "66 besides F3 doesn't choose another instruction";
    if (row.op == Op::wbinvd) return "66 and F2 change nothing of WBINVD, of which LLVM tells WBNOINVD";
    if (row.op == Op::salc) return "SALC is not in the manual";
    if (is_near_branch(row) && ours.operand_size_prefix)
        return "66 is ignored on near branches in 64-bit mode (SDM 2A, 2.2.1.7 and the pages of CALL, JMP, Jcc)";
    return "";
}

std::string excuse_for_llvm_accepting(const LlvmX86::Answer& llvm, std::span<const u8> bytes, CodeSize code_size) {
    const InstructionText text = parse_llvm_text(llvm.text);
    const std::string extension = extension_of(text.mnemonic);
    if (!extension.empty()) return "an extension that our tables leave out: " + extension;
    // The byte after any prefixes: LLVM got them in the order that read_prefixes of the comparison gives them.
    std::size_t opcode = 0;
    while (opcode < bytes.size() && is_any_prefix(bytes[opcode], code_size)) ++opcode;
    if (opcode == bytes.size()) return "";
    if (bytes[opcode] == 0x62) return "an extension that our tables leave out: EVEX";
    if (bytes[opcode] == 0x8f) return "an extension that our tables leave out: XOP";
    if (bytes[opcode] == 0xd5 && code_size == CodeSize::bits64) return "an extension that our tables leave out: APX";
    const bool vex = bytes[opcode] == 0xc4 || bytes[opcode] == 0xc5;
    const auto forbidden = [](u8 byte) { return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0; };
    if (vex && std::any_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(opcode), forbidden))
        return "VEX takes no LOCK, 66, F3 or F2 before it (SDM 2A, 2.3.2)";
    if (text.mnemonic.find("gather") != std::string::npos)
        return "a gather's destination, index and mask must differ (SDM 2, VGATHERDPS)";
    if (text.mnemonic == "swapgs") return "SWAPGS is only in 64-bit mode";
    if (text.mnemonic != "mov") return "";
    if (bytes[opcode] == 0x8e) return "CS can't be loaded by MOV (SDM 2, MOV)";
    if (bytes[opcode] == 0x0f)
        return "only control registers 0, 2, 3, 4 and 8 and debug registers 0 to 7 are there (SDM 2, MOV)";
    return "";
}

std::string excuse_for_other_text(const Instruction& ours, const LlvmX86::Answer& llvm) {
    const std::string mnemonic = parse_llvm_text(llvm.text).mnemonic;
    const Op op = ours.row->op;
    if (op == Op::nop_hint) return "a hint that our tables leave out: " + mnemonic;
    if (op == Op::prefetchw) return "0F 0D /2 was PREFETCHWT1";
    if (op == Op::movsxd && ours.operand_size == 2) return "MOVSXD of 16 bits reads 16 bits (SDM 2, MOVSX/MOVSXD)";
    if (op == Op::movq && ours.rex_w()) return "F3 0F 7E is MOVQ from a vector register with REX.W, too";
    if (ours.row->operands[3].place == Place::L && ours.code_size != CodeSize::bits64)
        return "the highest bit of a register in an immediate is ignored outside 64-bit mode (SDM 2, VBLENDVPS)";
    if (op == Op::pause) return pause_excuse;
    if ((op == Op::pinsrd || op == Op::pextrd || op == Op::movd) && ours.vex && ours.code_size != CodeSize::bits64)
        return "VEX.W widens no general register outside 64-bit mode (SDM 2, PINSRD)";
    if (is_one_of(op, {Op::clflush, Op::clflushopt, Op::clwb, Op::mfence}) && ours.rex_w())
        return "REX.W changes nothing of CLFLUSH, CLFLUSHOPT, CLWB and MFENCE, and 67 doesn't make TPAUSE of it";
    if (op == Op::bound) return "BOUND reads two of operand size";
    if (op == Op::cbw || op == Op::cwd) return "without 66 these are CBW and CWD in 16-bit code";
    return "";
}

} // namespace orrery::tests
