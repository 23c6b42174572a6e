#!/usr/bin/env python3
"""`orrery run --trace-file` and `orrery trace show` as a user runs them.

usage: trace_command_test.py PROGRAM GUEST [unittest arguments]
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, GUEST = "", ""
FAILURE, USAGE = 200, 201


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)


def run_guest(*arguments):
    return run("run", "--bios", "none", "--deterministic", "--kernel", GUEST, *arguments)


def show(file, *arguments):
    return run("trace", "show", file, *arguments)


class TraceCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = Path(cls.folder.name) / "whole.trace"
        cls.done = run_guest("--trace-file", cls.file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        lines = [line for line in result.stderr.splitlines() if "error:" in line]
        self.assertEqual(len(lines), 1, result.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def test_a_run_says_what_it_traced(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertRegex(self.done.stderr, r"orrery: traced \d+ events to .*whole.trace \(\d+ bytes\)")

    def test_lines_of_json_hold_what_the_guest_wrote(self):
        shown = show(self.file, "--what", "devices", "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        records = [json.loads(line) for line in shown.stdout.splitlines()]
        self.assertEqual({record["kind"] for record in records}, {"device"})
        spelled = "".join(chr(int(record["value"], 16)) for record in records
                          if record["device"].startswith("uart") and record["write"] and record["offset"] == "0x0")
        self.assertTrue(self.done.stdout)
        self.assertEqual(spelled.replace("\r", "")[-len(self.done.stdout):], self.done.stdout)

    def test_options_select(self):
        first = show(self.file, "--what", "instructions", "--from", 10, "--limit", 3)
        self.assertEqual([line.split()[2] for line in first.stdout.splitlines()], ["10", "11", "12"])
        last = show(self.file, "--what", "instructions", "--to", 4)
        self.assertEqual(len(last.stdout.splitlines()), 5)
        self.assertEqual(show(self.file, "--range", "0x1000+4", "--what", "instructions").stdout.count("\n"), 1)
        named = show(self.file, "--symbols", GUEST, "--range", "_start", "--limit", 1)
        self.assertIn("<_start>", named.stdout)

    def test_a_summary_counts(self):
        shown = show(self.file, "--summary")
        self.assertRegex(shown.stdout, r"hart0: from instruction 0 to \d+\n\s+\d+  instructions\n\s+\d+  branches\n")
        self.assertIn("most executed of ", shown.stdout)

    def test_ranges_of_a_run_may_be_symbols(self):
        file = Path(self.folder.name) / "start.trace"
        done = run_guest("--trace-file", file, "--trace-range", "_start", "--trace-what", "instructions,branches")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = show(file, "--symbols", GUEST)
        self.assertTrue(shown.stdout)
        for line in shown.stdout.splitlines():
            self.assertIn("<_start", line)

    def test_a_closed_pipe_is_no_error(self):
        with subprocess.Popen([PROGRAM, "trace", "show", self.file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as piped:
            self.assertTrue(piped.stdout.readline())
            piped.stdout.close()
            self.assertEqual(piped.stderr.read(), "")
            self.assertEqual(piped.wait(timeout=120), 0)

    def test_a_full_disk_is_said_once(self):
        self.refused(run_guest("--trace-file", "/dev/full"), FAILURE, "--trace-file: '/dev/full': No space left")
        with open("/dev/full", "w") as full:
            shown = subprocess.run([PROGRAM, "trace", "show", self.file], stdout=full, stderr=subprocess.PIPE, text=True,
                                   timeout=120)
        self.refused(shown, FAILURE, "No space left")

    def test_a_truncated_file_shows_its_beginning(self):
        file = Path(self.folder.name) / "truncated.trace"
        file.write_bytes(self.file.read_bytes()[:-100])
        shown = show(file)
        self.assertTrue(shown.stdout)
        self.refused(shown, FAILURE, "truncated.trace", "byte")

    def test_bad_usage_gets_a_sentence(self):
        for arguments, words in [
                (["--trace-what", "memory"], ["--trace-what", "--trace-file"]),
                (["--trace-file", "x", "--trace-what", "jumps"], ["--trace-what", "'jumps'", "branches"]),
                (["--trace-file", "x", "--trace-range", "1..0"], ["--trace-range", "'1..0'"]),
                (["--trace-file", "x", "--trace-data", "0x"], ["--trace-data", "'0x'"])]:
            self.refused(run_guest(*arguments), USAGE, *words)
        for arguments, words in [
                (["--trace-range", "no_such_symbol"], ["--trace-range", "'no_such_symbol'"]),
                (["--trace-privilege", "X"], ["--trace-privilege", "'X'", "U, S, M"]),
                (["--trace-device", "floppy"], ["--trace-device", "'floppy'", "uart0"])]:
            self.refused(run_guest("--trace-file", Path(self.folder.name) / "x", *arguments), FAILURE, *words)
        self.refused(run("trace"), USAGE, "trace")
        self.refused(run("trace", "hide", self.file), USAGE, "'hide'")
        self.refused(run("trace", "show"), USAGE, "which file")
        self.refused(show(self.file, "--what", "nonsense"), USAGE, "--what", "nonsense")
        self.refused(show(self.file, "--from", "9", "--to", "3"), USAGE, "--to")
        self.refused(show(self.file, "--limit", "many"), USAGE, "--limit", "'many'")
        self.refused(show(self.file, "--jsn"), USAGE, "--jsn", "--json")
        self.refused(show(self.file, "--cpu", "7"), FAILURE, "--cpu", "7")
        self.refused(show("/nonexistent"), FAILURE, "/nonexistent")
        self.refused(show(GUEST), FAILURE, "no trace file")
        self.refused(run("explain", "--hottest", "1", "--trace-file", "x", "--kernel", GUEST), USAGE, "--trace-file")


if __name__ == "__main__":
    PROGRAM, GUEST = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
