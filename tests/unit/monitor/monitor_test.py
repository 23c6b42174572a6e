#!/usr/bin/env python3
"""Uses the monitor of the built program by its doors: programs on a socket, someone at a terminal.

usage: monitor_test.py PROGRAM [unittest arguments]
"""
import json
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = ""
QUIT = 204
FOREVER = [0x6F]  # j .
# Writes dots to the UART without end: lui t0, 0x10000; li t1, '.'; sb t1, 0(t0); j back
TALKING = [0x100002B7, 0x02E00313, 0x00628023, 0xFFDFF06F]


def elf(instructions):
    code = b"".join(struct.pack("<I", word) for word in instructions)
    head = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 2, 243, 1, 0x80000000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 120, 0x80000000, 0x80000000, len(code), len(code), 4) + code


class Client:
    """One program's connection. What isn't an answer is kept in `events`."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rb")
        self.events = []
        self.number = 0

    def receive(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def ask(self, command, *arguments):
        self.number += 1
        request = {"id": self.number, "command": command, "arguments": list(arguments)}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.receive()
            if message is None or message.get("id") == self.number:
                return message
            self.events.append(message)

    def result(self, command, *arguments):
        return self.ask(command, *arguments)["result"]

    def event(self, name):
        while True:
            for message in self.events:
                if message.get("event") == name:
                    self.events.remove(message)
                    return message
            message = self.receive()
            if message is None:
                raise EOFError(name)
            self.events.append(message)

    def close(self):
        self.file.close()
        self.socket.close()


class Guest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "monitor"

    def command(self, instructions, *options):
        program = self.folder / "program.elf"
        program.write_bytes(elf(instructions))
        return [PROGRAM, "run", "--bios", "none", "--memory", "64M", "--on-stuck", "ignore", *options, str(program)]

    def clean_up(self, process):
        process.kill()
        process.wait()

    def start(self, instructions, *options, **settings):
        process = subprocess.Popen(self.command(instructions, "--monitor", f"unix:{self.path}", *options), stdin=subprocess.DEVNULL,
                                   **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | settings))
        self.addCleanup(self.clean_up, process)
        while not self.path.exists() and process.poll() is None:
            time.sleep(0.01)
        return process

    def client(self):
        client = Client(self.path)
        self.addCleanup(client.close)
        return client

    def expect_progress(self, client):
        first = client.result("cpus")["cpus"][0]["instructions"]
        deadline = time.monotonic() + 60
        while client.result("cpus")["cpus"][0]["instructions"] == first:
            self.assertLess(time.monotonic(), deadline, "the guest stands still")


class Socket(Guest):
    def test_a_running_guest_is_looked_at_and_goes_on(self):
        process = self.start(TALKING, "--cpus", "2")
        client = self.client()
        self.assertTrue(client.event("connected")["running"])
        self.expect_progress(client)
        while not client.result("device", "uart0")["windows"][0]["accesses"]:
            pass
        access = client.result("device", "uart0")["windows"][0]["accesses"][-1]
        self.assertEqual((access["register"], access["value"], access["write"]), ("THR/DLL", ord("."), True))
        self.assertEqual(client.events, [])  # nobody is told of these short stops
        self.assertEqual(client.ask("quit")["text"], "the run ends\n")
        self.assertEqual(client.event("ended")["code"], QUIT)
        self.assertEqual(process.wait(timeout=60), QUIT)

    def test_a_guest_that_starts_paused_is_stepped_broken_and_let_go(self):
        self.start(TALKING, "--paused")
        client = self.client()
        self.assertFalse(client.event("connected")["running"])
        self.assertEqual(client.result("cpus")["cpus"][0]["instructions"], 0)
        client.ask("step", 3)
        self.assertEqual(client.event("stopped")["reason"], "step")
        client.ask("break", "0x80000008")
        client.ask("continue")
        stopped = client.event("stopped")
        self.assertEqual((stopped["reason"], stopped["pc"]), ("breakpoint", 0x80000008))
        self.assertEqual(client.result("registers", "t1")["registers"][0]["value"], ord("."))
        client.ask("delete", "all")
        client.ask("continue")
        client.ask("pause")
        self.assertEqual(client.event("stopped")["reason"], "paused")

    def test_what_the_translator_makes_of_a_running_guest_is_explained(self):
        self.start(TALKING)
        client = self.client()
        text = client.ask("explain", 0x80000008)["text"]
        self.assertIn("The block at 0x80000008", text)
        self.assertIn("frontend", text)

    def test_two_clients_see_each_others_stops(self):
        self.start(FOREVER)
        one, other = self.client(), self.client()
        other.ask("where")
        one.ask("pause")
        self.assertEqual(other.event("stopped")["reason"], "paused")
        other.ask("continue")
        self.assertEqual(one.event("running"), {"event": "running"})
        self.assertIn("result", one.ask("stats"))
        self.assertIn("result", other.ask("irq"))

    def test_a_client_that_reads_nothing_holds_up_nobody(self):
        self.start(TALKING)
        deaf, client = self.client(), self.client()
        deaf.socket.settimeout(2)  # the guest's side takes no more for so long
        request = b'{"line":"help"}\n' * 1000
        sent, enough = 0, 64 << 20
        try:
            while sent < enough:
                sent += deaf.socket.send(request)
        except TimeoutError:
            pass
        self.assertLess(sent, enough)
        for _ in range(500):
            client.ask("pause")
            client.ask("continue")
        self.expect_progress(client)

    def test_a_client_that_vanishes_in_the_middle_changes_nothing(self):
        self.start(TALKING)
        for _ in range(50):
            client = Client(self.path)
            client.socket.sendall(b'{"line":"registers all"}\n{"line":"tlb"}\n{"line":')
            client.close()
        self.expect_progress(self.client())

    def test_a_client_that_only_asks_and_ends_its_side_is_answered(self):
        self.start(FOREVER)
        client = self.client()
        client.socket.sendall(b'{"id":1,"line":"cpus"}\n')
        client.socket.shutdown(socket.SHUT_WR)
        lines = client.file.read().splitlines()
        self.assertEqual(json.loads(lines[-1])["id"], 1)

    def test_hashes_of_a_deterministic_run_are_the_same_with_the_monitor_at_work(self):
        def hashes(process):
            return [line for line in process.stderr.read().decode().splitlines() if "the state is" in line]

        options = ["--deterministic", "--hash-every", "4000000", "--save-at", "40000000", "--save", str(self.folder / "state"),
                   "--cpus", "2", "--serial", "none"]
        alone = subprocess.Popen(self.command(TALKING, *options), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(alone.stderr.close)
        expected = hashes(alone)
        self.assertEqual(alone.wait(timeout=60), 0)
        self.assertEqual(len(expected), 10)
        watched = self.start(TALKING, *options, "--paused", stderr=subprocess.PIPE)
        self.addCleanup(watched.stderr.close)
        client = self.client()
        client.ask("continue")
        looks = 0
        try:
            while client.ask("registers", "all") is not None:
                looks += 1
        except OSError:
            pass
        self.assertGreater(looks, 0)
        self.assertEqual(hashes(watched), expected)
        self.assertEqual(watched.wait(timeout=60), 0)


class Command(Guest):
    """`orrery monitor` and `orrery screenshot`."""

    def orrery(self, *words, **settings):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, **({"stdin": subprocess.DEVNULL} | settings))

    def test_one_command_is_carried_out_or_refused(self):
        process = self.start(FOREVER)
        place = f"unix:{self.path}"
        done = self.orrery("monitor", place, "registers", "pc")
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, "pc"))
        refused = self.orrery("monitor", place, "registers", "frob")
        self.assertEqual((refused.returncode, refused.stdout), (200, ""))
        self.assertIn("orrery: error: there is no register", refused.stderr)
        refused = self.orrery("screenshot", place, "x.png")
        self.assertEqual(refused.returncode, 200)
        self.assertIn("this machine has no screen", refused.stderr)
        self.assertEqual(self.orrery("monitor", place, "quit").returncode, 0)
        self.assertEqual(process.wait(timeout=60), QUIT)

    def test_commands_come_from_standard_input(self):
        self.start(FOREVER)
        with tempfile.TemporaryFile("w+") as commands:
            commands.write("cpus\n\nfrob\nirq\n")
            commands.seek(0)
            done = self.orrery("monitor", f"unix:{self.path}", stdin=commands)
        self.assertEqual(done.returncode, 200)
        self.assertIn("hart0", done.stdout)
        self.assertIn("there is no command 'frob'", done.stderr)

    def test_nobody_there_is_said(self):
        done = self.orrery("monitor", "unix:/nowhere/socket", "help")
        self.assertEqual(done.returncode, 200)
        self.assertIn("the monitor can't be reached at unix:/nowhere/socket: No such file", done.stderr)
        self.assertEqual(self.orrery("monitor").returncode, 201)
        self.assertEqual(self.orrery("screenshot", "nonsense", "x.png").returncode, 200)


class Terminal(Guest):
    def setUp(self):
        super().setUp()
        self.terminal, self.theirs = pty.openpty()
        self.addCleanup(os.close, self.terminal)
        self.addCleanup(os.close, self.theirs)
        self.seen = b""

    def start_there(self, instructions, *options):
        process = subprocess.Popen(self.command(instructions, *options), stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
                                   start_new_session=True)
        self.addCleanup(self.clean_up, process)
        return process

    def type(self, text):
        os.write(self.terminal, text)

    def expect(self, text):
        """Reads up to and including the text, and returns what came before it."""
        deadline = time.monotonic() + 60
        while text not in self.seen and time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.seen += os.read(self.terminal, 65536)
        self.assertIn(text, self.seen)
        before, _, self.seen = self.seen.partition(text)
        return before

    def test_the_prompt_completes_answers_and_leaves_while_the_guest_goes_on(self):
        process = self.start_there(FOREVER)
        self.expect(b"Ctrl-] m opens the monitor")
        self.type(b"\x1dm")
        self.expect(b"(orrery) ")
        self.type(b"regi\tmstat\t")
        self.expect(b"registers mstatus ")
        self.type(b"\r")
        self.expect(b"SXL=0x2")
        self.expect(b"(orrery) ")
        self.type(b"\x1b[A\r")
        self.expect(b"SXL=0x2")
        self.type(b"d\te\t")
        self.expect(b"disassemble")
        self.type(b"\x15leave\r")
        self.expect(b"leave")
        self.type(b"\x1d?")
        self.expect(b"m opens the monitor")
        self.type(b"\x1d\rquit\r")
        self.expect(b"the run ends")
        self.assertEqual(process.wait(timeout=60), QUIT)

    def test_what_the_guest_writes_waits_until_the_prompt_is_closed(self):
        self.start_there(TALKING)
        self.expect(b"....")
        self.type(b"\x1dm")
        self.expect(b"(orrery) ")
        self.type(b"map\r")
        self.assertNotIn(b"....", self.expect(b"boot-rom"))
        self.assertNotIn(b"....", self.expect(b"(orrery) "))
        self.type(b"\x04")
        self.expect(b"....")

    def test_a_guest_that_starts_paused_greets_with_the_prompt_and_breakpoints_open_it(self):
        process = self.start_there(TALKING, "--paused")
        self.expect(b"the guest waits for `continue`")
        self.expect(b"(orrery) ")
        self.type(b"break 0x80000008\r")
        self.expect(b"break ")
        self.expect(b"(orrery) ")
        self.type(b"continue\rleave\r")
        self.expect(b"hart0 at 0x80000008: breakpoint")
        self.type(b"\x1dm\x15delete all\r")
        self.expect(b"none any more")
        self.type(b"quit\r")
        self.assertEqual(process.wait(timeout=60), QUIT)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
