// Whether tests can use the host's KVM.
#pragma once

#include <vector>

#include "accel/kvm/dirty_pages.hpp"

namespace orrery::test {

// False: it can't be used, and a line "skipped: …" says why, by which ctest counts the test as skipped.
bool has_kvm();

// Those in which the host's KVM can say what its guests store. A line says why one is left out.
std::vector<kvm::DirtyTracking> dirty_tracking_ways();

} // namespace orrery::test
