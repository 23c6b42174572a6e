// PCI BIOS Specification 2.1, as int 1Ah B1xx.
#pragma once

#include "bios/pc/services/services.h"

void pci_services(struct frame* f);
