#include "app/stuck_rerun.hpp"

#include "app/end_signals.hpp"
#include "machine/snapshot.hpp"

namespace orrery::app {
namespace {

// Nobody types this time, and engines differ in pace: an end that is near the first one is found, and no other.
constexpr u64 more_time_ns = 10'000'000'000;

// Disks have to be what they were when the state was saved.
Status check_disks(const BoardOptions& board) {
    std::vector<FileDiskOptions> disks = board.disks;
    disks.insert(disks.end(), board.flash.begin(), board.flash.end());
    for (const std::string& floppy : board.floppies) disks.push_back(TRY(parse_disk_options(floppy)));
    for (const FileDiskOptions& disk : disks)
        if (!disk.read_only && !disk.snapshot)
            return error("{} may have been written since the state was saved; with ',snapshot' behind its name it is a "
                         "part of the state",
                         disk.path);
    return {};
}

BoardOptions translated(BoardOptions board, u64 until_ns) {
    board.kvm.reset();
    board.engine = dbt::Engine::baseline;
    board.serial = "none";
    board.debug_console = "none";
    if (board.virtio_console) board.virtio_console = "none";
    board.network.forwards.clear();
    board.network.isolated = true;
    board.escape = {};
    board.inspector = nullptr;
    board.stop_when_stuck = true;
    board.record_transfers = true;
    board.timeout_ns = until_ns;
    return board;
}

} // namespace

Result<StuckReport> rerun_stuck(const RunPlan& plan, Machine& ended, const std::vector<std::string>& programs) {
    if (!plan.restore)
        return error("KVM keeps no record of the way there; from a saved state (--restore) the translator would go it "
                     "again, and record it");
    TRY_STATUS(check_disks(plan.board));
    const u64 until_ns = ended.clock().now_ns() * 2 + more_time_ns;
    const std::unique_ptr<Machine> machine = TRY(plan.machine->create(translated(plan.board, until_ns)));
    TRY_STATUS(restore_snapshot(*machine, *plan.restore));
    const std::unique_ptr<EndSignals> signals = TRY(EndSignals::create(*machine));
    const Outcome outcome = machine->run();
    if (outcome.ending != Ending::stuck && outcome.ending != Ending::reset_loop)
        return error("run again by the translator from {}, the guest didn't get stuck", *plan.restore);
    return stuck_report(*machine, outcome, programs);
}

} // namespace orrery::app
