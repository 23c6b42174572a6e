#include "tests/unit/gdb/fake_target.hpp"

#include <algorithm>
#include <functional>

namespace orrery::app::gdb::test {
namespace {

using Type = RegisterDescription::Type;

constexpr std::array<std::string_view, 32> names{"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "fp", "s1", "a0",
                                                 "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                                 "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
constexpr std::array<RegisterField, 3> status_fields{{{"MIE", 3, 1}, {"MPP", 11, 2}, {"SXL", 34, 2}}};

Type type_of(std::size_t number) {
    if (number == 1) return Type::code_pointer;
    return number >= 2 && number <= 4 ? Type::data_pointer : Type::integer;
}

} // namespace

FakeView::FakeView() {
    constexpr std::string_view basic = "org.gnu.gdb.riscv.cpu";
    constexpr std::string_view system = "org.gnu.gdb.riscv.csr";
    for (u32 number = 0; number < names.size(); ++number)
        registers_.push_back({names[number], {}, basic, "general", number, 64, type_of(number), {}});
    registers_.push_back({"pc", {}, basic, "general", 32, 64, Type::code_pointer, {}});
    registers_.push_back({"mstatus", "csr768", system, "system", 833, 64, Type::flags, status_fields});
    registers_.push_back({"fflags", {}, system, "float", 900, 32, Type::integer, {}});
    values[pc_index] = FakeTarget::memory_base;
}

Status FakeView::write(std::size_t index, u64 value) {
    if (index == 0) return error("zero can't be written");
    values.at(index) = value;
    return {};
}

std::optional<GuestPhysical> FakeView::translate(GuestVirtual address) const {
    constexpr u64 kernel_base = 0xffffffff00000000;
    if (!paging) return GuestPhysical{address.value};
    if (address.value < kernel_base) return std::nullopt;
    return GuestPhysical{address.value - kernel_base};
}

Walk FakeView::walk(GuestVirtual address) const {
    return {.address = translate(address), .page_size_bytes = paging ? 2 * MiB : 0, .steps = {}};
}

FakeTarget::FakeTarget(std::size_t memory_bytes) : memory(memory_bytes) {}

u32 FakeTarget::add_listener(StopListener listener) {
    listeners[next_listener_] = std::move(listener);
    return next_listener_++;
}

void FakeTarget::stop_now(const Stop& why) {
    stop = why;
    is_running = false;
    const auto told = listeners; // one may take itself out
    for (const auto& [number, listener] : told) listener(stop);
}

void FakeTarget::pause() {
    ++pauses;
    if (is_running && pauses_at_once) stop_now({});
}

void FakeTarget::resume(const Resume& how) {
    resumes.push_back(how);
    is_running = true;
    if (how.pc) views.at(how.cpu).values[FakeView::pc_index] = *how.pc;
    if (how.kind == Resume::Kind::go_on) return;
    u64& pc = views.at(how.cpu).values[FakeView::pc_index];
    pc = how.kind == Resume::Kind::step ? pc + 4 : std::max(pc + 4, how.end);
    stop_now({.reason = Stop::Reason::step, .cpu = how.cpu});
}

void FakeTarget::run_some(u32 instructions) {
    for (u32 count = 0; count < instructions && is_running; ++count) {
        u64& pc = views[0].values[FakeView::pc_index];
        pc += 4;
        const auto found = breakpoints.find(pc);
        if (found != breakpoints.end() && (!found->second || found->second(0)))
            stop_now({.reason = Stop::Reason::breakpoint});
    }
}

void FakeTarget::kill() {
    killed = true;
    stop_now({.reason = Stop::Reason::ended, .exit_code = 137});
}

void FakeTarget::reset() {
    ++resets;
    is_running = false;
    for (FakeView& view : views) view.values[FakeView::pc_index] = memory_base;
}

std::span<u8> FakeTarget::memory_at(u32 cpu, MemorySpace space, u64 address, std::size_t size) {
    if (space == MemorySpace::of_cpu) {
        const auto physical = views.at(cpu).translate({address});
        if (!physical) return {};
        address = physical->value;
    }
    if (address < memory_base || address - memory_base >= memory.size()) return {};
    const std::size_t offset = address - memory_base;
    return std::span(memory).subspan(offset, std::min(size, memory.size() - offset));
}

std::size_t FakeTarget::read_memory(u32 cpu, MemorySpace space, u64 address, std::span<u8> out) {
    const std::span<u8> from = memory_at(cpu, space, address, out.size());
    std::ranges::copy(from, out.begin());
    return from.size();
}

std::size_t FakeTarget::write_memory(u32 cpu, MemorySpace space, u64 address, std::span<const u8> in) {
    const std::span<u8> to = memory_at(cpu, space, address, in.size());
    std::ranges::copy(in.first(to.size()), to.begin());
    return to.size();
}

std::vector<MemoryRegion> FakeTarget::memory_map() const {
    return {{0x1000, 0x1000, MemoryRegion::Kind::rom, "boot"},
            {memory_base, memory.size(), MemoryRegion::Kind::ram, "ram"}};
}

Status FakeTarget::insert_breakpoint(u64 address, Condition condition) {
    if (address % 2 != 0) return error("no instruction begins at {:#x}", address);
    breakpoints[address] = std::move(condition);
    return {};
}

Status FakeTarget::remove_breakpoint(u64 address) {
    if (breakpoints.erase(address) == 0) return error("there is no breakpoint at {:#x}", address);
    return {};
}

Status FakeTarget::insert_watchpoint(const Watchpoint& watchpoint) {
    watchpoints.push_back(watchpoint);
    return {};
}

Status FakeTarget::remove_watchpoint(const Watchpoint& watchpoint) {
    if (std::erase(watchpoints, watchpoint) == 0) return error("there is no such watchpoint");
    return {};
}

std::string FakeTarget::monitor(std::string_view line) {
    monitor_lines.emplace_back(line);
    if (line == "continue") is_running = true;
    return "heard: " + std::string(line) + "\n";
}

} // namespace orrery::app::gdb::test
