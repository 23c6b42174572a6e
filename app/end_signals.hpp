// Lets SIGINT, SIGTERM and SIGHUP end a machine in order, so that the terminal is put back and disks are complete. A
// second such signal ends the process at once.
#pragma once

#include <csignal>
#include <vector>

#include "machine/machine.hpp"

namespace orrery::app {

class EndSignals final : public PollSource {
public:
    // Before the machine runs: its threads inherit that the signals don't interrupt them.
    static Result<std::unique_ptr<EndSignals>> create(Machine& machine);
    ~EndSignals() override;
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;

    // The signal that came, 0 if none.
    [[nodiscard]] int received() const { return received_; }

    void prepare(std::vector<pollfd>& descriptors, u64& timeout_ns) override;
    void dispatch(std::span<const pollfd> descriptors) override;

private:
    EndSignals(Machine& machine, int descriptor, const sigset_t& blocked, const sigset_t& previous);

    Machine& machine_;
    int descriptor_;
    sigset_t blocked_;
    sigset_t previous_;
    int received_ = 0;
};

} // namespace orrery::app
