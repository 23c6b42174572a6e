#include "app/doctor_command.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "accel/kvm/host.hpp"
#include "app/exit_codes.hpp"
#include "app/host_probe.hpp"
#include "app/messages.hpp"
#include "app/values.hpp"

namespace orrery::app {
namespace {

void finding(std::string_view subject, std::string_view text) {
    std::fputs(fmt::format("{:<14}{}\n", subject, text).c_str(), stdout);
}

std::string instructions_text() {
    std::string present;
    std::string missing;
    for (const auto& [name, supported] : translator_instructions()) {
        std::string& list = supported ? present : missing;
        list += (list.empty() ? "" : " ") + name;
    }
    if (missing.empty()) return present;
    return fmt::format("{}; without {}, so some translated code is slower", present.empty() ? "none" : present,
                       missing);
}

std::string terminal_text() {
    const bool input = ::isatty(STDIN_FILENO) == 1;
    const bool output = ::isatty(STDOUT_FILENO) == 1;
    if (!input || !output)
        return fmt::format("standard {} no terminal, so Ctrl-] has no effect; Ctrl-C or a signal ends a run",
                           input    ? "output is"
                           : output ? "input is"
                                    : "input and output are");
    const char* kind = std::getenv("TERM");
    return fmt::format("yes ({}); Ctrl-] is the escape key", kind ? kind : "TERM isn't set");
}

std::string memory_text() {
    const u64 available = available_memory_bytes() / MiB * MiB;
    return fmt::format("{} MiB available; a guest takes what it touches, 1 GiB by default at most{}", available / MiB,
                       available < 1280 * MiB ? "; use a smaller --memory here" : "");
}

void tell_kvm() {
    const kvm::HostReport report = kvm::examine_host_once(cache_folder());
    switch (report.host_class) {
    case kvm::HostClass::full:
        finding("kvm", "full: guests of every kind run");
        break;
    case kvm::HostClass::limited:
        finding("kvm", "limited: some code runs, but no operating system as it is");
        break;
    case kvm::HostClass::none:
        finding("kvm", "none");
        break;
    }
    for (const std::string& reason : report.reasons) finding("", reason);
    if (report.host_class == kvm::HostClass::none && !std::filesystem::exists("/dev/kvm")) finding("", no_kvm_device());
    finding("", "(PCs can run on KVM: with --engine kvm, and --force where it is limited; riscv-virt can't)");
}

} // namespace

int doctor() {
    const Status translator = translator_usable();
    finding("host", fmt::format("{}, {} processor{}", system_name(), std::thread::hardware_concurrency(),
                                std::thread::hardware_concurrency() == 1 ? "" : "s"));
    finding("processor", processor_name());
    finding("memory", memory_text());
    finding("translator", translator ? "usable: code can be mapped twice, so that no page is writable and executable"
                                     : fmt::format("NOT usable: {}", translator.error().message()));
    finding("instructions", instructions_text());
    tell_kvm();
    finding("terminal", terminal_text());
    finding("verdict", translator ? "guests run with --engine jit, the default here where KVM isn't full"
                                  : "guests run with --engine interp only, many times slower");
    return translator ? exit_powered_off : exit_failure;
}

} // namespace orrery::app
