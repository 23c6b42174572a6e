// Which records of a trace file are wanted, and handing them out one by one.
#pragma once

#include <functional>
#include <optional>

#include "app/trace/decoder.hpp"
#include "app/trace/file_reader.hpp"
#include "app/trace/request.hpp"

namespace orrery::app::trace {

struct Selection {
    TraceFilter filter; // kinds, and where the instructions and the bytes they access lie
    std::optional<u32> cpu;
    u64 from = 0;        // instructions that had retired
    u64 to = ~u64{0};    // the last
    u64 limit = ~u64{0}; // records
};

// Interrupts count as exceptions.
TraceKind kind_of(RecordKind kind);

// Calls `show` with the records that are selected, as far as the file can be read, until it returns false.
using Show = std::function<bool(u32 cpu, const Record& record)>;
Status for_each(FileReader& reader, const Selection& selection, const Show& show);

} // namespace orrery::app::trace
