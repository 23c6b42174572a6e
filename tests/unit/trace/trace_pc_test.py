#!/usr/bin/env python3
"""Traces of PCs as a user makes and reads them: from the BIOS in real mode to a boot sector, and from 32-bit to 64-bit code.

usage: trace_pc_test.py PROGRAM GUESTS [unittest arguments]
"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, GUESTS = "", Path()


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=240)


def show(file, *arguments):
    shown = run("trace", "show", file, *arguments)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def hashes(result):
    return re.findall(r"^.* the state is .*$", result.stderr + result.stdout, re.MULTILINE)


class TracePc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def trace(self, name, *arguments):
        file = Path(self.folder.name) / name
        done = run("run", "--machine", "pc", "--memory", "64M", "--serial", "none", "--deterministic", "--hash-every",
                   "1000000", "--trace-file", file, *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)  # the guests write 0 to port F4h
        return file, done

    def shows(self, text, *patterns):
        at = 0
        for pattern in patterns:
            found = re.compile(pattern, re.MULTILINE).search(text, at)
            self.assertTrue(found, f"not there, or not in its place: {pattern}\n{text[:20000]}")
            at = found.end()

    def test_code_of_16_and_32_bits_is_disassembled_as_what_it_is(self):
        boot = ["--disk", GUESTS / "boot_sector.img,readonly"]
        file, done = self.trace("bios.trace", *boot, "--engine", "jit")
        other_file, _ = self.trace("interpreted.trace", *boot, "--engine", "interp")
        self.assertEqual(file.read_bytes(), other_file.read_bytes(), "the engines' traces differ")
        untraced = run("run", "--machine", "pc", "--memory", "64M", "--serial", "none", "--deterministic",
                       "--hash-every", "1000000", *boot)
        self.assertGreater(len(hashes(untraced)), 5, untraced.stderr)
        self.assertEqual(hashes(done), hashes(untraced), "the guest can tell that it is traced")
        self.shows(show(file, "--disassemble", "--limit", 400, "--what", "instructions"),
                   r" 0 00000000fffffff0  ea\w+  ljmp 0xf000, ", r"  66ea\w{12}  ljmp 0x8, 0xf",  # to 32-bit code
                   r"  66b81000  mov ax, 0x10$", r"  0fb6?ec8 +movsx ecx, al|  [0-9a-f]{10}  mov e\w\w, 0x")
        self.shows(show(file, "--disassemble", "--range", "0x7c00+512"), r"  ea0500c007  ljmp 0x7c0, 0x5$",
                   r"  8cc8      mov ax, cs$", r"  bb3412    mov bx, 0x1234$", r"  c7061c007856  mov word ptr \[0x1c\], 0x5678$",
                   r"writes 2 at 0000000000007c1c: 0x5678", r"writes 2 at 0000000000007c1c: 0x68ac", r"out 0xf4, al$")

    def test_modes_may_change_within_a_trace(self):
        kernel = GUESTS / "pc_modes.elf"
        file, _ = self.trace("modes.trace", "--kernel", kernel)
        shown = show(file, "--disassemble", "--symbols", kernel)
        self.shows(shown, r"<_start>  bc00001800  mov esp, 0x180000$", r"lgdtd \[0x", r"ljmp 0x18, 0x1\w+$",
                   # The jump to 64-bit code reads a descriptor and marks it as accessed.
                   r"reads 8 at \w+ <gdt\+0x18>: 0xaf9a000000ffff", r"writes 1 at \w+ <gdt\+0x1d>: 0x9b",
                   r"other to \w+ <long_mode>", r"<long_mode>  66b81000  mov ax, 0x10$", r"  48c7c400001800  mov rsp, 0x180000$",
                   r"movq xmm0, qword ptr \[0x", r"reads 8 at \w+ <numbers>: 0x1122334455667788", r"48cf +iretq$",
                   r"^cpu0 ring 3 .*int 0x30$", r"reads 8 at \w+ <idt\+0x300>: ", r"reads 8 at \w+ <task\+0x4>: 0x17e000",
                   r"writes 8 at 000000000017dfd8: ", r"out 0xf4, al$")
        records = [json.loads(line) for line in show(file, "--json", "--disassemble", "--what", "instructions").splitlines()]
        self.assertIn("mov rsp, 0x180000", [record["assembly"] for record in records])

    def test_a_summary_names_all_kinds_of_code(self):
        file, _ = self.trace("summary.trace", "--kernel", GUESTS / "pc_modes.elf", "--trace-privilege", "ring 3")
        shown = show(file, "--summary")
        self.assertTrue(shown.startswith("pc, i386-unknown-unknown-code16, i386-unknown-elf, x86_64-unknown-elf\n"), shown)
        self.assertRegex(shown, r"\n +3  instructions\n")


if __name__ == "__main__":
    PROGRAM, GUESTS = sys.argv[1], Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
