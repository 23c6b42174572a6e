// What is compared with the host's processor: a small machine on one of our engines, with the window at the address that
// it has in the host.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "accel/dbt/translator.hpp"
#include "cpu/x86/feature.hpp"
#include "tests/differ/x86/host_cpu.hpp"

namespace orrery::test {

// What the host lacks can't be compared.
x86::Features tested_features();

class Subject {
public:
    static std::unique_ptr<Subject> translated(dbt::Engine engine, std::span<u8> window);
    // The host's KVM, in user mode. An error says why there is none.
    static Result<std::unique_ptr<Subject>> accelerated(std::span<u8> window);
    virtual ~Subject() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;
    // `count` instructions that lie in `code`, with `memory` in the window.
    virtual HostOutcome run(std::span<const u8> code, u64 count, const UserRegisters& before,
                            std::span<const u8> memory) = 0;
    // The window, as it is now.
    [[nodiscard]] virtual std::span<const u8> memory() const = 0;
    // Whether it is known not to do what the host's processor has done.
    [[nodiscard]] virtual bool lacks(const HostOutcome& /*expected*/) const { return false; }
    // What is to be said of all runs, if anything. False: it didn't run as it should have.
    [[nodiscard]] virtual bool report() const { return true; }
};

} // namespace orrery::test
