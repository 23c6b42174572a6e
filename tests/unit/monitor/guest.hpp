// A small machine with a monitor: one hart that counts, a UART and an interrupt controller.
#pragma once

#include <array>
#include <cstring>

#include "app/monitor/monitor.hpp"
#include "devices/irq/plic.hpp"
#include "devices/serial/uart16550.hpp"
#include "tests/support/riscv_test_machine.hpp"

namespace orrery::app::monitor::test {

class Silent final : public CharacterBackend {
public:
    void write(std::span<const u8>) override {}
};

struct Guest {
    static constexpr u64 base = orrery::test::RiscvTestMachine::ram_base;
    static constexpr u64 uart_base = 0x1000'0000;
    static constexpr std::array<u32, 4> counting{
        0x00150513, // base + 0:  addi a0, a0, 1
        0x00a5b023, // base + 4:  sd a0, 0(a1)
        0x0005b603, // base + 8:  ld a2, 0(a1)
        0xff5ff06f, // base + 12: j base
    };

    explicit Guest(bool may_write_files = true)
        : hardware({.engine = dbt::Engine::interpreter}),
          plic(hardware.add_device(std::make_unique<Plic>("plic", Plic::Configuration{}, std::vector<IrqLine>(1)),
                                   0xc00'0000, Plic::window_size_bytes)),
          uart(hardware.add_device(std::make_unique<Uart16550>("uart0", Uart16550::Configuration{},
                                                               hardware.machine().clock(), IrqLine(plic, 10), silent),
                                   uart_base, Uart16550::window_size_bytes)),
          controller(hardware.machine(), true), monitor(controller, {.may_write_files = may_write_files}) {
        plic.name_source(10, "uart0");
        std::array<u8, sizeof counting> code{};
        std::memcpy(code.data(), counting.data(), code.size());
        hardware.write(base, std::span<const u8>(code));
        hardware.cpu().set_entry(base, {});
        hardware.registers().x[11] = base + 0x1'0000;
    }

    // What the line answers; the guest stands still.
    Result<Answer> ask(std::string_view line) { return monitor.answer(Monitor::split(line), Door::socket); }
    std::string text(std::string_view line) { return monitor.answer_text(line, Door::socket); }
    Json data(std::string_view line) {
        const Result<Answer> answer = ask(line);
        return answer ? answer->data : Json(answer.error().message());
    }
    // Lets the guest do what it was told, until it stands still.
    void run_until_stop() {
        bool stopped = false;
        const u32 listener = controller.add_listener([&](const Stop&) {
            stopped = true;
            controller.kill();
        });
        controller.run();
        controller.remove_listener(listener);
        if (!stopped) std::abort();
    }

    Silent silent;
    orrery::test::RiscvTestMachine hardware;
    Plic& plic;
    Uart16550& uart;
    DebugController controller;
    Monitor monitor;
};

} // namespace orrery::app::monitor::test
