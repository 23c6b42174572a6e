"""Disks and CDs that start Debian's amd64 kernel with GRUB from a BIOS or UEFI, made of the guest's files and Debian's GRUB."""
import shutil
import struct
import subprocess
import uuid
import zlib
from pathlib import Path

from emulators import Unavailable

SECTOR = 512
PARTITION_AT = 2048 * SECTOR
PARTITION_MIB = 160
ESP_MIB = 96
GRUB = Path("/usr/lib/grub/i386-pc")
GRUB_UEFI = Path("/usr/lib/grub/x86_64-efi")
COMMON_MODULES = ["normal", "linux", "serial", "terminal", "configfile"]
MODULES = ["biosdisk", "part_msdos", "ext2", *COMMON_MODULES]
UEFI_MODULES = ["part_gpt", "fat", *COMMON_MODULES]

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
    for folder, package in ((GRUB, "grub-pc-bin"), (GRUB_UEFI, "grub-efi-amd64-bin")):
        if not folder.is_dir():
            raise Unavailable(f"the package {package} is not installed")


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


def root_file_system(scratch, guest, words):
    """An ext4 image: the initrd's programs, kernel and initrd."""
    need("mkfs.ext4", "cpio")
    root = scratch / "root"
    root.mkdir()
    with open(guest / "initrd", "rb") as archive:
        run("cpio", "-idm", "--quiet", "--no-absolute-filenames", stdin=archive, cwd=root)
    boot_folder(root / "boot", guest, words)
    file_system = scratch / "ext4"
    run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", root, file_system, f"{PARTITION_MIB}M")
    return file_system


def copy_to(disk, offset, image):
    disk.seek(offset)
    with open(image, "rb") as source:
        shutil.copyfileobj(source, disk)


def grub_disk(scratch, guest, words):
    """One partition with an ext4 root. GRUB's core lies between it and the MBR."""
    need("grub-mkimage")
    file_system = root_file_system(scratch, guest, words)
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
        copy_to(disk, PARTITION_AT, file_system)
    return image


def system_partition(scratch, guest, words):
    """A FAT image as UEFI starts it from any disk: GRUB, its configuration, kernel and initrd."""
    need("grub-mkimage", "mformat", "mcopy")
    grub = scratch / "bootx64.efi"
    run("grub-mkimage", "-O", "x86_64-efi", "-p", "(hd0,gpt1)/boot/grub", "-o", grub, *UEFI_MODULES)
    boot_folder(scratch / "esp" / "boot", guest, words)
    (scratch / "esp" / "EFI" / "BOOT").mkdir(parents=True)
    shutil.copy(grub, scratch / "esp" / "EFI" / "BOOT" / "BOOTX64.EFI")
    image = scratch / "fat"
    run("mformat", "-C", "-F", "-T", ESP_MIB * 2048, "-h", 64, "-s", 32, "-i", image, "::")
    run("mcopy", "-s", "-i", image, *(scratch / "esp").iterdir(), "::")
    return image


# UEFI 2.10, 5.3: header and entries at the front, and again at the end.
ENTRY_BYTES, ENTRIES = 128, 128
ESP_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
LINUX_TYPE = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


def gpt_header(at, other, last, entries_at, entries):
    fields = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, at, other, 34, last - 33,
                         uuid.uuid5(uuid.NAMESPACE_OID, "disk").bytes_le, entries_at, ENTRIES, ENTRY_BYTES, zlib.crc32(entries))
    return (fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]).ljust(SECTOR, b"\0")


def uefi_disk(scratch, guest, words):
    """A GPT disk with a system partition that starts GRUB, and an ext4 root."""
    parts = [(ESP_TYPE, system_partition(scratch, guest, words), ESP_MIB), (LINUX_TYPE, root_file_system(scratch, guest, words), PARTITION_MIB)]
    first, entries, places = PARTITION_AT // SECTOR, b"", []
    for number, (kind, image, mib) in enumerate(parts):
        identity = uuid.uuid5(uuid.NAMESPACE_OID, str(number))
        entries += struct.pack("<16s16sQQQ72x", kind.bytes_le, identity.bytes_le, first, first + mib * 2048 - 1, 0)
        places.append((first * SECTOR, image))
        first += mib * 2048
    entries = entries.ljust(ENTRY_BYTES * ENTRIES, b"\0")
    last = first + 2047
    protective = bytes(446) + struct.pack("<4B4BII", 0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, last) + bytes(48) + b"\x55\xaa"
    with open(scratch / "disk.img", "wb") as disk:
        disk.write(protective + gpt_header(1, last, last, 2, entries) + entries)
        for offset, image in places:
            copy_to(disk, offset, image)
        disk.seek((last - 32) * SECTOR)
        disk.write(entries + gpt_header(last, 1, last, last - 32, entries))
    return scratch / "disk.img"
