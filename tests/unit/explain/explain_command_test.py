#!/usr/bin/env python3
"""`orrery explain` as a user runs it: both forms, their links, what it counts, and what it says to bad input.

usage: explain_command_test.py PROGRAM GUESTS [unittest arguments]      GUESTS: the folder of tests/debuggers' guests
"""
import html.parser
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, GUESTS = "", Path()
FAILURE, USAGE = 200, 201
# addi sltu mul ld sw amoadd.w.aq fadd.d csrr c.addi c.mv beq
SAMPLE = "130505ff 3334b500 3385c502 8334c500 23a2a500 2f25b504 53f5c502 73250030 0105 aa85 63040500"


def run(*arguments):
    return subprocess.run([PROGRAM, "explain", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)


def elf(words):
    code = b"".join(struct.pack("<I", word) for word in words)
    head = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 2, 243, 1, 0x80000000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 120, 0x80000000, 0x80000000, len(code), len(code), 4) + code


# li a0, 1000; loop: addi a1, a1, 1; addi a0, a0, -1; bnez a0, loop; j .
COUNTED_LOOP = [0x3E800513, 0x00158593, 0xFFF50513, 0xFE051CE3, 0x0000006F]


class Page(html.parser.HTMLParser):
    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.open, self.outside = [], [], [], []
        self.lines = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        self.outside += [name for name in ("src", "href") if name in attributes]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if "data-links" in attributes:
            self.lines[attributes.get("id", f"#{len(self.lines)}")] = attributes["data-links"].split()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}>"
        self.open.pop()


class Explain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def text(self, *arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def page(self, *arguments):
        self.text(*arguments, "--html", self.folder / "page.html")
        return Page((self.folder / "page.html").read_text())

    def refused(self, code, *arguments, says):
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(says, result.stderr)

    def program(self, words):
        (self.folder / "program.elf").write_bytes(elf(words))
        return self.folder / "program.elf"

    def machine(self, words):
        return ("--bios", "none", "--memory", "64M", "--kernel", self.program(words))

    def test_text_names_fields_manual_ir_passes_and_host_code(self):
        text = self.text("--bytes", "130505ff", "--at", "0x1000", "--mode", "u")
        for part in ("block 0x1000, U-mode", "rd = a0 (x10)", "section 2.4", "frontend", "fold", "dead_puts", "dead_code",
                     "host", "%3 = add %1, %2", "goto 0x1004"):
            self.assertIn(part, text)

    def test_x86_code_is_explained_in_each_mode(self):
        text = self.text("--bytes", "48 8b 45 f8 01 d8 c3", "--at", "0x1000", "--mode", "64")
        for part in ("block 0x1000, 64-bit code, ring 0", "mov rax, qword ptr [rbp - 0x8]", "decoded    mov: Gv = rax, Ev = ss:[rbp - 0x8], 8 bytes",
                     "SDM 2, MOV", "REX.W ModRM mod 01 reg 000 rm 101", 'row "8B /r"', "add: Ev = eax, Gv = ebx", "frontend", "host"):
            self.assertIn(part, text)
        text = self.text("--bytes", "8b 07 66 40 eb fe", "--mode", "16")
        for part in ("16-bit code, real mode", "mov ax, word ptr [bx]", "inc eax", "Jb = 0x80000004"):
            self.assertIn(part, text)
        text = self.text("--bytes", "40 0f 0b", "--machine", "pc", "--mode", "32")
        for part in ("32-bit code, ring 0, flat segments", "inc eax", "ud2"):
            self.assertIn(part, text)
        self.assertIn("block 0x1001, 64-bit code", self.text("--bytes", "90", "--machine", "q35", "--at", "0x1001"))
        self.assertIn("illegal", self.text("--bytes", "06", "--mode", "64"))

    def test_a_pcs_hottest_blocks_are_explained(self):
        disk = self.folder / "boot.img"
        # mov $1000, %cx; 1: inc %ax; loop 1b; 2: jmp 2b
        code = bytes.fromhex("b9e803 40 e2fd ebfe")
        disk.write_bytes(code + bytes(510 - len(code)) + b"\x55\xaa")
        text = self.text("--machine", "pc", "--disk", disk, "--hottest", "3", "--instructions", "20000000")
        self.assertIn("block 0x7c06, 16-bit code, real mode", text)
        self.assertIn("jmp", text)

    def test_code_of_a_pc_is_explained_in_the_mode_that_the_run_came_to(self):
        bios = self.text("--machine", "pc", "--disk", GUESTS / "boot_sector.img", "--address", "0xfffffff0", "--instructions", "1")
        self.assertIn("block 0xfffffff0, 16-bit code, real mode", bios)
        self.assertIn("ljmp 0xf000, ", bios)
        kernel = ("--machine", "q35", "--kernel", GUESTS / "pc_modes.elf")
        protected = self.text(*kernel, "--address", "0x100000", "--instructions", "1")
        for part in ("block 0x100000, 32-bit code, ring 0, flat segments", "bc00001800  mov esp, 0x180000", 'row "B8+r"', "store.32 [", "+0x000"):
            self.assertIn(part, protected)
        long_mode = self.text(*kernel, "--address", "0x10007f", "--instructions", "36")
        for part in ("block 0x10007f, 64-bit code, ring 0", "48c7c400001800  mov rsp, 0x180000", "put rsp, "):
            self.assertIn(part, long_mode)
        nowhere = run(*kernel, "--address", "0x123456789000", "--instructions", "36")
        self.assertEqual(nowhere.returncode, FAILURE)
        self.assertIn("cpu0 can't fetch from 0x123456789000 (exception 14)", nowhere.stderr)

    def test_bytes_behind_a_blocks_end_become_further_blocks(self):
        self.assertEqual(self.text("--bytes", "8280 8280 0100").count("\nblock "), 3)

    def test_the_same_bytes_give_the_same_text(self):
        self.assertEqual(re.sub(r"  [0-9a-f]+  ", "", self.text("--bytes", SAMPLE)),
                         re.sub(r"  [0-9a-f]+  ", "", self.text("--bytes", SAMPLE)))

    def check_page(self, page):
        self.assertEqual(page.open, [])
        self.assertEqual(page.outside, [])
        self.assertEqual(len(page.ids), len(set(page.ids)))
        known = set(page.ids)
        for line, links in page.lines.items():
            self.assertTrue(links, line)
            self.assertNotIn(line, links)
            self.assertLessEqual(set(links), known, line)
        for line in known:  # what a line links to links back, but for the block's entry: that is linked to the first
            for other in page.lines[line]:
                self.assertIn(line, page.lines[other], f"{line} and {other}")

    def test_page_is_whole_and_every_link_leads_somewhere_and_back(self):
        page = self.page("--bytes", SAMPLE)
        self.check_page(page)
        for kind in (r"b0g\d+", r"b0s0i\d+", r"b0s3i\d+", r"b0h\d+"):
            self.assertTrue([line for line in page.ids if re.fullmatch(kind, line)], kind)

    def test_executions_of_a_loop_are_counted_exactly(self):
        text = self.text("--hottest", 2, "--instructions", 4000, *self.machine(COUNTED_LOOP))
        loop = text.split("\nblock ")[1:]
        loops = [part for part in loop if part.startswith("0x80000004")]
        self.assertEqual(len(loops), 1, text)
        # The first time around is part of the block that begins at the entry.
        self.assertIn("executed 999 times, 74.92 %", loops[0])

    def test_what_is_counted_begins_where_a_saved_state_does(self):
        machine, saved = self.machine(COUNTED_LOOP), self.folder / "saved"
        subprocess.run([PROGRAM, "run", "--deterministic", "--save", saved, "--save-at", "1000", *machine],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
        text = self.text("--hottest", 1, "--instructions", 300, "--restore", saved, *machine)
        self.assertIn("in 300 instructions", text)
        self.assertRegex(text, r"executed (99|100) times")

    def test_hottest_blocks_come_hottest_first_and_make_a_whole_page(self):
        arguments = ("--hottest", 10, "--instructions", 100000, *self.machine(COUNTED_LOOP))
        shares = [float(share) for share in re.findall(r"times, ([0-9.]+) %", self.text(*arguments))]
        self.assertGreater(len(shares), 2)
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.check_page(self.page(*arguments))

    def test_an_address_is_explained_as_the_hart_sees_it(self):
        text = self.text("--address", "0x80000008", "--instructions", 100, *self.machine(COUNTED_LOOP))
        self.assertIn("block 0x80000008, M-mode", text)
        self.assertIn("addi a0, a0, -1", text)
        self.refused_after_run("--address", "0x10", says="can't fetch from 0x10")

    def refused_after_run(self, *arguments, says):
        result = run(*arguments, "--instructions", 100, *self.machine(COUNTED_LOOP))
        self.assertEqual(result.returncode, FAILURE)
        self.assertIn(says, result.stderr)

    def test_bad_input_gets_one_sentence(self):
        self.refused(USAGE, says="say what")
        self.refused(USAGE, "--bytes", "0100", "--hottest", 1, says="say what")
        self.refused(USAGE, "--bytes", "130", says="no whole bytes")
        self.refused(USAGE, "--bytes", "1305", says="only 2 of 4 bytes")
        self.refused(USAGE, "--bytes", "0100", "--mode", "x", says="'x' is no mode")
        self.refused(USAGE, "--bytes", "0100", "--at", "1", says="odd")
        self.refused(USAGE, "--hottest", "0", says="--hottest")
        self.refused(USAGE, "--hottest", "1", "--instructions", "many", says="--instructions")
        self.refused(USAGE, "--hottest", "1", "--engine", "interp", "--kernel", "x", says="--engine interp")
        self.refused(USAGE, "--hottest", "1", "--save", "x", "--kernel", "x", says="orrery run")
        self.refused(USAGE, "--hottest", "1", "--gdb", ":1234", "--kernel", "x", says="orrery run")
        self.refused(FAILURE, "--bytes", "0100", "--html", "/nonexistent/page.html", says="can't be written")

    def disassembled(self, pattern, *arguments):
        """What the text says and what llvm-mc says of the same bytes."""
        mc = shutil.which("llvm-mc-19") or self.skipTest("there is no llvm-mc-19")
        rows = re.findall(pattern, self.text("--bytes", SAMPLE), re.MULTILINE)
        self.assertGreater(len(rows), 10)
        for code, text in rows:
            octets = bytes.fromhex(code)[::-1] if "riscv64" in arguments[0] else bytes.fromhex(code)
            listing = " ".join(f"0x{octet:02x}" for octet in octets)
            result = subprocess.run([mc, "--disassemble", *arguments], input=listing, capture_output=True, text=True)
            theirs = [line.strip() for line in result.stdout.splitlines() if line.startswith("\t") and ".text" not in line]
            self.assertEqual(re.sub(r"\s+", " ", " ".join(theirs)), re.sub(r"\s+", " ", text.strip()), code)

    def test_guest_disassembly_is_that_of_llvm_mc(self):
        self.disassembled(r"^  0x[0-9a-f]+  ([0-9a-f]+) +(.+)$", "--triple=riscv64", "--mattr=+m,+a,+f,+d,+c,+zicsr")

    def test_host_disassembly_is_that_of_llvm_mc(self):
        # Jumps and calls are shown with where they lead.
        self.disassembled(r" \+0x[0-9a-f]+  ([0-9a-f]+) +(?! )((?!j|call)[^;\n]+)", "--triple=x86_64",
                          "--output-asm-variant=1", "--print-imm-hex")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM, GUESTS = sys.argv.pop(1), Path(sys.argv.pop(1))
    unittest.main()
