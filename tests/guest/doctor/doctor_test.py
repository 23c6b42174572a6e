#!/usr/bin/env python3
"""Runs every program of this folder, each with a planted bug, as a user would, and reads what the doctor says.

usage: doctor_test.py ORRERY ELF_FOLDER [--pc] [--reduced] [NAME…]   exit code 1 and a line for each program that isn't diagnosed
--pc: the programs of ../doctor_pc, on that machine; --reduced: each program in one setting only
"""
import re
import subprocess
import sys
import time
from pathlib import Path

RESET_LOOP, TIMED_OUT, STUCK = 202, 203, 205
LONGEST_SECONDS = 30.0  # catches a hang; a diagnosis takes a few tenths, which the last line tells
RECORD = "--record-transfers"
# Loops that are found by counting exceptions take the interpreter longer, and sanitizers anyone.
SETTINGS = [("jit",), ("jit", "--deterministic"), ("interp",), ("interp", "--deterministic"), ("jit", "--cpus", "2"),
            ("jit", RECORD)]


HARTS = ["--bios", "none"]
PC = ["--machine", "pc"]


def run(orrery, machine, elf, setting, on_stuck):
    command = [orrery, "run", *machine, "--memory", "64M", "--serial", "none", "--on-stuck", on_stuck,
               "--engine", *setting, str(elf)]
    begin = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return ended.returncode, ended.stderr, time.monotonic() - begin


class Program:
    """What a program's header says of its end: the diagnosis, lines and transfers in the report, the exit code."""

    def __init__(self, source, elf_folder, usual_code):
        text = source.read_text()
        self.name = source.stem
        self.elf = Path(elf_folder) / f"{source.stem}.elf"
        self.diagnosis = re.search(r"^// diagnosis: (.*)$", text, re.MULTILINE).group(1)
        self.transfers = re.findall(r"^// transfer: (.*)$", text, re.MULTILINE)
        self.lines = re.findall(r"^// line: (.*)$", text, re.MULTILINE)
        self.recorded = re.findall(r"^// recorded: (.*)$", text, re.MULTILINE)
        code = re.search(r"^// exit: (\d+)$", text, re.MULTILINE)
        self.code = int(code.group(1)) if code else usual_code


def faults_of(orrery, machine, program, setting, times):
    code, text, seconds = run(orrery, machine, program.elf, setting, "report")
    times.append(seconds)
    sentences = [line for line in text.splitlines() if "the guest is stuck: " in line]
    transfers = [line for line in text.splitlines() if re.match(r" +\d+x  .* -> ", line)]
    if code != program.code:
        yield f"exit code {code} instead of {program.code}: {text}"
    if len(sentences) != 1 or not re.search(program.diagnosis, sentences[0]):
        yield f"said {sentences}, but should match '{program.diagnosis}'"
    for expected in program.transfers + (program.recorded if RECORD in setting else []):
        if not any(re.search(expected, line) for line in transfers):
            yield f"no transfer matches '{expected}': {text}"
    for expected in program.lines:
        if not re.search(expected, text):
            yield f"no line matches '{expected}': {text}"
    if len(text.splitlines()) < 5:
        yield f"no report: {text}"
    if seconds > LONGEST_SECONDS:
        yield f"took {seconds:.1f} s"


def choice_faults(orrery, elf_folder):
    """How --on-stuck exit and ignore end."""
    panic, reset = (Path(elf_folder) / f"{name}.elf" for name in ("panic_loop", "reset_by_handler"))
    for elf, code_wanted, on_stuck, setting, sentence in (
            (panic, STUCK, "exit", ("jit",), "jumps to itself"),
            (panic, TIMED_OUT, "ignore", ("jit", "--deterministic", "--timeout", "1"), None),
            (reset, RESET_LOOP, "exit", ("jit",), "keeps resetting"),
            (reset, RESET_LOOP, "ignore", ("jit",), None)):
        code, text, _ = run(orrery, HARTS, elf, setting, on_stuck)
        said = "the guest is stuck" in text if sentence is None else sentence not in text
        if code != code_wanted or "now: pc" in text or said:
            yield f"{elf.stem} with --on-stuck {on_stuck}: code {code}, {text}"


def main():
    orrery, elf_folder, *rest = sys.argv[1:]
    reduced, is_pc = "--reduced" in rest, "--pc" in rest
    names = [name for name in rest if not name.startswith("--")]
    machine, usual_code = (PC, RESET_LOOP) if is_pc else (HARTS, STUCK)
    folder = Path(__file__).parent
    if is_pc:
        folder = folder.parent / "doctor_pc"
    wrong = checked = 0
    times = []
    for source in sorted(folder.glob("*.S")):
        if names and source.stem not in names:
            continue
        program = Program(source, elf_folder, usual_code)
        for setting in SETTINGS[:1] if reduced else SETTINGS:
            checked += 1
            for fault in faults_of(orrery, machine, program, setting, times):
                print(f"{program.name} on {' '.join(setting)}: {fault}")
                wrong += 1
    for fault in choice_faults(orrery, elf_folder) if not names and not is_pc else ():
        print(fault)
        wrong += 1
    if wrong or checked == 0:
        return 1
    print(f"{checked} runs, every one diagnosed, the slowest in {max(times):.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
