// The layout of the state of the chips that every PC has, against tests/golden/pc_platform_state.txt.
#include "devices/irq/i8259.hpp"
#include "devices/irq/io_apic.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/rtc/mc146818.hpp"
#include "devices/timer/i8254.hpp"
#include "devices/timer/system_control_b.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

TEST_CASE("the state of a PC's platform chips has the layout of their versions") {
    test::FakeBus bus;
    test::Schemas schemas;
    I8259Pair pic("pic", {});
    schemas.add(pic);
    I8254 pit("pit", bus.clock, {});
    schemas.add(pit);
    SystemControlB port61("port61", pit);
    schemas.add(port61);
    Mc146818 rtc("rtc", {}, bus.clock, {});
    schemas.add(rtc);
    InterruptBus apics;
    LocalApic local_apic("apic0", {}, {bus.lock, bus.clock, apics});
    schemas.add(local_apic);
    IoApic io_apic("ioapic", {}, apics);
    schemas.add(io_apic);
    schemas.compare("pc_platform_state.txt");
}
