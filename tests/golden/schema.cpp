#include "tests/golden/schema.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "tests/support/catch.hpp"

namespace orrery::test {
namespace {

Schema schema_of(Component& component) {
    Schema schema{fmt::format("{} {} version {}", component.name(), component.type(), component.state_version()), {}};
    InspectVisitor visitor;
    component.state(visitor);
    for (const StateLine& line : visitor.lines())
        schema.fields.push_back(
            fmt::format("{} {}{}", line.path, name(line.type), line.count == 1 ? "" : fmt::format("[{}]", line.count)));
    return schema;
}

std::string text(const std::map<std::string, Schema>& schemas) {
    std::string text;
    for (const auto& [name, schema] : schemas) {
        text += schema.heading + "\n";
        for (const std::string& field : schema.fields) text += "  " + field + "\n";
    }
    return text;
}

std::map<std::string, Schema> parse(std::istream& in) {
    std::map<std::string, Schema> schemas;
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

void Schemas::add(Component& component) {
    const bool added = schemas_.emplace(component.name(), schema_of(component)).second;
    INFO(component.name());
    CHECK(added);
}

void Schemas::compare(const std::string& file_name) const {
    const std::string path = std::string(ORRERY_GOLDEN_FOLDER) + "/" + file_name;
    if (std::getenv("ORRERY_UPDATE_GOLDEN")) {
        std::ofstream(path) << text(schemas_);
        return;
    }
    std::ifstream file(path);
    INFO("tests/golden/README.md says how to write " << path << " anew");
    REQUIRE(file);
    const std::map<std::string, Schema> wanted = parse(file);
    for (const auto& [name, schema] : schemas_) {
        INFO(name << " is new");
        REQUIRE(wanted.contains(name));
        const std::string changed = difference(wanted.at(name), schema);
        INFO(changed);
        CHECK(changed.empty());
    }
    for (const auto& [name, schema] : wanted) {
        INFO(name << " is gone");
        CHECK(schemas_.contains(name));
    }
}

} // namespace orrery::test
