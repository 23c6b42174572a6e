// x86 code for explanations.
#include "accel/dbt/explain.hpp"
#include "app/explain/decoded_x86.hpp"
#include "app/explain/guest.hpp"
#include "cpu/x86/processor.hpp"

namespace orrery::app {
namespace {

constexpr std::string_view default_model = "x86-64-v2";

class X86Guest final : public ExplainedGuest {
public:
    X86Guest(Machine& machine, x86::Features features)
        : features_(features), processor_(state_, machine, {.features = features}) {}

    [[nodiscard]] Frontend& frontend() override { return processor_; }
    [[nodiscard]] u32 state_offset_bytes() const override { return dbt::VcpuMemory<x86::State>::state_offset_bytes(); }
    [[nodiscard]] Assembly assembly(u64 mode) const override {
        switch (x86::Mode::unpack(mode).code) {
        case x86::CodeSize::bits16:
            return Assembly::x86_16;
        case x86::CodeSize::bits32:
            return Assembly::x86_32;
        case x86::CodeSize::bits64:
            break;
        }
        return Assembly::x86_64;
    }
    [[nodiscard]] std::string mode_words(u64 packed) const override {
        const x86::Mode mode = x86::Mode::unpack(packed);
        std::string text = fmt::format("{}-bit code", 16U << static_cast<u32>(mode.code));
        text += !mode.protected_mode ? ", real mode"
                : mode.virtual_8086  ? ", virtual-8086 mode"
                                     : fmt::format(", ring {}", mode.cpl);
        if (mode.long_mode && mode.code != x86::CodeSize::bits64) text += ", compatibility mode";
        if (mode.code != x86::CodeSize::bits64) text += mode.flat ? ", flat segments" : ", segments checked";
        if (mode.x87_off) text += ", x87 off";
        if (mode.vectors_off) text += ", SSE off";
        return text;
    }
    [[nodiscard]] DecodedInstruction decode(std::span<const u8> bytes, const ir::BlockKey& key, u64 pc) const override {
        const x86::Mode mode = x86::Mode::unpack(key.mode);
        return decode_x86_for_reader(bytes, mode.code, x86::features_in(mode, features_), pc);
    }
    // Ring 0 with flat segments, or real mode.
    [[nodiscard]] Result<u64> mode_of(const std::string& word) const override {
        x86::Mode mode{.flat = true};
        if (word == "16") {
            mode.flat = false;
            return mode.pack();
        }
        mode.protected_mode = true;
        mode.stack = x86::Size::dword;
        mode.code = x86::CodeSize::bits32;
        if (word == "32") return mode.pack();
        if (word != "64" && !word.empty()) return error("--mode: '{}' is no mode; expected 16, 32 or 64", word);
        mode.stack = x86::Size::qword;
        mode.code = x86::CodeSize::bits64;
        mode.long_mode = true;
        return mode.pack();
    }

private:
    const x86::Features features_;
    x86::State state_;
    x86::Processor processor_;
};

} // namespace

bool is_x86_mode(const std::string& word) { return word == "16" || word == "32" || word == "64"; }

Result<std::unique_ptr<ExplainedGuest>> make_x86_guest(Machine& machine, const std::string& cpu_model) {
    const std::string_view name = cpu_model.empty() ? default_model : std::string_view(cpu_model);
    const auto model = x86::find_model(name);
    if (!model) return error("--cpu: there is no CPU model '{}'", name);
    return std::make_unique<X86Guest>(machine, model->features);
}

} // namespace orrery::app
