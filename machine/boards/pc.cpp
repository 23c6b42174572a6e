#include "machine/boards/pc.hpp"

#include <cstring>

#include "accel/dbt/dbt_cpu.hpp"
#include "accel/kvm/x86/engine.hpp"
#include "cpu/x86/processor.hpp"
#include "devices/display/vga/vga_pci.hpp"
#include "devices/dma/i8237.hpp"
#include "devices/firmware/acpi_pm.hpp"
#include "devices/firmware/debug_ports.hpp"
#include "devices/firmware/fw_cfg.hpp"
#include "devices/input/i8042.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "devices/irq/coprocessor_error.hpp"
#include "devices/pci/config_ports.hpp"
#include "devices/pci/isa_bridge.hpp"
#include "devices/pci/pc_host_bridge.hpp"
#include "devices/pci/piix4_pm.hpp"
#include "devices/rtc/mc146818.hpp"
#include "devices/serial/uart16550.hpp"
#include "devices/storage/piix3_ide.hpp"
#include "devices/timer/hpet.hpp"
#include "devices/timer/i8254.hpp"
#include "devices/timer/system_control_b.hpp"
#include "devices/virtio/pci.hpp"
#include "machine/boards/board_parts.hpp"
#include "machine/boards/pc_boot_order.hpp"
#include "machine/boards/pc_firmware.hpp"
#include "machine/boards/pc_interrupts.hpp"
#include "machine/boards/pc_map.hpp"
#include "machine/boards/pc_start.hpp"
#include "machine/boards/pc_storage.hpp"

namespace orrery {
namespace {

using namespace pc;
using CpuMemory = dbt::VcpuMemory<x86::State>;

constexpr std::string_view default_model = "x86-64-v2";
constexpr u64 video_memory_bytes = 16 * MiB;
constexpr u64 translated_code_bytes = 256 * MiB;

// What the firmware of QEMU's machines reads of the clock's memory: sizes of memory, the floppy drives.
namespace cmos {
inline constexpr u8 floppy_drives = 0x10, equipment = 0x14, base_kib = 0x15, extended_kib = 0x17,
                    extended_kib_again = 0x30, above_16_mib = 0x34, above_4_gib = 0x5b, further_cpus = 0x5f;
inline constexpr u8 drive_144 = 4;
inline constexpr u8 has_fpu = 0x02, has_mouse = 0x04, has_floppy = 0x01, second_floppy = 0x40;
} // namespace cmos

// Builds either board, part by part.
class Builder {
public:
    Builder(Machine& machine, const BoardOptions& options, bool q35)
        : machine_(machine), options_(options), q35_(q35), split_(q35 ? q35_split : pc_split),
          power_(machine.keep(std::make_unique<MachinePower>(machine))), boot_order_(options.boot) {}

    Status build() {
        TRY_STATUS(check());
        TRY_STATUS(add_memory());
        TRY_STATUS(add_interrupt_controllers());
        TRY_STATUS(add_cpus());
        TRY_STATUS(add_timers());
        TRY_STATUS(add_video());
        TRY_STATUS(add_chipset());
        TRY_STATUS(add_isa_devices());
        TRY_STATUS(add_drives());
        TRY_STATUS(add_virtio());
        TRY_STATUS(add_firmware_interface());
        add_start();
        return {};
    }

private:
    Status check() const;
    Status add_memory();
    Status add_interrupt_controllers();
    Status add_accelerator();
    x86::ParavirtualClock* add_paravirtual_clock(u64 tsc_hz);
    Status add_cpus();
    Status add_timers();
    Status add_video();
    Status add_chipset();
    Status add_power_management();
    Status add_isa_devices();
    Status add_drives();
    Status add_virtio();
    Status add_firmware_interface();
    void fill_clock_memory();
    void add_start();

    [[nodiscard]] std::string_view board() const { return q35_ ? "q35" : "pc"; }
    Status map(std::string_view name, Place place, IoHandler& handler) {
        return machine_.memory().map(
            {.base = {place.base}, .size_bytes = place.size, .io = &handler, .name = std::string(name)});
    }
    Status map_ports(std::string_view name, Place place, IoHandler& handler) {
        return machine_.ports().map(
            {.base = {place.base}, .size_bytes = place.size, .io = &handler, .name = std::string(name)});
    }
    template <typename T, typename... Arguments> T& make(Arguments&&... arguments) {
        return machine_.add(std::make_unique<T>(std::forward<Arguments>(arguments)...));
    }

    Machine& machine_;
    const BoardOptions& options_;
    const bool q35_;
    const Split split_;
    MachinePower& power_;
    kvm::Engine* accelerator_ = nullptr;
    Ram* ram_ = nullptr;
    Ram* rom_ = nullptr; // C0000h to FFFFFh
    I8259Pair* pic_ = nullptr;
    IoApic* io_apic_ = nullptr;
    InterruptBus* interrupt_bus_ = nullptr;
    InterruptRequest* interrupt_request_ = nullptr;
    IsaInterrupts* isa_ = nullptr;
    std::array<SharedInterrupt, 16> irqs_;
    SharedInterrupt a20_;
    std::vector<x86::Processor*> processors_;
    std::vector<LocalApic*> apics_;
    Hpet* hpet_ = nullptr;
    Mc146818* rtc_ = nullptr;
    Vga* vga_ = nullptr;
    PciDevice* video_ = nullptr;
    Dma8237* dma_ = nullptr;
    PciHost* pci_ = nullptr;
    FwCfg* fw_cfg_ = nullptr;
    BoardTables* tables_ = nullptr;
    BootOrder boot_order_;
    u32 next_slot_ = 2;
};

std::string model_names() {
    std::string names;
    for (const x86::Model& model : x86::models()) {
        if (!names.empty()) names += ", ";
        names += model.name;
    }
    return names;
}

Status Builder::check() const {
    if (options_.cpus < 1 || options_.cpus > pc_most_cpus)
        return error("--cpus {}: {} has 1 to {} CPUs", options_.cpus, board(), pc_most_cpus);
    if (options_.memory_bytes < pc_least_memory || options_.memory_bytes > pc_most_memory)
        return error("--memory: {} takes {} MiB to {} GiB, not {} bytes", board(), pc_least_memory / MiB,
                     pc_most_memory / GiB, options_.memory_bytes);
    if (options_.device_tree) return error("--dtb: {} has no device tree; it describes itself by ACPI", board());
    if (options_.virtio == VirtioTransportKind::mmio)
        return error("--virtio mmio: {} has its virtio devices on PCI only; leave the option out", board());
    if (options_.bios_none && !options_.kernel)
        return error("--bios none: {} then needs a kernel to start, with --kernel FILE", board());
    if (options_.kvm && options_.deterministic)
        return error("--engine kvm: KVM doesn't count instructions, which --deterministic needs; use --engine jit");
    if (options_.kvm_irqchip == kvm::Irqchip::split && !options_.kvm)
        return error("--kvm-irqchip split: only CPUs on KVM have their local APICs there; leave it out");
    if (options_.kvm_ioeventfd && !options_.kvm)
        return error("--kvm-ioeventfd: only CPUs on KVM notify devices that way; leave it out");
    if (options_.cpu_model.empty()) return {};
    if (!x86::find_model(options_.cpu_model))
        return error("--cpu: {} has no CPU '{}'; it has {}", board(), options_.cpu_model, model_names());
    return {};
}

// ---- memory ----

Status Builder::add_memory() {
    ram_ = &machine_.add_ram(TRY(Ram::create("ram", options_.memory_bytes)));
    const u64 below = ram_below_4_gib(split_, options_.memory_bytes);
    AddressSpace& memory = machine_.memory();
    TRY_STATUS(memory.map({.base = {0}, .size_bytes = conventional_end, .ram = ram_, .name = "ram.conventional"}));
    TRY_STATUS(memory.map({.base = {high_memory},
                           .size_bytes = below - high_memory,
                           .ram = ram_,
                           .ram_offset = high_memory,
                           .name = "ram"}));
    if (options_.memory_bytes > below)
        TRY_STATUS(memory.map({.base = {four_gib},
                               .size_bytes = options_.memory_bytes - below,
                               .ram = ram_,
                               .ram_offset = below,
                               .name = "ram.high"}));
    rom_ = &machine_.add_ram(TRY(Ram::create("rom", option_roms.size)));
    std::memset(rom_->host(), 0xff, option_roms.size);
    return add_firmware(machine_, options_, *rom_);
}

// ---- interrupts and CPUs ----

Status Builder::add_interrupt_controllers() {
    interrupt_bus_ = &machine_.keep(std::make_unique<InterruptBus>());
    TRY_STATUS(map("msi", {InterruptBus::window_base.value, InterruptBus::window_size_bytes}, *interrupt_bus_));
    interrupt_request_ = &machine_.keep(std::make_unique<InterruptRequest>());
    pic_ = &make<I8259Pair>("pic", IrqLine(*interrupt_request_, 0));
    TRY_STATUS(map_ports("pic.master", pic_master, pic_->master_ports()));
    TRY_STATUS(map_ports("pic.slave", pic_slave, pic_->slave_ports()));
    TRY_STATUS(map_ports("pic.elcr", pic_elcr, pic_->elcr_ports()));
    io_apic_ =
        &make<IoApic>("ioapic", IoApic::Configuration{.active_low_pins = q35_ ? q35_pirq_pins : 0}, *interrupt_bus_);
    TRY_STATUS(map("ioapic", io_apic_window, *io_apic_));
    isa_ = &machine_.keep(std::make_unique<IsaInterrupts>(*pic_, *io_apic_));
    for (u32 irq = 1; irq < irqs_.size(); ++irq)
        if (irq != I8259Pair::cascade && irq != rtc_irq && irq != coprocessor_irq)
            irqs_[irq] = SharedInterrupt(machine_, fmt::format("irq{}", irq), {*isa_, irq});
    return {};
}

Status Builder::add_accelerator() {
    kvm::EngineOptions options{.facts = *options_.kvm,
                               .irqchip = options_.kvm_irqchip,
                               .events = options_.kvm_ioeventfd ? &machine_.events() : nullptr,
                               .fallback_every = options_.kvm_fallback_every,
                               .failed = [this_machine = &machine_](Error why) {
                                   const MachineEntry lock(this_machine->lock());
                                   this_machine->fail(std::move(why));
                               }};
    auto engine = kvm::create_engine(machine_, std::move(options));
    if (!engine) return std::unexpected(engine.error().in("--engine kvm"));
    accelerator_ = &machine_.keep(std::move(*engine));
    return {};
}

// Before the CPUs, which tell it of their counters when they are reset.
x86::ParavirtualClock* Builder::add_paravirtual_clock(u64 tsc_hz) {
    static_assert(pc_most_cpus <= x86::ParavirtualClock::most_cpus);
    if (!options_.paravirtual_clock) return nullptr;
    const x86::ParavirtualClock::Configuration configuration{
        .cpus = options_.cpus, .tsc_hz = tsc_hz, .power_on_ns = power_on_date_ns(options_)};
    return &make<x86::ParavirtualClock>("paravirtual-clock", configuration, machine_.memory());
}

Status Builder::add_cpus() {
    x86::Model model =
        *x86::find_model(options_.cpu_model.empty() ? default_model : std::string_view(options_.cpu_model));
    if (options_.kvm) TRY_STATUS(add_accelerator());
    if (accelerator_) model.features = accelerator_->features(model.features);
    const u64 tsc_hz = accelerator_ ? accelerator_->time_stamp_hz() : pc::tsc_hz;
    x86::ParavirtualClock* const clock = add_paravirtual_clock(tsc_hz);
    auto& translator = machine_.keep(TRY(dbt::Translator::create(options_.engine, x86::Processor::guest_description(),
                                                                 CpuMemory::state_offset_bytes(), machine_.memory(),
                                                                 translated_code_bytes, options_.count_executions)));
    auto& ignne = machine_.keep(std::make_unique<CommonPin>(machine_.cpus(), x86::Processor::ignne_pin));
    auto& ferr = make<CoprocessorError>("coprocessor-error", IrqLine(*isa_, coprocessor_irq), IrqLine(ignne, 0));
    TRY_STATUS(
        map_ports("coprocessor-error", {CoprocessorError::ports_base, CoprocessorError::ports_size_bytes}, ferr));
    for (u32 id = 0; id < options_.cpus; ++id) {
        auto& apic = make<LocalApic>(fmt::format("apic{}", id),
                                     LocalApic::Configuration{.id = id, .bootstrap = id == 0, .tsc_hz = tsc_hz},
                                     LocalApic::Wiring{machine_.lock(), machine_.clock(), *interrupt_bus_, pic_});
        interrupt_request_->add(apic);
        apics_.push_back(&apic);
        auto& memory = machine_.keep(std::make_unique<CpuMemory>());
        auto& random = make<RandomNumbers>(fmt::format("random{}", id), random_source(options_, id + 1));
        auto& processor = machine_.keep(std::make_unique<x86::Processor>(
            memory.state, machine_,
            x86::ProcessorConfiguration{.features = model.features,
                                        .model = model.name,
                                        .apic_id = id,
                                        .cpus = options_.cpus,
                                        .tsc_hz = tsc_hz,
                                        .bootstrap = id == 0,
                                        .interrupts = &apic,
                                        .paravirtual_clock = clock,
                                        .shut_down = [this_machine = &machine_] { this_machine->request_reset(); },
                                        .random = [&random] { return random.next(); },
                                        .floating_point_error =
                                            [this_machine = &machine_, &ferr] {
                                                const MachineEntry lock(this_machine->lock());
                                                ferr.report();
                                            }}));
        apic.connect(processor);
        processors_.push_back(&processor);
        auto cpu = std::make_unique<dbt::DbtCpu>(fmt::format("cpu{}", id), processor, memory.context, &memory.state,
                                                 translator, machine_);
        if (options_.record_transfers) cpu->record_all_transfers();
        if (options_.inspector && id == 0) options_.inspector->attach(translator, *cpu, processor);
        if (!accelerator_) {
            machine_.add_cpu(std::move(cpu));
            continue;
        }
        auto accelerated = accelerator_->create_cpu(std::move(cpu), processor, translator);
        if (!accelerated) return std::unexpected(accelerated.error().in("--engine kvm"));
        machine_.add_cpu(std::move(*accelerated));
    }
    auto& line20 = machine_.keep(std::make_unique<CommonPin>(machine_.cpus(), x86::Processor::a20_pin));
    a20_ = SharedInterrupt(machine_, "a20", {line20, 0});
    return {};
}

// ---- timers ----

Status Builder::add_timers() {
    const Hpet::Lines lines{.legacy = {IrqLine(*isa_, timer_irq), IrqLine(*isa_, rtc_irq)},
                            .io_apic =
                                [this] {
                                    std::vector<IrqLine> inputs(IoApic::pins);
                                    // The chipset's lines end below; q35 has PCI's at 20 to 23 as well.
                                    if (!q35_)
                                        for (u32 pin = 20; pin < IoApic::pins; ++pin) inputs[pin] = {*io_apic_, pin};
                                    return inputs;
                                }(),
                            .messages = interrupt_bus_};
    hpet_ = &make<Hpet>("hpet", Hpet::Configuration{.routes = q35_ ? 0 : 0x00f0'0000U}, machine_.clock(), lines);
    TRY_STATUS(map("hpet", hpet_window, *hpet_));

    auto& timer = make<I8254>("pit", machine_.clock(), IrqLine(*hpet_, Hpet::from_8254));
    TRY_STATUS(map_ports("pit", pit, timer));
    TRY_STATUS(map_ports("system-control-b", system_control_b, make<SystemControlB>("system-control-b", timer)));

    rtc_ =
        &make<Mc146818>("rtc", Mc146818::Configuration{.power_on_seconds = power_on_date_ns(options_) / 1'000'000'000},
                        machine_.clock(), Mc146818::Lines{.irq = IrqLine(*hpet_, Hpet::from_rtc), .nmi_masked = {}});
    return map_ports("rtc", rtc, *rtc_);
}

// ---- chipset ----

Status Builder::add_video() {
    Ram& memory = machine_.add_ram(TRY(Ram::create("video", video_memory_bytes)));
    vga_ = &make<Vga>("vga", machine_.memory(), machine_.clock(), memory);
    TRY_STATUS(map_ports("vga.mono", {Vga::mono_base.value, Vga::mono_bytes}, vga_->mono_ports()));
    TRY_STATUS(map_ports("vga", {Vga::ports_base.value, Vga::ports_bytes}, vga_->ports()));
    return map_ports("vga.dispi", {Vga::dispi_base.value, Vga::dispi_bytes}, vga_->dispi_ports());
}

Status Builder::add_chipset() {
    auto& shadow = machine_.keep(TRY(ShadowMap::create(machine_.memory(), *ram_, *rom_, vga_->window())));
    const IsaBridgeModel& south = q35_ ? ich9_lpc_bridge : piix3_isa_bridge;
    auto& pm = make<AcpiPm>("acpi-pm", AcpiPm::Configuration{}, machine_.clock(), irqs_[sci_irq].input(), power_);
    IsaBridge::Wiring wiring{.isa_irqs = {}, .direct = {}, .a20 = a20_.input(), .power = power_};
    for (const u32 irq : {3U, 4U, 5U, 6U, 7U, 9U, 10U, 11U, 12U, 14U, 15U}) wiring.isa_irqs[irq] = irqs_[irq].input();
    if (q35_) {
        for (u32 line = 0; line < south.line_count; ++line) wiring.direct[line] = {*io_apic_, q35_pirq_gsi + line};
        wiring.power_management = &pm;
    }
    auto& isa = make<IsaBridge>("isa-bridge", south, wiring);
    auto& north = make<PcHostBridge>("host-bridge", q35_ ? q35_host_bridge : i440fx_host_bridge, shadow);

    const u64 above_low_ram = ram_below_4_gib(split_, options_.memory_bytes);
    const u64 above_ram = pci_memory64_base(options_.memory_bytes);
    const PciHostLayout layout{.ecam = {},
                               .io = {{0}, 0x1'0000, 0},
                               .memory32 = {{above_low_ram}, pci_memory32_end - above_low_ram, above_low_ram},
                               .memory64 = {{above_ram}, pci_memory64_size, above_ram},
                               .ports = &machine_.ports(),
                               .line_of = south.line_of};
    std::vector<IrqLine> lines;
    for (u32 line = 0; line < south.line_count; ++line) lines.emplace_back(isa, line);
    pci_ = &machine_.add(TRY(PciHost::create("pci", machine_.memory(), layout, lines, &north)));
    auto& config = make<PciConfigPorts>("pci-config", *pci_, isa.reset_control());
    TRY_STATUS(map_ports("pci-config", {PciConfigPorts::base.value, PciConfigPorts::window_size_bytes}, config));
    TRY_STATUS(map_ports("system-control-a", system_control_a, isa.system_control_a()));

    TRY_STATUS(pci_->add(isa, q35_ ? 31 : 1));
    if (!q35_) TRY_STATUS(pci_->add(make<Piix4Pm>("acpi-pm-pci", pm), 1, 3));
    video_ = &make<VgaPci>("vga-pci", *vga_);
    return pci_->add(*video_, q35_ ? 1 : next_slot_++);
}

// ---- ISA devices ----

Status Builder::add_isa_devices() {
    dma_ = &make<Dma8237>("dma", machine_.memory());
    TRY_STATUS(map_ports("dma.first", {Dma8237::first_base, Dma8237::first_ports}, dma_->first()));
    TRY_STATUS(map_ports("dma.second", {Dma8237::second_base, Dma8237::second_ports}, dma_->second()));
    // Port 92h is the chipset's.
    TRY_STATUS(map_ports("dma.pages", {Dma8237::page_base, Dma8237::page_ports}, dma_->pages()));

    auto& keyboard = make<Ps2Keyboard>("keyboard", Ps2Keyboard::Configuration{}, machine_.clock());
    auto& mouse = make<Ps2Mouse>("mouse", Ps2Mouse::Configuration{}, machine_.clock());
    auto& controller = make<I8042>("i8042", I8042::Configuration{}, machine_.clock(),
                                   I8042::Wiring{.keyboard_irq = irqs_[keyboard_irq].input(),
                                                 .auxiliary_irq = irqs_[mouse_irq].input(),
                                                 .a20 = a20_.input(),
                                                 .power = power_},
                                   keyboard, mouse);
    TRY_STATUS(map_ports("i8042.data", keyboard_data, controller.data_port()));
    TRY_STATUS(map_ports("i8042.command", keyboard_command, controller.command_port()));

    CharacterBackend& serial = *TRY(open_characters(machine_, options_, options_.serial, "--serial"));
    auto& port = make<Uart16550>("uart0", Uart16550::Configuration{.input_clock_hz = uart_clock_hz}, machine_.clock(),
                                 irqs_[serial_irqs[0]].input(), serial);
    TRY_STATUS(map_ports("uart0", serial_ports[0], port));

    CharacterBackend& debug = *TRY(open_characters(machine_, options_, options_.debug_console, "--debug-console"));
    TRY_STATUS(map_ports("debug-console", debug_console, make<DebugConsole>("debug-console", debug)));
    return map_ports("debug-exit", debug_exit, make<DebugExit>("debug-exit", power_));
}

Status Builder::add_drives() {
    return add_storage({.machine = machine_,
                        .options = options_,
                        .pci = *pci_,
                        .dma = *dma_,
                        .floppy_irq = irqs_[floppy_irq].input(),
                        .ide_irqs = {irqs_[Piix3Ide::interrupt[0]].input(), irqs_[Piix3Ide::interrupt[1]].input()},
                        .boot_order = boot_order_,
                        .q35 = q35_});
}

Status Builder::add_virtio() {
    const AddVirtio add = [this](std::unique_ptr<VirtioDevice> device) -> Status {
        VirtioDevice& added = machine_.add(std::move(device));
        if (next_slot_ == (q35_ ? 25U : PciHost::slot_count))
            return error("the PCI bus has no slot left for {}", added.name());
        if (added.type() == "virtio-net")
            boot_order_.add(BootKind::net, 0, fmt::format("ethernet@{:x}/ethernet-phy@0", next_slot_));
        return pci_->add(make<VirtioPci>(fmt::format("{}-pci", added.name()), added), next_slot_++);
    };
    for (std::size_t i = 0; i < options_.disks.size(); ++i)
        if (options_.disks[i].attachment == DiskAttachment::virtio) {
            boot_order_.add(BootKind::disk, i, fmt::format("scsi@{:x}/disk@0,0", next_slot_));
            TRY_STATUS(add_virtio_disk(machine_, *TRY(open_disk(machine_, options_.disks[i], "--disk")), i, add));
        }
    return add_virtio_devices(machine_, options_, add);
}

// ---- firmware ----

Status Builder::add_firmware_interface() {
    fw_cfg_ = &make<FwCfg>("fw_cfg", machine_.memory());
    TRY_STATUS(map_ports("fw_cfg", {FwCfg::ports_base, FwCfg::ports_size_bytes}, fw_cfg_->ports()));
    fw_cfg_->add_u64(FwCfg::ram_size, options_.memory_bytes);
    fw_cfg_->add_u16(FwCfg::cpu_count, static_cast<u16>(options_.cpus));
    fw_cfg_->add_u16(FwCfg::max_cpus, static_cast<u16>(options_.cpus));
    // Only RAM: firmware knows of the rest, and takes some of it for itself.
    std::vector<u8> e820;
    const u64 below = ram_below_4_gib(split_, options_.memory_bytes);
    const auto add_ram = [&](u64 first, u64 size) {
        const u32 type = 1;
        const std::size_t at = e820.size();
        e820.resize(at + 20);
        std::memcpy(e820.data() + at, &first, 8);
        std::memcpy(e820.data() + at + 8, &size, 8);
        std::memcpy(e820.data() + at + 16, &type, 4);
    };
    add_ram(0, below);
    if (options_.memory_bytes > below) add_ram(four_gib, options_.memory_bytes - below);
    TRY_STATUS(fw_cfg_->add_file("etc/e820", std::move(e820)));
    tables_ = &machine_.keep(std::make_unique<BoardTables>(describe_board(options_, q35_)));
    for (std::size_t i = 0; i < tables_->for_firmware.size(); ++i)
        TRY_STATUS(
            fw_cfg_->add_made_file(tables_->for_firmware[i].name, [this_pci = pci_, options = options_, q35 = q35_, i] {
                return describe_board(options, q35, placement(*this_pci, q35)).for_firmware[i].bytes;
            }));
    // Where our BIOS mirrors the text screen, and takes keys from: 16 bits.
    if (options_.serial != "none") {
        constexpr auto port = static_cast<u16>(serial_ports[0].base);
        TRY_STATUS(fw_cfg_->add_file("etc/sercon-port", {static_cast<u8>(port), static_cast<u8>(port >> 8)}));
    }
    fill_clock_memory();
    return boot_order_.tell(*fw_cfg_);
}

void Builder::fill_clock_memory() {
    const auto set = [this](u8 at, u64 value, u32 size_bytes) {
        for (u32 i = 0; i < size_bytes; ++i) rtc_->set_memory(static_cast<u8>(at + i), static_cast<u8>(value >> 8 * i));
    };
    const u64 below = ram_below_4_gib(split_, options_.memory_bytes);
    const u64 extended_kib = std::min<u64>((below - 1 * MiB) / KiB, 0xffff);
    set(cmos::base_kib, conventional_end / KiB, 2);
    set(cmos::extended_kib, extended_kib, 2);
    set(cmos::extended_kib_again, extended_kib, 2);
    set(cmos::above_16_mib, below > 16 * MiB ? (below - 16 * MiB) / (64 * KiB) : 0, 2);
    set(cmos::above_4_gib, (options_.memory_bytes - below) / (64 * KiB), 3);
    set(cmos::further_cpus, options_.cpus - 1, 1);
    const std::size_t drives = options_.floppies.size();
    set(cmos::floppy_drives, (drives > 0 ? cmos::drive_144 << 4 : 0) | (drives > 1 ? cmos::drive_144 : 0), 1);
    set(cmos::equipment,
        cmos::has_fpu | cmos::has_mouse | (drives > 0 ? cmos::has_floppy : 0) | (drives > 1 ? cmos::second_floppy : 0),
        1);
}

void Builder::add_start() {
    auto& start = machine_.keep(std::make_unique<Start>(options_, Start::Parts{.machine = machine_,
                                                                               .ram = *ram_,
                                                                               .chipset = {*pci_, *pic_, q35_},
                                                                               .bootstrap = *processors_.front(),
                                                                               .apic = *apics_.front(),
                                                                               .tables = *tables_,
                                                                               .vga = *vga_,
                                                                               .video = *video_}));
    machine_.on_reset([&start, this_machine = &machine_] {
        if (const Status loaded = start.load(); !loaded) this_machine->fail(loaded.error());
    });
}

Result<std::unique_ptr<Machine>> create(const BoardOptions& options, bool q35) {
    auto machine = TRY(Machine::create({.deterministic = options.deterministic,
                                        .timeout_ns = options.timeout_ns,
                                        .stop_when_stuck = options.stop_when_stuck}));
    TRY_STATUS(Builder(*machine, options, q35).build());
    machine->reset();
    if (machine->failure()) return std::unexpected(*machine->failure());
    return machine;
}

} // namespace

Result<std::unique_ptr<Machine>> create_pc(const BoardOptions& options) { return create(options, false); }
Result<std::unique_ptr<Machine>> create_q35(const BoardOptions& options) { return create(options, true); }

} // namespace orrery
