#include "tests/guest/riscv_virt/guest_machine.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

#include <fmt/format.h>

namespace orrery::test {
namespace {

std::string temporary_file() {
    std::string path = "/tmp/orrery-guest-XXXXXX";
    const int descriptor = ::mkstemp(path.data());
    ORRERY_ASSERT(descriptor >= 0, "tests can write to /tmp");
    ::close(descriptor);
    return path;
}

} // namespace

GuestMachine::GuestMachine(BoardOptions options) : serial_path_(temporary_file()) {
    options.serial = fmt::format("file:{}", serial_path_);
    auto created = create_riscv_virt(options);
    if (!created) fmt::print(stderr, "{}\n", created.error().message());
    ORRERY_ASSERT(created.has_value(), "the machine of a test can be made");
    machine_ = std::move(*created);
}

GuestMachine::~GuestMachine() { std::remove(serial_path_.c_str()); }

std::string GuestMachine::output() const {
    std::ifstream file(serial_path_);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::array<u64, 32> GuestMachine::registers(u32 hart) const {
    InspectVisitor visitor;
    machine_->cpus().at(hart)->state(visitor);
    std::array<u64, 32> values{};
    for (const StateLine& line : visitor.lines()) {
        if (line.path != "x" || line.count != values.size()) continue;
        std::istringstream text(line.value);
        for (u64& value : values) text >> std::hex >> value;
    }
    return values;
}

} // namespace orrery::test
