#include "app/trace/recorder.hpp"

#include <algorithm>

#include <fnmatch.h>

namespace orrery::app::trace {

void Recorder::instruction(const TracePlace& place, std::span<const u8> bytes) {
    if (failed_) return;
    encoder_.instruction(place, bytes);
    added();
}

void Recorder::branch(const TracePlace& place, TraceJump kind, u64 to) {
    if (failed_) return;
    encoder_.branch(place, kind, to);
    added();
}

void Recorder::memory(const TracePlace& place, const TraceAccess& access) {
    if (failed_) return;
    encoder_.memory(place, access);
    added();
}

void Recorder::device(const TracePlace& place, const TraceDeviceAccess& access) {
    if (failed_ || !wants(access.window)) return;
    encoder_.device(place, access);
    added();
}

void Recorder::exception(const TracePlace& place, u64 code, u64 value, u64 to) {
    if (failed_) return;
    encoder_.exception(place, code, value, to);
    added();
}

void Recorder::interrupt(const TracePlace& place, u64 code, u64 to) {
    if (failed_) return;
    encoder_.interrupt(place, code, to);
    added();
}

bool Recorder::wants(std::string_view device) {
    if (device_patterns_.empty()) return true;
    const auto known = wanted_devices_.find(device);
    if (known != wanted_devices_.end()) return known->second;
    const std::string name(device);
    const bool wanted = std::ranges::any_of(
        device_patterns_, [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
    return wanted_devices_.emplace(name, wanted).first->second;
}

void Recorder::flush() {
    if (!failed_ && !encoder_.empty()) {
        if (writer_.add(packer_.pack(encoder_, cpu_)))
            written_records_ += encoder_.records();
        else
            failed_ = true;
    }
    encoder_.clear();
}

} // namespace orrery::app::trace
