// What the wiring of every board needs: power control, the date at power-on, where characters go, and the virtio
// devices that the options ask for.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "devices/firmware/power.hpp"
#include "devices/serial/character.hpp"
#include "devices/virtio/device.hpp"
#include "devices/virtio/entropy.hpp"
#include "machine/boards/board.hpp"
#include "machine/fabric/component.hpp"

namespace orrery {

class MachinePower final : public PowerControl {
public:
    explicit MachinePower(Machine& machine) : machine_(machine) {}
    void power_off(u32 code) override { machine_.power_off(code); }
    void reset() override { machine_.request_reset(); }

private:
    Machine& machine_;
};

// The random numbers that a CPU has instructions for.
class RandomNumbers final : public Component {
public:
    RandomNumbers(std::string name, std::unique_ptr<EntropySource> source)
        : Component(std::move(name)), source_(std::move(source)) {}
    u64 next();

    [[nodiscard]] std::string_view type() const override { return "random-numbers"; }
    void reset() override { source_->reset(); }
    void state(StateVisitor& visitor) override { source_->state(visitor); }

private:
    std::unique_ptr<EntropySource> source_;
};
// The host's randomness or, where runs have to be alike, a sequence of its own for each `number`.
std::unique_ptr<EntropySource> random_source(const BoardOptions& options, u64 number = 0);

// Nanoseconds since 1970-01-01 UTC: the host's date or, where runs have to be alike, always the same.
u64 power_on_date_ns(const BoardOptions& options);

// As open_serial(); the machine keeps it. Errors name `option`.
Result<CharacterBackend*> open_characters(Machine& machine, const BoardOptions& options, std::string_view place,
                                          std::string_view option);

// The image of one of the options' disks; the machine keeps it.
Result<Disk*> open_disk(Machine& machine, const FileDiskOptions& disk, std::string_view option);

// What one of the options' flash banks holds.
struct FlashImage {
    std::vector<u8> bytes;
    Disk* kept_in = nullptr; // where the guest's changes go; null: they are forgotten. The machine keeps it.
};
Result<FlashImage> open_flash(Machine& machine, const FileDiskOptions& flash, u64 most_bytes);

// Puts a device where the guest finds it.
using AddVirtio = std::function<Status(std::unique_ptr<VirtioDevice>)>;
Status add_virtio_disk(Machine& machine, Disk& disk, std::size_t number, const AddVirtio& add);
// Network card, console and entropy source.
Status add_virtio_devices(Machine& machine, const BoardOptions& options, const AddVirtio& add);

// Fills a buffer as a guest's random seed, reproducibly if the run is to be.
std::vector<u8> boot_random_seed(const BoardOptions& options, std::size_t size_bytes);

} // namespace orrery
