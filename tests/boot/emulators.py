"""How a test starts an emulator on the Debian guest, talks to its console and waits for what it prints.

Orrery and QEMU are spelled from the same Settings, so a test can be tried on either, and the benchmark compares like with like.
"""
import ctypes
import dataclasses
import os
import pty
import select
import signal
import subprocess
import termios
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FETCH = TOP / "app" / "guests" / "fetch"


class Unavailable(Exception):
    """The guest's packages can't be had, or a program is not installed: a reason to skip."""


@dataclasses.dataclass
class Settings:
    machine: str = "riscv-virt"
    cpus: int = 1
    memory: str = "1G"
    bios: Path | None = None
    flash: Path | None = None
    kernel: Path | None = None
    initrd: Path | None = None
    append: str = "console=ttyS0"
    disk: Path | None = None
    disk_words: str = ""  # after the file's name: how it is attached
    cdrom: Path | None = None
    boot: str | None = None
    net: bool = True
    engine: str | None = None
    cpu: str | None = None


def fetched(what="guest", network=False, architecture="riscv64", suite="trixie"):
    """The folder with the guest's or the firmware's files. Without network, only what is in the cache counts."""
    result = subprocess.run([FETCH, "--architecture", architecture, "--suite", suite, what] + ([] if network else ["--cached"]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode:
        raise Unavailable(result.stderr.strip() or f"{FETCH} failed")
    return Path(result.stdout.strip())


def architecture_of(machine):
    """Debian's name for it."""
    return "riscv64" if machine == "riscv-virt" else "amd64"


def orrery_command(program, s):
    command = [program, "run", "--machine", s.machine, "--cpus", str(s.cpus), "--memory", s.memory, "--net", "user" if s.net else "none"]
    options = {"--engine": s.engine, "--cpu": s.cpu, "--bios": s.bios, "--flash": s.flash, "--kernel": s.kernel, "--initrd": s.initrd, "--cdrom": s.cdrom, "--boot": s.boot,
               "--disk": s.disk and f"{s.disk}{s.disk_words}"}
    for option, value in options.items():
        command += [option, str(value)] if value else []
    return command + (["--append", s.append] if s.append and s.kernel else [])


def qemu_command(program, s):
    pc = ["-accel", "tcg", "-cpu", "max"]  # never the host's own processor
    board = ["virt"] if s.machine == "riscv-virt" else [s.machine, *pc]
    command = [program, "-M", *board, "-smp", str(s.cpus), "-m", s.memory, "-nographic", "-no-reboot"]
    options = {"-bios": s.bios, "-kernel": s.kernel, "-initrd": s.initrd, "-append": s.append if s.initrd else None}
    for option, value in options.items():
        command += [option, str(value)] if value else []
    if s.disk:
        command += ["-drive", f"file={s.disk},if=none,id=disk,format=raw", "-device", "virtio-blk-pci,drive=disk"]
    return command + (["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"] if s.net else ["-nic", "none"])


def command_for(program, settings):
    return (qemu_command if "qemu" in Path(program).name else orrery_command)(program, settings)


def die_with_parent():
    """Runs in the new process: a test that is killed (ctest does so after a time-out) leaves no emulator behind."""
    PR_SET_PDEATHSIG = 1  # prctl(2)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Console:
    """A running emulator and what it has printed so far. With terminal=True it has a terminal of its own on stdin and stdout."""

    def __init__(self, command, terminal=False, limit_seconds=240):
        self.started = time.monotonic()
        self.deadline = self.started + limit_seconds
        self.text = ""
        self.seen = 0  # how much of the text wait_for has gone past
        own_session = dict(start_new_session=True, preexec_fn=die_with_parent)
        if terminal:
            self.output, self.child_end = pty.openpty()
            self.settings_before = termios.tcgetattr(self.child_end)  # once the program runs, it is too late
            self.input = self.output
            self.process = subprocess.Popen(command, stdin=self.child_end, stdout=self.child_end, stderr=self.child_end, **own_session)
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **own_session)
            self.output, self.input = self.process.stdout.fileno(), self.process.stdin.fileno()

    def read_some(self):
        """Adds what is printed next to the text; false when nothing more will come."""
        while time.monotonic() < self.deadline:
            ready, _, _ = select.select([self.output], [], [], 0.1)
            if ready:
                data = os.read(self.output, 65536)
                self.text += data.decode(errors="replace").replace("\r", "")
                return bool(data)
            if self.process.poll() is not None:
                return False
        raise TimeoutError(f"no end in sight after {self.deadline - self.started:.0f} s; the last lines were:\n{self.tail()}")

    def wait_for(self, wanted):
        """Waits until `wanted` is printed, after what was waited for before; returns the seconds since the start."""
        while (at := self.text.find(wanted, self.seen)) < 0:
            if not self.read_some():
                raise AssertionError(f"the emulator ended without printing {wanted!r}; the last lines were:\n{self.tail()}")
        self.seen = at + len(wanted)
        return time.monotonic() - self.started

    def type(self, text):
        os.write(self.input, text.encode())

    def wait_for_end(self):
        """Reads the rest, and returns the exit code; what the process used is in `resources` then."""
        while self.read_some():
            pass
        _, status, self.resources = os.wait4(self.process.pid, 0) if self.process.returncode is None else (0, self.process.returncode, None)
        self.process.returncode = os.waitstatus_to_exitcode(status) if self.resources else status
        return self.process.returncode

    def kill(self):
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tail(self, lines=25):
        return "\n".join(self.text.splitlines()[-lines:])
