// What systems without ACPI read: the MP configuration table and the $PIR interrupt routing table.
#pragma once

void legacy_tables_set_up(void);
void mp_tables_set_up(void);
