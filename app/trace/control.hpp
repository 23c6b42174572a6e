// Switches the tracing of a machine on and off. All calls while no vCPU runs: before Machine::run(), between runs, or
// from a debugger's front end while the machine stands still.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/trace/recorder.hpp"
#include "app/trace/request.hpp"
#include "machine/machine.hpp"

namespace orrery::app::trace {

class Control {
public:
    // `symbols`: of the guest's programs, so that ranges can be named. `machine` outlives it.
    Control(Machine& machine, std::string board, Symbols symbols)
        : machine_(machine), board_(std::move(board)), symbols_(std::move(symbols)) {}
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    // From here on what `arguments` let through is written to `path`. Errors (a bad argument, a file that can't be
    // written, a trace that runs already) are one sentence, and nothing has begun.
    Status start(const std::string& path, const Arguments& arguments);
    // The file is whole when this returns. The error is the first that there was in writing it.
    Status stop();

    struct Progress {
        bool running = false;
        std::string path;
        u64 records = 0;
        u64 size_bytes = 0;           // of the file
        std::optional<Error> failure; // writing failed, and what came since is lost
    };
    // Of the trace that runs, or else of the last one.
    [[nodiscard]] Progress status() const;

private:
    [[nodiscard]] Header header(const Arguments& arguments) const;
    Status check_devices(const Request& request) const;

    Machine& machine_;
    const std::string board_;
    const Symbols symbols_;
    std::unique_ptr<FileWriter> writer_;
    std::vector<std::unique_ptr<Recorder>> recorders_; // by CPU
    Progress last_;
};

} // namespace orrery::app::trace
