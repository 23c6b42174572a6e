// ACPI and SMBIOS tables: the machine makes them, we put them where an operating system looks.
#pragma once

#include "bios/pc/shared/types.h"

// Runs the script "etc/table-loader": allocates the tables' files, and patches pointers and checksums in them.
void acpi_set_up(void);
void smbios_set_up(void);
