// An explanation as one page for a browser, without anything from outside: guest, IR, IR after the passes and host code
// in columns, where pointing at a line shows those it is linked to.
#pragma once

#include <string>

#include "app/explain/view.hpp"

namespace orrery::app {

std::string explanation_html(const Explanation& explanation);

} // namespace orrery::app
