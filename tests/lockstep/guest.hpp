// The Debian guest that the lockstep tests boot, as app/guests/fetch lays it, and their command lines.
#pragma once

#include <map>
#include <string>

#include "machine/boards/board.hpp"

namespace orrery::test::lockstep {

inline constexpr int skipped = 77; // what ctest takes for a test that can't run here

// "--name value" pairs. Ends the program where something else is found.
class Arguments {
public:
    Arguments(int count, char** values);
    [[nodiscard]] u64 number(const std::string& name, u64 otherwise) const;
    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const;
    [[nodiscard]] std::string all() const; // as a shell would take them

private:
    std::map<std::string, std::string> values_;
};

// --machine; --kernel and --initrd, or what is in the cache; --cpus; --memory in MiB. Ends the program with `skipped`
// and the reason if there is no guest, and where the host refuses.
std::unique_ptr<Machine> create(const Arguments& arguments, dbt::Engine engine);
// Runs to exactly `retired`. False, with a line of explanation: the machine ended before.
bool run_to(Machine& machine, u64 retired);

} // namespace orrery::test::lockstep
