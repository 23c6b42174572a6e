#include "app/end_signals.hpp"

#include <cerrno>

#include <sys/signalfd.h>
#include <unistd.h>

namespace orrery::app {

Result<std::unique_ptr<EndSignals>> EndSignals::create(Machine& machine) {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction action{};
        ::sigaction(number, nullptr, &action);
        // What our parent had us ignore (nohup) stays ignored.
        if ((action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN) continue;
        ::sigaddset(&wanted, number);
    }
    sigset_t previous;
    ::pthread_sigmask(SIG_BLOCK, &wanted, &previous);
    const int descriptor = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) {
        const int reason = errno;
        ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
        return error("the host gives no descriptor for signals: {}", errno_text(reason));
    }
    return std::unique_ptr<EndSignals>(new EndSignals(machine, descriptor, wanted, previous));
}

EndSignals::EndSignals(Machine& machine, int descriptor, const sigset_t& blocked, const sigset_t& previous)
    : machine_(machine), descriptor_(descriptor), blocked_(blocked), previous_(previous) {
    machine_.events().add(*this);
}

EndSignals::~EndSignals() {
    machine_.events().remove(*this);
    ::close(descriptor_);
    ::pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void EndSignals::prepare(std::vector<pollfd>& descriptors, u64&) { descriptors.push_back({descriptor_, POLLIN, 0}); }

void EndSignals::dispatch(std::span<const pollfd> descriptors) {
    if (descriptors.empty() || (descriptors[0].revents & POLLIN) == 0) return;
    signalfd_siginfo information{};
    if (::read(descriptor_, &information, sizeof information) != sizeof information) return;
    received_ = static_cast<int>(information.ssi_signo);
    ::pthread_sigmask(SIG_UNBLOCK, &blocked_, nullptr);
    machine_.stop();
}

} // namespace orrery::app
