// Random accesses all over a riscv-virt machine's address space, with memory full of addresses and hostile structures
// for DMA, harts that run it, time passing, saves and resets in between. ORRERY_FUZZ_SEED and ORRERY_FUZZ_ACCESSES
// change seed and length.
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "machine/boards/riscv_virt.hpp"
#include "machine/boards/riscv_virt_map.hpp"
#include "machine/fabric/log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"
#include "tests/support/random.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;
using namespace orrery::riscv_virt;
using orrery::test::Random;

namespace {

u64 from_environment(const char* name, u64 otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

class BoardFuzz {
public:
    explicit BoardFuzz(u64 seed) : random_{seed} {
        BoardOptions options;
        options.cpus = 2;
        options.bios = firmware_.path();
        options.memory_bytes = riscv_virt_least_memory;
        options.network.user = true;
        options.serial = "none";
        options.deterministic = true;
        auto created = create_riscv_virt(options);
        if (!created) FAIL(created.error().message());
        machine_ = std::move(*created);
        enough_ = std::make_unique<Timer>(machine_->clock(), "enough", [this] { machine_->stop(); });
        fill_memory(0, memory_bytes);
        enable_pci_functions();
    }

    void run(u64 accesses) {
        for (u64 i = 0; i < accesses; ++i) {
            access();
            if (random_.one_in(64)) fill_memory(random_.below(memory_bytes), 512);
            if (random_.one_in(128)) pass_time();
            if (random_.one_in(512)) save_and_restore();
            if (random_.one_in(20'000)) reset();
        }
    }

private:
    static constexpr u64 memory_bytes = riscv_virt_least_memory;
    static constexpr u64 bar_bytes = 0x1'0000;

    // Something to find at the BARs, where chance alone would never put them.
    void enable_pci_functions() {
        AddressSpace& memory = machine_->memory();
        const Place high = pci_memory64(memory_bytes);
        for (u64 slot = 0; slot < 8; ++slot) {
            const GuestPhysical config{pci_ecam.base + (slot << 15)};
            for (u64 bar = 0; bar < 6; ++bar) {
                const u64 address = bar % 2 == 0 ? pci_memory32.base + (slot * 8 + bar) * bar_bytes : high.base >> 32;
                memory.write(config + 0x10 + 4 * bar, bar == 4 ? high.base + slot * bar_bytes : address, Width::word);
            }
            memory.write(config + 4, 7, Width::half);
        }
    }

    // An address, an index, a descriptor's length and flags, or anything.
    u64 word() {
        switch (random_.below(8)) {
        case 0:
            return 0;
        case 1:
            return ram_base + random_.below(memory_bytes);
        case 2:
            return ram_base + memory_bytes - random_.below(64);
        case 3:
            return random_.below(0x1000) | random_.below(4) << 32 | random_.below(16) << 48;
        case 4:
            return 0x1'0001 * random_.below(300);
        case 5:
            return u64{1} << random_.below(64);
        case 6:
            return (u64{1} << random_.below(64)) - 1 + random_.below(3);
        default:
            return random_.next();
        }
    }

    u64 window_offset(u64 size) {
        const u64 near = std::min<u64>(size, 0x200);
        switch (random_.below(4)) {
        case 0:
            return random_.below(size);
        case 1:
            return size - 1 - random_.below(std::min<u64>(size, 16));
        default:
            return random_.below(near);
        }
    }

    GuestPhysical address() {
        const auto view = machine_->memory().view();
        const u64 choice = random_.below(view->windows.size() + 4);
        if (choice < view->windows.size()) {
            const Window& window = view->windows[choice];
            return window.base + window_offset(window.size_bytes);
        }
        if (choice == view->windows.size()) return {random_.next() >> random_.below(40)};
        if (choice == view->windows.size() + 1)
            return {pci_ecam.base + (random_.below(8) << 15) + random_.below(0x100)};
        const u64 function = random_.below(64) * bar_bytes;
        if (random_.one_in(2)) return {pci_memory32.base + function + random_.below(0x4000)};
        return {pci_memory64(memory_bytes).base + random_.below(8) * bar_bytes + random_.below(0x4000)};
    }

    void access() {
        constexpr Width widths[] = {Width::byte, Width::half, Width::word, Width::dword};
        const Width width = widths[random_.below(4)];
        GuestPhysical at = address();
        if (!random_.one_in(16)) at.value &= ~(bytes(width) - 1);
        if (random_.one_in(2))
            machine_->memory().write(at, word(), width);
        else if (const auto value = machine_->memory().read(at, width))
            REQUIRE((*value & ~mask(width)) == 0);
    }

    void fill_memory(u64 offset, u64 size_bytes) {
        Ram& ram = *machine_->rams().front();
        for (u64 at = offset & ~u64{7}; at + 8 <= std::min(offset + size_bytes, memory_bytes); at += 8) {
            const u64 value = word();
            std::memcpy(ram.host() + at, &value, sizeof value);
        }
        machine_->memory().ram_written(ram, offset, std::min(size_bytes, memory_bytes - offset));
    }

    // The harts run whatever they find, and what devices posted to the event loop is done. While both harts wait, time
    // goes on to the next timer at once.
    void pass_time() {
        const u64 span_ns = random_.one_in(8) ? random_.below(5'000'000) : random_.below(100'000);
        enough_->arm_at(machine_->clock().now_ns() + span_ns);
        machine_->run_until(machine_->retired() + 1 + random_.below(5000));
    }

    void save_and_restore() {
        std::lock_guard guard(machine_->lock());
        for (const auto& component : machine_->components()) {
            const std::vector<u8> before = test::save(*component);
            INFO(component->name());
            REQUIRE(test::restore(*component, before));
            REQUIRE(test::save(*component) == before);
        }
    }

    void reset() {
        {
            std::lock_guard guard(machine_->lock());
            machine_->reset();
        }
        fill_memory(0, 64 * KiB);
        enable_pci_functions();
    }

    Random random_;
    test::ScratchFile firmware_{"board-fuzz-firmware", std::vector<u8>(64)};
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<Timer> enough_;
};

} // namespace

TEST_CASE("a riscv-virt board survives random accesses all over its address space") {
    log::set_sink([](log::Level, std::string_view) {}); // guest errors are the point here
    const u64 first_seed = from_environment("ORRERY_FUZZ_SEED", 1);
    for (u64 seed = first_seed; seed < first_seed + 4; ++seed)
        BoardFuzz(seed).run(from_environment("ORRERY_FUZZ_ACCESSES", 100'000));
    log::set_sink({});
}
