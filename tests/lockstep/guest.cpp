#include "tests/lockstep/guest.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace orrery::test::lockstep {
namespace {

std::string cached_guest() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const std::string folder = cache && *cache ? cache : std::string(home ? home : "/root") + "/.cache";
    return folder + "/orrery/guests/debian-riscv64/";
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

BoardOptions guest_options(const Arguments& arguments, dbt::Engine engine) {
    BoardOptions options;
    options.engine = engine;
    options.cpus = static_cast<u32>(arguments.number("harts", 1));
    options.memory_bytes = arguments.number("memory", 512) * MiB;
    options.kernel = arguments.text("kernel", cached_guest() + "kernel");
    options.initrd = arguments.text("initrd", cached_guest() + "initrd");
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

std::unique_ptr<Machine> create(const BoardOptions& options) {
    auto machine = create_riscv_virt(options);
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
