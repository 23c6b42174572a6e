// Our BIOS from the reset vector on, and boot sectors that use its services, on the host's own KVM: they say the same
// as on the software engines, and pass.
#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stop_token>
#include <thread>

#include "app/debug/controller.hpp"
#include "machine/boards/pc.hpp"
#include "machine/snapshot.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::test;

namespace {

constexpr std::size_t disk_bytes = 32760 * 512;
constexpr u32 passed = 33;                   // 10h at port F4h
constexpr u64 patience_ns = 300'000'000'000; // such hosts may interpret every instruction

enum class Way : u8 { interpreted, translated, kvm, kvm_with_fallbacks, changing };

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Moves a machine from engine to engine, each of which has the guest for a moment.
class Changes {
public:
    explicit Changes(Machine& machine) : machine_(machine), controller_(machine, false) {}
    Outcome run() {
        std::jthread changer([this](const std::stop_token& ended) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30)); // KVM begins, and must have done something
            for (u64 wanted = 1; !ended.stop_requested(); ++wanted) {
                std::this_thread::sleep_for(std::chrono::microseconds(100));
                ask();
                while (count_ < wanted && !ended.stop_requested()) std::this_thread::yield();
            }
        });
        const Outcome outcome = controller_.run();
        changer.request_stop();
        changer.join();
        controller_.tell_end(outcome.code);
        return outcome;
    }
    [[nodiscard]] u64 count() const { return count_; }

private:
    void ask() {
        const MachineEntry entry(machine_.lock());
        controller_.while_still([this] { change(); }, [] {});
    }
    void change() {
        constexpr std::array engines{EngineKind::translator, EngineKind::kvm, EngineKind::interpreter, EngineKind::kvm};
        const EngineKind next = engines[count_ % engines.size()];
        for (Cpu* cpu : machine_.cpus())
            if (const Status changed = cpu->use_engine(next); !changed) FAIL(changed.error().message());
        ++count_;
    }

    Machine& machine_;
    app::DebugController controller_;
    std::atomic<u64> count_ = 0;
};

// What it wrote to the serial port, where the BIOS's screen is mirrored.
std::string run(const std::string& program, Way way, u32 cpus = 1) {
    const std::string bytes = contents(ORRERY_GUEST_IMAGES "/" + program + ".img");
    std::vector<u8> disk(bytes.begin(), bytes.end());
    REQUIRE_FALSE(disk.empty());
    disk.resize(disk_bytes);
    const ScratchFile image("kvm-" + program + ".img", disk);
    const ScratchFile serial("kvm-" + program + ".serial", {}), said("kvm-" + program + ".txt", {});
    BoardOptions options;
    if (way == Way::interpreted) options.engine = dbt::Engine::interpreter;
    if (way != Way::interpreted && way != Way::translated) options.kvm = kvm::HostFacts{};
    if (way == Way::kvm_with_fallbacks) options.kvm_fallback_every = 97;
    options.cpus = cpus;
    options.memory_bytes = 64 * MiB;
    options.disks = {{.path = image.path(), .attachment = DiskAttachment::ide}};
    options.serial = "file:" + serial.path();
    options.debug_console = "file:" + said.path();
    options.timeout_ns = patience_ns;
    auto machine = create_pc(options);
    if (!machine) FAIL(machine.error().message());
    std::optional<Changes> changes;
    if (way == Way::changing) changes.emplace(**machine);
    const Outcome outcome = changes ? changes->run() : (*machine)->run();
    if ((*machine)->failure()) FAIL((*machine)->failure()->message());
    INFO(program << ": " << contents(said.path()));
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(outcome.code == passed);
    if (options.kvm) {
        u64 exits = 0, fallbacks = 0;
        for (const EngineCounter& counter : (*machine)->cpus().front()->counters()) {
            if (counter.name == "KVM exits") exits = counter.value;
            if (counter.name == "fallbacks") fallbacks = counter.value;
        }
        fmt::print("{}: engine KVM: {} exits, {} fallbacks, {} changes of engine\n", program, exits, fallbacks,
                   changes ? changes->count() : 0);
        CHECK(exits > (changes ? 10 : 1000));      // it wasn't the software CPU that ran
        CHECK((!changes || changes->count() > 0)); // how many, the scheduler decides
        CHECK((way != Way::kvm_with_fallbacks || fallbacks > 10));
    }
    machine->reset(); // what it said is written
    return contents(serial.path());
}

} // namespace

TEST_CASE("the BIOS and its services are the same on KVM and on the software engines") {
    if (!has_kvm()) return;
    // Without `clock`, which measures the host's time here, and a loaded host has none to spare.
    for (const std::string program : {"registers", "memory", "disk", "keyboard", "tables", "video"}) {
        DYNAMIC_SECTION(program) {
            const std::string expected = run(program, Way::translated);
            CHECK_FALSE(expected.empty());
            CHECK(run(program, Way::interpreted) == expected);
            CHECK(run(program, Way::kvm) == expected);
            CHECK(run(program, Way::kvm_with_fallbacks) == expected);
            CHECK(run(program, Way::changing) == expected);
        }
    }
}

TEST_CASE("four CPUs find each other on KVM, by our own APICs") {
    if (!has_kvm()) return;
    CHECK_THAT(run("tables", Way::kvm, 4), Catch::Matchers::ContainsSubstring("4 CPUs"));
}

TEST_CASE("what was saved on KVM goes on translated") {
    if (!has_kvm()) return;
    const std::string bytes = contents(ORRERY_GUEST_IMAGES "/registers.img");
    std::vector<u8> disk(bytes.begin(), bytes.end());
    disk.resize(disk_bytes);
    const ScratchFile image("kvm-saved.img", disk), said("kvm-saved.txt", {}), snapshot("kvm-saved.snapshot", {});
    BoardOptions options;
    options.kvm = kvm::HostFacts{};
    options.memory_bytes = 64 * MiB;
    options.disks = {{.path = image.path(), .attachment = DiskAttachment::ide}};
    options.serial = "none";
    options.debug_console = "file:" + said.path();
    // Somewhere on its way, on most hosts; what matters is that it is an end either way.
    options.timeout_ns = 300'000'000;
    {
        auto first = create_pc(options);
        if (!first) FAIL(first.error().message());
        const Outcome outcome = (*first)->run();
        fmt::print("engine KVM: saved {}\n", outcome.ending == Ending::timed_out ? "on its way" : "at its end");
        if (outcome.ending != Ending::timed_out) return;
        const Status saved = save_snapshot(**first, snapshot.path());
        if (!saved) FAIL(saved.error().message());
    }
    options.kvm.reset();
    options.timeout_ns = patience_ns;
    auto second = create_pc(options);
    if (!second) FAIL(second.error().message());
    const Status restored = restore_snapshot(**second, snapshot.path());
    if (!restored) FAIL(restored.error().message());
    const Outcome outcome = (*second)->run();
    INFO(contents(said.path()));
    CHECK(outcome.ending == Ending::powered_off);
    CHECK(outcome.code == passed);
}
