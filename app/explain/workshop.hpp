// Explains code with a CPU of its own, that is never run.
#pragma once

#include <memory>

#include "accel/dbt/explain.hpp"
#include "app/explain/guest.hpp"
#include "app/explain/view.hpp"
#include "machine/machine.hpp"

namespace orrery::app {

class ExplainWorkshop {
public:
    // For code of the architecture that `assembly` is of. `cpu_model`: see make_x86_guest().
    static Result<std::unique_ptr<ExplainWorkshop>> create(Assembly assembly, const std::string& cpu_model = {});

    [[nodiscard]] const ExplainedGuest& guest() const { return *guest_; }
    // Why there is no disassembly; empty if there is.
    [[nodiscard]] const std::string& missing() const { return viewer_->missing(); }
    BlockView explain(const dbt::CodeBytes& code) { return viewer_->view(explainer_->explain(code), code); }

private:
    explicit ExplainWorkshop(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}

    std::unique_ptr<Machine> machine_;
    std::unique_ptr<ExplainedGuest> guest_;
    std::unique_ptr<dbt::Explainer> explainer_;
    std::unique_ptr<Viewer> viewer_;
};

} // namespace orrery::app
