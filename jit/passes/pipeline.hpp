// The passes in the order in which every block goes through them before the baseline compiles it. The interpreter runs
// blocks as the frontend made them: it is what compiled code is compared with.
#pragma once

#include <array>
#include <string_view>

#include "jit/passes/dead_code.hpp"
#include "jit/passes/dead_puts.hpp"
#include "jit/passes/fold.hpp"

namespace orrery::passes {

struct Pass {
    std::string_view name;
    // `origins`, unless null: a pass that moves instructions makes it the earlier place of each that is there now.
    void (*run)(ir::Block& block, std::vector<ir::Value>* origins);
};

inline constexpr std::array pipeline{
    // First: frees values and puts nothing new in.
    Pass{"fold", [](ir::Block& block, std::vector<ir::Value>*) { fold(block); }},
    // Frees the values that were only put.
    Pass{"dead_puts", [](ir::Block& block, std::vector<ir::Value>*) { dead_puts(block); }},
    // Sweeps up behind both.
    Pass{"dead_code", dead_code},
};

inline void run(ir::Block& block) {
    for (const Pass& pass : pipeline) pass.run(block, nullptr);
}

} // namespace orrery::passes
