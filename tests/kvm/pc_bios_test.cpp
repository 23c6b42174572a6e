// Our BIOS from the reset vector on, and boot sectors that use its services, on the host's own KVM: they say the same
// as on the software engines, and pass.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "machine/boards/pc.hpp"
#include "machine/snapshot.hpp"
#include "tests/kvm/engine_changes.hpp"
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

enum class Way : u8 { interpreted, translated, kvm, kvm_with_fallbacks, changing, kvm_split };

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// KVM begins, and must have done something before it loses the machine.
void keep_changing(EngineChanges& changes) {
    for (EngineChanges::Duration pause{30'000}; changes.change_after(pause); pause = EngineChanges::Duration(100)) {
    }
}

struct Firmware {
    std::optional<std::string> file = std::nullopt; // else our own BIOS
    u32 cpus = 1;
    bool virtio_doorbells = false; // the disk is virtio's, and the guest notifies it without an exit
};

u64 counted(Machine& machine, std::string_view name) {
    for (const EngineCounter& counter : machine.cpus().front()->counters())
        if (counter.name == name) return counter.value;
    return 0;
}

// A boot sector of tests/guest/pc_bios, which must pass, and the machine in which it did.
class Run {
public:
    Run(const std::string& program, Way way, const Firmware& firmware = {})
        : image_(name(program, way, "img"), disk(program)), serial_(name(program, way, "serial"), {}),
          said_(name(program, way, "txt"), {}) {
        BoardOptions options;
        if (way == Way::interpreted) options.engine = dbt::Engine::interpreter;
        if (way != Way::interpreted && way != Way::translated) options.kvm = kvm::HostFacts{};
        if (way == Way::kvm_split) options.kvm_irqchip = kvm::Irqchip::split;
        if (way == Way::kvm_with_fallbacks) options.kvm_fallback_every = 97;
        options.cpus = firmware.cpus;
        options.kvm_ioeventfd = firmware.virtio_doorbells && options.kvm;
        options.bios = firmware.file;
        options.memory_bytes = 64 * MiB;
        options.disks = {{.path = image_.path(),
                          .attachment = firmware.virtio_doorbells ? DiskAttachment::virtio : DiskAttachment::ide}};
        options.serial = "file:" + serial_.path();
        options.debug_console = "file:" + said_.path();
        options.timeout_ns = patience_ns;
        auto machine = create_pc(options);
        if (!machine) FAIL(machine.error().message());
        machine_ = std::move(*machine);
        std::optional<EngineChanges> changes;
        if (way == Way::changing) changes.emplace(*machine_);
        const Outcome outcome = changes ? changes->run(keep_changing) : machine_->run();
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
        const u64 exits = counted(*machine_, "KVM exits"), fallbacks = counted(*machine_, "fallbacks");
        const u64 blocks = counted(*machine_, "blocks compiled (baseline)") + counted(*machine_, "blocks interpreted");
        fmt::print("{}: engine KVM: {} exits, {} fallbacks, {} changes of engine, {} blocks\n", program, exits,
                   fallbacks, changes, blocks);
        CHECK(exits > (way == Way::changing ? 10 : 1000)); // it wasn't the software CPU that ran
        CHECK((way != Way::changing || changes > 0));      // how many, the scheduler decides
        CHECK((way != Way::kvm_with_fallbacks || fallbacks > 10));
    }

    ScratchFile image_, serial_, said_;
    std::unique_ptr<Machine> machine_;
};

// What the host's time decides: clocks, where the CPU stood in its last loop when the machine ended, whether the
// timer's next interrupt waited then, and in the first MiB the BIOS's own time, its time-outs and what interrupts have
// left on stacks.
bool tells_time(const StateDifference& difference) {
    constexpr std::array<std::string_view, 18> fields{"clock.now_ns",
                                                      "pit.at_pulse",
                                                      "pit.counter[0].start",
                                                      "pit.counter[1].load_at",
                                                      "rtc.seen_ticks",
                                                      "rtc.memory",
                                                      "acpi-pm.seen_ticks",
                                                      "cpu0.retired",
                                                      "cpu0.pc",
                                                      "cpu0.rflags",
                                                      "cpu0.lazy.kind",
                                                      "cpu0.lazy.result",
                                                      "cpu0.lazy.operand",
                                                      "cpu0.activity",
                                                      "cpu0.events",
                                                      "apic0.pins",
                                                      "pic.master.requests",
                                                      "acpi-pm.status"};
    const std::string& path = difference.path;
    if (path.ends_with("tsc_offset")) return true; // where guests see the host's own counter
    if (std::ranges::find(fields, path) != fields.end()) return true;
    u64 address = 0;
    if (std::sscanf(path.c_str(), "ram[%" SCNx64, &address) != 1) return false;
    const auto within = [&](u64 first, u64 end) { return address >= first && address < end; };
    return within(0x468, 0x470) || within(0x4f00, 0x5000) || within(0x6e00, 0x7000) || within(0xf000, 0x1'0000) ||
           within(0xf'7800, 0xf'8000);
}

// In no order: SeaBIOS looks for keyboard and drives at the same time. For the same reason the place of what it
// allocates for a drive ("drive 0x000f5990: …") may be another each time.
std::vector<std::string> lines(const std::string& text) {
    constexpr std::string_view drive = "drive 0x";
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with(drive)) line.replace(drive.size(), line.find(':') - drive.size(), "…");
        lines.push_back(line);
    }
    std::ranges::sort(lines);
    return lines;
}

} // namespace

TEST_CASE("the BIOS and its services are the same on KVM and on the software engines") {
    if (!has_kvm()) return;
    // Without `clock`, which measures the host's time here, and a loaded host has none to spare.
    for (const std::string program : {"registers", "memory", "disk", "keyboard", "tables", "video", "time_stamp"}) {
        DYNAMIC_SECTION(program) {
            Run translated(program, Way::translated);
            std::vector<std::unique_ptr<Run>> others;
            for (const Way way : {Way::interpreted, Way::kvm, Way::kvm_with_fallbacks, Way::changing, Way::kvm_split}) {
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

TEST_CASE("our BIOS reads a virtio disk whose doorbell is no exit") {
    if (!has_kvm()) return;
    constexpr Firmware bell{.virtio_doorbells = true};
    const Run::Words expected = Run("memory", Way::translated, bell).end();
    for (const Way way : {Way::kvm, Way::kvm_with_fallbacks, Way::changing, Way::kvm_split}) {
        Run run("memory", way, bell);
        const u64 answered = counted(run.machine(), "KVM doorbells");
        fmt::print("{} doorbells\n", answered);
        CHECK((answered > 0 || way == Way::changing)); // the BIOS may have read all of the sector on another engine
        CHECK((run.end() == expected));
    }
}

TEST_CASE("four CPUs find each other on KVM, by our own APICs and by KVM's") {
    if (!has_kvm()) return;
    for (const Way way : {Way::kvm, Way::changing, Way::kvm_split})
        CHECK_THAT(Run("tables", way, {.cpus = 4}).end().serial, Catch::Matchers::ContainsSubstring("4 CPUs"));
}

TEST_CASE("what was saved on KVM goes on translated, and the other way round") {
    if (!has_kvm()) return;
    const std::string bytes = contents(ORRERY_GUEST_IMAGES "/registers.img");
    std::vector<u8> disk(bytes.begin(), bytes.end());
    disk.resize(disk_bytes);
    for (const bool first_on_kvm : {true, false}) {
        const ScratchFile image("kvm-saved.img", disk), said("kvm-saved.txt", {}), snapshot("kvm-saved.snapshot", {});
        BoardOptions options;
        const auto take_engine = [&](bool on_kvm) {
            options.kvm = on_kvm ? std::optional(kvm::HostFacts{}) : std::nullopt;
        };
        options.memory_bytes = 64 * MiB;
        options.disks = {{.path = image.path(), .attachment = DiskAttachment::ide}};
        options.serial = "none";
        options.debug_console = "file:" + said.path();
        // Somewhere on its way, on most hosts; what matters is that it is an end either way.
        options.timeout_ns = first_on_kvm ? 300'000'000 : 20'000'000;
        take_engine(first_on_kvm);
        {
            auto first = create_pc(options);
            if (!first) FAIL(first.error().message());
            const Outcome outcome = (*first)->run();
            fmt::print("engine {}: saved {}\n", first_on_kvm ? "KVM" : "jit",
                       outcome.ending == Ending::timed_out ? "on its way" : "at its end");
            if (outcome.ending != Ending::timed_out) continue;
            const Status saved = save_snapshot(**first, snapshot.path());
            if (!saved) FAIL(saved.error().message());
        }
        options.timeout_ns = patience_ns;
        take_engine(!first_on_kvm);
        auto second = create_pc(options);
        if (!second) FAIL(second.error().message());
        const Status restored = restore_snapshot(**second, snapshot.path());
        if (!restored) FAIL(restored.error().message());
        const Outcome outcome = (*second)->run();
        INFO(contents(said.path()));
        CHECK(outcome.ending == Ending::powered_off);
        CHECK(outcome.code == passed);
        if (!first_on_kvm) fmt::print("engine KVM: {} exits\n", counted(**second, "KVM exits"));
        if (!first_on_kvm) CHECK(counted(**second, "KVM exits") > 0);
    }
}
