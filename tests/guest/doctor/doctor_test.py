#!/usr/bin/env python3
"""Runs every program of this folder, each with a planted bug, as a user would, and reads what the doctor says.

usage: doctor_test.py ORRERY ELF_FOLDER [NAME…]     exit code 1 and a line for each program that isn't diagnosed
"""
import re
import subprocess
import sys
import time
from pathlib import Path

STUCK = 205
LONGEST_SECONDS = 30.0  # catches a hang; a diagnosis takes a few tenths, which the last line tells
# Loops that are found by counting exceptions take the interpreter longer, and sanitizers anyone.
SETTINGS = [("jit",), ("jit", "--deterministic"), ("interp",), ("interp", "--deterministic"), ("jit", "--cpus", "2")]


def run(orrery, elf, setting, on_stuck):
    command = [orrery, "run", "--bios", "none", "--memory", "64M", "--serial", "none", "--on-stuck", on_stuck,
               "--engine", *setting, str(elf)]
    begin = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return ended.returncode, ended.stderr, time.monotonic() - begin


def faults_of(orrery, elf, expected, setting, times):
    code, text, seconds = run(orrery, elf, setting, "report")
    times.append(seconds)
    sentences = [line for line in text.splitlines() if "the guest is stuck: " in line]
    if code != STUCK:
        yield f"exit code {code} instead of {STUCK}: {text}"
    if len(sentences) != 1 or not re.search(expected, sentences[0]):
        yield f"said {sentences}, but should match '{expected}'"
    if len(text.splitlines()) < 5:
        yield f"no report: {text}"
    if seconds > LONGEST_SECONDS:
        yield f"took {seconds:.1f} s"


def main():
    orrery, elf_folder, *names = sys.argv[1:]
    here = Path(__file__).parent
    wrong = checked = 0
    times = []
    for source in sorted(here.glob("*.S")):
        if names and source.stem not in names:
            continue
        expected = re.search(r"^// diagnosis: (.*)$", source.read_text(), re.MULTILINE).group(1)
        for setting in SETTINGS:
            checked += 1
            for fault in faults_of(orrery, Path(elf_folder) / f"{source.stem}.elf", expected, setting, times):
                print(f"{source.stem} on {' '.join(setting)}: {fault}")
                wrong += 1
    if names or wrong:
        return wrong != 0 or checked == 0
    elf = Path(elf_folder) / "panic_loop.elf"
    code, text, _ = run(orrery, elf, ("jit",), "exit")
    if code != STUCK or "now: pc" in text or "jumps to itself" not in text:
        print(f"--on-stuck exit: code {code}, {text}")
        return 1
    code, text, _ = run(orrery, elf, ("jit", "--deterministic", "--timeout", "1"), "ignore")
    if code != 203:
        print(f"--on-stuck ignore: code {code}, {text}")
        return 1
    print(f"{checked} runs, every one diagnosed, the slowest in {max(times):.1f} s")
    return checked == 0


if __name__ == "__main__":
    sys.exit(main())
