#!/usr/bin/env python3
"""How long a change of engine takes: Debian's kernel starts on a PC while KVM, translator and interpreter take turns.

usage: engine_changes.py [--changes N] [--memory SIZE] [--program build/release/orrery]
A time is the round trip of the monitor's `engine …`, so the guest stood still for no longer. It needs /dev/kvm.
"""
import argparse
import collections
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from emulators import TOP, Unavailable, fetched  # noqa: E402

ORDER = ("interp", "kvm", "jit", "interp", "jit", "kvm")  # every pair, both ways
STAY_SECONDS = 0.01


class Failed(Exception):
    """The emulator or its monitor said no: what it said."""


class Monitor:
    def __init__(self, path, process):
        deadline = time.monotonic() + 30
        while not path.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the emulator doesn't run: {process.stdout.read().decode(errors='replace').strip()}")
            time.sleep(0.01)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw")

    def ask(self, line):
        self.stream.write(json.dumps({"id": 1, "line": line}) + "\n")
        self.stream.flush()
        for answer in map(json.loads, self.stream):
            if "error" in answer:
                raise Failed(answer["error"])
            if answer.get("id") == 1:
                return answer["text"]
        raise Failed(f"the emulator ended at the monitor's `{line}`")


@contextlib.contextmanager
def machine(arguments, folder, scratch):
    """A PC that begins to start Debian on KVM, its monitor at hand."""
    place = scratch / "monitor"
    process = subprocess.Popen(
        [arguments.program, "run", "--machine", "pc", "--memory", arguments.memory, "--engine", "kvm", "--force", "--net", "none", "--serial", "none",
         "--kernel", folder / "kernel", "--initrd", folder / "initrd", "--monitor", f"unix:{place}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield Monitor(place, process)
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=180)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--program", default=str(TOP / "build/release/orrery"))
    arguments = parser.parse_args()
    if not shutil.which(arguments.program):
        sys.exit(f"engine_changes: {arguments.program} is not here; ./run --build builds it")
    times = collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="orrery-bench-") as scratch:
        try:
            folder = fetched(network=True, architecture="amd64", suite="bookworm")
            with machine(arguments, folder, Path(scratch)) as monitor:
                for number in range(arguments.changes):
                    engine = ORDER[number % len(ORDER)]
                    begun = time.perf_counter()
                    monitor.ask(f"engine {engine}")
                    times[engine].append((time.perf_counter() - begun) * 1000)
                    time.sleep(STAY_SECONDS)
                stats = monitor.ask("stats")
        except (Unavailable, Failed, OSError) as reason:
            sys.exit(f"engine_changes: {reason}")
    print(f"{arguments.changes} changes, {arguments.memory}; milliseconds\n\n{'to':8}{'times':>6}{'median':>9}{'90 %':>9}{'most':>9}")
    for engine, values in times.items():
        values.sort()
        print(f"{engine:8}{len(values):6}{statistics.median(values):9.2f}{values[len(values) * 9 // 10]:9.2f}{values[-1]:9.2f}")
    print(f"\nwhat the guest did meanwhile:\n{stats}", end="")


if __name__ == "__main__":
    main()
