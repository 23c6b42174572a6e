#include "app/trace/show/selection.hpp"

namespace orrery::app::trace {
namespace {

bool selects(const Selection& selection, const Record& record) {
    const u64 count = record.place.retired;
    if (count < selection.from || count > selection.to || !selection.filter.wants(kind_of(record.kind))) return false;
    if (!TraceFilter::touches(selection.filter.code, record.place.pc, 1)) return false;
    return record.kind != RecordKind::memory ||
           TraceFilter::touches(selection.filter.data, record.access.address, record.access.size_bytes);
}

bool may_select(const Selection& selection, const Block& block) {
    return (!selection.cpu || *selection.cpu == block.cpu) && block.most_count >= selection.from &&
           block.least_count <= selection.to;
}

} // namespace

TraceKind kind_of(RecordKind kind) {
    switch (kind) {
    case RecordKind::instruction:
        return TraceKind::instructions;
    case RecordKind::branch:
        return TraceKind::branches;
    case RecordKind::memory:
        return TraceKind::memory;
    case RecordKind::device:
        return TraceKind::devices;
    default:
        return TraceKind::exceptions;
    }
}

Status for_each(FileReader& reader, const Selection& selection, const Show& show) {
    Decoder decoder;
    u64 left = selection.limit;
    for (;;) {
        const std::optional<Block> block = TRY(reader.next());
        if (!block) return {};
        if (!may_select(selection, *block)) continue;
        decoder.begin(block->bytes);
        for (;;) {
            const auto record = decoder.next();
            if (!record) return error("the block at byte {} is damaged: {}", block->offset, record.error().message());
            if (!*record) break;
            if (!selects(selection, **record)) continue;
            if (left-- == 0 || !show(block->cpu, **record)) return {};
        }
    }
}

} // namespace orrery::app::trace
