#!/usr/bin/env python3
"""How fast a debugger's stub moves memory, on Orrery and on QEMU, run by run in turn: gdb loads an ELF file and dumps memory, and a
client of a few lines, which costs next to nothing itself, reads and writes with the largest packets that the stub announces.

usage: gdb_memory.py [--runs N] [--mebibytes N]      (needs gdb-multiarch, clang-19 with lld and qemu-system-riscv64)
Prints medians of seconds and their ratio. gdb 13 alone computes for more than 2 s while it dumps 64 MiB.
"""
import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
LOAD_ADDRESS = 0x84000000


def make_elf(folder, size):
    (folder / "bytes").write_bytes(os.urandom(size))
    (folder / "data.S").write_text(f'.section .data\n.globl _start\n_start: .incbin "{folder}/bytes"\n')
    subprocess.run(["clang-19", "--target=riscv64-unknown-elf", "-nostdlib", "-static", "-fuse-ld=lld-19", f"-Wl,-Tdata={LOAD_ADDRESS:#x}", folder / "data.S", "-o", folder / "data.elf"], check=True)
    return folder / "data.elf"


def commands_of(hello, stub):
    orrery = [TOP / "build/release/orrery", "run", "--gdb", f"unix:{stub}", "--paused", "--serial", "none", "--bios", "none", "--kernel", hello]
    qemu = ["qemu-system-riscv64", "-M", "virt", "-m", "1G", "-nographic", "-serial", "null", "-monitor", "none", "-S", "-bios", "none", "-kernel", hello, "-gdb", f"unix:path={stub},server=on,wait=off"]
    return {"orrery": orrery, "qemu": qemu}


class Client:
    """Speaks just enough of gdb's protocol."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        features = self.ask(b"qSupported:binary-upload+").decode().split(";")
        self.packet = int(next(each for each in features if each.startswith("PacketSize=")).split("=")[1], 16)
        self.binary_reads = "binary-upload+" in features

    def ask(self, content, bulk=b"", bulk_sum=0):
        self.socket.sendall(b"$%b%b#%02x" % (content, bulk, (sum(content) + bulk_sum) & 255))
        parts = []
        while not parts or b"#" not in parts[-1][-3:-2]:
            parts.append(self.socket.recv(1 << 20))
            assert parts[-1], "the stub hung up"
        answer = b"".join(parts)
        self.socket.sendall(b"+")
        return answer[answer.index(b"$") + 1:-3]

    def read(self, size):
        part = self.packet // 2 - 8
        for at in range(0, size, part):
            assert self.ask(b"%c%x,%x" % (b"x" if self.binary_reads else b"m", LOAD_ADDRESS + at, min(part, size - at)))[:1] != b"E"

    def write(self, size):
        part = self.packet // 2 - 32
        binary = self.ask(b"X%x,0:" % LOAD_ADDRESS) == b"OK"
        bulk = b"\x55" * part if binary else b"55" * part
        bulk_sum = sum(bulk)  # once: it is the stub that is measured
        for at in range(0, size - size % part, part):
            assert self.ask(b"%c%x,%x:" % (b"X" if binary else b"M", LOAD_ADDRESS + at, part), bulk, bulk_sum) == b"OK"


def timed(action, *arguments):
    start = time.monotonic()
    action(*arguments)
    return time.monotonic() - start


@contextlib.contextmanager
def emulator(command, stub):
    with subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not stub.exists():
            time.sleep(0.02)
        time.sleep(0.3)
        yield
        process.kill()
    stub.unlink(missing_ok=True)


def measure_client(command, stub, size):
    with emulator(command, stub):
        client = Client(stub)
        return {"client writes": timed(client.write, size), "client reads": timed(client.read, size)}


def measure_gdb(command, stub, elf, size, folder):
    (folder / "script").write_text(f"""python
import time
def timed(what, command):
    start = time.monotonic()
    gdb.execute(command, to_string=True)
    print("SECONDS " + what + " %f" % (time.monotonic() - start))
timed("loads", "load")
timed("dumps", "dump binary memory {folder}/back {LOAD_ADDRESS:#x} {LOAD_ADDRESS + size:#x}")
end
""")
    arguments = ["-ex", "set remotetimeout 600", "-ex", f"file {elf}", "-ex", f"target remote {stub}", "-x", folder / "script", "-ex", "kill"]
    with emulator(command, stub):
        done = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert (folder / "back").read_bytes() == (folder / "bytes").read_bytes(), f"what came back differs:\n{done.stdout}"
    return {f"gdb {line.split()[1]}": float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("SECONDS")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mebibytes", type=int, default=64)
    arguments = parser.parse_args()
    size = arguments.mebibytes << 20
    with tempfile.TemporaryDirectory(prefix="orrery-gdb-memory-") as name:
        folder = Path(name)
        elf, stub = make_elf(folder, size), folder / "stub"
        seconds = {}
        for _ in range(arguments.runs):
            for emulator, command in commands_of(TOP / "build/release/guests/hello-riscv64.elf", stub).items():
                for what, taken in (measure_client(command, stub, size) | measure_gdb(command, stub, elf, size, folder)).items():
                    seconds.setdefault(what, {}).setdefault(emulator, []).append(taken)
        for what, by_emulator in seconds.items():
            medians = {emulator: statistics.median(taken) for emulator, taken in by_emulator.items()}
            print(f"{what} {arguments.mebibytes} MiB: orrery {medians['orrery']:.2f} s, qemu {medians['qemu']:.2f} s, {medians['qemu'] / medians['orrery']:.1f} times as fast")


if __name__ == "__main__":
    main()
