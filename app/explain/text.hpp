// An explanation as text: guest instruction by guest instruction, and under each what became of it.
#pragma once

#include <string>

#include "app/explain/view.hpp"

namespace orrery::app {

std::string explanation_text(const Explanation& explanation);

} // namespace orrery::app
