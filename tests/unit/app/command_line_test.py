#!/usr/bin/env python3
"""Runs the program as a user would: bad input of every kind, exit codes, signals, the escape key.

usage: command_line_test.py PROGRAM [unittest arguments]
"""
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

PROGRAM = ""
FAILURE, USAGE, RESET_LOOP, TIMED_OUT, QUIT = 200, 201, 202, 203, 204
FOREVER = [0x6F]  # j .


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60, **options)


def finish(value):
    """Instructions that write a word to the test finisher and then wait."""
    high, low = ((value + 0x800) >> 12) & 0xFFFFF, value & 0xFFF
    return [0x001002B7, high << 12 | 0x337, low << 20 | 6 << 15 | 0x313, 0x0062A023, 0x6F]


def elf(instructions, machine=243, elf_class=2):
    code = b"".join(struct.pack("<I", word) for word in instructions)
    head = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", elf_class, 1, 1, 2, machine, 1, 0x80000000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 120, 0x80000000, 0x80000000, len(code), len(code), 4) + code


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, contents):
        (self.folder / name).write_bytes(contents)
        return self.folder / name

    def program(self, instructions):
        return self.file("program.elf", elf(instructions))

    def bare(self, instructions, *options):
        return ("run", "--bios", "none", "--memory", "64M", "--on-stuck", "ignore", *options, self.program(instructions))

    def refused(self, code, *arguments, says):
        """One line on stderr, nothing on stdout, the code, and every part of `says` in the line."""
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("orrery: error: "), result.stderr)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, result.stderr)


class BadUsage(Folder):
    def test_every_bad_option_is_one_sentence_with_the_options_name(self):
        for arguments, says in [
            ([], "say what to do"),
            (["frobnicate"], "there is no command 'frobnicate'"),
            (["rnu"], "was 'run' meant?"),
            (["--foo"], "'--foo'"),
            (["run"], "there is nothing to run"),
            (["run", "--display", "gtk"], "--display: there is no display 'gtk'; expected none or sdl"),
            (["run", "--display", "sdl,big"], "--display: 'big'"),
            (["run", "--display", "sdl,scale=9"], "--display: 9 is out of range"),
            (["run", "--memry", "1G"], ["'--memry'", "was '--memory' meant?"]),
            (["run", "--kernel"], "--kernel: needs a value"),
            (["run", "one", "two"], "'two' is one argument too many"),
            (["run", "--memory", "0", "k"], ["--memory: ", "16 MiB to 1024 GiB"]),
            (["run", "--memory", "512", "k"], "was 512M meant?"),
            (["run", "--memory", "9999T", "k"], "--memory: "),
            (["run", "--memory", "1X", "k"], "'1X' is no size"),
            (["run", "--cpus", "0", "k"], ["--cpus: 0", "1 to 8"]),
            (["run", "--cpus", "9", "k"], ["--cpus: 9", "1 to 8"]),
            (["run", "--cpus", "two", "k"], "--cpus: 'two'"),
            (["run", "--machine", "pc", "--cpu", "+kvmclock,x86-64-v3", "k"], ["--cpu: 'x86-64-v3'", "[NAME][,+kvmclock]"]),
            (["run", "--machine", "pc", "--cpu", "x86-64-v2,+x2apic", "k"], "--cpu: '+x2apic'"),
            (["run", "--engine", "warp", "k"], "--engine: there is no engine 'warp'"),
            (["run", "--engine", "kvm", "k"], "--engine kvm: riscv-virt has CPUs of another kind"),
            (["run", "--force", "k"], "--force has a meaning with --engine kvm only"),
            (["run", "--machine", "pc", "--kvm-irqchip", "split", "k"], "--kvm-irqchip split has a meaning with --engine kvm only"),
            (["run", "--machine", "pc", "--kvm-ioeventfd", "k"], "--kvm-ioeventfd has a meaning with --engine kvm only"),
            (["run", "--machine", "pc", "--kvm-irqchip", "on", "k"], "--kvm-irqchip: there is no 'on'; expected user or split"),
            (["run", "--on-stuck", "cry", "k"], "--on-stuck: there is no 'cry'"),
            (["run", "--machine", "toaster", "k"], "--machine: there is no machine 'toaster'"),
            (["run", "--net", "token-ring", "k"], "--net: 'token-ring'"),
            (["run", "--net", "user,forward=tcp:99999:22", "k"], ["--net: ", "99999"]),
            (["run", "--serial", "modem", "k"], "--serial: 'modem'"),
            (["run", "--serial", "file:", "k"], "--serial: 'file:'"),
            (["run", "--disk", ",readonly", "k"], "--disk: "),
            (["run", "--machine", "pc", "--flash", "f,virtio", "k"], "--flash f,virtio: a flash bank is no disk"),
            (["run", "--machine", "pc", "--boot", "disk,tape", "k"], "--boot: 'tape' is nothing to boot from"),
            (["run", "--machine", "pc", "--boot", "menu=61", "k"], "--boot: "),
            (["run", "--timeout", "soon", "k"], "--timeout: 'soon'"),
            (["run", "--timeout", "-1", "k"], "--timeout: "),
            (["run", "--trace", "nothing-like-this", "k"], "--trace: "),
            (["run", "--save-at", "5", "k"], "--save-at: "),
            (["run", "--save", "s", "--save-at", "5", "k"], ["--save-at: ", "--deterministic"]),
            (["run", "--hash-every", "5", "k"], "--hash-every: "),
            (["run", "--seed", "5", "k"], "--seed: "),
            (["run", "--paused", "k"], ["--paused: ", "--gdb"]),
            (["run", "--gdb", ":1", "--deterministic", "--hash-every", "5", "--kernel", "k"], ["--gdb: ", "--hash-every"]),
            (["run", "--bios", "none"], "--bios none: "),
            (["list"], "list: "),
            (["list", "planets"], "'planets'"),
            (["doctor", "--now"], "'--now'"),
        ]:
            with self.subTest(arguments=arguments):
                self.refused(USAGE, *arguments, says=says)


class BadFiles(Folder):
    def kernel_refused(self, contents, says):
        self.refused(FAILURE, "run", "--kernel", self.file("k", contents), says=["--kernel: ", str(self.folder / "k"), says])

    def test_a_kernel_that_is_no_kernel_is_refused_with_the_reason(self):
        whole = elf(FOREVER)
        self.kernel_refused(b"", "is empty")
        self.kernel_refused(b"just a text", "is no kernel")
        self.kernel_refused(whole[:-2], "is cut short")
        self.kernel_refused(whole[:40], "is cut short")
        self.kernel_refused(b"\x1f\x8b\x08" + bytes(20), "gzip")
        self.kernel_refused(elf(FOREVER, machine=62), "x86-64")
        self.kernel_refused(elf(FOREVER, elf_class=1), "32-bit")
        self.kernel_refused(bytes(0x202) + b"HdrS" + bytes(99), "bzImage")
        self.kernel_refused(bytes(0x38) + b"ARM\x64" + bytes(99), "arm64")

    def test_files_that_cannot_be_read_are_named_with_their_option(self):
        kernel = self.program(FOREVER)
        for option in ["--kernel", "--initrd", "--dtb", "--bios", "--disk"]:
            for path, says in [(self.folder / "none", ""), (self.folder, "is a directory")]:
                others = [] if option == "--kernel" else ["--kernel", kernel]
                with self.subTest(option=option, path=path):
                    self.refused(FAILURE, "run", option, path, *others, says=[f"{option}: ", str(path), says])
        self.refused(FAILURE, "run", self.folder / "none", says=str(self.folder / "none"))
        self.refused(FAILURE, "run", self.file("text", b"text" * 200), says="neither a kernel nor a disk")

    def test_a_window_needs_a_machine_with_a_screen(self):
        self.refused(200, *self.bare([0x6F], "--display", "sdl"), says="--display: this machine has no screen")

    def test_a_disk_alone_says_what_else_is_needed(self):
        self.refused(FAILURE, "run", self.file("disk", bytes(65536)), says=["is a disk", "--kernel FILE"])

    def test_other_bad_files_are_refused(self):
        kernel = self.program(FOREVER)
        self.refused(FAILURE, "run", "--disk", self.file("odd", bytes(777)), "--kernel", kernel, says="--disk: ")
        self.refused(FAILURE, "run", "--cpu", "+kvmclock", "--kernel", kernel, says=["--cpu +kvmclock: ", "no such clock"])
        self.refused(FAILURE, "run", "--dtb", self.file("t", b"no tree"), "--kernel", kernel, says=["--dtb: ", "device tree"])
        self.refused(FAILURE, *self.bare(FOREVER, "--restore", self.file("s", b"no snapshot")), says="is no snapshot")
        self.refused(FAILURE, *self.bare(FOREVER, "--serial", f"file:{self.folder}/none/x"), says="--serial: ")
        self.refused(FAILURE, *self.bare(FOREVER, "--gdb", f"unix:{self.folder}/none/x"), says=["--gdb: ", "/none/x"])
        self.refused(FAILURE, *self.bare(FOREVER, "--gdb", "nonsense"), says=["--gdb: ", "unix:PATH"])


class Endings(Folder):
    def code_of(self, instructions, *options):
        result = run(*self.bare(instructions, *options))
        self.assertTrue(result.stderr.startswith("orrery: riscv-virt, 1 hart, 64 MiB, "), result.stderr)
        return result.returncode

    def test_the_exit_code_is_the_guests(self):
        for engine in ["jit", "interp"]:
            self.assertEqual(self.code_of(finish(0x5555), "--engine", engine), 0)
            self.assertEqual(self.code_of(finish(42 << 16 | 0x3333), "--engine", engine), 42)
        self.assertEqual(self.code_of(finish(125 << 16 | 0x3333)), 125)
        self.assertEqual(self.code_of(finish(999 << 16 | 0x3333)), 125)

    def test_a_guest_that_keeps_resetting_is_ended(self):
        self.assertEqual(self.code_of(finish(0x7777)), RESET_LOOP)

    def test_the_timeout_ends_a_guest_that_does_nothing(self):
        self.assertEqual(self.code_of(FOREVER, "--timeout", "0.2"), TIMED_OUT)
        self.assertEqual(self.code_of(FOREVER, "--timeout", "0.01", "--deterministic"), TIMED_OUT)

    def test_signals_end_it_and_the_shell_sees_them(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            process = subprocess.Popen([PROGRAM, *map(str, self.bare(FOREVER))], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.assertIn("riscv-virt", process.stderr.readline())
            time.sleep(0.1)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=20), -number)
            process.stderr.close()

    def test_a_run_goes_on_from_a_saved_state_as_if_it_had_not_stopped(self):
        saved = self.folder / "saved"
        whole = run(*self.bare(FOREVER, "--deterministic", "--hash-every", "1000000", "--timeout", "0.005"))
        first = run(*self.bare(FOREVER, "--deterministic", "--hash-every", "1000000", "--save", saved, "--save-at", "2000000"))
        rest = run(*self.bare(FOREVER, "--deterministic", "--hash-every", "1000000", "--timeout", "0.005", "--restore", saved))
        self.assertEqual((first.returncode, rest.returncode), (0, TIMED_OUT), first.stderr + rest.stderr)

        def hashes(result):
            return [line for line in result.stderr.splitlines() if " the state is " in line]

        self.assertGreaterEqual(len(hashes(whole)), 4)
        self.assertEqual(hashes(first) + hashes(rest), hashes(whole))

    def test_another_shape_of_machine_refuses_the_saved_state(self):
        saved = self.folder / "saved"
        run(*self.bare(FOREVER, "--deterministic", "--save", saved, "--save-at", "1000"))
        self.refused(FAILURE, *self.bare(FOREVER, "--restore", saved, "--cpus", "2"), says=["is of another machine", str(saved)])


class Keyboard(Folder):
    def start(self, *arguments):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        before = termios.tcgetattr(theirs)

        def own_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(0), os.O_RDWR))

        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, ours, theirs, before

    def read_until(self, terminal, text):
        seen = b""
        deadline = time.monotonic() + 20
        while text not in seen and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 4096)
        self.assertIn(text, seen)

    def test_the_escape_key_helps_and_quits_and_the_terminal_is_put_back(self):
        process, terminal, theirs, before = self.start(*self.bare(FOREVER))
        self.read_until(terminal, b"Ctrl-] q quits")
        self.assertNotEqual(termios.tcgetattr(theirs), before)
        os.write(terminal, b"\x1d?")
        self.read_until(terminal, b"r resets the machine")
        os.write(terminal, b"\x1dq")
        self.assertEqual(process.wait(timeout=20), QUIT)
        self.assertEqual(termios.tcgetattr(theirs), before)

    def test_the_terminal_is_put_back_after_a_signal(self):
        process, terminal, theirs, before = self.start(*self.bare(FOREVER))
        self.read_until(terminal, b"Ctrl-] q quits")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), -signal.SIGTERM)
        self.assertEqual(termios.tcgetattr(theirs), before)


class Help(Folder):
    def test_help_version_and_lists_succeed(self):
        for arguments, says in [
            (["--help"], "Exit codes:"),
            (["--version"], "orrery "),
            (["run", "--help"], "Examples:"),
            (["list", "--help"], "Example:"),
            (["doctor", "--help"], "Example:"),
            (["list", "machines"], "riscv-virt"),
            (["list", "devices"], "virtio-blk"),
            (["list", "engines"], "interp"),
            (["list", "traces"], "."),
        ]:
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(says, result.stdout)

    def test_the_doctor_says_something_about_each_part_of_the_host(self):
        result = run("doctor")
        for subject in ["processor", "memory", "translator", "kvm", "terminal", "verdict"]:
            self.assertIn(f"\n{subject}", result.stdout)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
