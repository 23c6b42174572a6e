#include "app/list_command.hpp"

#include <algorithm>

#include "app/exit_codes.hpp"
#include "app/host_probe.hpp"
#include "app/messages.hpp"
#include "app/values.hpp"
#include "machine/boards/board.hpp"
#include "machine/fabric/log.hpp"

namespace orrery::app {
namespace {

struct Row {
    const char* name;
    const char* text;
};

// By the option that adds it; those without one are always there.
constexpr std::array riscv_virt_devices{
    Row{"ns16550a", "serial port 0, see --serial"},
    Row{"aclint", "timers and software interrupts of the harts"},
    Row{"plic", "interrupt controller, 96 sources"},
    Row{"goldfish-rtc", "date and time"},
    Row{"test-finisher", "power-off with an exit code, and reset"},
    Row{"fw_cfg", "configuration for firmware"},
    Row{"cfi-flash", "two banks of parallel flash, 32 MiB each, see --flash"},
    Row{"pci-host", "PCI Express host bridge (ECAM)"},
    Row{"virtio-rng", "random numbers"},
    Row{"virtio-blk", "disk; --disk FILE adds one"},
    Row{"virtio-net", "network card; --net user adds one"},
    Row{"virtio-console", "console; --virtio-console adds one"},
    Row{"virtio-mmio", "eight transports, used with --virtio mmio; otherwise virtio devices are on PCI"},
};

void print(std::string_view name, std::string_view text) {
    std::fputs(fmt::format("{:<20}{}\n", name, text).c_str(), stdout);
}

// Of both PCs, then of one.
constexpr std::array pc_devices{
    Row{"i8259, 82093aa", "interrupt controllers, with a local APIC in each CPU"},
    Row{"i8254, hpet", "timers; the local APICs have one each, with TSC deadlines"},
    Row{"mc146818", "date, time and memory that a battery keeps"},
    Row{"ns16550a", "serial port COM1, see --serial"},
    Row{"i8042", "keyboard controller, with a PS/2 keyboard and mouse"},
    Row{"vga", "VGA with Bochs' VBE, 16 MiB, on PCI; no window yet"},
    Row{"i82077aa, i8237", "floppy controller and DMA; --floppy FILE adds a drive"},
    Row{"acpi-pm", "power management, sleep button and timer"},
    Row{"fw_cfg", "configuration for firmware, at ports 510h"},
    Row{"cfi-flash", "parallel flash below 4 GiB; each --flash FILE adds a bank"},
    Row{"debug-console", "port 402h, see --debug-console"},
    Row{"debug-exit", "port F4h: a value v ends the run with 2v + 1"},
    Row{"virtio-rng", "random numbers"},
    Row{"virtio-blk", "disk; --disk FILE,virtio adds one"},
    Row{"virtio-net", "network card; --net user adds one"},
    Row{"virtio-console", "console; --virtio-console adds one"},
};
constexpr std::array only_pc_devices{
    Row{"i440fx, piix3", "chipset on PCI"},
    Row{"piix3-ide", "two IDE channels with DMA; --disk FILE and --cdrom FILE add drives"},
};
constexpr std::array only_q35_devices{
    Row{"q35, ich9", "chipset on PCI Express (ECAM)"},
    Row{"ich9-ahci", "six SATA ports; --disk FILE and --cdrom FILE add drives"},
};

void list_machines() {
    for (const Board& board : boards())
        print(board.name, fmt::format("{}; 1 to {} {}s, {} to {}", board.description, board.most_cpus, board.cpu_noun,
                                      size_text(board.least_memory), size_text(board.most_memory)));
}

void list_devices_of(std::string_view heading, std::span<const Row> rows) {
    std::fputs(fmt::format("{}:\n", heading).c_str(), stdout);
    for (const Row& row : rows) print(fmt::format("  {}", row.name), row.text);
}

void list_devices() {
    list_devices_of("riscv-virt", riscv_virt_devices);
    list_devices_of("pc and q35", pc_devices);
    list_devices_of("pc", only_pc_devices);
    list_devices_of("q35", only_q35_devices);
}

void list_engines() {
    const Status usable = translator_usable();
    print("auto",
          usable ? "kvm for PCs where KVM is full, else jit (the default)" : "interp on this host (the default)");
    print("kvm", "runs PCs on the host's processor by KVM; `orrery doctor` says what that can do here");
    print("jit",
          usable ? "translates guest code to x86-64 code"
                 : fmt::format("translates guest code to x86-64 code; not on this host: {}", usable.error().message()));
    print("interp", "interprets guest code: slow, and the reference for the translator");
}

void list_traces() {
    std::vector<std::string> names = log::trace_names();
    std::ranges::sort(names);
    for (const std::string& name : names) std::fputs((name + "\n").c_str(), stdout);
}

} // namespace

int list(const std::string& topic) {
    if (topic == "machines")
        list_machines();
    else if (topic == "devices")
        list_devices();
    else if (topic == "engines")
        list_engines();
    else if (topic == "traces")
        list_traces();
    else {
        complain("list: there is no list of '{}'; there are machines, devices, engines and traces", topic);
        return exit_usage;
    }
    return exit_powered_off;
}

} // namespace orrery::app
