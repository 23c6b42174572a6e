// Our BIOS from the reset vector on, and boot sectors that use its services, on the host's own KVM: they say the same
// as on the software engines, and pass.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stop_token>
#include <thread>

#include "app/debug/controller.hpp"
#include "machine/boards/pc.hpp"
#include "machine/snapshot.hpp"
#include "tests/kvm/real_kvm.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/machine_state.hpp"
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

struct Firmware {
    std::optional<std::string> file = std::nullopt; // else our own BIOS
    u32 cpus = 1;
};

// A boot sector of tests/guest/pc_bios, which must pass, and the machine in which it did.
class Run {
public:
    Run(const std::string& program, Way way, const Firmware& firmware = {})
        : image_(name(program, way, "img"), disk(program)), serial_(name(program, way, "serial"), {}),
          said_(name(program, way, "txt"), {}) {
        BoardOptions options;
        if (way == Way::interpreted) options.engine = dbt::Engine::interpreter;
        if (way != Way::interpreted && way != Way::translated) options.kvm = kvm::HostFacts{};
        if (way == Way::kvm_with_fallbacks) options.kvm_fallback_every = 97;
        options.cpus = firmware.cpus;
        options.bios = firmware.file;
        options.memory_bytes = 64 * MiB;
        options.disks = {{.path = image_.path(), .attachment = DiskAttachment::ide}};
        options.serial = "file:" + serial_.path();
        options.debug_console = "file:" + said_.path();
        options.timeout_ns = patience_ns;
        auto machine = create_pc(options);
        if (!machine) FAIL(machine.error().message());
        machine_ = std::move(*machine);
        std::optional<Changes> changes;
        if (way == Way::changing) changes.emplace(*machine_);
        const Outcome outcome = changes ? changes->run() : machine_->run();
        if (machine_->failure()) FAIL(machine_->failure()->message());
        INFO(program << ": " << contents(said_.path()));
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == passed);
        if (options.kvm) check_engine(program, way, changes ? changes->count() : 0);
    }

    [[nodiscard]] Machine& machine() { return *machine_; }
    struct Words {
        std::string serial; // where our BIOS's screen is mirrored
        std::string debug_console;
        bool operator==(const Words&) const = default;
    };
    // All that it wrote. The machine is no more.
    Words end() {
        machine_.reset();
        return {contents(serial_.path()), contents(said_.path())};
    }

private:
    static std::string name(const std::string& program, Way way, std::string_view extension) {
        return fmt::format("kvm-{}-{}.{}", program, static_cast<u32>(way), extension);
    }
    static std::vector<u8> disk(const std::string& program) {
        const std::string bytes = contents(ORRERY_GUEST_IMAGES "/" + program + ".img");
        std::vector<u8> disk(bytes.begin(), bytes.end());
        REQUIRE_FALSE(disk.empty());
        disk.resize(disk_bytes);
        return disk;
    }
    void check_engine(const std::string& program, Way way, u64 changes) {
        u64 exits = 0, fallbacks = 0;
        for (const EngineCounter& counter : machine_->cpus().front()->counters()) {
            if (counter.name == "KVM exits") exits = counter.value;
            if (counter.name == "fallbacks") fallbacks = counter.value;
        }
        fmt::print("{}: engine KVM: {} exits, {} fallbacks, {} changes of engine\n", program, exits, fallbacks, changes);
        CHECK(exits > (way == Way::changing ? 10 : 1000)); // it wasn't the software CPU that ran
        CHECK((way != Way::changing || changes > 0));      // how many, the scheduler decides
        CHECK((way != Way::kvm_with_fallbacks || fallbacks > 10));
    }

    ScratchFile image_, serial_, said_;
    std::unique_ptr<Machine> machine_;
};

// What the host's time decides: clocks, where the CPU stood in its last loop when the machine ended, and in the first MiB
// the BIOS's own time, its time-outs and what interrupts have left on stacks.
bool tells_time(const StateDifference& difference) {
    constexpr std::array<std::string_view, 14> fields{
        "clock.now_ns",   "pit.at_pulse",       "pit.counter[0].start", "pit.counter[1].load_at", "rtc.seen_ticks",
        "rtc.memory",     "acpi-pm.seen_ticks", "cpu0.retired",         "cpu0.pc",                "cpu0.rflags",
        "cpu0.lazy.kind", "cpu0.lazy.result",   "cpu0.lazy.operand",    "cpu0.activity"};
    const std::string& path = difference.path;
    if (std::ranges::find(fields, path) != fields.end()) return true;
    u64 address = 0;
    if (std::sscanf(path.c_str(), "ram[%" SCNx64, &address) != 1) return false;
    const auto within = [&](u64 first, u64 end) { return address >= first && address < end; };
    return within(0x468, 0x470) || within(0x4f00, 0x5000) || within(0x6e00, 0x7000) || within(0xf000, 0x1'0000) ||
           within(0xf'7800, 0xf'8000);
}

// In no order: SeaBIOS looks for keyboard and drives at the same time.
std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
}

} // namespace

TEST_CASE("the BIOS and its services are the same on KVM and on the software engines") {
    if (!has_kvm()) return;
    // Without `clock`, which measures the host's time here, and a loaded host has none to spare.
    for (const std::string program : {"registers", "memory", "disk", "keyboard", "tables", "video"}) {
        DYNAMIC_SECTION(program) {
            Run translated(program, Way::translated);
            std::vector<std::unique_ptr<Run>> others;
            for (const Way way : {Way::interpreted, Way::kvm, Way::kvm_with_fallbacks, Way::changing}) {
                Run& other = *others.emplace_back(std::make_unique<Run>(program, way));
                auto found = differences(translated.machine(), other.machine(), 1000);
                std::erase_if(found, tells_time);
                INFO("way " << static_cast<u32>(way) << "\n" << text(found));
                CHECK(found.empty());
            }
            const Run::Words expected = translated.end();
            CHECK_FALSE(expected.serial.empty());
            for (const auto& other : others) CHECK((other->end() == expected));
        }
    }
}

TEST_CASE("SeaBIOS says the same on KVM and on the software engines") {
    if (!has_kvm()) return;
    const std::string seabios = "/usr/share/seabios/bios-256k.bin"; // of Debian's package
    if (!std::filesystem::exists(seabios)) {
        fmt::print("left out: Debian's package seabios isn't installed\n");
        return;
    }
    const Run::Words expected = Run("memory", Way::translated, {.file = seabios}).end();
    CHECK_THAT(expected.debug_console, Catch::Matchers::ContainsSubstring("Booting from 0000:7c00"));
    for (const Way way : {Way::interpreted, Way::kvm, Way::kvm_with_fallbacks, Way::changing}) {
        CHECK(lines(Run("memory", way, {.file = seabios}).end().debug_console) == lines(expected.debug_console));
    }
}

TEST_CASE("four CPUs find each other on KVM, by our own APICs") {
    if (!has_kvm()) return;
    CHECK_THAT(Run("tables", Way::kvm, {.cpus = 4}).end().serial, Catch::Matchers::ContainsSubstring("4 CPUs"));
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
