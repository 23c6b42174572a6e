#include "machine/boards/riscv_virt_device_tree.hpp"

#include "bios/tables/device_tree.hpp"
#include "machine/boards/riscv_virt_map.hpp"

namespace orrery::riscv_virt {
namespace {

using bios::DeviceTreeWriter;

// Handles by which nodes refer to one another.
constexpr u32 plic_handle = 1;
constexpr u32 test_handle = 2;
constexpr u32 hart_handle(u32 hart) { return 16 + 2 * hart; }
constexpr u32 hart_irq_handle(u32 hart) { return 17 + 2 * hart; }

// Interrupts of the hart-level controller (RISC-V privileged manual, mcause).
constexpr u32 software_irq = 3, timer_irq = 7, supervisor_external_irq = 9, machine_external_irq = 11;

std::string at(std::string_view name, u64 address) { return fmt::format("{}@{:x}", name, address); }

u32 high(u64 value) { return static_cast<u32>(value >> 32); }
u32 low(u64 value) { return static_cast<u32>(value); }

void hart_node(DeviceTreeWriter& tree, const DeviceTreeOptions& options, u32 hart) {
    tree.begin_node(at("cpu", hart));
    tree.cells("phandle", {hart_handle(hart)});
    tree.text("device_type", "cpu");
    tree.cells("reg", {hart});
    tree.text("status", "okay");
    tree.text("compatible", "riscv");
    for (const char* name : {"riscv,cbom-block-size", "riscv,cbop-block-size", "riscv,cboz-block-size"})
        tree.cells(name, {static_cast<u32>(riscv::cache_block_bytes)});
    tree.text("riscv,isa", isa_string(options.hart));
    tree.text("riscv,isa-base", "rv64i");
    tree.texts("riscv,isa-extensions", isa_extensions(options.hart));
    tree.text("mmu-type", mmu_type(options.hart));
    tree.begin_node("interrupt-controller");
    tree.cells("#interrupt-cells", {1});
    tree.flag("interrupt-controller");
    tree.text("compatible", "riscv,cpu-intc");
    tree.cells("phandle", {hart_irq_handle(hart)});
    tree.end_node();
    tree.end_node();
}

void cpus_node(DeviceTreeWriter& tree, const DeviceTreeOptions& options) {
    tree.begin_node("cpus");
    tree.cells("#address-cells", {1});
    tree.cells("#size-cells", {0});
    tree.cells("timebase-frequency", {timebase_hz});
    for (u32 hart = 0; hart < options.harts; ++hart) hart_node(tree, options, hart);
    tree.begin_node("cpu-map");
    tree.begin_node("cluster0");
    for (u32 hart = 0; hart < options.harts; ++hart) {
        tree.begin_node(fmt::format("core{}", hart));
        tree.cells("cpu", {hart_handle(hart)});
        tree.end_node();
    }
    tree.end_node();
    tree.end_node();
    tree.end_node();
}

// interrupts-extended: for every hart its controller and two of its interrupts.
std::vector<u32> per_hart(u32 harts, u32 first, u32 second) {
    std::vector<u32> cells;
    for (u32 hart = 0; hart < harts; ++hart)
        cells.insert(cells.end(), {hart_irq_handle(hart), first, hart_irq_handle(hart), second});
    return cells;
}

void interrupt_nodes(DeviceTreeWriter& tree, u32 harts) {
    tree.begin_node(at("clint", clint.base));
    tree.texts("compatible", {"sifive,clint0", "riscv,clint0"});
    tree.reg({{clint.base, clint.size}});
    tree.cells("interrupts-extended", per_hart(harts, software_irq, timer_irq));
    tree.end_node();

    tree.begin_node(at("plic", plic.base));
    tree.cells("phandle", {plic_handle});
    tree.texts("compatible", {"sifive,plic-1.0.0", "riscv,plic0"});
    tree.reg({{plic.base, plic.size}});
    tree.cells("interrupts-extended", per_hart(harts, machine_external_irq, supervisor_external_irq));
    tree.cells("riscv,ndev", {plic_sources - 1});
    tree.cells("#address-cells", {0});
    tree.cells("#interrupt-cells", {1});
    tree.flag("interrupt-controller");
    tree.end_node();
}

void device_node(DeviceTreeWriter& tree, std::string_view name, std::string_view compatible, Place place, u32 irq) {
    tree.begin_node(at(name, place.base));
    tree.text("compatible", compatible);
    tree.reg({{place.base, place.size}});
    tree.cells("interrupts", {irq});
    tree.cells("interrupt-parent", {plic_handle});
    if (compatible == "ns16550a") tree.cells("clock-frequency", {uart_clock_hz});
    tree.end_node();
}

// PCI bus binding: each range is three PCI address cells (the first its kind), two CPU address cells, two size cells.
void pci_node(DeviceTreeWriter& tree, u64 memory_bytes) {
    const Place memory64 = pci_memory64(memory_bytes);
    constexpr u32 io_space = 0x0100'0000, memory32_space = 0x0200'0000, memory64_space = 0x0300'0000;
    tree.begin_node(at("pci", pci_ecam.base));
    tree.text("compatible", "pci-host-ecam-generic");
    tree.text("device_type", "pci");
    tree.reg({{pci_ecam.base, pci_ecam.size}});
    tree.cells("#address-cells", {3});
    tree.cells("#size-cells", {2});
    tree.cells("#interrupt-cells", {1});
    tree.cells("linux,pci-domain", {0});
    tree.cells("bus-range", {0, 0xff});
    tree.flag("dma-coherent");
    tree.cells("ranges", {io_space,
                          0,
                          0,
                          high(pci_io.base),
                          low(pci_io.base),
                          0,
                          low(pci_io.size),
                          memory32_space,
                          0,
                          low(pci_memory32.base),
                          0,
                          low(pci_memory32.base),
                          0,
                          low(pci_memory32.size),
                          memory64_space,
                          high(memory64.base),
                          low(memory64.base),
                          high(memory64.base),
                          low(memory64.base),
                          high(memory64.size),
                          low(memory64.size)});
    std::vector<u32> map;
    for (u32 slot = 0; slot < 4; ++slot) {
        for (u32 pin = 1; pin <= 4; ++pin)
            map.insert(map.end(), {slot << 11, 0, 0, pin, plic_handle, pci_irq + (slot + pin - 1) % 4});
    }
    tree.cells("interrupt-map", map);
    tree.cells("interrupt-map-mask", {0x1800, 0, 0, 7});
    tree.end_node();
}

void soc_node(DeviceTreeWriter& tree, u32 harts, u64 memory_bytes) {
    tree.begin_node("soc");
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.text("compatible", "simple-bus");
    tree.flag("ranges");
    interrupt_nodes(tree, harts);
    device_node(tree, "serial", "ns16550a", uart, uart_irq);
    device_node(tree, "rtc", "google,goldfish-rtc", rtc, rtc_irq);
    for (u32 slot = 0; slot < virtio_mmio_slots; ++slot) {
        const Place place{virtio_mmio.base + slot * virtio_mmio.size, virtio_mmio.size};
        device_node(tree, "virtio_mmio", "virtio,mmio", place, virtio_mmio_irq + slot);
    }
    tree.begin_node(at("test", test_finisher.base));
    tree.cells("phandle", {test_handle});
    tree.texts("compatible", {"sifive,test1", "sifive,test0", "syscon"});
    tree.reg({{test_finisher.base, test_finisher.size}});
    tree.end_node();
    pci_node(tree, memory_bytes);
    tree.end_node();
}

void syscon_node(DeviceTreeWriter& tree, std::string_view name, std::string_view compatible, u32 value) {
    tree.begin_node(name);
    tree.text("compatible", compatible);
    tree.cells("regmap", {test_handle});
    tree.cells("offset", {0});
    tree.cells("value", {value});
    tree.end_node();
}

void chosen_node(DeviceTreeWriter& tree, const DeviceTreeOptions& options) {
    tree.begin_node("chosen");
    tree.text("stdout-path", fmt::format("/soc/{}", at("serial", uart.base)));
    if (!options.kernel_arguments.empty()) tree.text("bootargs", options.kernel_arguments);
    if (options.initrd_end != 0) {
        tree.cells("linux,initrd-start", {high(options.initrd_first), low(options.initrd_first)});
        tree.cells("linux,initrd-end", {high(options.initrd_end), low(options.initrd_end)});
    }
    if (!options.random_seed.empty()) tree.bytes("rng-seed", options.random_seed);
    tree.end_node();
}

} // namespace

Result<std::vector<u8>> device_tree(const DeviceTreeOptions& options, u32 spare_bytes) {
    DeviceTreeWriter tree;
    tree.begin_node("");
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.text("compatible", "riscv-virtio");
    tree.text("model", "orrery,riscv-virt");
    chosen_node(tree, options);
    tree.begin_node("aliases");
    tree.text("serial0", fmt::format("/soc/{}", at("serial", uart.base)));
    tree.end_node();
    tree.begin_node(at("memory", ram_base));
    tree.text("device_type", "memory");
    tree.reg({{ram_base, options.memory_bytes}});
    tree.end_node();
    cpus_node(tree, options);
    soc_node(tree, options.harts, options.memory_bytes);
    syscon_node(tree, "poweroff", "syscon-poweroff", 0x5555);
    syscon_node(tree, "reboot", "syscon-reboot", 0x7777);
    tree.begin_node(at("fw-cfg", fw_cfg.base));
    tree.text("compatible", "qemu,fw-cfg-mmio");
    tree.reg({{fw_cfg.base, fw_cfg.size}});
    tree.flag("dma-coherent");
    tree.end_node();
    tree.begin_node(at("flash", flash.base));
    tree.text("compatible", "cfi-flash");
    tree.reg({{flash.base, flash.size}, {flash.base + flash.size, flash.size}});
    tree.cells("bank-width", {4});
    tree.end_node();
    tree.begin_node("pmu");
    tree.text("compatible", "riscv,pmu");
    tree.end_node();
    tree.end_node();
    return tree.finish(spare_bytes);
}

} // namespace orrery::riscv_virt
