#include "devices/host/terminal.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <termios.h>
#include <unistd.h>

#include "machine/fabric/log.hpp"

namespace orrery {
namespace {

// A signal handler can reach nothing but statics, and a process has one controlling terminal: hence this one.
struct TerminalSettings {
    termios original;
    termios raw;
    std::atomic<bool> held;  // a Terminal exists
    std::atomic<bool> saved; // `original` and `raw` are valid
};
constinit TerminalSettings settings{};

constexpr std::size_t held_output_limit_bytes = 256 * KiB;

constexpr std::array fatal_signals{SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT,
                                   SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGTERM};
constinit std::array<struct sigaction, fatal_signals.size() + 2> previous_actions{};

// Only the foreground may change the terminal it is controlled by; others would be stopped for trying. A terminal that
// controls someone else or nobody has no foreground of ours. Async-signal-safe, like all it calls.
void apply(const termios& wanted) {
    const pid_t foreground = ::tcgetpgrp(STDIN_FILENO);
    if (!settings.saved.load() || (foreground != -1 && foreground != ::getpgrp())) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &wanted);
}

void restore_terminal() { apply(settings.original); }

// Puts the terminal back and lets the signal do what it would have done without us.
void on_fatal_signal(int number) {
    const int saved_errno = errno;
    restore_terminal();
    for (std::size_t i = 0; i < fatal_signals.size(); ++i)
        if (fatal_signals[i] == number) ::sigaction(number, &previous_actions[i], nullptr);
    ::raise(number);
    errno = saved_errno;
}

void on_stop(int) {
    const int saved_errno = errno;
    restore_terminal();
    ::kill(::getpid(), SIGSTOP);
    errno = saved_errno;
}

void on_continue(int) {
    const int saved_errno = errno;
    apply(settings.raw);
    errno = saved_errno;
}

void install(int number, void (*handler)(int), int flags, struct sigaction& previous) {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, nullptr, &previous);
    // What our parent had us ignore (nohup) stays ignored.
    if ((previous.sa_flags & SA_SIGINFO) == 0 && previous.sa_handler == SIG_IGN) return;
    ::sigaction(number, &action, nullptr);
}

void install_handlers() {
    for (std::size_t i = 0; i < fatal_signals.size(); ++i)
        install(fatal_signals[i], on_fatal_signal, SA_ONSTACK, previous_actions[i]);
    install(SIGTSTP, on_stop, SA_RESTART, previous_actions[fatal_signals.size()]);
    install(SIGCONT, on_continue, SA_RESTART, previous_actions[fatal_signals.size() + 1]);
}

// Puts back a disposition of before, unless someone has replaced ours meanwhile.
void uninstall(int number, void (*handler)(int), const struct sigaction& previous) {
    struct sigaction current{};
    ::sigaction(number, nullptr, &current);
    if ((current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == handler) ::sigaction(number, &previous, nullptr);
}

void uninstall_handlers() {
    for (std::size_t i = 0; i < fatal_signals.size(); ++i)
        uninstall(fatal_signals[i], on_fatal_signal, previous_actions[i]);
    uninstall(SIGTSTP, on_stop, previous_actions[fatal_signals.size()]);
    uninstall(SIGCONT, on_continue, previous_actions[fatal_signals.size() + 1]);
}

// Every key goes to the guest as it is. Output keeps its processing: our own lines need their carriage returns.
termios raw_settings(termios from) {
    ::cfmakeraw(&from);
    from.c_oflag |= OPOST | ONLCR;
    from.c_cc[VMIN] = 1;
    from.c_cc[VTIME] = 0;
    return from;
}

void take_terminal() {
    if (::tcgetattr(STDIN_FILENO, &settings.original) != 0) return;
    settings.raw = raw_settings(settings.original);
    const bool first_time = !settings.saved.exchange(true);
    if (first_time) std::atexit(restore_terminal);
    install_handlers();
    apply(settings.raw);
}

} // namespace

Result<std::unique_ptr<Terminal>> Terminal::create(EventLoop& loop, Escape escape) {
    if (settings.held.exchange(true)) return error("the terminal serves another serial port already");
    ignore_broken_pipes();
    const bool interactive = ::isatty(STDIN_FILENO) == 1;
    if (interactive) take_terminal();
    std::unique_ptr<Terminal> terminal(new Terminal(loop, std::move(escape), interactive));
    if (interactive && terminal->escape_.opened) terminal->escape_.opened(*terminal);
    return terminal;
}

Terminal::~Terminal() {
    if (interactive_) {
        restore_terminal();
        uninstall_handlers();
    }
    settings.held.store(false);
}

void Terminal::write(std::span<const u8> characters) {
    if (keys_ && ::isatty(STDOUT_FILENO) == 1) return hold_output(characters);
    if (output_failed_ || write_fully(STDOUT_FILENO, characters)) return;
    output_failed_ = true;
    log::warning("standard output: {}; the guest's further output is lost", errno_text(errno));
}

void Terminal::hold_output(std::span<const u8> characters) {
    held_output_.insert(held_output_.end(), characters.begin(), characters.end());
    while (held_output_.size() > held_output_limit_bytes) {
        held_output_.pop_front();
        ++lost_output_;
    }
}

void Terminal::take_over(std::function<void(u8 key)> keys) { keys_ = std::move(keys); }

void Terminal::give_back() {
    keys_ = nullptr;
    if (lost_output_ != 0)
        show(fmt::format("orrery: {} characters that the guest wrote meanwhile are left out\n", lost_output_));
    lost_output_ = 0;
    const std::vector<u8> held(held_output_.begin(), held_output_.end());
    held_output_.clear();
    write(held);
}

void Terminal::show(std::string_view text) {
    write_fully(STDERR_FILENO, {reinterpret_cast<const u8*>(text.data()), text.size()});
}

void Terminal::prepare(std::vector<pollfd>& descriptors, u64&) {
    if (!input_ended_ && wants_input()) descriptors.push_back({STDIN_FILENO, POLLIN, 0});
}

void Terminal::dispatch(std::span<const pollfd> descriptors) {
    if (!descriptors.empty() && descriptors[0].revents != 0) input_ended_ = !read_input(STDIN_FILENO);
    offer_held();
}

// Keys are looked at when they arrive, so that the escape works although the guest takes no input.
void Terminal::accept(std::span<const u8> characters) {
    if (!interactive_ || !escape_.key) return hold(characters);
    for (const u8& character : characters) {
        if (keys_) {
            const auto keys = keys_; // may give the terminal back
            keys(character);
        } else if (after_escape_) {
            after_escape_ = false;
            escaped(character);
        } else if (character == escape_key) {
            after_escape_ = true;
        } else {
            hold({&character, 1});
        }
    }
}

void Terminal::escaped(u8 key) {
    if (key == escape_key)
        hold({&key, 1});
    else if (key != 'b')
        escape_.key(key);
    else if (receiver())
        receiver()->receive_break();
}

} // namespace orrery
