#include "machine/boards/riscv_virt.hpp"

#include <cstring>

#include "accel/dbt/dbt_cpu.hpp"
#include "cpu/riscv/hart.hpp"
#include "devices/firmware/fw_cfg.hpp"
#include "devices/firmware/test_finisher.hpp"
#include "devices/irq/plic.hpp"
#include "devices/pci/host.hpp"
#include "devices/rtc/goldfish_rtc.hpp"
#include "devices/serial/uart16550.hpp"
#include "devices/storage/pflash.hpp"
#include "devices/timer/aclint.hpp"
#include "devices/virtio/mmio.hpp"
#include "devices/virtio/pci.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/riscv_virt_boot.hpp"
#include "machine/boards/riscv_virt_map.hpp"
#include "machine/loader/file.hpp"

namespace orrery {
namespace {

using namespace riscv_virt;
using HartMemory = dbt::VcpuMemory<riscv::State>;

// Builds the board, part by part, in the order in which a reader of the memory map would.
class Builder {
public:
    Builder(Machine& machine, const BoardOptions& options) : machine_(machine), options_(options) {}

    Status build() {
        TRY_STATUS(check());
        TRY_STATUS(add_memory());
        TRY_STATUS(add_harts());
        TRY_STATUS(add_interrupt_controllers());
        TRY_STATUS(add_platform_devices());
        TRY_STATUS(add_pci());
        TRY_STATUS(add_virtio_parts());
        return add_boot();
    }

private:
    Status check() const;
    Status add_memory();
    Status add_harts();
    Status add_interrupt_controllers();
    Status add_platform_devices();
    Status add_pci();
    Status add_flash();
    Status add_virtio_parts();
    Status add_mmio_slots();
    Status add_boot();

    Status map(std::string_view name, Place place, IoHandler& handler) {
        return machine_.memory().map(
            {.base = {place.base}, .size_bytes = place.size, .io = &handler, .name = std::string(name)});
    }
    Status add_virtio(std::unique_ptr<VirtioDevice> device);
    [[nodiscard]] IrqLine irq(u32 source, std::string what) const {
        plic_->name_source(source, std::move(what));
        return {*plic_, source};
    }

    Machine& machine_;
    const BoardOptions& options_;
    Ram* boot_rom_ = nullptr;
    std::vector<riscv::Hart*> harts_;
    Plic* plic_ = nullptr;
    FwCfg* fw_cfg_ = nullptr;
    PciHost* pci_ = nullptr;
    u32 next_pci_slot_ = 1;
    std::vector<VirtioDevice*> mmio_devices_;
};

Status Builder::check() const {
    if (options_.cpus < 1 || options_.cpus > riscv_virt_most_harts)
        return error("--cpus {}: riscv-virt has 1 to {} harts", options_.cpus, riscv_virt_most_harts);
    if (!options_.boot.order.empty() || options_.boot.menu_wait_ms)
        return error("--boot: riscv-virt's firmware starts what --kernel names; leave the option out");
    if (options_.memory_bytes < riscv_virt_least_memory || options_.memory_bytes > riscv_virt_most_memory)
        return error("--memory: riscv-virt takes {} MiB to {} GiB, not {} bytes", riscv_virt_least_memory / MiB,
                     riscv_virt_most_memory / GiB, options_.memory_bytes);
    if (!options_.cpu_model.empty())
        return error("--cpu {}: riscv-virt has harts of one kind only; leave the option out", options_.cpu_model);
    if (options_.paravirtual_clock)
        return error("--cpu +kvmclock: riscv-virt's harts have no such clock, and need none, since the device tree "
                     "tells their counter's frequency; leave the option out");
    if (!options_.cdroms.empty()) return error("--cdrom: riscv-virt has no drive for it; use --disk FILE,readonly");
    if (!options_.floppies.empty()) return error("--floppy: riscv-virt has no drive for it; use --disk FILE");
    if (options_.debug_console != "none")
        return error("--debug-console: riscv-virt has no such port; its firmware writes to the serial port");
    for (const FileDiskOptions& disk : options_.disks)
        if (disk.attachment != DiskAttachment::board && disk.attachment != DiskAttachment::virtio)
            return error("--disk {}: riscv-virt has virtio disks only", disk.path);
    return {};
}

Status Builder::add_memory() {
    Ram& ram = machine_.add_ram(TRY(Ram::create("ram", options_.memory_bytes)));
    TRY_STATUS(machine_.memory().map({.base = {ram_base}, .size_bytes = ram.size_bytes(), .ram = &ram, .name = "ram"}));
    boot_rom_ = &machine_.add_ram(TRY(Ram::create("boot-rom", boot_rom.size)));
    return machine_.memory().map({.base = {boot_rom.base},
                                  .size_bytes = boot_rom.size,
                                  .ram = boot_rom_,
                                  .read_only = true,
                                  .name = "boot-rom"});
}

Status Builder::add_harts() {
    auto& translator = machine_.keep(
        TRY(dbt::Translator::create(options_.engine, riscv::Hart::guest_description(), HartMemory::state_offset_bytes(),
                                    machine_.memory(), 256 * MiB, options_.count_executions)));
    for (u32 id = 0; id < options_.cpus; ++id) {
        auto& memory = machine_.keep(std::make_unique<HartMemory>());
        riscv::HartConfiguration configuration;
        configuration.hart_id = id;
        configuration.reset_pc = boot_rom.base;
        configuration.timebase_hz = timebase_hz;
        auto& hart = machine_.keep(std::make_unique<riscv::Hart>(memory.state, machine_, configuration));
        harts_.push_back(&hart);
        auto cpu = std::make_unique<dbt::DbtCpu>(fmt::format("hart{}", id), hart, memory.context, &memory.state,
                                                 translator, machine_);
        if (options_.record_transfers) cpu->record_all_transfers();
        if (options_.inspector && id == 0) options_.inspector->attach(translator, *cpu, hart);
        machine_.add_cpu(std::move(cpu));
    }
    return {};
}

Status Builder::add_interrupt_controllers() {
    // RISC-V privileged manual, mip: the interrupt inputs of a hart.
    constexpr u32 msip = 3, mtip = 7, seip = 9, meip = 11;
    std::vector<Aclint::HartLines> timers;
    std::vector<IrqLine> contexts;
    for (Cpu* cpu : machine_.cpus()) {
        timers.push_back({{*cpu, msip}, {*cpu, mtip}});
        contexts.insert(contexts.end(), {IrqLine(*cpu, meip), IrqLine(*cpu, seip)});
    }
    auto& clint_device = machine_.add(std::make_unique<Aclint>(
        "clint", Aclint::Configuration{.frequency_hz = timebase_hz}, machine_.clock(), std::move(timers)));
    clint_device.on_time_set([harts = harts_](u64 offset_ticks) {
        for (riscv::Hart* hart : harts) hart->timer().set_offset(offset_ticks);
    });
    plic_ = &machine_.add(
        std::make_unique<Plic>("plic", Plic::Configuration{.sources = plic_sources}, std::move(contexts)));
    TRY_STATUS(map("clint", clint, clint_device));
    return map("plic", plic, *plic_);
}

Status Builder::add_platform_devices() {
    auto& power = machine_.keep(std::make_unique<MachinePower>(machine_));
    auto& finisher = machine_.add(std::make_unique<TestFinisher>("test", power));
    TRY_STATUS(map("test", test_finisher, finisher));

    auto& clock = machine_.add(
        std::make_unique<GoldfishRtc>("rtc", GoldfishRtc::Configuration{.power_on_ns = power_on_date_ns(options_)},
                                      machine_.clock(), irq(rtc_irq, "rtc")));
    TRY_STATUS(map("rtc", rtc, clock));

    CharacterBackend& serial = *TRY(open_characters(machine_, options_, options_.serial, "--serial"));
    auto& port =
        machine_.add(std::make_unique<Uart16550>("uart0", Uart16550::Configuration{.input_clock_hz = uart_clock_hz},
                                                 machine_.clock(), irq(uart_irq, "uart0"), serial));
    TRY_STATUS(map("uart0", uart, port));

    fw_cfg_ = &machine_.add(std::make_unique<FwCfg>("fw_cfg", machine_.memory()));
    TRY_STATUS(map("fw_cfg", fw_cfg, *fw_cfg_));

    return add_flash();
}

Status Builder::add_flash() {
    if (options_.flash.size() > flash_banks)
        return error("--flash was given {} times, but the board has {} banks", options_.flash.size(), flash_banks);
    for (u32 bank = 0; bank < flash_banks; ++bank) {
        Ram& contents = machine_.add_ram(TRY(Ram::create(fmt::format("flash{}", bank), flash.size)));
        ParallelFlash::Configuration configuration{.base = {flash.base + bank * flash.size}, .size_bytes = flash.size};
        Disk* kept_in = nullptr;
        if (bank < options_.flash.size()) {
            const FlashImage image = TRY(open_flash(machine_, options_.flash[bank], flash.size));
            std::ranges::copy(image.bytes, contents.host());
            configuration.write_protected = options_.flash[bank].read_only;
            kept_in = image.kept_in;
        }
        machine_.add(TRY(ParallelFlash::create(fmt::format("flash{}-chip", bank), configuration, machine_.memory(),
                                               contents, kept_in)));
    }
    return {};
}

Status Builder::add_pci() {
    const Place memory64 = pci_memory64(options_.memory_bytes);
    const PciHostLayout layout{.ecam = {{pci_ecam.base}, pci_ecam.size, 0},
                               .io = {{pci_io.base}, pci_io.size, 0},
                               .memory32 = {{pci_memory32.base}, pci_memory32.size, pci_memory32.base},
                               .memory64 = {{memory64.base}, memory64.size, memory64.base}};
    std::array<IrqLine, PciHost::line_count> lines;
    for (u32 i = 0; i < PciHost::line_count; ++i) lines[i] = irq(pci_irq + i, fmt::format("pci INT{}", "ABCD"[i]));
    pci_ = &machine_.add(TRY(PciHost::create("pci", machine_.memory(), layout, lines)));
    return {};
}

Status Builder::add_virtio(std::unique_ptr<VirtioDevice> device) {
    VirtioDevice& added = machine_.add(std::move(device));
    if (options_.virtio == VirtioTransportKind::mmio) {
        if (mmio_devices_.size() == virtio_mmio_slots)
            return error("--virtio mmio: the board has {} slots, and {} is one device too many; use --virtio pci",
                         virtio_mmio_slots, added.name());
        mmio_devices_.push_back(&added);
        return {};
    }
    if (next_pci_slot_ == PciHost::slot_count)
        return error("the PCI bus has {} slots, and {} is one device too many", PciHost::slot_count - 1, added.name());
    auto& function = machine_.add(std::make_unique<VirtioPci>(fmt::format("{}-pci", added.name()), added));
    return pci_->add(function, next_pci_slot_++);
}

Status Builder::add_virtio_parts() {
    const AddVirtio add = [this](std::unique_ptr<VirtioDevice> device) { return add_virtio(std::move(device)); };
    for (std::size_t i = 0; i < options_.disks.size(); ++i)
        TRY_STATUS(add_virtio_disk(machine_, *TRY(open_disk(machine_, options_.disks[i], "--disk")), i, add));
    TRY_STATUS(add_virtio_devices(machine_, options_, add));
    return add_mmio_slots();
}

// Guests find the devices in ascending order of slots; the empty ones are there too.
Status Builder::add_mmio_slots() {
    for (u32 slot = 0; slot < virtio_mmio_slots; ++slot) {
        VirtioDevice* const device = slot < mmio_devices_.size() ? mmio_devices_[slot] : nullptr;
        const std::string name = fmt::format("virtio-mmio{}", slot);
        auto& transport = machine_.add(std::make_unique<VirtioMmio>(name, irq(virtio_mmio_irq + slot, name), device));
        TRY_STATUS(map(transport.name(), {virtio_mmio.base + slot * virtio_mmio.size, virtio_mmio.size}, transport));
    }
    return {};
}

Status Builder::add_boot() {
    auto& boot = machine_.keep(std::make_unique<Boot>(machine_, options_, *boot_rom_, *fw_cfg_));
    machine_.on_reset([&boot, this_machine = &machine_] {
        if (const Status loaded = boot.load(); !loaded) this_machine->fail(loaded.error());
    });
    return {};
}

} // namespace

Result<std::unique_ptr<Machine>> create_riscv_virt(const BoardOptions& options) {
    auto machine = TRY(Machine::create({.deterministic = options.deterministic,
                                        .timeout_ns = options.timeout_ns,
                                        .stop_when_stuck = options.stop_when_stuck}));
    TRY_STATUS(Builder(*machine, options).build());
    machine->reset();
    if (machine->failure()) return std::unexpected(*machine->failure());
    return machine;
}

} // namespace orrery
