"""Disks and CDs that start Debian's amd64 kernel with GRUB, made of the guest's files and Debian's GRUB."""
import shutil
import subprocess
from pathlib import Path

from emulators import Unavailable

SECTOR = 512
PARTITION_AT = 2048 * SECTOR
PARTITION_MIB = 160
GRUB = Path("/usr/lib/grub/i386-pc")
MODULES = ["biosdisk", "part_msdos", "ext2", "normal", "linux", "serial", "terminal", "configfile"]

CONFIGURATION = """\
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=1
menuentry "Debian" {{
  linux /boot/kernel {words}
  initrd /boot/initrd
}}
"""


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if result.returncode:
        raise AssertionError(f"{command[0]} failed: {result.stdout.decode(errors='replace').strip()[-500:]}")


def need(*programs):
    for program in programs:
        if not (shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")):
            raise Unavailable(f"the program {program} is not installed")
    if not GRUB.is_dir():
        raise Unavailable("the package grub-pc-bin is not installed")


def boot_folder(folder, guest, words):
    (folder / "grub").mkdir(parents=True)
    (folder / "grub" / "grub.cfg").write_text(CONFIGURATION.format(words=words))
    for name in ("kernel", "initrd"):
        shutil.copy(guest / name, folder / name)


def grub_cd(scratch, guest, words):
    need("grub-mkrescue", "xorriso", "mformat")
    boot_folder(scratch / "cd" / "boot", guest, words)
    run("grub-mkrescue", "-o", scratch / "grub.iso", scratch / "cd")
    return scratch / "grub.iso"


def grub_disk(scratch, guest, words):
    """One partition with an ext4 root: the initrd's programs, kernel and initrd. GRUB's core lies between it and the MBR."""
    need("grub-mkimage", "mkfs.ext4", "cpio")
    root = scratch / "root"
    root.mkdir()
    with open(guest / "initrd", "rb") as archive:
        run("cpio", "-idm", "--quiet", "--no-absolute-filenames", stdin=archive, cwd=root)
    boot_folder(root / "boot", guest, words)
    file_system = scratch / "ext4"
    run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", root, file_system, f"{PARTITION_MIB}M")
    core = scratch / "core.img"
    run("grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", core, *MODULES)
    image = scratch / "disk.img"
    with open(image, "wb") as disk:
        boot = bytearray((GRUB / "boot.img").read_bytes()[:SECTOR])
        sectors = PARTITION_MIB * 2048
        # The partition table's first entry: active, Linux, where it begins and how long it is.
        boot[446:462] = bytes([0x80, 0, 0, 0, 0x83, 0, 0, 0]) + (PARTITION_AT // SECTOR).to_bytes(4, "little") + sectors.to_bytes(4, "little")
        boot[462:510] = bytes(48)
        boot[510:512] = b"\x55\xaa"
        disk.write(boot + core.read_bytes())
        disk.seek(PARTITION_AT)
        with open(file_system, "rb") as source:
            shutil.copyfileobj(source, disk)
    return image
