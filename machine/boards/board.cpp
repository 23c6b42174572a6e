#include "machine/boards/board.hpp"

#include <algorithm>
#include <array>

#include "machine/boards/pc.hpp"
#include "machine/boards/riscv_virt.hpp"

namespace orrery {
namespace {

constexpr std::array rows{
    Board{"riscv-virt", "RISC-V RV64GC (RVA22), compatible with QEMU's 'virt'", "hart", riscv_virt_most_harts,
          riscv_virt_least_memory, riscv_virt_most_memory, false, false, create_riscv_virt},
    Board{"pc", "x86-64 PC with the chipset i440FX/PIIX, compatible with QEMU's 'pc'", "CPU", pc_most_cpus,
          pc_least_memory, pc_most_memory, true, true, create_pc},
    Board{"q35", "x86-64 PC with the chipset Q35/ICH9 (PCI Express, AHCI), compatible with QEMU's 'q35'", "CPU",
          pc_most_cpus, pc_least_memory, pc_most_memory, true, true, create_q35},
};

} // namespace

std::span<const Board> boards() { return rows; }

const Board* find_board(std::string_view name) {
    const auto* const found = std::ranges::find(rows, name, &Board::name);
    return found == rows.end() ? nullptr : found;
}

} // namespace orrery
