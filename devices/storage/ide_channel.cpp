#include "devices/storage/ide_channel.hpp"

#include <cstring>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

log::TracePoint trace_register{"ide.register"};

// ATA/ATAPI-6 7.2, the addresses of the command block
namespace offset {
enum : u64 { data = 0, error_features = 1, count = 2, lba_low = 3, lba_mid = 4, lba_high = 5, device = 6, status = 7 };
}

constexpr const char* names[] = {"data",    "error/features", "count",  "lba low",
                                 "lba mid", "lba high",       "device", "status/command"};

u8 byte_of(u16 twice_written, bool earlier) { return static_cast<u8>(earlier ? twice_written >> 8 : twice_written); }

} // namespace

IdeChannel::IdeChannel(std::string name, Clock& clock, AddressSpace& memory, IrqLine irq,
                       std::array<AtaDrive*, 2> drives)
    : Component(std::move(name)), irq_(irq), drives_(drives), timer_(clock, this->name() + ".transfer", [this] { step(); }), bus_master_(memory) {}

void IdeChannel::reset() {
    s_ = {};
    bus_master_.s = {};
    timer_.cancel();
    irq_.set(false);
}

void IdeChannel::state(StateVisitor& visitor) {
    visit_fields(visitor, s_);
    visit(visitor, "bus_master", bus_master_.s);
}

void IdeChannel::restored() {
    s_.step_drive &= 1;
    if (s_.step > Step::reset) s_.step = Step::none;
    if (s_.step == Step::none) s_.step_at_ns = never_ns;
    if (s_.step_at_ns != never_ns)
        timer_.arm_at(s_.step_at_ns);
    else
        timer_.cancel();
}

// ---- the ports ----

u64 IdeChannel::CommandBlock::read(u64 offset, Width width) {
    if (!channel_.decoded_) return ~u64{0};
    if (offset == offset::data) return channel_.read_data(width);
    u64 value = 0;
    for (u64 i = 0; i < bytes(width); ++i) value |= u64{channel_.read_register(offset + i)} << (i * 8);
    return value;
}

void IdeChannel::CommandBlock::write(u64 offset, u64 value, Width width) {
    if (!channel_.decoded_) return;
    if (offset == offset::data) return channel_.write_data(static_cast<u32>(value), width);
    for (u64 i = 0; i < bytes(width); ++i) channel_.write_register(offset + i, static_cast<u8>(value >> (i * 8)));
}

void IdeChannel::ControlBlock::write(u64, u64 value, Width) {
    if (channel_.decoded_) channel_.write_control(static_cast<u8>(value));
}

// 9.16: a first drive alone answers for the second with 0. With no drive the lines float high, but for bit 7, which
// has a pull-down so that nobody waits for an absent drive to become ready (6.1).
u8 IdeChannel::floating() const { return drives_[0] ? 0x00 : 0x7f; }

bool IdeChannel::busy() const {
    if (!has_drives()) return false;
    const bool both = s_.step == Step::reset || s_.step == Step::diagnostic;
    return (s_.control & ata::control::software_reset) != 0 || both ||
           (s_.step != Step::none && s_.step != Step::dma && s_.step_drive == selected());
}

u8 IdeChannel::status() const {
    if (!drive()) return floating();
    return busy() ? u8{ata::status::busy} : drive()->registers().status;
}

u8 IdeChannel::read_register(u64 offset) {
    if (!drive()) return floating();
    const ata::Registers& r = drive()->registers();
    const bool earlier = (s_.control & ata::control::high_order_byte) != 0;
    u8 value = 0;
    switch (offset) {
    case offset::error_features:
        value = r.error;
        break;
    case offset::count:
        value = byte_of(r.count, earlier);
        break;
    case offset::lba_low:
        value = byte_of(r.lba_low, earlier);
        break;
    case offset::lba_mid:
        value = byte_of(r.lba_mid, earlier);
        break;
    case offset::lba_high:
        value = byte_of(r.lba_high, earlier);
        break;
    case offset::device:
        value = static_cast<u8>(r.device | ata::device::obsolete | (s_.device & ata::device::second));
        break;
    case offset::status: // 7.15: this, and not the alternate status, takes note of the interrupt
        value = status();
        s_.interrupt[selected()] = false;
        update_irq();
        break;
    default:
        return 0;
    }
    trace_register("{} read  {} = {:#04x}", name(), names[offset], value);
    return value;
}

void IdeChannel::write_register(u64 offset, u8 value) {
    if (offset >= command_block_ports) return;
    trace_register("{} write {} = {:#04x}", name(), names[offset], value);
    if (offset == offset::status) return write_command(value);
    s_.control &= static_cast<u8>(~ata::control::high_order_byte); // 7.8: any such write clears HOB
    if (busy()) return log::guest_error(name(), "register {} written while the drive is busy", names[offset]);
    write_task_file(offset, value);
}

// Both drives take what is written.
void IdeChannel::write_task_file(u64 offset, u8 value) {
    if (offset == offset::device) {
        s_.device = value;
        update_irq();
    }
    for (AtaDrive* each : drives_) {
        if (!each) continue;
        ata::Registers& r = each->registers();
        u16* const twice_written[] = {nullptr, &r.features, &r.count, &r.lba_low, &r.lba_mid, &r.lba_high};
        if (offset == offset::device)
            r.device = value;
        else
            *twice_written[offset] = static_cast<u16>(*twice_written[offset] << 8 | value);
    }
}

// 9.2: SRST resets both drives; they become ready some time after it is 0 again.
void IdeChannel::write_control(u8 value) {
    const bool was_reset = (s_.control & ata::control::software_reset) != 0;
    const bool is_reset = (value & ata::control::software_reset) != 0;
    s_.control = value;
    if (is_reset && !was_reset) {
        drop_step();
        s_.interrupt = {};
    }
    if (!is_reset && was_reset && has_drives()) schedule(Step::reset, 0);
    update_irq();
}

void IdeChannel::write_command(u8 code) {
    const bool to_both = code == ata::command::execute_device_diagnostic && has_drives();
    if (!drive() && !to_both) return;
    if (code == ata::command::device_reset && (s_.control & ata::control::software_reset) == 0) {
        if (s_.step_drive == selected()) drop_step(); // accepted while the drive is busy
        s_.interrupt[selected()] = false;
        update_irq();
        return drive()->execute(code);
    }
    if (busy() || s_.step != Step::none)
        return log::guest_error(name(), "command {:#04x} given while a drive is busy", code);
    s_.interrupt[selected()] = false;
    s_.command = code;
    update_irq();
    if (to_both) return schedule(Step::diagnostic, 0);
    if (drive()->begins_at_once(code)) return run_command(*drive());
    schedule(Step::command, selected());
}

// ---- data ----

// A block of odd size ends in half a word; the other half is 0.
u32 IdeChannel::read_data(Width width) {
    AtaDrive* const from = drive();
    if (!from || busy() || from->phase() != AtaDrive::Phase::data_in || from->uses_dma())
        return static_cast<u32>(mask(width));
    const std::span<const u8> block = from->block();
    u32 value = 0;
    for (u64 i = 0; i < bytes(width) && s_.block_offset < block.size(); ++i)
        value |= static_cast<u32>(block[s_.block_offset++]) << (i * 8);
    if (s_.block_offset < block.size()) return value;
    s_.block_offset = 0;
    from->end_block();
    const bool ended_well = from->phase() == AtaDrive::Phase::idle && (from->registers().status & 1) == 0;
    // 9.5: no interrupt tells the end of PIO data, but a PACKET command has its status to tell (9.8).
    if (!ended_well || s_.command == ata::command::packet) want_interrupt(selected());
    return value;
}

void IdeChannel::write_data(u32 value, Width width) {
    AtaDrive* const to = drive();
    if (!to || busy() || to->uses_dma()) return;
    if (to->phase() != AtaDrive::Phase::data_out && to->phase() != AtaDrive::Phase::packet) return;
    const std::span<u8> block = to->block();
    for (u64 i = 0; i < bytes(width) && s_.block_offset < block.size(); ++i)
        block[s_.block_offset++] = static_cast<u8>(value >> (i * 8));
    if (s_.block_offset < block.size()) return;
    s_.block_offset = 0;
    block_given(*to);
}

void IdeChannel::block_given(AtaDrive& to) {
    const bool more = to.phase() == AtaDrive::Phase::data_out && !to.is_last_block();
    if (!more) return schedule(Step::end_of_block, selected());
    to.end_block();
    want_interrupt(selected());
}

// ---- what takes time ----

void IdeChannel::schedule(Step step, u32 drive) {
    s_.step = step;
    s_.step_drive = static_cast<u8>(drive);
    s_.step_at_ns = timer_.clock().now_ns() + delay_ns;
    timer_.arm_at(s_.step_at_ns);
}

void IdeChannel::drop_step() {
    s_.step = Step::none;
    s_.step_at_ns = never_ns;
    s_.block_offset = 0;
    timer_.cancel();
}

void IdeChannel::step() {
    const Step step = s_.step;
    s_.step = Step::none;
    s_.step_at_ns = never_ns;
    AtaDrive* const worker = drives_[s_.step_drive];
    if (step == Step::reset) return run_reset();
    if (step == Step::diagnostic) return run_diagnostic();
    if (!worker) return;
    if (step == Step::command) return run_command(*worker);
    if (step == Step::end_of_block) return end_of_block(*worker);
    if (step == Step::dma) return run_dma(*worker);
}

void IdeChannel::run_command(AtaDrive& worker) {
    const u32 index = &worker == drives_[1] ? 1 : 0;
    s_.block_offset = 0;
    worker.execute(s_.command);
    const AtaDrive::Phase phase = worker.phase();
    // 9.6: no interrupt asks for the first block of a write, nor (identify word 0) for a packet.
    const bool silent = phase == AtaDrive::Phase::data_out || phase == AtaDrive::Phase::packet;
    if (phase != AtaDrive::Phase::idle && worker.uses_dma()) return run_dma(worker);
    if (!silent) want_interrupt(index);
}

void IdeChannel::end_of_block(AtaDrive& worker) {
    if (worker.phase() == AtaDrive::Phase::idle) return;
    worker.end_block();
    if (worker.phase() != AtaDrive::Phase::idle && worker.uses_dma()) return run_dma(worker);
    want_interrupt(s_.step_drive);
}

void IdeChannel::run_diagnostic() {
    for (AtaDrive* each : drives_)
        if (each) each->execute(ata::command::execute_device_diagnostic);
    s_.device = 0;
    want_interrupt(drives_[0] ? 0 : 1);
}

void IdeChannel::run_reset() {
    for (AtaDrive* each : drives_)
        if (each) each->software_reset();
    s_.device = 0;
    s_.interrupt = {};
    s_.block_offset = 0;
    update_irq();
}

void IdeChannel::want_interrupt(u32 drive) {
    s_.interrupt[drive] = true;
    update_irq();
}

void IdeChannel::update_irq() {
    const bool wanted = s_.interrupt[selected()] && (s_.control & ata::control::no_interrupt) == 0;
    if (wanted && !s_.line) bus_master_.set_interrupt();
    s_.line = wanted;
    irq_.set(wanted);
}

// ---- the bus master ----

void IdeChannel::write_bus_master(u64 offset, u8 value) {
    if (!bus_master_.write(offset, value) || s_.step != Step::none) return;
    for (u32 i = 0; i < drives_.size(); ++i)
        if (drives_[i] && drives_[i]->phase() != AtaDrive::Phase::idle && drives_[i]->uses_dma())
            return schedule(Step::dma, i);
}

// A drive that finds no engine running waits for one; one whose table was too short waits for another.
void IdeChannel::run_dma(AtaDrive& worker) {
    if (!bus_master_.active() || worker.phase() == AtaDrive::Phase::idle || !worker.uses_dma()) return;
    if (bus_master_.to_memory() != (worker.phase() == AtaDrive::Phase::data_in)) {
        log::guest_error(name(), "the bus master's direction isn't the command's");
        return bus_master_.fail();
    }
    const auto regions = bus_master_.gather(worker.bytes_left());
    if (regions.size_bytes != 0) worker.transfer(regions.pieces, regions.size_bytes);
    if (bus_master_.to_memory()) bus_master_.written(regions);
    bus_master_.finish(regions);
    if (regions.bad_memory) log::guest_error(name(), "DMA to or from what isn't memory");
    if (worker.phase() == AtaDrive::Phase::idle) want_interrupt(&worker == drives_[1] ? 1 : 0);
}

} // namespace orrery
