// A deterministic riscv-virt machine that runs a test program, and what it sent on its serial port.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "machine/boards/riscv_virt.hpp"
#include "machine/machine.hpp"

namespace orrery::test {

class GuestMachine {
public:
    // `options` is completed with the serial port's file. Ends the test program when the host refuses.
    explicit GuestMachine(BoardOptions options);
    ~GuestMachine();
    GuestMachine(const GuestMachine&) = delete;
    GuestMachine& operator=(const GuestMachine&) = delete;

    Outcome run() { return machine_->run(); }
    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] std::string output() const;
    // The general registers of a hart.
    [[nodiscard]] std::array<u64, 32> registers(u32 hart) const;

private:
    std::string serial_path_;
    std::unique_ptr<Machine> machine_;
};

} // namespace orrery::test
