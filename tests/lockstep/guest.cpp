#include "tests/lockstep/guest.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace orrery::test::lockstep {
namespace {

const std::string default_machine = "riscv-virt";

std::string cached_guest(const std::string& machine) {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const std::string folder = cache && *cache ? cache : std::string(home ? home : "/root") + "/.cache";
    return folder + "/orrery/guests/debian-" + (machine == "riscv-virt" ? "riscv64/" : "amd64/");
}

} // namespace

Arguments::Arguments(int count, char** values) {
    for (int i = 1; i < count; i += 2) {
        const std::string name = values[i];
        if (name.size() < 3 || name[0] != '-' || name[1] != '-' || i + 1 == count) {
            std::fprintf(stderr, "%s: --name value is what it takes, not '%s'\n", values[0], values[i]);
            std::exit(2);
        }
        values_[name.substr(2)] = values[i + 1];
    }
}

u64 Arguments::number(const std::string& name, u64 otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 0);
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

std::string Arguments::all() const {
    std::string all;
    for (const auto& [name, value] : values_) all += fmt::format(" --{} '{}'", name, value);
    return all;
}

namespace {

BoardOptions guest_options(const Arguments& arguments, dbt::Engine engine) {
    const std::string folder = cached_guest(arguments.text("machine", default_machine));
    BoardOptions options;
    options.engine = engine;
    options.cpus = static_cast<u32>(arguments.number("cpus", 1));
    options.memory_bytes = arguments.number("memory", 512) * MiB;
    options.kernel = arguments.text("kernel", folder + "kernel");
    options.initrd = arguments.text("initrd", folder + "initrd");
    options.kernel_arguments = arguments.text("append", "console=ttyS0");
    options.network.user = false;
    options.serial = arguments.text("serial", "none");
    options.deterministic = true;
    for (const std::optional<std::string>& file : {options.kernel, options.initrd}) {
        if (std::filesystem::exists(*file)) continue;
        std::printf("skipped: there is no %s; app/guests/fetch fetches the guest\n", file->c_str());
        std::exit(skipped);
    }
    return options;
}

} // namespace

std::unique_ptr<Machine> create(const Arguments& arguments, dbt::Engine engine) {
    const std::string name = arguments.text("machine", default_machine);
    const Board* board = find_board(name);
    if (!board) {
        std::fprintf(stderr, "--machine: there is no machine '%s'\n", name.c_str());
        std::exit(2);
    }
    auto machine = board->create(guest_options(arguments, engine));
    if (machine) return std::move(*machine);
    std::fprintf(stderr, "%s\n", machine.error().message().c_str());
    std::exit(1);
}

bool run_to(Machine& machine, u64 retired) {
    const Outcome outcome = machine.run_until(retired);
    if (outcome.ending == Ending::instructions && machine.retired() == retired) return true;
    std::printf("asked to run to %llu, the machine ended at %llu (ending %u, code %u)\n",
                static_cast<unsigned long long>(retired), static_cast<unsigned long long>(machine.retired()),
                static_cast<unsigned>(outcome.ending), outcome.code);
    return false;
}

} // namespace orrery::test::lockstep
