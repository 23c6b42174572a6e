#!/usr/bin/env python3
"""Boots a real guest in a way named on the command line and looks at what it says. Run by ctest, or by hand.

usage: boot_test.py --program build/release/orrery VARIATION      (qemu-system-riscv64 also does, but for PCs)
Exit code 77: skipped, as the guest's packages can't be had.
"""
import argparse
import contextlib
import functools
import http.server
import re
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from disks import grub_cd, grub_disk, uefi_disk
from emulators import Console, Settings, Unavailable, architecture_of, command_for, fetched

SKIPPED = 77
SEABIOS = Path("/usr/share/seabios/bios-256k.bin")
GREETING = "hello from the host"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(GREETING.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server():
    """Serves GREETING on the host; gives the address by which the guest's user network reaches it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://10.0.2.2:{server.server_address[1]}/"
        server.shutdown()


@contextlib.contextmanager
def running(program, settings, **options):
    console = Console(command_for(program, settings), **options)
    try:
        yield console
    finally:
        console.kill()


def expect(condition, sentence, console):
    if not condition:
        raise AssertionError(f"{sentence}; the last lines were:\n{console.tail(40)}")


def debian(scratch, suite="trixie", **settings):
    """Settings that boot Debian with a copy of the disk, so that tests can run at the same time."""
    folder = fetched(architecture=architecture_of(settings.get("machine", "riscv-virt")), suite=suite)
    disk = scratch / "disk"
    if not disk.exists():
        shutil.copy(folder / "disk", disk)
    return Settings(kernel=folder / "kernel", initrd=folder / "initrd", disk=disk, **settings)


def scripted_boot(program, settings, url=None):
    """One boot with the guest's check script; returns its console text. Every check must pass and the exit code be 0."""
    with contextlib.nullcontext(url) if url else web_server() as url:
        settings.append = f"console=ttyS0 orrery.script=1 orrery.url={url}"
        with running(program, settings) as console:
            seconds = console.wait_for("GUEST-READY")
            code = console.wait_for_end()
            print(f"user space after {seconds:.1f} s; exit code {code}")
            expect(code == 0, f"exit code {code} instead of 0", console)
            expect("SCRIPT-DONE failed 0" in console.text, "the check script reports a failure or did not end", console)
            expect(f"CHECK wget ok {GREETING}" in console.text, "the guest did not fetch the host's page", console)
            expect("CHECK ping ok" in console.text, "the guest did not reach 10.0.2.2", console)
            expect(f"CHECK cpus ok {settings.cpus}\n" in console.text, f"the guest does not see {settings.cpus} CPUs", console)
            expect("Call Trace:" not in console.text, "the kernel printed a call trace", console)
            return console.text


def disk_boots(text):
    found = re.search(r"CHECK disk-earlier boots (\d+)\n(?:.*\n)*?CHECK disk ok boots (\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def two_boots(program, scratch):
    """The second boot reads what the first one wrote to the ext4 disk."""
    settings = debian(scratch)
    first, second = (disk_boots(scripted_boot(program, settings)) for _ in range(2))
    if not first or not second or first[1] != first[0] + 1 or second[0] != first[1]:
        raise AssertionError(f"the disk does not remember: earlier and present count were {first}, then {second}")


def one_boot(program, scratch, least_memory_kib=0, bios=None, kernel="", **settings):
    """Boots Debian; its kernel's version must begin as `kernel` says."""
    if bios:
        settings["bios"] = fetched("firmware") / bios
    text = scripted_boot(program, debian(scratch, **settings))
    memory = re.search(r"CHECK memory ok (\d+) KiB", text)
    if not memory or int(memory[1]) < least_memory_kib:
        raise AssertionError(f"the guest sees too little memory: {memory and memory[0]}")
    if bios and "OpenSBI" not in text:
        raise AssertionError("OpenSBI did not print its banner")
    if f"Linux version {kernel}" not in text:
        raise AssertionError(f"the kernel isn't one of {kernel}")


def terminal(program, scratch):
    """What a user does: a shell on a terminal, Ctrl-C, a file on the disk, poweroff; the terminal is as it was."""
    import termios
    settings = debian(scratch)
    with running(program, settings, terminal=True) as console:
        console.wait_for("orrery:~# ")
        console.type("echo a$((40+2))b; sleep 1000\r")
        console.wait_for("a42b")
        time.sleep(1)  # as a user would: in the instant before the shell has started sleep, Ctrl-C hits only the shell
        console.type("\x03")
        console.wait_for("orrery:~# ")
        console.type("echo kept >/mnt/note && cat /mnt/note | tr k K; stty size | wc -l\r")
        console.wait_for("Kept")
        console.wait_for("orrery:~# ")
        console.type("poweroff\r")
        code = console.wait_for_end()
        expect(code == 0, f"exit code {code} instead of 0 after poweroff", console)
        expect(termios.tcgetattr(console.child_end) == console.settings_before, "the terminal's settings were not restored", console)


def paravirtual_clock(program, scratch, **settings):
    """The kernel takes the clock for its time, with a choice of the TSC, and the host's date from it."""
    with running(program, debian(scratch, cpu="+kvmclock", append="console=ttyS0 clocksource=kvm-clock", **settings), terminal=True) as console:
        console.wait_for("kvm-clock: Using msrs 4b564d01 and 4b564d00")
        console.wait_for("Switched to clocksource kvm-clock")
        console.wait_for("orrery:~# ")
        console.type("cd /sys/devices/system/clocksource/clocksource0\r")
        console.type("echo $(cat current_clocksource) of $(cat available_clocksource) at $(date +%s); echo a$((40+2))b\r")
        console.wait_for("a42b")
        found = re.search(r"(?m)^kvm-clock of (.*) at (\d+)$", console.text)
        expect(found and "kvm-clock" in found[1].split() and "tsc" in found[1].split(), "the clock isn't the kernel's", console)
        expect(abs(int(found[2]) - time.time()) < 60, "the guest's date isn't the host's", console)
        console.type("sleep 1; poweroff\r")
        expect(console.wait_for_end() == 0, "the machine wasn't switched off", console)
        expect("Call Trace:" not in console.text and "unstable" not in console.text, "the kernel has a complaint", console)


def obeying_u_boot(console):
    """Waits for its prompt, and for the answer to a command there."""
    console.wait_for("U-Boot 20")
    console.wait_for("Hit any key")
    console.type("\r")
    console.wait_for("=> ")
    console.type("setenv middle emo; echo m${middle}ry\r")
    console.wait_for("memory")
    console.wait_for("=> ")


def u_boot(program, scratch, bios):
    """OpenSBI starts U-Boot, which comes to its prompt and obeys."""
    firmware = fetched("firmware")
    settings = Settings(bios=firmware / bios, kernel=firmware / "u-boot.bin", append="", net=False)
    with running(program, settings) as console:
        console.wait_for("OpenSBI")
        obeying_u_boot(console)
        console.type("poweroff\r")
        code = console.wait_for_end()
        expect(code == 0, f"exit code {code} instead of 0 after poweroff", console)


def boot_menu(program, scratch, **settings):
    """Our BIOS starts what is chosen in its menu, and not the disk that comes first."""
    folder = fetched(architecture="amd64")
    (scratch / "empty").write_bytes(bytes(1 << 20))
    settings = Settings(disk=scratch / "empty", cdrom=grub_cd(scratch, folder, ""), boot="disk,cdrom,menu=60", net=False, **settings)
    with running(program, settings) as console:
        console.wait_for("boot menu")
        console.type("\x1b")
        console.wait_for("1. ATA")
        console.wait_for("2. CD/DVD")
        console.wait_for("A number chooses")
        console.type("2")
        console.wait_for("GNU GRUB")


def installer(program, scratch, **settings):
    """Debian's installer, as it comes over a network, asks its first question."""
    firmware = fetched("firmware", architecture="amd64")
    settings = Settings(kernel=firmware / "installer-kernel", initrd=firmware / "installer-initrd",
                        append="console=ttyS0 TERM=vt102", net=False, **settings)
    with running(program, settings) as console:
        console.wait_for("Starting system log daemon")
        console.wait_for("Select a language")
        console.wait_for("<Go Back>")


def memtest(program, scratch, **settings):
    """memtest86+ ends its first pass without errors. One of its tests lets minutes go by."""
    kernel = fetched("firmware", architecture="amd64") / "memtest86+x64.bin"
    settings = Settings(kernel=kernel, append="console=ttyS0,115200", memory="8M", net=False, **settings)
    with running(program, settings, limit_seconds=900) as console:
        console.wait_for("Memtest86+")
        console.wait_for("Errors: 0")
        console.wait_for("Pass:  1        Errors: 0")
        expect(not re.search(r"Errors: [1-9]", console.text), "there are errors", console)


def pc_u_boot(program, scratch, **settings):
    """U-Boot as a PC's firmware comes to its prompt, obeys and resets, which brings it back."""
    with running(program, Settings(bios=fetched("firmware", architecture="amd64") / "u-boot.rom", net=False, **settings)) as console:
        for _ in range(2):
            obeying_u_boot(console)
            console.type("reset\r")


def ovmf_files(scratch):
    """EDK2, with its variables in a file of this test's own."""
    firmware = fetched("firmware", architecture="amd64")
    shutil.copy(firmware / "OVMF_VARS_4M.fd", scratch / "variables")
    return {"bios": firmware / "OVMF_CODE_4M.fd", "flash": scratch / "variables"}


def ovmf(program, scratch, **settings):
    """EDK2 comes to its shell and keeps a variable in flash, whose file brings it back in the next run."""
    settings = Settings(net=False, **ovmf_files(scratch), **settings)
    for command, answers in (("set remembered yes", ()), ("set remembered", ("remembered ", "yes"))):
        with running(program, settings) as console:
            console.wait_for("UEFI Interactive Shell")
            console.wait_for("to skip")
            console.type("\x1b")
            console.wait_for("Shell> ")
            console.type(command + "\r")
            for answer in answers:  # there are colours in between, and more in what it echoes
                console.wait_for(answer)
            console.wait_for("Shell> ")
            console.type("reset -s\r")
            code = console.wait_for_end()
            expect(code == 0, f"exit code {code} instead of 0 after reset -s", console)


def grub(program, scratch, make, root=None, **settings):
    """A BIOS, by default our own, or EDK2 starts GRUB, GRUB starts Debian's kernel, and that goes on from the disk if it has one."""
    if make is uefi_disk:
        settings |= ovmf_files(scratch)
    elif settings.get("bios") and not settings["bios"].exists():
        raise Unavailable(f"{settings['bios']} is not installed")
    folder = fetched(architecture="amd64")
    with web_server() as url:
        words = f"console=ttyS0 orrery.script=1 orrery.url={url}" + (f" orrery.root={root}" if root else "")
        image = make(scratch, folder, words)
        text = scripted_boot(program, Settings(**{"cdrom" if make is grub_cd else "disk": image}, **settings), url)
    if "GNU GRUB" not in text:
        raise AssertionError("GRUB's menu was not seen")
    if root and f"CHECK root ok {root}" not in text:
        raise AssertionError(f"the root is not the file system on {root}")


def fetch(program, scratch):
    """Not a boot: fills the cache, so that the others need no network."""
    for architecture in ("riscv64", "amd64"):
        for what in ("guest", "firmware"):
            print(fetched(what, network=True, architecture=architecture))
    print(fetched(network=True, architecture="amd64", suite="bookworm"))


def variation(function, **settings):
    return functools.partial(function, **settings)


VARIATIONS = {
    "fetch": fetch,
    "two_boots": two_boots,
    "terminal": terminal,
    "cpus_2": variation(one_boot, cpus=2),
    "cpus_4": variation(one_boot, cpus=4),
    "memory_8G": variation(one_boot, memory="8G", least_memory_kib=7_500_000),
    "interpreter": variation(one_boot, engine="interp"),
    "opensbi_jump": variation(one_boot, bios="fw_jump.bin"),
    "opensbi_dynamic": variation(one_boot, bios="fw_dynamic.bin"),
    "opensbi_cpus_2": variation(one_boot, bios="fw_dynamic.bin", cpus=2),
    "pc": variation(one_boot, machine="pc", disk_words=",virtio"),
    "pc_cpus_2": variation(one_boot, machine="pc", cpus=2),
    "pc_linux_6_1": variation(one_boot, machine="pc", suite="bookworm", kernel="6.1.", disk_words=",virtio"),
    "pc_kvmclock": variation(paravirtual_clock, machine="pc"),
    "q35_kvmclock_cpus_2": variation(paravirtual_clock, machine="q35", cpus=2),
    "q35_cpus_4": variation(one_boot, machine="q35", cpus=4),
    "pc_grub_cd": variation(grub, make=grub_cd, machine="pc"),
    "pc_grub_ide": variation(grub, make=grub_disk, root="/dev/sda1", machine="pc"),
    "pc_grub_virtio": variation(grub, make=grub_disk, root="/dev/vda1", machine="pc", disk_words=",virtio"),
    "pc_seabios": variation(grub, make=grub_cd, machine="pc", bios=SEABIOS),
    "q35_seabios": variation(grub, make=grub_disk, root="/dev/sda1", machine="q35", bios=SEABIOS),
    "q35_grub_sata": variation(grub, make=grub_disk, root="/dev/sda1", machine="q35"),
    "pc_cpus_8": variation(one_boot, machine="pc", cpus=8, memory="512M"),
    "pc_installer": variation(installer, machine="pc"),
    "pc_memtest": variation(memtest, machine="pc"),
    "pc_boot_menu": variation(boot_menu, machine="pc"),
    "pc_ovmf": variation(ovmf, machine="pc"),
    "q35_ovmf": variation(ovmf, machine="q35", cpus=2),
    "pc_ovmf_grub": variation(grub, make=uefi_disk, root="/dev/sda2", machine="pc"),
    "q35_ovmf_grub": variation(grub, make=uefi_disk, root="/dev/vda2", machine="q35", cpus=2, disk_words=",virtio"),
    "pc_u_boot": variation(pc_u_boot, machine="pc"),
    "q35_u_boot": variation(pc_u_boot, machine="q35"),
    "u_boot_jump": variation(u_boot, bios="fw_jump.bin"),
    "u_boot_dynamic": variation(u_boot, bios="fw_dynamic.bin"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("variation", choices=VARIATIONS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orrery-boot-") as scratch:
        try:
            VARIATIONS[arguments.variation](arguments.program, Path(scratch))
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return SKIPPED
        except (AssertionError, TimeoutError) as failure:
            print(f"failed: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
