#include "app/doors.hpp"

#include "app/messages.hpp"

namespace orrery::app {

class Doors::TerminalScreen final : public monitor::Screen {
public:
    explicit TerminalScreen(Terminal& terminal) : terminal_(terminal) {}
    void take_over(std::function<void(u8)> keys) override { terminal_.take_over(std::move(keys)); }
    void give_back() override { terminal_.give_back(); }
    void show(std::string_view text) override { terminal_.show(text); }

private:
    Terminal& terminal_;
};

Doors::Doors(Machine& machine, EscapeKeys& keys, DoorPlan plan, monitor::Surroundings surroundings)
    : machine_(machine), keys_(keys), plan_(std::move(plan)), controller_(machine, plan_.paused),
      monitor_(controller_, std::move(surroundings)) {}

Status Doors::open() {
    if (plan_.gdb) {
        auto server = gdb::Server::create(*plan_.gdb, controller_, machine_.events(), plan_.architecture_by);
        if (!server) return std::unexpected(server.error().in("--gdb"));
        debugger_ = std::move(*server);
    }
    if (plan_.monitor) {
        auto server = monitor::JsonServer::create(*plan_.monitor, monitor_, machine_.events());
        if (!server) return std::unexpected(server.error().in("--monitor"));
        programs_ = std::move(*server);
    }
    if (!keys_.terminal()) return {};
    screen_ = std::make_unique<TerminalScreen>(*keys_.terminal());
    prompt_ = std::make_unique<monitor::TerminalDoor>(*screen_, monitor_);
    prompt_->open_on_stops([this] { return !debugger_ || !debugger_->connected(); });
    keys_.on_monitor([this] {
        prompt_->open("the monitor: `help` lists the commands; what the guest writes is shown after `leave` (Ctrl-D)");
    });
    return {};
}

void Doors::tell_addresses() {
    if (debugger_)
        tell("gdb and lldb can connect to {}{}", debugger_->address(),
             plan_.paused ? "; the guest waits for them" : "");
    if (programs_)
        tell("the monitor listens at {}{}", programs_->address(),
             plan_.paused && !debugger_ ? "; the guest waits for `continue`" : "");
    if (prompt_ && plan_.paused && !debugger_ && !programs_)
        prompt_->open("the guest waits for `continue`; `help` lists the commands");
}

void Doors::tell_end(int code) {
    controller_.tell_end(static_cast<u32>(code));
    machine_.events().run_once(0); // the last words on their way
}

} // namespace orrery::app
