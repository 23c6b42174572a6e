// Starts a kernel on a PC without firmware: what `--kernel`, `--initrd` and `--append` mean there. The board calls
// this at every reset, after its RAM is empty and its processors are at their power-on values.
#pragma once

#include <string>
#include <vector>

#include "cpu/x86/state.hpp"
#include "machine/fabric/address_space.hpp"
#include "machine/loader/x86_boot.hpp"

namespace orrery::pc {

struct KernelFiles {
    struct Module {
        std::string path;
        std::string command_line; // for kernels whose modules have one
    };
    std::string kernel;
    std::vector<Module> modules; // Linux: the parts of its initrd
};

// Reads the files into a request; the rest of it is the board's to fill in. No file may be larger than
// `limit_bytes`. Errors name the option and the file.
Result<X86BootRequest> read_kernel_files(const KernelFiles& files, u64 limit_bytes);

// Puts the kernel and all it needs into guest memory. The errors are plan_x86_boot()'s, and that memory isn't where the
// request says.
Result<X86Entry> load_kernel(AddressSpace& memory, X86BootRequest request);

// The boot processor's state as the kernel's protocol asks for it; `state` is as after power-on.
void enter_kernel(x86::State& state, const X86Entry& entry);

} // namespace orrery::pc
