// What this host offers, asked once and without leaving anything behind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machine/fabric/result.hpp"
#include "machine/fabric/types.hpp"

namespace orrery::app {

// The translator needs an x86-64 host that lets memory be mapped twice, once writable and once executable.
Status translator_usable();

// Instructions that make translated code faster, and whether the host has them.
std::vector<std::pair<std::string, bool>> translator_instructions();

// Why there is no /dev/kvm, and what to do.
std::string no_kvm_device();

// Where what was found out about the host is kept; none if the user has no home.
std::optional<std::filesystem::path> cache_folder();

// "Intel(R) Xeon(R) …"; "unknown" if the host doesn't say.
std::string processor_name();
// "Linux 6.1.0 on x86_64"
std::string system_name();
u64 available_memory_bytes();

} // namespace orrery::app
