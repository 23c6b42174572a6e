// Several components as one, so that a fuzzer saves, damages and resets all of them: a controller and its drives.
#pragma once

#include <vector>

#include "machine/fabric/component.hpp"

namespace orrery::test {

class Together final : public Component {
public:
    explicit Together(std::vector<Component*> parts) : Component("all"), parts_(std::move(parts)) {}
    [[nodiscard]] std::string_view type() const override { return "all"; }
    void reset() override {
        for (Component* part : parts_) part->reset();
    }
    void state(StateVisitor& visitor) override {
        for (Component* part : parts_) part->state(visitor);
    }
    void restored() override {
        for (Component* part : parts_) part->restored();
    }

private:
    std::vector<Component*> parts_;
};

} // namespace orrery::test
