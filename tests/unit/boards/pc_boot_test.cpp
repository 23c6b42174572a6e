// Kernels that a PC starts by itself, on a processor that executes their first instructions.
#include "machine/boards/pc_boot.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/x86_test_machine.hpp"
#include "tests/unit/machine/sample_files.hpp"
#include "tests/unit/machine/sample_kernels.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr u64 ram_first = 0x1'0000; // below it is the test machine's own
constexpr u64 ram_bytes = 48 * MiB;

X86BootRequest request_for(std::vector<u8> kernel) {
    X86BootRequest request;
    request.name = std::string("k");
    request.kernel = std::move(kernel);
    request.command_line = "quiet";
    request.memory = {{ram_first, ram_bytes, MemoryRange::Type::ram}};
    return request;
}

// A machine whose processor is about to execute the kernel's first instruction.
class Started {
public:
    explicit Started(X86BootRequest request) : guest(dbt::Engine::interpreter, {}) {
        guest.add_ram("ram", ram_first, ram_bytes);
        const auto entry = pc::load_kernel(guest.machine().memory(), std::move(request));
        INFO((entry ? "" : entry.error().message()));
        REQUIRE(entry);
        guest.state() = {};
        pc::enter_kernel(guest.state(), *entry);
        guest.cpu().restored();
    }
    x86::State& run() {
        guest.cpu().run(20);
        return guest.state();
    }

    X86TestMachine guest;
};

} // namespace

TEST_CASE("a 64-bit kernel reads its command line and loads its segments anew") {
    Started started(request_for(bzimage({0x8b, 0x86, 0x28, 0x02, 0, 0, // mov eax, [rsi + 0x228]
                                         0x8b, 0x00,                   // mov eax, [rax]
                                         0xb9, 0x18, 0,    0,    0,    // mov ecx, 0x18
                                         0x8e, 0xd9,                   // mov ds, ecx
                                         0x8e, 0xd1,                   // mov ss, ecx
                                         0x49, 0x89, 0xc4,             // mov r12, rax
                                         0xeb, 0xfe})));               // jmp to itself
    const x86::State& state = started.run();
    CHECK(state.pc == bzimage_address + 0x200 + 20);
    CHECK(state.r[12] == 0x6569'7571); // "quie"
    CHECK(state.segment(x86::Segment::ds).limit == 0xffff'ffff);
}

TEST_CASE("a 32-bit kernel runs in protected mode without paging") {
    std::vector<u8> file = bzimage();
    put16(file, 0x236, 0);
    const std::vector<u8> code{0x8b, 0x86, 0x28, 0x02, 0, 0, // mov eax, [esi + 0x228]
                               0x8b, 0x00,                   // mov eax, [eax]
                               0x40,                         // inc eax
                               0x0f, 0x20, 0xc1,             // mov ecx, cr0
                               0xeb, 0xfe};                  // jmp to itself
    std::ranges::copy(code, file.begin() + bzimage_setup_bytes);
    Started started(request_for(file));
    const x86::State& state = started.run();
    CHECK(state.pc == bzimage_address + 12);
    CHECK(state.r[x86::gpr::rax] == 0x6569'7572);
    CHECK(state.r[x86::gpr::rcx] == (x86::cr0::pe | x86::cr0::et));
}

TEST_CASE("files are read with errors that name the option") {
    const TemporaryFolder folder;
    const std::string kernel = folder.file("vmlinuz", bzimage());
    const std::string initrd = folder.file("initrd", {1, 2, 3});
    const auto request = pc::read_kernel_files({kernel, {{initrd, "a module"}}}, MiB);
    REQUIRE(request);
    CHECK(request->name == kernel);
    CHECK(request->kernel == bzimage());
    REQUIRE(request->modules.size() == 1);
    CHECK(request->modules[0].bytes == std::vector<u8>{1, 2, 3});
    CHECK(request->modules[0].command_line == "a module");

    const auto message = [](const auto& result) { return result ? std::string() : result.error().message(); };
    CHECK(message(pc::read_kernel_files({folder.path() + "/no", {}}, MiB)).starts_with("--kernel: the kernel '"));
    CHECK(message(pc::read_kernel_files({kernel, {{folder.path(), ""}}}, MiB)).starts_with("--initrd: the initrd '"));
    X86TestMachine guest(dbt::Engine::interpreter, {});
    const auto refused = pc::load_kernel(guest.machine().memory(), request_for({1, 2, 3}));
    CHECK(message(refused).starts_with("--kernel: the kernel 'k' is no kernel"));
    const auto missing = pc::load_kernel(guest.machine().memory(), request_for(bzimage()));
    CHECK(message(missing) == "--kernel: the kernel can't be put at 0x1000000: there is no memory");
}
