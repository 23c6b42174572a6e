#include "app/explain/disassembler.hpp"

#include <array>
#include <cstddef>

#include <dlfcn.h>

namespace orrery::app {
namespace {

// The interface of llvm-c/Disassembler.h and llvm-c/Target.h, as far as it is used; LLVM keeps it stable.
using CreateFunction = void*(const char* triple, const char* processor, const char* features, void* information,
                             int tag_type, void* get_operand_information, void* look_up_symbol);
using DisposeFunction = void(void* context);
using InstructionFunction = std::size_t(void* context, u8* bytes, u64 size_bytes, u64 pc, char* text,
                                        std::size_t text_size);
using OptionsFunction = int(void* context, u64 options);
using InitializeFunction = void();

constexpr u64 option_hexadecimal = 2;
constexpr u64 option_other_syntax = 4; // Intel's, where the default is AT&T's

struct Target {
    const char* name; // in the names of functions
    const char* triple;
    const char* features;
    bool other_syntax;
};

const Target& target_of(Assembly assembly) {
    static constexpr Target riscv{"RISCV", "riscv64",
                                  "+64bit,+m,+a,+f,+d,+c,+zicsr,+zifencei,+zba,+zbb,+zbs,+zicbom,+zicbop,+zicboz,"
                                  "+zfhmin,+zihintpause,+svinval",
                                  false};
    static constexpr Target x86_64{"X86", "x86_64", "", true};
    static constexpr Target x86_32{"X86", "i386", "", true};
    static constexpr Target x86_16{"X86", "i386-unknown-unknown-code16", "", true};
    switch (assembly) {
    case Assembly::riscv64:
        return riscv;
    case Assembly::x86_32:
        return x86_32;
    case Assembly::x86_16:
        return x86_16;
    case Assembly::x86_64:
        break;
    }
    return x86_64;
}

void* open_library() {
    for (const char* name : {"libLLVM-19.so.1", "libLLVM.so.19.1", "libLLVM-19.so"})
        if (void* library = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL)) return library;
    return nullptr;
}

template <typename Function> Function* find(void* library, const std::string& name) {
    return reinterpret_cast<Function*>(::dlsym(library, name.c_str()));
}

} // namespace

std::optional<Assembly> assembly_of(std::string_view triple) {
    if (triple.starts_with("riscv64")) return Assembly::riscv64;
    if (triple.starts_with("x86_64")) return Assembly::x86_64;
    if (!triple.starts_with("i386")) return std::nullopt;
    return triple.ends_with("code16") ? Assembly::x86_16 : Assembly::x86_32;
}

struct Disassembler::Library {
    CreateFunction* create = nullptr;
    DisposeFunction* dispose = nullptr;
    InstructionFunction* instruction = nullptr;
    OptionsFunction* set_options = nullptr;
};

Disassembler::Disassembler(const Library& library, void* context)
    : library_(std::make_unique<const Library>(library)), context_(context) {}

Disassembler::~Disassembler() { library_->dispose(context_); }

// The library is never closed: LLVM doesn't support that, and the next disassembler finds it open.
Result<std::unique_ptr<Disassembler>> Disassembler::create(Assembly assembly) {
    void* const opened = open_library();
    if (!opened) return error("disassembly needs LLVM 19's library; `apt-get install libllvm19` brings it");
    const Target& target = target_of(assembly);
    const Library library{.create = find<CreateFunction>(opened, "LLVMCreateDisasmCPUFeatures"),
                          .dispose = find<DisposeFunction>(opened, "LLVMDisasmDispose"),
                          .instruction = find<InstructionFunction>(opened, "LLVMDisasmInstruction"),
                          .set_options = find<OptionsFunction>(opened, "LLVMSetDisasmOptions")};
    std::array<InitializeFunction*, 3> initialize{};
    std::size_t found = 0;
    for (const char* part : {"TargetInfo", "TargetMC", "Disassembler"})
        initialize[found++] = find<InitializeFunction>(opened, fmt::format("LLVMInitialize{}{}", target.name, part));
    bool whole = library.create && library.dispose && library.instruction && library.set_options;
    for (InitializeFunction* function : initialize) whole = whole && function;
    if (!whole) return error("the LLVM library that is installed has no disassembler for {}", target.triple);
    for (InitializeFunction* function : initialize) function();
    void* const context = library.create(target.triple, "", target.features, nullptr, 0, nullptr, nullptr);
    if (!context) return error("LLVM makes no disassembler for {}", target.triple);
    // The syntax first: with it comes a new printer, which knows nothing of the options before.
    if (target.other_syntax) library.set_options(context, option_other_syntax);
    if (target.other_syntax) library.set_options(context, option_hexadecimal);
    return std::unique_ptr<Disassembler>(new Disassembler(library, context));
}

Disassembler::Answer Disassembler::at(std::span<const u8> bytes, u64 pc) const {
    std::array<char, 256> text{};
    Answer answer;
    // It takes a pointer to bytes it might change, and doesn't.
    answer.length_bytes = static_cast<u32>(
        library_->instruction(context_, const_cast<u8*>(bytes.data()), bytes.size(), pc, text.data(), text.size()));
    if (answer.length_bytes == 0) return answer;
    answer.text = text.data();
    for (char& symbol : answer.text)
        if (symbol == '\t') symbol = ' ';
    answer.text.erase(0, answer.text.find_first_not_of(' '));
    return answer;
}

} // namespace orrery::app
