#include "app/trace/control.hpp"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>
#include <fnmatch.h>

namespace orrery::app::trace {

Control::~Control() {
    if (writer_) [[maybe_unused]]
        const Status told_while_it_ran = stop();
}

Header Control::header(const Arguments& arguments) const {
    DebugView& view = machine_.cpus().front()->debug_view();
    Header header{.board = board_, .triples = {}, .cpus = {}, .words = view.words(), .filters = describe(arguments)};
    header.triples = header.words.triples;
    if (header.triples.empty()) header.triples.emplace_back(view.llvm_triple());
    for (const Cpu* cpu : machine_.cpus()) header.cpus.push_back(cpu->name());
    return header;
}

// A window that isn't there yet may be meant: those of PCI devices come when the guest places them.
Status Control::check_devices(const Request& request) const {
    constexpr u32 pci_bars = 6;
    std::set<std::string> windows;
    for (const Window& window : machine_.memory().view()->windows)
        if (window.io) windows.insert(window.name);
    std::set<std::string> possible = windows;
    for (const auto& component : machine_.components())
        for (u32 bar = 0; bar < pci_bars; ++bar) possible.insert(fmt::format("{}.bar{}", component->name(), bar));
    for (const std::string& pattern : request.devices) {
        const auto matches = [&](const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; };
        if (std::ranges::none_of(possible, matches))
            return error("--trace-device: no device matches '{}'; this machine has {}, and the .bar0 to .bar5 of its "
                         "PCI devices",
                         pattern, fmt::join(windows, ", "));
    }
    return {};
}

Status Control::start(const std::string& path, const Arguments& arguments) {
    if (writer_) return error("a trace to '{}' runs already", last_.path);
    const Request request = TRY(parse_request(arguments));
    TRY_STATUS(check_devices(request));
    const TraceFilter filter = TRY(make_filter(request, symbols_, machine_.cpus().front()->debug_view().words()));
    auto created = FileWriter::create(path, header(arguments));
    if (!created) return std::unexpected(created.error().in("--trace-file"));
    writer_ = std::move(*created);
    last_ = {.running = true, .path = path, .failure = {}};
    for (u32 number = 0; Cpu * cpu : machine_.cpus()) {
        recorders_.push_back(std::make_unique<Recorder>(*writer_, number++, request.devices));
        cpu->set_trace(recorders_.back().get(), filter);
    }
    return {};
}

Status Control::stop() {
    if (!writer_) return error("no trace runs");
    for (Cpu* cpu : machine_.cpus()) cpu->set_trace(nullptr, {});
    for (const auto& recorder : recorders_) recorder->flush();
    Status finished = writer_->finish();
    last_ = status();
    last_.running = false;
    recorders_.clear();
    writer_.reset();
    return finished;
}

Control::Progress Control::status() const {
    Progress now = last_;
    if (!writer_) return now;
    now.records = 0;
    for (const auto& recorder : recorders_) now.records += recorder->records();
    now.size_bytes = writer_->size_bytes();
    now.failure = writer_->failure();
    return now;
}

} // namespace orrery::app::trace
