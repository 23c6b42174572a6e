#!/usr/bin/env python3
"""Runs small loops (copies, signals, floating point, calls, …) as a guest's only process in turn on Orrery and on QEMU, and prints
medians and their ratio for each.

usage: workload_ratio.py [--runs N] [--machine riscv-virt|pc|q35] [--program build/release/orrery] [--qemu qemu-system-…]
                         [--compiler COMMAND] [--only NAME]
Needs a compiler that makes static programs for the guest, with its C library: gcc for amd64, riscv64-linux-gnu-gcc for riscv64.
"""
import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from emulators import TOP, Console, Settings, Unavailable, architecture_of, command_for, fetched  # noqa: E402

COMPILERS = {"amd64": "x86_64-linux-gnu-gcc", "riscv64": "riscv64-linux-gnu-gcc"}


def archive(files):
    """A cpio archive in the kernel's format ("newc") of files: (name, mode, bytes) each."""
    parts = b""
    for number, (name, mode, content) in enumerate([*files, ("TRAILER!!!", 0, b"")]):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        parts += head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)
    return parts


def initrd(scratch, compiler):
    program = scratch / "workloads"
    subprocess.run([compiler, "-O2", "-static", "-o", program, Path(__file__).with_name("workloads.c")], check=True)
    file = scratch / "initrd"
    file.write_bytes(archive([("init", 0o100755, program.read_bytes())]))
    return file


def one_run(program, settings):
    """Seconds by workload."""
    console = Console(command_for(program, settings), limit_seconds=600)
    try:
        if code := console.wait_for_end():
            raise AssertionError(f"{program} ended with exit code {code}:\n{console.tail()}")
        found = re.findall(r"WORKLOAD ([^:]+): (\d+)", console.text)
        if not found:
            raise AssertionError(f"no workload ran on {program}:\n{console.tail()}")
        return {name: int(nanoseconds) / 1e9 for name, nanoseconds in found}
    finally:
        console.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--machine", default="q35", choices=["riscv-virt", "pc", "q35"])
    parser.add_argument("--program", default=str(TOP / "build/release/orrery"))
    parser.add_argument("--qemu")
    parser.add_argument("--compiler")
    parser.add_argument("--only", default="", help="the workloads whose names begin so")
    arguments = parser.parse_args()
    architecture = architecture_of(arguments.machine)
    qemu = arguments.qemu or ("qemu-system-riscv64" if architecture == "riscv64" else "qemu-system-x86_64")
    compiler = arguments.compiler or COMPILERS[architecture]
    for program in (arguments.program, qemu, compiler):
        if not shutil.which(program):
            sys.exit(f"workload_ratio: {program} is not here; this benchmark needs Orrery (./run --build), QEMU and a compiler for {architecture}")
    runs = [], []
    with tempfile.TemporaryDirectory(prefix="orrery-bench-") as folder:
        try:
            settings = Settings(machine=arguments.machine, kernel=fetched(network=True, architecture=architecture) / "kernel",
                                initrd=initrd(Path(folder), compiler), net=False, append="console=ttyS0 quiet" + (f" -- {arguments.only}" if arguments.only else ""))
            for number in range(arguments.runs):
                for group, program in zip(runs, (arguments.program, qemu)):
                    group.append(one_run(program, settings))
                    print(f"run {number + 1}: {Path(program).name} {sum(group[-1].values()):.1f} s", flush=True)
        except (Unavailable, AssertionError, TimeoutError, subprocess.CalledProcessError) as reason:
            sys.exit(f"workload_ratio: {reason}")
    print(f"\n{'seconds, median of ' + str(arguments.runs):24}{'orrery':>10}{'qemu':>10}{'ratio':>8}")
    for name in runs[0][0]:
        ours, theirs = (statistics.median(run[name] for run in group) for group in runs)
        print(f"{name:24}{ours:10.3f}{theirs:10.3f}{ours / theirs:8.2f}")


if __name__ == "__main__":
    main()
