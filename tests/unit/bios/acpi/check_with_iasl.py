#!/usr/bin/env python3
"""Has ACPICA, which no one here wrote, read our ACPI tables.

usage: check_with_iasl.py IASL ACPIEXEC ACPI_DUMP      exit code 77: skipped

iasl takes each table apart and compiles what it has found, without optimizing: that gives our bytes again, but for
the name of the compiler in the header. acpiexec runs the methods that have an effect.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

EXPECTED_TABLES = {
    "piix": {"FACS", "DSDT", "FACP", "APIC", "HPET", "WAET", "RSDT", "XSDT"},
    "q35": {"FACS", "DSDT", "FACP", "APIC", "HPET", "MCFG", "WAET", "RSDT", "XSDT"},
}
HEADER_BYTES = 36
ROUTE_TO_11 = "(89 06 00 0D 01 0B 00 00 00 79 00)"

# What is evaluated, one after the other → what the last answer holds.
METHODS = [
    (r"\_SB.LNKA._STA", "[Integer] = 000000000000000B"),
    (r"\_SB.LNKB._SRS " + ROUTE_TO_11 + r"; evaluate \_SB.LNKB._CRS", " 01 0B 00 00 00 79 00"),
    (r"\_SB.LNKC._DIS; evaluate \_SB.LNKC._STA", "[Integer] = 0000000000000009"),
    (r"\_S5", "[Integer] = 0000000000000000"),
]


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def recompile(iasl, folder, table):
    """The problems with one table."""
    code, said = run(folder, iasl, "-d", table.name)
    if code != 0 or re.search(r"warning|error|incorrect", said, re.I):
        return [f"{table.name} can't be taken apart:\n{said}"]
    code, said = run(folder, iasl, "-oa", "-p", "again", table.with_suffix(".dsl").name)
    if code != 0 or not re.search(r"\b0 Errors, 0 Warnings", said):
        return [f"{table.name} can't be compiled again:\n{said}"]
    ours, theirs = table.read_bytes(), (folder / "again.aml").read_bytes()
    if ours[HEADER_BYTES:] != theirs[HEADER_BYTES:]:
        return [f"{table.name} is not what iasl makes of it: {len(ours)} bytes, {len(theirs)} of iasl's"]
    return []


def evaluate(acpiexec, folder, dsdt, what, expected):
    code, said = run(folder, acpiexec, "-b", f"evaluate {what}", dsdt)
    answer = said.rsplit("Evaluating ", 1)[-1]
    if code != 0 or expected not in answer or re.search(r"ACPI (Error|Warning)", said):
        return [f"{dsdt}: {what} should answer {expected}:\n{said}"]
    return []


def main(iasl, acpiexec, dump):
    if not os.access(iasl, os.X_OK) or not os.access(acpiexec, os.X_OK):
        print("skipped: acpica-tools is not installed")
        return 77
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([dump, name], check=True)
        for machine, expected in EXPECTED_TABLES.items():
            tables = sorted(folder.glob(f"{machine}_*.dat"))
            found = {table.stem.split("_")[1] for table in tables}
            if found != expected:
                problems.append(f"{machine} has {sorted(found)}, not {sorted(expected)}")
            for table in tables:
                problems += recompile(iasl, folder, table)
            for what, answer in METHODS:
                problems += evaluate(acpiexec, folder, f"{machine}_DSDT.dat", what, answer)
    print("\n".join(problems) or "all tables are as ACPICA has them")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
