// The boot menu, at F12 or Esc.
#pragma once

// Waits as long as "etc/boot-menu-wait" says where the machine asks for a menu; a key pressed before counts in any
// case.
void boot_menu_offer(void);
