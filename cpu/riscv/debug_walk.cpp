#include "cpu/riscv/debug_view.hpp"
#include "cpu/riscv/hart.hpp"

namespace orrery::riscv {

std::optional<GuestPhysical> HartDebugView::translate(GuestVirtual address) const { return walk(address).address; }

Walk HartDebugView::walk(GuestVirtual address) const {
    if (hart_.address_context().space != 0) return {};
    return {.address = GuestPhysical{address.value}, .page_size_bytes = page_size, .steps = {}};
}

} // namespace orrery::riscv
