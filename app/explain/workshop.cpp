#include "app/explain/workshop.hpp"

namespace orrery::app {

Result<std::unique_ptr<ExplainWorkshop>> ExplainWorkshop::create(Assembly assembly, const std::string& cpu_model) {
    auto machine = TRY(Machine::create({.deterministic = true}));
    std::unique_ptr<ExplainWorkshop> workshop(new ExplainWorkshop(std::move(machine)));
    workshop->guest_ = assembly == Assembly::riscv64 ? TRY(make_riscv_guest(*workshop->machine_))
                                                     : TRY(make_x86_guest(*workshop->machine_, cpu_model));
    workshop->explainer_ =
        TRY(dbt::Explainer::create(workshop->guest_->frontend(), workshop->guest_->state_offset_bytes()));
    workshop->viewer_ = std::make_unique<Viewer>(*workshop->guest_);
    return workshop;
}

} // namespace orrery::app
