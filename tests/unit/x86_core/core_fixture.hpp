// The parts of an x86 CPU on a bus with some memory, with an engine that translates and takes notes of what it is asked
// to forget.
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "cpu/x86/core.hpp"
#include "cpu/x86/lazy_flags.hpp"
#include "cpu/x86/segmentation.hpp"
#include "tests/support/fake_bus.hpp"

namespace orrery::x86::test {

class FakeEngine final : public EngineServices {
public:
    FakeEngine(Core& core, AddressSpace& memory) : core_(core), memory_(memory) {}
    void flush_all() override { notes.push_back("flush_all"); }
    void flush_space(u64 space) override { notes.push_back(fmt::format("flush_space {:#x}", space)); }
    void flush_page(GuestVirtual address) override { notes.push_back(fmt::format("flush_page {:#x}", address.value)); }
    void flush_page_in_space(GuestVirtual address, u64 space) override {
        notes.push_back(fmt::format("flush_page {:#x} in {:#x}", address.value, space));
    }
    void context_changed() override {}
    void synchronize_code() override {}
    void leave_after() override {}
    void leave_with_pc_in_state() override {}
    void transferred(u64) override {}
    void leave_raising(Fault fault) override { raised = fault; }
    [[nodiscard]] u64 retired() const override { return 0; }
    [[nodiscard]] u64 current_pc() const override { return 0; }
    std::expected<u64, Fault> load(GuestVirtual address, Width width, u8 mmu_index) override {
        u64 value = 0;
        for (u64 i = 0; i < bytes(width); ++i) {
            const auto place = core_.mmu().translate(address.value + i, MemoryAction::read, mmu_index);
            if (!place) return std::unexpected(place.error());
            value |= memory_.read(place->address, Width::byte).value_or(0xff) << (8 * i);
        }
        return value;
    }
    std::expected<void, Fault> store(GuestVirtual address, u64 value, Width width, u8 mmu_index) override {
        for (u64 i = 0; i < bytes(width); ++i) {
            const auto place = core_.mmu().translate(address.value + i, MemoryAction::write, mmu_index);
            if (!place) return std::unexpected(place.error());
            memory_.write(place->address, value >> (8 * i) & 0xff, Width::byte);
        }
        return {};
    }
    std::expected<u64, Fault> update(GuestVirtual address, Width width, const std::function<u64(u64)>& next) override {
        const auto old = load(address, width, explicit_access);
        if (!old) return old;
        const auto stored = store(address, next(*old), width, explicit_access);
        if (!stored) return std::unexpected(stored.error());
        return old;
    }
    std::expected<Pair, Fault> compare_exchange_pair(GuestVirtual, const Pair& expected, const Pair&) override {
        return expected;
    }
    u64 read_port(u16, Width) override { return 0; }
    void write_port(u16, u64, Width) override {}
    std::expected<void, Fault> zero(GuestVirtual, u64) override { return {}; }
    void run_waiting(const std::function<void()>& work) override { work(); }
    void notice_interrupt() override {}

    std::vector<std::string> notes;
    std::optional<Fault> raised;

private:
    static u64 bytes(Width width) { return static_cast<u64>(width); }
    Core& core_;
    AddressSpace& memory_;
};

// A descriptor as it lies in memory.
constexpr u64 descriptor(u64 base, u32 raw_limit, u16 rights) {
    return (raw_limit & 0xffff) | (base & 0xff'ffff) << 16 | u64{rights} << 40 | u64{raw_limit & 0xf'0000} << 32 |
           (base >> 24 & 0xff) << 56;
}

constexpr u64 gate(u16 selector, u32 offset, SystemType type, u32 dpl, u8 low = 0) {
    return (offset & 0xffff) | u64{selector} << 16 | u64{low} << 32 | u64{static_cast<u8>(type)} << 40 |
           u64{dpl} << 45 | u64{1} << 47 | (u64{offset} >> 16) << 48;
}

// RAM from address 0 on.
inline constexpr u64 low_ram_bytes = 4 * MiB;

struct CoreFixture {
    CoreFixture()
        : core(state, bus.memory), engine(core, bus.memory), low_ram(Ram::create("low", low_ram_bytes).value()) {
        bus.memory.map({{0}, low_ram->size_bytes(), low_ram.get(), 0, false, nullptr, "low"}).value();
        core.attach(engine);
    }

    u64 read(u64 physical, u32 size) {
        u64 value = 0;
        for (u32 i = 0; i < size; ++i) value |= *bus.memory.read({physical + i}, Width::byte) << (8 * i);
        return value;
    }
    void write(u64 physical, u64 value, u32 size) {
        for (u32 i = 0; i < size; ++i) bus.memory.write({physical + i}, value >> (8 * i) & 0xff, Width::byte);
    }

    orrery::test::FakeBus bus;
    State state;
    Core core;
    FakeEngine engine;
    std::unique_ptr<Ram> low_ram;
};

// Tables, segments and stacks of a small protected-mode system.
struct ProtectedFixture : CoreFixture {
    static constexpr u64 gdt = 0x1000;
    static constexpr u64 idt = 0x2000;
    static constexpr u64 tss = 0x3000;
    static constexpr u64 inner_stack = 0x8000;
    static constexpr u64 outer_stack = 0x9000;
    // Selectors.
    static constexpr u16 code0 = 0x08, data0 = 0x10, code3 = 0x1b, data3 = 0x23, task = 0x28, conforming0 = 0x38;
    static constexpr u16 flat_code = data_at_reset | access::code | access::big | access::granular;
    static constexpr u16 flat_data = data_at_reset | access::big | access::granular;
    static constexpr u16 ring3 = 3 << access::dpl_low;

    ProtectedFixture() {
        write_descriptor(code0, descriptor(0, 0xfffff, flat_code));
        write_descriptor(data0, descriptor(0, 0xfffff, flat_data));
        write_descriptor(code3, descriptor(0, 0xfffff, flat_code | ring3));
        write_descriptor(data3, descriptor(0, 0xfffff, flat_data | ring3));
        write_descriptor(conforming0, descriptor(0, 0xfffff, flat_code | access::conforming));
        const u16 task_rights = access::present | static_cast<u16>(SystemType::tss_busy);
        write_descriptor(task, descriptor(tss, 103, task_rights));
        state.gdtr = {gdt, 0xff};
        state.idtr = {idt, 0x7ff};
        state.tr = {tss, 103, task, task_rights};
        write(tss + 4, inner_stack, 4); // ESP0, SS0
        write(tss + 8, data0, 2);
        state.cr0 |= cr0::pe;
        set_flags(state, flag::interrupt);
        run_at(0);
    }
    void write_descriptor(u16 selector, u64 value) { write(gdt + (selector & ~u64{7}), value, 8); }
    void write_gate(u8 vector, u64 value) { write(idt + vector * 8, value, 8); }
    // Code, data and stack of this privilege.
    void run_at(u32 privilege) {
        const u16 code = privilege == 0 ? code0 : code3;
        const u16 data = privilege == 0 ? data0 : data3;
        state.segment(Segment::cs) = Descriptor{read(gdt + (code & ~u64{7}), 8)}.segment(code);
        for (const Segment name : {Segment::ss, Segment::ds, Segment::es})
            state.segment(name) = Descriptor{read(gdt + (data & ~u64{7}), 8)}.segment(data);
        core.set_rip(0x5000);
        state.r[gpr::rsp] = outer_stack;
    }
    u64 stack(u32 index, u32 size = 4) { return read(state.r[gpr::rsp] + index * size, size); }
};

// The same in 64-bit mode: 4 MiB mapped to themselves, 16-byte gates, a TSS with RSP0 and IST1.
struct LongFixture : ProtectedFixture {
    static constexpr u16 code64 = 0x40, data64 = 0x48, user_code64 = 0x53, user_data64 = 0x5b;
    static constexpr u64 long_tss = 0x4000;

    LongFixture() {
        constexpr u64 rights = entry::present | entry::writable | entry::user;
        write(0x10000, 0x11000 | rights, 8);
        write(0x11000, 0x12000 | rights, 8);
        for (u64 i = 0; i < 2; ++i) write(0x12000 + i * 8, i * 2 * MiB | rights | entry::large, 8);
        write_descriptor(code64, descriptor(0, 0, (flat_code & ~access::big) | access::long_mode));
        write_descriptor(data64, descriptor(0, 0, flat_data));
        write_descriptor(user_code64, descriptor(0, 0, (flat_code & ~access::big) | access::long_mode | ring3));
        write_descriptor(user_data64, descriptor(0, 0, flat_data | ring3));
        state.cr0 |= cr0::pg;
        state.cr3 = 0x10000;
        state.cr4 |= cr4::pae;
        state.efer |= efer::lme | efer::lma;
        state.idtr.limit = 0xfff;
        state.tr = {long_tss, 103, task, access::present | static_cast<u16>(SystemType::tss_busy)};
        write(long_tss + 4, 0x7000, 8);         // RSP0
        write(long_tss + 4 + 4 * 8, 0x6000, 8); // IST1
        run_in(code64, data64);
    }
    void run_in(u16 code, u16 data) {
        state.segment(Segment::cs) = Descriptor{read(gdt + (code & ~u64{7}), 8)}.segment(code);
        state.segment(Segment::ss) = Descriptor{read(gdt + (data & ~u64{7}), 8)}.segment(data);
        core.set_rip(0x5000);
        state.r[gpr::rsp] = 0x9008;
    }
    void write_long_gate(u8 vector, u64 offset, SystemType type, u32 dpl, u8 ist = 0) {
        write(idt + vector * 16, gate(code64, static_cast<u32>(offset), type, dpl, ist), 8);
        write(idt + vector * 16 + 8, offset >> 32, 8);
    }
};

} // namespace orrery::x86::test
