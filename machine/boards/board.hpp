// What a machine of any type is built from, and the list of the types: one row a board, which is its name, its limits
// and the function that wires it. `orrery run`'s options are these.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accel/dbt/code_inspector.hpp"
#include "accel/dbt/translator.hpp"
#include "accel/kvm/host.hpp"
#include "accel/kvm/x86/irqchip.hpp"
#include "devices/host/file_disk.hpp"
#include "devices/host/slirp_network.hpp"
#include "devices/host/terminal.hpp"
#include "machine/machine.hpp"

namespace orrery {

enum class VirtioTransportKind : u8 { pci, mmio };

enum class BootKind : u8 { floppy, disk, cdrom, net };

// What firmware is asked to start.
struct BootOptions {
    std::vector<BootKind> order;     // what isn't listed comes behind
    std::optional<u16> menu_wait_ms; // for a key that opens its menu; none: no menu is offered
};

// Where a board has no use for an option that is set, create() says so.
struct BoardOptions {
    dbt::Engine engine = dbt::Engine::baseline;
    // Unless empty: CPUs run on KVM, on a host of which this is known, and `engine` runs what KVM can't.
    std::optional<kvm::HostFacts> kvm;
    u64 kvm_fallback_every = 0; // see kvm::EngineOptions, as the next
    kvm::Irqchip kvm_irqchip = kvm::Irqchip::user;
    bool kvm_ioeventfd = false; // virtio queues' notifications don't stop the CPU
    u32 cpus = 1;
    u64 memory_bytes = 1 * GiB;
    // By name, as the error for an unknown one lists them; empty: the board's default.
    std::string cpu_model;
    bool paravirtual_clock = false; // see x86::ParavirtualClock
    // Firmware: a file, none (the kernel is entered without any), or our own.
    std::optional<std::string> bios;
    bool bios_none = false;
    std::optional<std::string> kernel;
    std::optional<std::string> initrd;
    std::optional<std::string> device_tree;
    std::string kernel_arguments;
    std::vector<FileDiskOptions> disks; // how they are attached is each one's own choice
    std::vector<std::string> cdroms;
    std::vector<std::string> floppies;
    BootOptions boot;
    NetworkOptions network;
    // Where disks, network, console and entropy source are found: on the PCI bus or in the virtio-mmio slots.
    VirtioTransportKind virtio = VirtioTransportKind::pci;
    // Where a virtio console leads, as for `serial`; there is none without it.
    std::optional<std::string> virtio_console;
    // What the flash banks hold: firmware and its variables. How they are attached has no meaning.
    std::vector<FileDiskOptions> flash;
    std::string serial = "stdio";
    // Where a PC's debug console, port 402h, leads, as for `serial`.
    std::string debug_console = "none";
    Terminal::Escape escape;
    bool deterministic = false;
    u64 seed = 1; // of all that is random in deterministic mode
    u64 timeout_ns = never_ns;
    bool stop_when_stuck = false;  // see MachineOptions
    bool record_transfers = false; // see Cpu::record_all_transfers()
    // Unless null: attached to the first CPU.
    dbt::CodeInspector* inspector = nullptr;
    // Whether the translator counts how often its blocks are executed.
    bool count_executions = false;
};

struct Board {
    std::string_view name;
    std::string_view description; // for `orrery list machines`: what it is
    std::string_view cpu_noun;    // "hart"
    u32 most_cpus;
    u64 least_memory, most_memory; // bytes
    bool starts_disks;             // the built-in firmware does
    bool runs_on_kvm;              // BoardOptions::kvm may be set
    // Builds the machine and resets it; run() is next. Errors name the option or file that is at fault.
    Result<std::unique_ptr<Machine>> (*create)(const BoardOptions& options);
};

// The first one is the default.
std::span<const Board> boards();
const Board* find_board(std::string_view name);

} // namespace orrery
