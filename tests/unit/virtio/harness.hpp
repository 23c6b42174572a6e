// A machine of RAM and one virtio device, and a driver for it: the guest's side of the queues, over either transport.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "devices/pci/host.hpp"
#include "devices/virtio/mmio.hpp"
#include "devices/virtio/pci.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_disk.hpp"

namespace orrery::test {

inline constexpr GuestPhysical ram_base{0x8000'0000};
inline constexpr u64 ram_bytes = 4 * MiB;

class ManualTime final : public TimeSource {
public:
    [[nodiscard]] u64 now_ns() const override { return now_; }
    void set_ns(u64 ns) override { now_ = ns; }
    void run(bool) override {}

private:
    u64 now_ = 0;
};

class IrqRecorder final : public IrqSink {
public:
    void set_irq(u32 pin, bool level) override {
        if (level && !levels[pin]) ++rises;
        levels[pin] = level;
    }
    std::array<bool, 8> levels{};
    u32 rises = 0;
};

struct Board {
    MachineLock lock;
    AddressSpace memory{"memory", lock};
    ManualTime time;
    Clock clock{"clock", time};
    IrqRecorder irqs;
    std::unique_ptr<Ram> ram;

    Board() {
        ram = std::move(*Ram::create("ram", ram_bytes));
        REQUIRE(memory.map({.base = ram_base, .size_bytes = ram_bytes, .ram = ram.get(), .name = "ram"}));
    }
    VirtioWiring wiring() { return {memory, clock}; }
    template <typename T> void put(u64 address, const T& value) {
        std::memcpy(ram->host() + (address - ram_base.value), &value, sizeof value);
    }
    template <typename T> T get(u64 address) const {
        T value;
        std::memcpy(&value, ram->host() + (address - ram_base.value), sizeof value);
        return value;
    }
    u64 read(u64 address, Width width) {
        const auto value = memory.read({address}, width);
        REQUIRE(value);
        return *value;
    }
    void write(u64 address, u64 value, Width width) { REQUIRE(memory.write({address}, value, width)); }
};

// The register side of a driver.
class Transport {
public:
    virtual ~Transport() = default;
    virtual u8 status() = 0;
    virtual void set_status(u8 status) = 0;
    virtual u64 features() = 0;
    virtual void accept(u64 features) = 0;
    virtual u16 queue_size(u16 queue) = 0;
    virtual void set_queue(u16 queue, u16 size, u64 descriptors, u64 available, u64 used) = 0;
    virtual void notify(u16 queue) = 0;
    virtual u8 acknowledge() = 0;
    virtual u64 config(u64 offset, Width width) = 0;

    void start_features(u64 wanted) {
        set_status(0);
        set_status(VirtioDevice::acknowledge);
        set_status(VirtioDevice::acknowledge | VirtioDevice::driver);
        accept(features() & wanted);
        set_status(VirtioDevice::acknowledge | VirtioDevice::driver | VirtioDevice::features_ok);
        REQUIRE((status() & VirtioDevice::features_ok) != 0);
    }
    void start() { set_status(static_cast<u8>(status() | VirtioDevice::driver_ok)); }
};

class MmioTransport final : public Transport {
public:
    static constexpr u64 base = 0x1000'1000;
    MmioTransport(Board& board, VirtioDevice* device) : board_(board), mmio("slot", IrqLine(board.irqs, 0), device) {
        REQUIRE(board.memory.map(
            {.base = {base}, .size_bytes = VirtioMmio::window_bytes, .io = &mmio, .name = "virtio-mmio"}));
    }
    u64 reg(u64 offset) { return board_.read(base + offset, Width::word); }
    void set(u64 offset, u64 value) { board_.write(base + offset, value, Width::word); }
    u8 status() override { return static_cast<u8>(reg(0x70)); }
    void set_status(u8 status) override { set(0x70, status); }
    u64 features() override {
        set(0x14, 1);
        const u64 high = reg(0x10);
        set(0x14, 0);
        return high << 32 | reg(0x10);
    }
    void accept(u64 features) override {
        for (const u64 half : {u64{0}, u64{1}}) {
            set(0x24, half);
            set(0x20, features >> (half * 32) & 0xffffffff);
        }
    }
    u16 queue_size(u16 queue) override {
        set(0x30, queue);
        return static_cast<u16>(reg(0x34));
    }
    void set_queue(u16 queue, u16 size, u64 descriptors, u64 available, u64 used) override {
        set(0x30, queue);
        set(0x38, size);
        u64 offset = 0x80;
        for (u64 area : {descriptors, available, used}) {
            set(offset, area & 0xffffffff);
            set(offset + 4, area >> 32);
            offset += 0x10;
        }
        set(0x44, 1);
    }
    void notify(u16 queue) override { set(0x50, queue); }
    u8 acknowledge() override {
        const u64 causes = reg(0x60);
        set(0x64, causes);
        return static_cast<u8>(causes);
    }
    u64 config(u64 offset, Width width) override { return board_.read(base + 0x100 + offset, width); }

private:
    Board& board_;

public:
    VirtioMmio mmio;
};

inline const PciHostLayout pci_layout{
    .ecam = {{0x3000'0000}, 0x1000'0000, 0},
    .io = {{0x300'0000}, 0x10000, 0},
    .memory32 = {{0x4000'0000}, 0x4000'0000, 0x4000'0000},
    .memory64 = {{0x4'0000'0000}, 0x4'0000'0000, 0x4'0000'0000},
};

// Finds the structures by the capabilities and maps the BAR, as a guest does.
class PciTransport final : public Transport {
public:
    static constexpr u32 slot = 1;
    static constexpr u64 bar = 0x4'0000'0000;
    PciTransport(Board& board, VirtioDevice* device) : board_(board), function("function", *device) {
        std::array<IrqLine, 4> lines;
        for (u32 i = 0; i < 4; ++i) lines[i] = IrqLine(board.irqs, i);
        host = std::move(*PciHost::create("pci", board.memory, pci_layout, lines));
        REQUIRE(host->add(function, slot));
        map();
    }
    void map() {
        board_.write(cfg(0x20), bar & 0xffffffff, Width::word);
        board_.write(cfg(0x24), bar >> 32, Width::word);
        board_.write(cfg(0x04), 0x6, Width::half);
        for (u64 at = board_.read(cfg(0x34), Width::byte); at != 0; at = board_.read(cfg(at + 1), Width::byte)) {
            if (board_.read(cfg(at), Width::byte) != 9) continue;
            const u64 type = board_.read(cfg(at + 3), Width::byte);
            if (type >= structures_.size()) continue;
            structures_[type] = bar + board_.read(cfg(at + 8), Width::word);
            if (type == 2) multiplier_ = board_.read(cfg(at + 16), Width::word);
            if (type == 5) config_access = at;
        }
    }
    static u64 cfg(u64 offset) { return pci_layout.ecam.base.value + (u64{slot} << 15) + offset; }
    u64 reg(u64 offset, Width width) { return board_.read(structures_[1] + offset, width); }
    void set(u64 offset, u64 value, Width width) { board_.write(structures_[1] + offset, value, width); }
    u8 status() override { return static_cast<u8>(reg(0x14, Width::byte)); }
    void set_status(u8 status) override { set(0x14, status, Width::byte); }
    u64 features() override {
        set(0, 1, Width::word);
        const u64 high = reg(4, Width::word);
        set(0, 0, Width::word);
        return high << 32 | reg(4, Width::word);
    }
    void accept(u64 features) override {
        for (const u64 half : {u64{0}, u64{1}}) {
            set(8, half, Width::word);
            set(12, features >> (half * 32) & 0xffffffff, Width::word);
        }
    }
    u16 queue_size(u16 queue) override {
        set(0x16, queue, Width::half);
        return static_cast<u16>(reg(0x18, Width::half));
    }
    void set_queue(u16 queue, u16 size, u64 descriptors, u64 available, u64 used) override {
        set(0x16, queue, Width::half);
        set(0x18, size, Width::half);
        u64 offset = 0x20;
        for (u64 area : {descriptors, available, used}) {
            set(offset, area, Width::dword);
            offset += 8;
        }
        set(0x1c, 1, Width::half);
    }
    void notify(u16 queue) override {
        set(0x16, queue, Width::half);
        board_.write(structures_[2] + reg(0x1e, Width::half) * multiplier_, queue, Width::half);
    }
    u8 acknowledge() override { return static_cast<u8>(board_.read(structures_[3], Width::byte)); }
    u64 config(u64 offset, Width width) override { return board_.read(structures_[4] + offset, width); }

private:
    Board& board_;
    std::array<u64, 6> structures_{};
    u64 multiplier_ = 0;

public:
    u64 config_access = 0;
    VirtioPci function;
    std::unique_ptr<PciHost> host;
};

struct Buffer {
    u64 address;
    u32 size;
    bool writable;
};

// The memory side of a driver: one split ring somewhere in RAM.
class DriverQueue {
public:
    static constexpr u16 next = 1, write = 2, indirect = 4;
    DriverQueue(Board& board, Transport& transport, u16 queue, u16 count, u64 at)
        : descriptors(at), available(at + u64{count} * 16), used((available + 6 + u64{count} * 2 + 3) & ~u64{3}),
          size(count), board_(board) {
        transport.set_queue(queue, count, descriptors, available, used);
    }
    void descriptor(u64 table, u16 index, u64 address, u32 bytes, u16 flags, u16 following) {
        const u64 at = table + u64{index} * 16;
        board_.put(at, address);
        board_.put(at + 8, bytes);
        board_.put(at + 12, flags);
        board_.put(at + 14, following);
    }
    // Chains the buffers from descriptor `first` on, and makes them available.
    void add(u16 first, const std::vector<Buffer>& buffers) {
        for (u16 i = 0; i < buffers.size(); ++i) {
            const bool last = i + 1U == buffers.size();
            const u16 flags = static_cast<u16>((last ? 0 : next) | (buffers[i].writable ? write : 0));
            const u16 index = static_cast<u16>(first + i);
            descriptor(descriptors, index, buffers[i].address, buffers[i].size, flags, static_cast<u16>(index + 1));
        }
        offer(first);
    }
    void offer(u16 head) {
        board_.put<u16>(available + 4 + u64{available_index} % size * 2, head);
        board_.put<u16>(available + 2, ++available_index);
    }
    [[nodiscard]] u16 used_index() const { return board_.get<u16>(used + 2); }
    [[nodiscard]] u32 used_head(u16 n) const { return board_.get<u32>(used + 4 + u64{n} % size * 8); }
    [[nodiscard]] u32 used_bytes(u16 n) const { return board_.get<u32>(used + 8 + u64{n} % size * 8); }

    u64 descriptors, available, used;
    u16 size;
    u16 available_index = 0;

private:
    Board& board_;
};

inline std::vector<u8> saved(std::initializer_list<Component*> components) {
    std::vector<u8> bytes;
    SaveVisitor visitor(bytes);
    for (Component* component : components) component->state(visitor);
    return bytes;
}

inline void restore(std::span<const u8> bytes, std::initializer_list<Component*> components) {
    RestoreVisitor visitor(bytes);
    for (Component* component : components) component->state(visitor);
    REQUIRE(!visitor.failed());
    REQUIRE(visitor.at_end());
    for (Component* component : components) component->restored();
}

// Where the tests keep things in RAM.
inline constexpr u64 ring_at = ram_base.value + 0x10000, second_ring_at = ram_base.value + 0x20000,
                     header_at = ram_base.value + 0x30000, status_at = ram_base.value + 0x30100,
                     data_at = ram_base.value + 0x40000;

} // namespace orrery::test
