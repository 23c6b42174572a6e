// The layout of a machine's state against tests/golden/riscv_virt_state.txt. ORRERY_UPDATE_GOLDEN=1 writes it anew.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "machine/boards/riscv_virt.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scratch_file.hpp"

using namespace orrery;

namespace {

struct Schema {
    std::string heading; // "uart0 ns16550a version 1"
    std::vector<std::string> fields;
};
// By the component's name.
using Schemas = std::map<std::string, Schema>;

Schema schema_of(Component& component) {
    Schema schema{fmt::format("{} {} version {}", component.name(), component.type(), component.state_version()), {}};
    InspectVisitor visitor;
    component.state(visitor);
    for (const StateLine& line : visitor.lines())
        schema.fields.push_back(
            fmt::format("{} {}{}", line.path, name(line.type), line.count == 1 ? "" : fmt::format("[{}]", line.count)));
    return schema;
}

Schemas schemas_of_machine() {
    const test::ScratchFile firmware("golden-firmware", std::vector<u8>(64));
    RiscvVirtOptions options;
    options.harts = 2;
    options.bios = firmware.path();
    options.memory_bytes = riscv_virt_least_memory;
    options.network.user = true;
    options.serial = "none";
    options.deterministic = true;
    const auto machine = create_riscv_virt(options);
    if (!machine) FAIL(machine.error().message());
    Schemas schemas;
    const auto add = [&](Component& component) {
        const bool added = schemas.emplace(component.name(), schema_of(component)).second;
        INFO(component.name());
        CHECK(added);
    };
    add((*machine)->clock());
    for (const auto& component : (*machine)->components()) add(*component);
    return schemas;
}

std::string text(const Schemas& schemas) {
    std::string text;
    for (const auto& [name, schema] : schemas) {
        text += schema.heading + "\n";
        for (const std::string& field : schema.fields) text += "  " + field + "\n";
    }
    return text;
}

Schemas parse(std::istream& in) {
    Schemas schemas;
    Schema* current = nullptr;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("  ")) {
            REQUIRE(current != nullptr);
            current->fields.push_back(line.substr(2));
        } else {
            current = &schemas[line.substr(0, line.find(' '))];
            current->heading = line;
        }
    }
    return schemas;
}

// The first difference as a sentence; empty if there is none.
std::string difference(const Schema& wanted, const Schema& found) {
    const auto both = std::ranges::mismatch(wanted.fields, found.fields);
    const bool same_fields = both.in1 == wanted.fields.end() && both.in2 == found.fields.end();
    if (same_fields && wanted.heading == found.heading) return {};
    if (same_fields) return fmt::format("'{}' is now '{}'", wanted.heading, found.heading);
    const std::string was = both.in1 == wanted.fields.end() ? "nothing" : "'" + *both.in1 + "'";
    const std::string is = both.in2 == found.fields.end() ? "nothing" : "'" + *both.in2 + "'";
    const std::string change = fmt::format("{}: {} where there was {}", found.heading, is, was);
    if (wanted.heading != found.heading) return change;
    return change + "; raise its state_version(), since snapshots of before no longer fit";
}

} // namespace

TEST_CASE("the state of a riscv-virt machine has the layout of its versions") {
    const std::string path = std::string(ORRERY_GOLDEN_FOLDER) + "/riscv_virt_state.txt";
    const Schemas found = schemas_of_machine();
    if (std::getenv("ORRERY_UPDATE_GOLDEN")) {
        std::ofstream(path) << text(found);
        return;
    }
    std::ifstream file(path);
    INFO("tests/golden/README.md says how to write " << path << " anew");
    REQUIRE(file);
    const Schemas wanted = parse(file);
    for (const auto& [name, schema] : found) {
        INFO(name << " is new");
        REQUIRE(wanted.contains(name));
        const std::string changed = difference(wanted.at(name), schema);
        INFO(changed);
        CHECK(changed.empty());
    }
    for (const auto& [name, schema] : wanted) {
        INFO(name << " is gone");
        CHECK(found.contains(name));
    }
}
