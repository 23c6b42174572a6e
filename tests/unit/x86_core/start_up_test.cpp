// INIT and the start-up message, by which the first processor wakes the others (SDM 3A 9.4).
#include "accel/dbt/dbt_cpu.hpp"
#include "cpu/x86/processor.hpp"
#include "machine/machine.hpp"
#include "tests/support/catch.hpp"

namespace orrery::x86 {
namespace {

constexpr u8 start_page = 0x9a;

// A processor that isn't the first, in a machine with some memory, where `inc ax` and a jump back are at its start.
class Waiting {
public:
    Waiting() : machine_(Machine::create({.deterministic = true}).value()) {
        Ram& ram = machine_->add_ram(Ram::create("ram", 1 * MiB).value());
        machine_->memory().map({.base = {0}, .size_bytes = ram.size_bytes(), .ram = &ram, .name = "ram"}).value();
        const std::array<u8, 3> code{0x40, 0xeb, 0xfd};
        std::ranges::copy(code, ram.host() + start_page * page_size);
        translator_ = &machine_->keep(dbt::Translator::create(dbt::Engine::baseline, Processor::guest_description(),
                                                              dbt::VcpuMemory<State>::state_offset_bytes(),
                                                              machine_->memory(), 1 * MiB)
                                          .value());
        auto& memory = machine_->keep(std::make_unique<dbt::VcpuMemory<State>>());
        processor = &machine_->keep(std::make_unique<Processor>(
            memory.state, *machine_, ProcessorConfiguration{.features = {}, .bootstrap = false}));
        machine_->add_cpu(
            std::make_unique<dbt::DbtCpu>("cpu1", *processor, memory.context, &memory.state, *translator_, *machine_));
        machine_->reset();
    }
    // As the machine does it: a CPU that waits is run again when there is something for it.
    void run() {
        Cpu& cpu = *machine_->cpus().front();
        while (cpu.run(1000) == ExitReason::halted && cpu.wakes()) {
        }
    }
    [[nodiscard]] bool runs() { return processor->core().state().r[gpr::rax] != 0; }

    Processor* processor = nullptr;

private:
    std::unique_ptr<Machine> machine_;
    dbt::Translator* translator_ = nullptr;
};

} // namespace

TEST_CASE("INIT and start-up may follow each other before the processor has looked") {
    Waiting waiting;
    waiting.processor->init();
    waiting.processor->start_up(start_page);
    waiting.run();
    CHECK(waiting.runs());
    CHECK(waiting.processor->core().state().segment(Segment::cs).selector == start_page << 8);
}

TEST_CASE("a start-up message to a processor that runs is lost, also for the next time it waits") {
    Waiting waiting;
    waiting.processor->start_up(start_page);
    waiting.run();
    REQUIRE(waiting.runs());
    waiting.processor->start_up(start_page + 1);
    waiting.run();
    waiting.processor->init();
    waiting.run();
    CHECK(waiting.processor->core().state().activity == Activity::waiting_for_sipi);
}

TEST_CASE("A20 stays as the pin says through INIT") {
    Waiting waiting;
    waiting.processor->set_irq(Processor::a20_pin, false);
    waiting.processor->init();
    waiting.run();
    CHECK_FALSE(waiting.processor->core().state().a20);
    waiting.processor->set_irq(Processor::a20_pin, true);
    waiting.run();
    CHECK(waiting.processor->core().state().a20);
}

} // namespace orrery::x86
