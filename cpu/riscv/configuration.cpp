#include "cpu/riscv/configuration.hpp"

namespace orrery::riscv {

std::vector<std::string_view> isa_extensions(const HartConfiguration& configuration) {
    std::vector<std::string_view> names = {
        "i",      "m",        "a",      "f",       "d",       "c",      "zic64b", "zicbom",   "zicbop",
        "zicboz", "ziccamoa", "ziccif", "zicclsm", "ziccrse", "zicntr", "zicsr",  "zifencei", "zihintpause",
        "zihpm",  "za64rs",   "zfhmin", "zba",     "zbb",     "zbs",    "zkt",    "sscofpmf"};
    if (configuration.supervisor_timer) names.emplace_back("sstc");
    names.emplace_back(configuration.hardware_page_updates ? "svadu" : "svade");
    names.insert(names.end(), {"svinval", "svnapot", "svpbmt"});
    return names;
}

std::string isa_string(const HartConfiguration& configuration) {
    std::string text = "rv64";
    for (const std::string_view name : isa_extensions(configuration)) {
        if (name.size() > 1) text += '_';
        text += name;
    }
    return text;
}

std::string_view mmu_type(const HartConfiguration& configuration) {
    switch (configuration.paging_levels) {
    case 3:
        return "riscv,sv39";
    case 4:
        return "riscv,sv48";
    default:
        return "riscv,sv57";
    }
}

} // namespace orrery::riscv
