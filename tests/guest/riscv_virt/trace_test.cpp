// Whole programs traced to files: the guest can't tell, the engines agree byte for byte, and the events fit together.
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "app/trace/control.hpp"
#include "app/trace/file_reader.hpp"
#include "app/trace/show/selection.hpp"
#include "tests/guest/riscv_virt/guest_machine.hpp"
#include "tests/guest/riscv_virt/program_header.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::test;
using namespace orrery::app::trace;

namespace {

struct Program {
    std::string name;
    std::string source;
    std::string elf;
};

const std::vector<Program> programs = {
#define ORRERY_GUEST_PROGRAM(name) {#name, ORRERY_GUEST_SOURCES "/" #name ".S", ORRERY_GUEST_ELFS "/" #name ".elf"},
#include "guest_programs.inc"
#undef ORRERY_GUEST_PROGRAM
};

constexpr u64 patience_ns = 200'000'000; // of guest time

BoardOptions options_of(const std::string& elf, u32 harts, dbt::Engine engine) {
    BoardOptions options;
    options.engine = engine;
    options.cpus = harts;
    options.memory_bytes = 16 * MiB;
    options.bios_none = true;
    options.kernel = elf;
    options.deterministic = true;
    options.timeout_ns = patience_ns;
    return options;
}

void run_traced(GuestMachine& guest, const std::string& path, const Arguments& arguments) {
    Control control(guest.machine(), "riscv-virt", {});
    REQUIRE(control.start(path, arguments));
    guest.run();
    REQUIRE(control.stop());
}

bool same_bytes(const std::string& one, const std::string& other) {
    const auto bytes = [](const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    return bytes(one) == bytes(other);
}

void for_each_record(const std::string& path, const Show& show) {
    const auto input = FileInput::open(path);
    REQUIRE(input);
    const auto reader = FileReader::create(**input);
    REQUIRE(reader);
    Selection everything;
    everything.filter.kinds = (1 << trace_kinds) - 1;
    REQUIRE(for_each(**reader, everything, show));
}

// Follows one CPU: every instruction is where the one before it leads, by its length or by an event that says so.
class Follower {
public:
    void add(const Record& record) {
        switch (record.kind) {
        case RecordKind::instruction:
            if (known_ && record.place.pc != next_pc_) ++gaps;
            if (known_ && record.place.retired != next_count_) ++gaps;
            next_pc_ = record.place.pc + record.bytes.size();
            next_count_ = record.place.retired + 1;
            known_ = true;
            ++instructions;
            return;
        case RecordKind::branch:
            if (record.place.pc != last_pc_) ++gaps;
            break;
        case RecordKind::exception:
        case RecordKind::interrupt:
            next_count_ = record.place.retired; // it didn't retire
            known_ = true;
            break;
        default:
            return;
        }
        next_pc_ = record.to;
    }
    void follow(const Record& record) {
        add(record);
        last_pc_ = record.place.pc;
    }
    u64 instructions = 0;
    u64 gaps = 0;

private:
    bool known_ = false;
    u64 next_pc_ = 0, next_count_ = 0, last_pc_ = 0;
};

// No file of this process may grow beyond a size.
class FullDisk {
public:
    explicit FullDisk(u64 most_bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = most_bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    void (*handler_)(int);
    rlimit before_{};
};

bool resets(const Program& program) { return program.name.starts_with("reset"); }

} // namespace

TEST_CASE("no guest program can tell that it is traced, and both engines write the same file") {
    for (const Program& program : programs) {
        DYNAMIC_SECTION(program.name) {
            const auto header = read_program_header(program.source);
            REQUIRE(header.has_value());
            BoardOptions options = options_of(program.elf, header->harts, dbt::Engine::baseline);
            options.virtio = header->virtio_mmio ? VirtioTransportKind::mmio : VirtioTransportKind::pci;
            GuestMachine untraced(options), translated(options);
            untraced.run();
            const ScratchFile file("translated.trace", {}), other_file("interpreted.trace", {});
            run_traced(translated, file.path(), {});
            INFO(text(differences(untraced.machine(), translated.machine())));
            CHECK(same_state(untraced.machine(), translated.machine()));
            CHECK(same_memory(untraced.machine(), translated.machine()));
            options.engine = dbt::Engine::interpreter;
            GuestMachine interpreted(options);
            run_traced(interpreted, other_file.path(), {});
            CHECK(same_state(untraced.machine(), interpreted.machine()));
            CHECK(same_bytes(file.path(), other_file.path()));

            std::map<u32, Follower> harts;
            for_each_record(file.path(), [&](u32 cpu, const Record& record) {
                harts[cpu].follow(record);
                return true;
            });
            if (resets(program)) continue; // a reset is no event of a CPU's
            for (const auto& [number, hart] : harts) {
                INFO("hart" << number << ", " << hart.instructions << " instructions");
                CHECK(hart.gaps == 0);
            }
        }
    }
}

TEST_CASE("the traced instructions are those that single steps execute") {
    GuestMachine traced(options_of(ORRERY_HELLO_GUEST, 1, dbt::Engine::baseline));
    const ScratchFile file("steps.trace", {});
    Arguments arguments;
    arguments.what = {"instructions"};
    run_traced(traced, file.path(), arguments);

    GuestMachine stepped(options_of(ORRERY_HELLO_GUEST, 1, dbt::Engine::baseline));
    Cpu& hart = *stepped.machine().cpus().front();
    u64 differing = 0, compared = 0;
    for_each_record(file.path(), [&](u32, const Record& record) {
        const bool same = record.place.pc == hart.pc() && record.place.retired == hart.retired();
        differing += same ? 0 : 1;
        ++compared;
        stepped.machine().step(hart, false);
        return same && compared < 100'000; // its first interrupt comes later; steps take none
    });
    CHECK(differing == 0);
    CHECK(compared == 100'000);
}

TEST_CASE("the serial port's trace spells what the guest wrote") {
    GuestMachine guest(options_of(ORRERY_HELLO_GUEST, 2, dbt::Engine::baseline));
    const ScratchFile file("uart.trace", {});
    Arguments arguments;
    arguments.what = {"devices"};
    arguments.devices = {"uart*"};
    run_traced(guest, file.path(), arguments);
    std::string spelled;
    u64 others = 0;
    for_each_record(file.path(), [&](u32, const Record& record) {
        if (record.kind != RecordKind::device || !record.device.starts_with("uart")) ++others;
        if (record.access.write && record.offset == 0) spelled += static_cast<char>(record.access.value);
        return true;
    });
    CHECK(others == 0);
    CHECK_FALSE(guest.output().empty());
    CHECK(spelled.ends_with(guest.output())); // before it, the divisor latch may have been written
}

TEST_CASE("vCPUs on threads of their own are traced, each in its own order") {
    BoardOptions options = options_of(ORRERY_HELLO_GUEST, 4, dbt::Engine::baseline);
    options.deterministic = false;
    options.timeout_ns = 60'000'000'000;
    GuestMachine guest(options);
    const ScratchFile file("threads.trace", {});
    run_traced(guest, file.path(), {});
    std::map<u32, Follower> harts;
    for_each_record(file.path(), [&](u32 cpu, const Record& record) {
        harts[cpu].follow(record);
        return true;
    });
    CHECK(harts.size() == 4);
    for (const auto& [number, hart] : harts) {
        INFO("hart" << number << ", " << hart.instructions << " instructions");
        CHECK(hart.instructions > 0);
        CHECK(hart.gaps == 0);
    }
}

TEST_CASE("a disk that fills up ends the trace, whose blocks stay readable, and not the guest") {
    GuestMachine untraced(options_of(ORRERY_HELLO_GUEST, 1, dbt::Engine::baseline));
    untraced.run();
    GuestMachine guest(options_of(ORRERY_HELLO_GUEST, 1, dbt::Engine::baseline));
    const ScratchFile file("full.trace", {});
    Control control(guest.machine(), "riscv-virt", {});
    REQUIRE(control.start(file.path(), {}));
    {
        const FullDisk full(100 * KiB); // of the 500 KiB that are needed
        guest.run();
    }
    CHECK(control.status().failure->message() == fmt::format("'{}': File too large", file.path()));
    CHECK_FALSE(control.stop());
    CHECK(guest.output() == untraced.output());
    CHECK(same_state(untraced.machine(), guest.machine()));
    const auto input = FileInput::open(file.path());
    const auto reader = FileReader::create(**input);
    u64 blocks = 0;
    for (;; ++blocks) {
        const auto block = (*reader)->next();
        if (block) continue;
        CHECK(block.error().message().find("without an end mark") != std::string::npos);
        break;
    }
    CHECK(blocks > 0);
}

TEST_CASE("a trace is started, asked about and stopped in order") {
    GuestMachine guest(options_of(ORRERY_HELLO_GUEST, 1, dbt::Engine::baseline));
    const ScratchFile file("control.trace", {});
    Control control(guest.machine(), "riscv-virt", {});
    CHECK_FALSE(control.status().running);
    CHECK(control.stop().error().message() == "no trace runs");
    Arguments wrong;
    wrong.devices = {"nothing*"};
    CHECK(control.start(file.path(), wrong)
              .error()
              .message()
              .starts_with("--trace-device: no device matches 'nothing*'; this machine has"));
    CHECK_FALSE(control.status().running);
    REQUIRE(control.start(file.path(), {}));
    CHECK(control.start(file.path(), {}).error().message() == fmt::format("a trace to '{}' runs already", file.path()));
    guest.machine().run_until(1000);
    CHECK(control.status().running);
    CHECK(control.status().records >= 1000);
    REQUIRE(control.stop());
    CHECK_FALSE(control.status().running);
    CHECK(control.status().size_bytes == std::filesystem::file_size(file.path()));
    guest.machine().run_until(2000);
    CHECK(control.status().size_bytes == std::filesystem::file_size(file.path()));
}
