// How the interrupt lines of a PC run: each ISA interrupt goes to the 8259s and to the I/O APIC at once, and may have
// several sources. Plain wires; only the gates have state, and they are components of their own.
#pragma once

#include <array>
#include <vector>

#include "devices/irq/i8259.hpp"
#include "devices/irq/io_apic.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/irq/or_gate.hpp"
#include "machine/boards/pc_map.hpp"
#include "machine/machine.hpp"

namespace orrery::pc {

// INTR of the 8259s: LINT0 of every local APIC.
class InterruptRequest final : public IrqSink {
public:
    void add(LocalApic& apic) { apics_.push_back(&apic); }
    void set_irq(u32, bool level) override {
        for (LocalApic* apic : apics_) apic->set_irq(LocalApic::lint0, level);
    }

private:
    std::vector<LocalApic*> apics_;
};

// Pin n is ISA interrupt n.
class IsaInterrupts final : public IrqSink {
public:
    IsaInterrupts(I8259Pair& pic, IoApic& io_apic) : pic_(pic), io_apic_(io_apic) {}
    void set_irq(u32 pin, bool level) override {
        pic_.set_irq(pin, level);
        io_apic_.set_irq(pin == timer_irq ? timer_gsi : pin, level);
    }

private:
    I8259Pair& pic_;
    IoApic& io_apic_;
};

// A pin that all CPUs have in common.
class CommonPin final : public IrqSink {
public:
    CommonPin(const std::vector<Cpu*>& cpus, u32 pin) : cpus_(cpus), pin_(pin) {}
    void set_irq(u32, bool level) override {
        for (Cpu* cpu : cpus_) cpu->set_irq(pin_, level);
    }

private:
    const std::vector<Cpu*>& cpus_;
    u32 pin_;
};

// An interrupt that several devices share: each takes an input of its own.
class SharedInterrupt {
public:
    SharedInterrupt() = default;
    SharedInterrupt(Machine& machine, std::string name, IrqLine output)
        : gate_(&machine.add(std::make_unique<OrGate>(std::move(name), output))) {}
    IrqLine input() { return {*gate_, next_++}; }

private:
    OrGate* gate_ = nullptr;
    u32 next_ = 0;
};

} // namespace orrery::pc
