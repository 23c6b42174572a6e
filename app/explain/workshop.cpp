#include "app/explain/workshop.hpp"

namespace orrery::app {

Result<std::unique_ptr<ExplainWorkshop>> ExplainWorkshop::create() {
    using HartMemory = dbt::VcpuMemory<riscv::State>;
    auto machine = TRY(Machine::create({.deterministic = true}));
    std::unique_ptr<ExplainWorkshop> workshop(new ExplainWorkshop(std::move(machine)));
    workshop->explainer_ = TRY(dbt::Explainer::create(workshop->hart_, HartMemory::state_offset_bytes()));
    return workshop;
}

} // namespace orrery::app
