#include "tests/support/riscv_test_machine.hpp"

namespace orrery::test {

RiscvTestMachine::RiscvTestMachine(const RiscvTestOptions& options)
    : machine_(Machine::create({.deterministic = true}).value()) {
    add_ram("ram", ram_base, options.ram_bytes);
    translator_ = &machine_->keep(dbt::Translator::create(options.engine, riscv::Hart::guest_description(),
                                                          HartMemory::state_offset_bytes(), machine_->memory(),
                                                          options.code_buffer_bytes)
                                      .value());
    memory_ = &machine_->keep(std::make_unique<HartMemory>());
    riscv::HartConfiguration configuration;
    configuration.reset_pc = options.reset_pc;
    hart_ = &machine_->keep(std::make_unique<riscv::Hart>(memory_->state, *machine_, configuration));
    machine_->add_cpu(
        std::make_unique<dbt::DbtCpu>("hart0", *hart_, memory_->context, &memory_->state, *translator_, *machine_));
}

Ram& RiscvTestMachine::add_ram(std::string name, u64 base, u64 size_bytes, bool read_only) {
    Ram& ram = machine_->add_ram(Ram::create(name, size_bytes).value());
    machine_->memory()
        .map({.base = {base}, .size_bytes = ram.size_bytes(), .ram = &ram, .read_only = read_only, .name = ram.name()})
        .value();
    return ram;
}

void RiscvTestMachine::write(u64 address, std::span<const u8> bytes) {
    const bool written = machine_->memory().write_memory({address}, bytes, true);
    ORRERY_ASSERT(written, "tests write to memory that is there");
}

void RiscvTestMachine::write(u64 address, std::span<const u64> values) {
    write(address, {reinterpret_cast<const u8*>(values.data()), values.size_bytes()});
}

} // namespace orrery::test
