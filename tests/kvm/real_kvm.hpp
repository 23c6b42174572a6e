// Whether tests can use the host's KVM.
#pragma once

namespace orrery::test {

// False: it can't be used, and a line "skipped: …" says why, by which ctest counts the test as skipped.
bool has_kvm();

} // namespace orrery::test
