// The options of `orrery run`: as the user wrote them, and what they mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/trace/request.hpp"
#include "machine/boards/board.hpp"
#include "machine/boards/console.hpp"

namespace CLI {
class App;
}

namespace orrery::app {

// Text, so that every bad value gets a sentence of ours.
struct RunArguments {
    std::string machine = "riscv-virt";
    std::string cpu;
    std::string engine = "auto";
    bool force = false;
    std::string kvm_irqchip = "user";
    bool kvm_ioeventfd = false;
    std::string cpus = "1";
    std::string memory = "1G";
    std::string bios, kernel, initrd, append, device_tree;
    std::vector<std::string> disks, cdroms, floppies;
    std::string net = "none";
    std::string serial = "stdio";
    std::string virtio = "pci";
    std::string virtio_console;
    std::string debug_console = "none";
    std::vector<std::string> flash;
    std::string display = "none";
    std::string boot;
    bool headless = false;
    bool deterministic = false;
    std::string timeout, seed, save, save_at, hash_every, restore;
    std::vector<std::string> traces;
    std::string trace_file;
    trace::Arguments trace;
    std::string on_stuck = "report";
    bool record_transfers = false;
    std::string gdb;
    std::string monitor;
    bool paused = false;
    std::string image;

    void add_to(CLI::App& command);
};

enum class EngineChoice : u8 { automatic, translator, interpreter, kvm };

enum class OnStuck : u8 { report, exit, ignore };

struct RunPlan {
    EngineChoice engine = EngineChoice::automatic;
    bool force_engine = false; // also if this host can't run everything by it
    const Board* machine = nullptr;
    BoardOptions board;
    std::optional<std::string> save;
    std::optional<u64> save_at;
    std::optional<u64> hash_every;
    std::optional<std::string> restore;
    OnStuck on_stuck = OnStuck::report;
    std::optional<std::string> gdb;     // where the stub listens: unix:PATH or HOST:PORT
    bool gdb_any_architecture = false;  // the debugger says what the guest's architecture is
    std::optional<std::string> monitor; // where programs find the monitor: unix:PATH or HOST:PORT
    bool paused = false;
    std::optional<WindowOptions> window;   // empty: none
    std::optional<std::string> trace_file; // what `trace` lets through goes there
    trace::Arguments trace;
    std::optional<std::string> image; // a kernel or a disk: only its contents tell
};

// Every error is a bad command line, and names the option.
Result<RunPlan> plan_run(const RunArguments& arguments);

} // namespace orrery::app
