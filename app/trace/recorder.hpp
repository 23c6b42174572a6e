// What one CPU tells of itself, on its way to the file. Buffers are its own: a CPU waits for nothing but, now and then,
// for one block to be written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/trace/encoder.hpp"
#include "app/trace/file_writer.hpp"
#include "cpu/trace.hpp"

namespace orrery::app::trace {

class Recorder final : public TraceSink {
public:
    // `devices`: patterns of the windows that are wanted; none: all. `writer` outlives the recorder.
    Recorder(FileWriter& writer, u32 cpu, std::vector<std::string> devices)
        : writer_(writer), cpu_(cpu), device_patterns_(std::move(devices)) {}

    void instruction(const TracePlace& place, std::span<const u8> bytes) override;
    void branch(const TracePlace& place, TraceJump kind, u64 to) override;
    void memory(const TracePlace& place, const TraceAccess& access) override;
    void device(const TracePlace& place, const TraceDeviceAccess& access) override;
    void exception(const TracePlace& place, u64 code, u64 value, u64 to) override;
    void interrupt(const TracePlace& place, u64 code, u64 to) override;

    // Writes what is left. Only while the CPU stands still.
    void flush();
    [[nodiscard]] u64 records() const { return written_records_ + encoder_.records(); }

private:
    bool wants(std::string_view device);
    void added() {
        if (encoder_.full()) flush();
    }

    FileWriter& writer_;
    const u32 cpu_;
    const std::vector<std::string> device_patterns_;
    std::map<std::string, bool, std::less<>> wanted_devices_; // that were seen
    Encoder encoder_;
    Packer packer_;
    bool failed_ = false;
    u64 written_records_ = 0;
};

} // namespace orrery::app::trace
