#include "machine/machine.hpp"

#include "tests/support/catch.hpp"

using namespace orrery;

namespace {

constexpr GuestPhysical base{0x1000'0000};

// As a PCI host does: it takes windows away when it goes, and by then their devices have gone.
class Bus final : public Component {
public:
    explicit Bus(AddressSpace& space) : Component("bus"), space_(space) {}
    ~Bus() override { space_.unmap(base); }
    std::string_view type() const override { return "bus"; }
    void reset() override {}
    void state(StateVisitor&) override {}

private:
    AddressSpace& space_;
};

class Device final : public Component, public IoHandler {
public:
    Device() : Component("device") {}
    std::string_view type() const override { return "device"; }
    void reset() override {}
    void state(StateVisitor&) override {}
    u64 read(u64, Width) override { return 0; }
    void write(u64, u64, Width) override {}
};

struct Listener final : MemoryListener {
    void mapping_changed() override { ++changes; }
    void tracked_page_written(Ram&, u64, u64) override {}
    u32 changes = 0;
};

} // namespace

TEST_CASE("no one hears of the windows of a machine that ends") {
    Listener listener;
    for (const bool is_port : {false, true}) {
        auto machine = *Machine::create({.deterministic = true});
        AddressSpace& space = is_port ? machine->ports() : machine->memory();
        space.add_listener(listener);
        machine->add(std::make_unique<Bus>(space));
        Device& device = machine->add(std::make_unique<Device>());
        REQUIRE(space.map({.base = base, .size_bytes = 0x1000, .io = &device, .name = "device"}));
        CHECK(listener.changes == 1);
        machine.reset();
        CHECK(listener.changes == 1);
        listener.changes = 0;
    }
}
