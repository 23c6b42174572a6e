#!/usr/bin/env python3
"""A guest that gets stuck on KVM goes the same way again, translated, from a saved state, and what led there is told.

usage: stuck_rerun_test.py ORRERY ELF    the ELF file is one of tests/guest/doctor_pc; exit code 77: no KVM here
"""
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
ENDS = (202, 205)
LONGEST_SECONDS = 60


def machine(orrery, elf, *more):
    return [orrery, "run", "--machine", "pc", "--memory", "64M", "--serial", "none", "--engine", "kvm", "--force",
            *more, elf]


def save_before_the_first_instruction(orrery, elf, state, folder, *more):
    address = f"{folder}/monitor"
    running = subprocess.Popen(machine(orrery, elf, "--paused", "--monitor", f"unix:{address}", *more),
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        door = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + LONGEST_SECONDS
        while door.connect_ex(address) != 0:
            assert time.monotonic() < end and running.poll() is None, "the monitor doesn't open"
            time.sleep(0.05)
        answers = door.makefile("rw")
        for number, request in enumerate(({"command": "snapshot", "arguments": [str(state)]}, {"command": "quit"})):
            answers.write(json.dumps({**request, "id": number}) + "\n")
            answers.flush()
            answer = json.loads(answers.readline())
            while answer.get("id") != number:
                answer = json.loads(answers.readline())
            assert "error" not in answer, answer
        running.wait(LONGEST_SECONDS)
    finally:
        running.kill()
    Path(address).unlink(missing_ok=True)


def stuck(command):
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, stdin=subprocess.DEVNULL)
    assert ended.returncode in ENDS, ended
    return ended.stderr


def transfers(text):
    return re.findall(r"^ +\d+x  .* -> .*$", text, re.MULTILINE)


def main():
    orrery, elf = sys.argv[1:]
    doctor = subprocess.run([orrery, "doctor"], capture_output=True, text=True, check=False).stdout
    if re.search(r"^kvm +none", doctor, re.MULTILINE):
        print("skipped: KVM can't be used here")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        state, disk = Path(folder) / "state", Path(folder) / "disk"
        disk.write_bytes(bytes(1 << 20))

        alone = stuck(machine(orrery, elf))
        assert "from a saved state (--restore)" in alone, alone

        save_before_the_first_instruction(orrery, elf, state, folder)
        text = stuck(machine(orrery, elf, "--restore", str(state)))
        first, again = text.split(f"run again by the translator from {state}: ")
        sentence = re.search(r"the guest is stuck: (.*)", first).group(1)
        assert again.startswith(sentence), text
        assert len(transfers(again)) > len(transfers(first)), text

        for option, said in ((f"{disk}", "may have been written"), (f"{disk},snapshot", "run again by the translator")):
            save_before_the_first_instruction(orrery, elf, state, folder, "--disk", option)
            text = stuck(machine(orrery, elf, "--restore", str(state), "--disk", option))
            assert said in text, text
        print(f"engine KVM: {sentence}; run again translated with {len(transfers(again))} transfers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
