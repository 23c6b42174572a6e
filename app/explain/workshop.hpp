// Explains code with a hart of its own, that is never run.
#pragma once

#include <memory>

#include "accel/dbt/explain.hpp"
#include "app/explain/view.hpp"
#include "cpu/riscv/hart.hpp"
#include "machine/machine.hpp"

namespace orrery::app {

class ExplainWorkshop {
public:
    static Result<std::unique_ptr<ExplainWorkshop>> create();

    // Why there is no disassembly; empty if there is.
    [[nodiscard]] const std::string& missing() const { return viewer_.missing(); }
    BlockView explain(const dbt::CodeBytes& code) { return viewer_.view(explainer_->explain(code), code); }

private:
    explicit ExplainWorkshop(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}

    std::unique_ptr<Machine> machine_;
    riscv::State state_;
    riscv::Hart hart_{state_, *machine_, {}};
    std::unique_ptr<dbt::Explainer> explainer_;
    Viewer viewer_;
};

} // namespace orrery::app
