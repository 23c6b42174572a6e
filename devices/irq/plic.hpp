// RISC-V Platform-Level Interrupt Controller, specification 1.0.0 (here "PLIC"), with level-triggered gateways. Its
// contexts are the interrupt targets: for hart h, context 2h is machine mode and context 2h+1 supervisor mode.
#pragma once

#include <array>
#include <vector>

#include "machine/fabric/address_space.hpp"
#include "machine/fabric/component.hpp"
#include "machine/fabric/irq.hpp"

namespace orrery {

class Plic final : public Component, public IoHandler, public IrqSink, public IrqController {
public:
    static constexpr u64 window_size_bytes = 0x60'0000;
    static constexpr u32 max_sources = 96; // including source 0, which does not exist
    static constexpr u32 max_contexts = 64;
    static constexpr u32 highest_priority = 7;

    struct Configuration {
        u32 sources = max_sources; // at most max_sources; the device tree's riscv,ndev is one less
    };

    // One line a context, at most max_contexts.
    Plic(std::string name, Configuration configuration, std::vector<IrqLine> contexts);

    // IoHandler
    [[nodiscard]] Widths widths() const override { return {Width::word, Width::word}; }
    u64 read(u64 offset, Width width) override;
    void write(u64 offset, u64 value, Width width) override;
    [[nodiscard]] std::string register_name(u64 offset, bool write) const override;

    // For people: what is connected to a source.
    void name_source(u32 source, std::string what) { source_names_.at(source) = std::move(what); }
    [[nodiscard]] std::vector<IrqInput> irq_inputs() const override;

    // IrqSink: pin n is source n.
    void set_irq(u32 pin, bool level) override;

    // Component
    [[nodiscard]] std::string_view type() const override { return "riscv-plic"; }
    void reset() override;
    void state(StateVisitor& visitor) override { visit_fields(visitor, s_); }

private:
    static constexpr u32 words = max_sources / 32;
    using SourceBits = std::array<u32, words>;

    struct Context {
        SourceBits enabled{};
        u8 threshold = 0;
        bool notified = false; // the level of the line to the hart
        static constexpr void fields(auto& s, auto&& f) {
            f("enabled", s.enabled);
            f("threshold", s.threshold);
            f("notified", s.notified);
        }
    };

    struct State {
        std::array<u8, max_sources> priority{};
        SourceBits level{};     // the wires
        SourceBits pending{};   // IP: requests the gateways have passed on
        SourceBits in_flight{}; // claimed and not completed: their gateways are closed
        std::array<Context, max_contexts> context{};
        static constexpr void fields(auto& s, auto&& f) {
            f("priority", s.priority);
            f("level", s.level);
            f("pending", s.pending);
            f("in_flight", s.in_flight);
            f("context", s.context);
        }
    };

    [[nodiscard]] bool is_source(u64 number) const { return number != 0 && number < configuration_.sources; }
    [[nodiscard]] u32 existing(u64 word) const;
    // The request that context would be given now; 0 if there is none above `threshold`.
    [[nodiscard]] u32 best(const Context& context, u32 threshold) const;
    u32 claim(Context& context);
    void complete(const Context& context, u64 source);
    void pass_on();
    void notify();

    // Configuration
    const Configuration configuration_;

    // Wiring
    std::vector<IrqLine> lines_;
    std::array<std::string, max_sources> source_names_;

    // State
    State s_;
};

} // namespace orrery
