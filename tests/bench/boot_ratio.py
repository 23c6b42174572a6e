#!/usr/bin/env python3
"""Boots the same guest in turn on Orrery and on QEMU, and prints medians, their ratio, and resident memory.

usage: boot_ratio.py [--runs N] [--machine riscv-virt|pc|q35] [--cpus N] [--memory SIZE] [--program build/release/orrery]
                     [--qemu qemu-system-…] [--kernel FILE --initrd FILE] [--no-disk]
Without --kernel and --initrd it boots the default guest with its check script. The guest must print GUEST-READY and power off.
Runs are interleaved (A B A B …), so that a busy moment of the host falls on both.
"""
import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from emulators import TOP, Console, Settings, Unavailable, architecture_of, command_for, fetched  # noqa: E402

MARKS = (("kernel's first line", "Linux version"), ("user space ready", "GUEST-READY"))


def resident_mib(pid):
    """The process's resident memory now, shared memory (a guest's RAM) included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def one_run(program, settings):
    """One boot to power-off: a dict of measured values."""
    console = Console(command_for(program, settings), limit_seconds=300)
    try:
        result = {f"{name} (s)": console.wait_for(text) for name, text in MARKS}
        result["resident when ready (MiB)"] = resident_mib(console.process.pid)
        code = console.wait_for_end()
        if code:
            raise AssertionError(f"{program} ended with exit code {code}:\n{console.tail()}")
        result["powered off (s)"] = time.monotonic() - console.started
        result["processor time (s)"] = console.resources.ru_utime + console.resources.ru_stime
        result["resident at most (MiB)"] = console.resources.ru_maxrss / 1024
        return result
    finally:
        console.kill()


def version(program):
    lines = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()
    return lines[0] if lines else program


def table(runs):
    """Medians of both, and ours by theirs, a line for each measured value."""
    ours, theirs = runs
    lines = [f"{'median of ' + str(len(ours)):28}{'orrery':>10}{'qemu':>10}{'ratio':>8}   orrery's range"]
    for key in ours[0]:
        a, b = (statistics.median(run[key] for run in group) for group in (ours, theirs))
        values = [run[key] for run in ours]
        lines.append(f"{key:28}{a:10.2f}{b:10.2f}{a / b:8.2f}   {min(values):.2f} – {max(values):.2f}")
    return "\n".join(lines)


def settings_from(arguments, scratch):
    common = dict(machine=arguments.machine, cpus=arguments.cpus, memory=arguments.memory)
    if arguments.kernel:
        return Settings(kernel=arguments.kernel, initrd=arguments.initrd, net=False, **common)
    folder = fetched(network=True, architecture=architecture_of(arguments.machine))
    disk = None if arguments.no_disk else shutil.copy(folder / "disk", scratch / "disk")
    return Settings(kernel=folder / "kernel", initrd=folder / "initrd", disk=disk, disk_words=",virtio", append="console=ttyS0 orrery.script=1", **common)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--machine", default="riscv-virt", choices=["riscv-virt", "pc", "q35"])
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--memory", default="1G")
    parser.add_argument("--program", default=str(TOP / "build/release/orrery"))
    parser.add_argument("--qemu")
    parser.add_argument("--kernel", type=Path)
    parser.add_argument("--initrd", type=Path)
    parser.add_argument("--no-disk", action="store_true")
    arguments = parser.parse_args()
    arguments.qemu = arguments.qemu or ("qemu-system-riscv64" if arguments.machine == "riscv-virt" else "qemu-system-x86_64")
    for program in (arguments.program, arguments.qemu):
        if not shutil.which(program):
            sys.exit(f"boot_ratio: {program} is not here; this benchmark needs both Orrery (./run --build) and QEMU (the packages qemu-system-x86, qemu-system-riscv or qemu-system-misc)")
    runs = [], []
    with tempfile.TemporaryDirectory(prefix="orrery-bench-") as scratch:
        try:
            settings = settings_from(arguments, Path(scratch))
            for number in range(arguments.runs):
                for group, program in zip(runs, (arguments.program, arguments.qemu)):
                    group.append(one_run(program, settings))
                    print(f"run {number + 1}: {Path(program).name} ready after {group[-1]['user space ready (s)']:.2f} s", flush=True)
        except (Unavailable, AssertionError, TimeoutError) as reason:
            sys.exit(f"boot_ratio: {reason}")
    print(f"\n{version(arguments.program)} against {version(arguments.qemu)}; {arguments.cpus} CPUs, {arguments.memory}\n\n{table(runs)}")


if __name__ == "__main__":
    main()
