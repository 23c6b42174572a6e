// What firmware does with the files of a fw_cfg device that it is to link: the script "etc/table-loader".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bios/tables/firmware_tables.hpp"

namespace orrery::test {

struct LinkedByFirmware {
    std::map<std::string, std::vector<u8>> files;
    std::vector<std::string> in_f_segment;
    std::vector<std::string> problems; // what EDK2 or SeaBIOS would refuse
};

// `places` is where this firmware allocates each file.
LinkedByFirmware carry_out(const std::vector<bios::FirmwareFile>& offered, const std::map<std::string, u64>& places);

} // namespace orrery::test
