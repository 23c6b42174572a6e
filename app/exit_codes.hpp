// What `orrery` tells the shell. 0 is a guest that powered off, 1 to 125 are the guest's own codes; the shell itself
// uses 126 and 127, and 128 and more for signals. What orrery has to say begins at 200.
#pragma once

namespace orrery::app {

enum ExitCode : int {
    exit_powered_off = 0,
    exit_highest_guest_code = 125,
    exit_failure = 200,    // a file or the host is at fault; one sentence on stderr says more
    exit_usage = 201,      // the command line is at fault
    exit_reset_loop = 202, // the guest keeps resetting itself
    exit_timed_out = 203,  // --timeout
    exit_quit = 204,       // the user ended the run (Ctrl-] q)
    exit_stuck = 205,      // the guest would never get anywhere again (--on-stuck)
};

inline constexpr const char* exit_codes_help =
    "Exit codes:\n"
    "  0        the guest powered off (or --save-at was reached)\n"
    "  1-125    the guest's own code, from the test finisher; higher ones become 125\n"
    "  128+N    ended by signal N\n"
    "  200      orrery's own error: a file or the host, as one sentence on stderr says\n"
    "  201      bad usage: an unknown option or a bad value\n"
    "  202      the guest keeps resetting itself\n"
    "  203      --timeout was reached\n"
    "  204      ended from the keyboard (Ctrl-] q)\n"
    "  205      the guest got stuck: it would never have gone on (--on-stuck)\n";

} // namespace orrery::app
