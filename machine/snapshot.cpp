#include "machine/snapshot.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "machine/ram_extents.hpp"
#include "machine/snapshot_stream.hpp"
#include "machine/state_hash.hpp"

namespace orrery {
namespace {

constexpr u64 largest_state_bytes = 4 * GiB; // of one component: a disk's overlay may be large
constexpr u64 longest_run_pages = 256;
constexpr u64 no_more_runs = ~u64{0};

// The clock comes first: timers that others arm anew refer to it.
std::vector<Component*> all_components(Machine& machine) {
    std::vector<Component*> all{&machine.clock()};
    for (const auto& component : machine.components()) all.push_back(component.get());
    return all;
}

std::vector<u8> saved_state(Component& component) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    component.state(visitor);
    return bytes;
}

// ---- saving

void write_component(SnapshotWriter& out, const Component& component, std::span<const u8> state) {
    out.text(component.name());
    out.text(component.type());
    out.number(component.state_version());
    out.number(state.size());
    out.bytes(state);
}

void write_ram(SnapshotWriter& out, const Ram& ram) {
    out.text(ram.name());
    out.number(ram.size_bytes());
    u64 first = 0;
    u64 end = 0;
    const auto write_run = [&] {
        if (first == end) return;
        out.number(first);
        out.number(end - first);
        out.bytes(ram.bytes().subspan(first, end - first));
    };
    for_each_data_page(ram, [&](u64 offset) {
        if (offset != end || end - first == longest_run_pages * page_size) {
            write_run();
            first = offset;
        }
        end = offset + page_size;
    });
    write_run();
    out.number(no_more_runs);
}

// ---- restoring

using States = std::vector<std::vector<u8>>;

Result<std::vector<u8>> read_component(SnapshotReader& in, const Component& component, const std::string& path) {
    const std::string name = TRY(in.text());
    const std::string type = TRY(in.text());
    const u64 version = TRY(in.number());
    const u64 size = TRY(in.number());
    if (name != component.name() || type != component.type())
        return error(
            "the snapshot '{}' is of another machine: it has {} ({}) where this one has {} ({}); use the options "
            "it was saved with",
            path, name, type, component.name(), component.type());
    if (version != component.state_version())
        return error(
            "the snapshot '{}' has version {} of {}'s state, but this orrery has version {}; restore it with the "
            "orrery that saved it",
            path, version, name, component.state_version());
    if (size > largest_state_bytes) return in.damaged("a device's state is too large");
    return in.block(size);
}

Result<States> read_components(SnapshotReader& in, const std::vector<Component*>& components, const std::string& path) {
    const u64 count = TRY(in.number());
    States states;
    for (u64 i = 0; i < std::min<u64>(count, components.size()); ++i)
        states.push_back(TRY(read_component(in, *components[i], path)));
    if (count != components.size())
        return error(
            "the snapshot '{}' is of another machine: it has {} devices, this one has {}; use the options it was "
            "saved with",
            path, count, components.size());
    return states;
}

// Calls `use(offset, bytes)` for every run of pages.
template <typename Use> Status read_runs(SnapshotReader& in, const Ram& ram, Use&& use) {
    std::vector<u8> run;
    for (u64 end = 0;;) {
        const u64 first = TRY(in.number());
        if (first == no_more_runs) return {};
        const u64 size = TRY(in.number());
        const bool valid = first >= end && first % page_size == 0 && size % page_size == 0 && size != 0 &&
                           size <= longest_run_pages * page_size && first < ram.size_bytes() &&
                           size <= ram.size_bytes() - first;
        if (!valid) return in.damaged("a piece of memory has no place");
        run.resize(size);
        TRY_STATUS(in.bytes(run));
        use(first, std::span<const u8>(run));
        end = first + size;
    }
}

template <typename Use> Status read_rams(SnapshotReader& in, Machine& machine, const std::string& path, Use&& use) {
    const u64 count = TRY(in.number());
    if (count != machine.rams().size())
        return error(
            "the snapshot '{}' is of another machine: it has {} memories, this one has {}; use the options it was "
            "saved with",
            path, count, machine.rams().size());
    for (const auto& ram : machine.rams()) {
        const std::string name = TRY(in.text());
        const u64 size = TRY(in.number());
        if (name != ram->name() || size != ram->size_bytes())
            return error(
                "the snapshot '{}' is of another machine: its memory '{}' has {} bytes, this one's '{}' has {}; "
                "use the options it was saved with",
                path, name, size, ram->name(), ram->size_bytes());
        TRY_STATUS(read_runs(in, *ram, [&](u64 offset, std::span<const u8> bytes) { use(*ram, offset, bytes); }));
    }
    return in.end();
}

// The index of the first component that its state doesn't fit, or their number.
std::size_t apply_states(const std::vector<Component*>& components, const States& states) {
    for (std::size_t i = 0; i < components.size(); ++i) {
        RestoreVisitor visitor(states[i]);
        components[i]->state(visitor);
        if (visitor.failed() || !visitor.at_end()) return i;
    }
    return components.size();
}

Status apply_or_leave(const std::vector<Component*>& components, const States& states, const SnapshotReader& in) {
    States before;
    for (Component* component : components) before.push_back(saved_state(*component));
    const std::size_t misfit = apply_states(components, states);
    if (misfit == components.size()) return {};
    apply_states(components, before);
    return in.damaged(fmt::format("the state of {} doesn't fit", components[misfit]->name()));
}

Status restore_memory(SnapshotReader& in, Machine& machine, const std::vector<Component*>& components,
                      const std::string& path) {
    TRY_STATUS(in.rewind());
    TRY(read_components(in, components, path));
    for (const auto& ram : machine.rams()) ram->clear();
    const Status read = read_rams(in, machine, path, [](const Ram& ram, u64 offset, std::span<const u8> bytes) {
        std::memcpy(ram.host() + offset, bytes.data(), bytes.size());
    });
    for (const auto& ram : machine.rams()) machine.memory().ram_written(*ram, 0, ram->size_bytes());
    return read;
}

} // namespace

Status save_snapshot(Machine& machine, const std::string& path) {
    const MachineEntry guard(machine.lock());
    auto out = TRY(SnapshotWriter::create(path));
    const std::vector<Component*> components = all_components(machine);
    out->number(components.size());
    for (Component* component : components) {
        const std::vector<u8> state = saved_state(*component);
        if (state.size() > largest_state_bytes)
            return error("the state of {} takes {} bytes, too many for a snapshot", component->name(), state.size());
        write_component(*out, *component, state);
    }
    out->number(machine.rams().size());
    for (const auto& ram : machine.rams()) write_ram(*out, *ram);
    return out->finish();
}

Status restore_snapshot(Machine& machine, const std::string& path) {
    std::lock_guard guard(machine.lock());
    auto in = TRY(SnapshotReader::open(path));
    const std::vector<Component*> components = all_components(machine);
    const States states = TRY(read_components(*in, components, path));
    TRY_STATUS(read_rams(*in, machine, path, [](const Ram&, u64, std::span<const u8>) {}));

    TRY_STATUS(apply_or_leave(components, states, *in));
    const Status memory = restore_memory(*in, machine, components, path);
    if (!memory) {
        machine.reset();
        return memory;
    }
    for (Component* component : components) component->restored();
    return {};
}

u64 state_hash(Machine& machine) {
    u64 hash = 0;
    for (Component* component : all_components(machine)) {
        const std::string& name = component->name();
        hash = hash_bytes({reinterpret_cast<const u8*>(name.data()), name.size()}, hash);
        hash = hash_bytes(saved_state(*component), hash);
    }
    for (const auto& ram : machine.rams()) {
        hash = mix(hash ^ ram->size_bytes());
        for_each_data_page(*ram, [&](u64 offset) {
            hash = mix(hash + offset) ^ hash_bytes({ram->host() + offset, page_size}, offset);
        });
    }
    return mix(hash);
}

} // namespace orrery
