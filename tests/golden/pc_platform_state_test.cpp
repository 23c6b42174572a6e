// The layout of the state of the chips that every PC has, against tests/golden/pc_platform_state.txt.
#include "devices/firmware/acpi_pm.hpp"
#include "devices/firmware/debug_ports.hpp"
#include "devices/firmware/reset_ports.hpp"
#include "devices/irq/i8259.hpp"
#include "devices/irq/io_apic.hpp"
#include "devices/irq/local_apic.hpp"
#include "devices/rtc/mc146818.hpp"
#include "devices/timer/hpet.hpp"
#include "devices/timer/i8254.hpp"
#include "devices/timer/system_control_b.hpp"
#include "tests/golden/schema.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_bus.hpp"

using namespace orrery;

namespace {

struct Power final : PowerControl {
    void power_off(u32) override {}
    void reset() override {}
};

} // namespace

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
    Hpet hpet("hpet", {}, bus.clock, {});
    schemas.add(hpet);
    Power power;
    AcpiPm pm("pm", {}, bus.clock, {}, power);
    schemas.add(pm);
    ResetControl reset_control("cf9", power);
    schemas.add(reset_control);
    SystemControlA port92("port92", {}, power);
    schemas.add(port92);
    NullCharacterBackend backend;
    DebugExit debug_exit("debug_exit", power);
    schemas.add(debug_exit);
    DebugConsole debug_console("debug_console", backend);
    schemas.add(debug_console);
    schemas.compare("pc_platform_state.txt");
}
