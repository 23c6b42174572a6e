#!/usr/bin/env python3
"""Real debuggers on real guests: gdb-multiarch and lldb are given commands, and what they answer is looked at.

usage: debugger_test.py --program build/release/orrery --hello build/release/guests/hello-riscv64.elf --pc build/release/guests/debuggers VARIATION
Exit code 77: skipped, as a debugger or the guest's packages can't be had.
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "boot"))
from emulators import TOP, Unavailable, fetched  # noqa: E402

SKIPPED = 77
LIMIT_SECONDS = 240


def debugger(*names):
    for name in names:
        if shutil.which(name):
            return name
    raise Unavailable(f"none of {', '.join(names)} is installed")


@contextlib.contextmanager
def guest(program, scratch, *options, paused=True, place=""):
    """Orrery with a stub on a socket, `place` being the words behind it; gives the process and the socket."""
    socket = scratch / "stub"
    command = [program, "run", "--gdb", f"unix:{socket}{place}", "--serial", f"file:{scratch}/serial", *map(str, options)]
    process = subprocess.Popen(command + (["--paused"] if paused else []), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        while not socket.exists():
            assert process.poll() is None and time.monotonic() < deadline, f"no socket: {process.stderr.read()}"
            time.sleep(0.02)
        yield process, socket
    finally:
        process.kill()
        process.communicate()


def wait_for_serial(scratch, wanted, seconds=120):
    deadline = time.monotonic() + seconds
    while wanted not in (text := (scratch / "serial").read_text(errors="replace")):
        assert time.monotonic() < deadline, f"no {wanted!r} from the guest, but:\n{text[-2000:]}"
        time.sleep(0.1)
    return text


def printed_by(command):
    """What it prints; when it takes too long, the failure shows that, too."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            return process.communicate(timeout=LIMIT_SECONDS)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{command[0]} came to no end, only so far:\n{process.communicate()[0]}") from None


def gdb(socket, *commands, symbols=None, architecture="riscv:rv64"):
    """What gdb prints on these commands, one after another; one that fails doesn't end the session."""
    command = [debugger("gdb-multiarch"), "-nx", "-q", "-batch"]
    first = ["set confirm off", "set pagination off", "set width 0", "set tcp auto-retry off", "set remotetimeout 60"]
    first += [f"file {symbols}"] if symbols else [f"set architecture {architecture}"]
    for each in [*first, f"directory {TOP}", f"target remote {socket}", *commands]:
        command += ["-ex", each]
    return printed_by(command)


def lldb(socket, *commands, symbols):
    # Debian's lldb-19 looks for its Python files elsewhere than they are, and says so; it works without.
    command = [debugger("lldb-19", "lldb"), "--no-lldbinit", "--batch", str(symbols)]
    for each in [f"process connect unix-connect://{socket}", *commands]:
        command += ["-o", each]
    return printed_by(command)


class Transcript:
    """Looks for patterns in what a debugger printed, each after the one before."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def shows(self, *patterns):
        for pattern in patterns:
            found = re.compile(pattern, re.MULTILINE).search(self.text, self.at)
            assert found, f"not there, or not in its place: {pattern}\nafter {self.at} of these characters:\n{self.text}"
            self.at = found.end()
        return found


def gdb_source_level(program, hello, scratch):
    """Breakpoints, conditions, steps, finish, backtraces and watchpoints in a program with debugging information."""
    with guest(program, scratch, "--bios", "none", "--kernel", hello, "--cpus", 4) as (process, socket):
        Transcript(gdb(
            socket, "info threads", "break hello_main", "continue", "backtrace", "watch harts", "continue", "continue", "delete",
            "tbreak say_number if value == 4", "continue", "print value", "backtrace 2", "finish", "step", "next",
            "watch *(unsigned*)&trap_count", "continue", "continue", "delete", "print/x $mcause", "stepi", "tbreak finish", "continue", "detach",
            symbols=hello,
        )).shows(
            r'^\* 1 .*"hart0" \(M-mode', r'^  4 .*"hart3"',
            r"hit Breakpoint 1, hello_main \(hart=0, tree=0x[0-9a-f]+\)", r"^#0  hello_main", r"^#1  .* in _start",
            r"Hardware watchpoint 2: harts", r"Old value = 0\nNew value = 1", r"Old value = 1\nNew value = 2",
            r"hit Temporary breakpoint 3, say_number \(value=4\)", r"= 4$", r"^#0  say_number", r"^#1  .* hello_main",
            r"^(0x[0-9a-f]+ in )?hello_main \(hart=",
            r"Hardware watchpoint 4", r"Old value = 0\nNew value = 1", r"Old value = 1\nNew value = 2", r"= 0x5$", r"hit Temporary breakpoint 5, finish", r"detached\]",
        )
        assert process.wait(60) == 0, "the guest didn't run to its end after the detach"
    assert "All is well" in (scratch / "serial").read_text()


def gdb_one_cpu_alone(program, hello, scratch):
    """With gdb's scheduler locked one CPU runs while the others stand still; devices are reached in physical memory."""
    with guest(program, scratch, "--bios", "none", "--kernel", hello, "--cpus", 3) as (process, socket):
        Transcript(gdb(
            socket, "set scheduler-locking on", "thread 3", "tbreak other", "continue", "monitor cpus", "thread 1", "tbreak hello_main", "continue", "monitor cpus",
            "x/xb 0x10000005", "maintenance packet Qqemu.PhyMemMode:1", "x/xb 0x10000005", "maintenance packet Qqemu.PhyMemMode:0",
            "set scheduler-locking off", "delete", "detach", symbols=hello,
        )).shows(
            r'Thread 3 "hart2" hit Temporary breakpoint', r"^0 hart0 at 0x1000, .* 0 instructions", r"^1 hart1 at 0x1000, .* 0 instructions", r"^2 hart2 at 0x8",
            r'Thread 1 "hart0" hit Temporary breakpoint', r"^1 hart1 at 0x1000, .* 0 instructions",
            r"Cannot access memory at address 0x10000005", r"^0x10000005:\s+0x60$", r"detached\]",
        )
        assert process.wait(60) == 0, "the guest didn't run to its end after the detach"


def gdb_registers_and_memory(program, hello, scratch):
    """All registers can be read, each can be written; memory moves in bulk, virtual and physical."""
    with guest(program, scratch, "--bios", "none", "--kernel", hello) as (_, socket):
        blob = scratch / "blob"
        blob.write_bytes(os.urandom(4 << 20))
        back = scratch / "back"
        writes = [("$a0", 0x1122334455667788), ("$mscratch", 0x55AA), ("$sepc", 0x80000100), ("$satp", 8 << 60 | 0x80200), ("$fs0", None)]
        commands = ["info all-registers"]
        for name, value in writes:
            commands += [f"set var {name} = {hex(value)}" if value is not None else f"set var {name}.double = 1.5", f"print/x {name}" if value is not None else f"print {name}.double"]
        commands += ["set var $satp = 0", "set var $mhartid = 7", "print $mhartid", "print $mstatus", "set var $mstatus = 0x1800UL", "print $mstatus", "print/x $x10"]
        commands += [f"restore {blob} binary 0x84000000", f"dump binary memory {back} 0x84000000 0x84400000", "compare-sections", "x/2i 0x80000000", "x/xw 0x5"]
        commands += ["maintenance packet Qqemu.PhyMemMode:1", "x/xw 0x84000000", "monitor walk 0x84000000", "monitor wolk", "kill"]
        Transcript(gdb(socket, *commands, symbols=hello)).shows(
            r"^zero +0x0", r"^pc +0x1000", r"^ft11 +", r"^fcsr +0x0", r"^pmpaddr15 +0x0", r"^mhartid +0x0", r"^priv +0x3",
            r"= 0x1122334455667788$", r"= 0x55aa$", r"= 0x80000100$", r"= 0x8000000000080200$", r"= 1\.5$",
            r"Could not write register|= 0", r"MPP=0", r"MPP=3", r"= 0x1122334455667788$",
            r"Restoring binary file", r"matched", r"^ +0x80000000", r"Cannot access memory at address 0x5",
            r"is guest-physical 0x84000000", r"was 'walk' meant\?",
        )
        assert blob.read_bytes() == back.read_bytes(), "4 MiB read back differ from what was written"


# How to make an ELF file of each architecture's.
TARGETS = {"riscv64": ["--target=riscv64-unknown-elf", "-mno-relax", "-Wl,--no-relax"], "amd64": ["--target=x86_64-unknown-linux-gnu"]}


def symbols_of_kernel(scratch, listing, architecture):
    """An ELF file with the functions of a kernel's /proc/kallsyms, so that gdb knows them by name."""
    source, linked = scratch / "symbols.S", scratch / "symbols.elf"
    functions = sorted({(int(address, 16), name) for address, kind, name in listing if kind in "Tt" and int(address, 16) >> 63})
    base = functions[0][0]
    lines = ['.section .kernel, "ax", @nobits'] + ([".option norvc"] if architecture == "riscv64" else [])
    for (address, name), (after, _) in zip(functions, functions[1:] + [(functions[-1][0] + 256, "")]):
        lines += [f".org {address - base}", f".globl {name}", f".type {name}, @function", f"{name}:", f".size {name}, {after - address}"]
    source.write_text("\n".join(lines + [f".org {functions[-1][0] - base + 256}\n"]))
    compiler = debugger("clang-19", "clang")
    subprocess.run([compiler, *TARGETS[architecture], "-nostdlib", "-static", "-fuse-ld=lld-19", f"-Wl,--section-start=.kernel={base:#x}", "-Wl,--image-base=0xffffffff00000000", "-Wl,-e,0", source, "-o", linked], check=True)
    return linked


def kernel_symbols(program, boot, names):
    """What /proc/kallsyms has of these names: a first boot tells, since the kernel isn't relocated (nokaslr)."""
    command = [program, "run", *map(str, boot), "--append", "console=ttyS0 quiet nokaslr"]
    script = f"sleep 1; grep -E ' ({names})$' /proc/kallsyms; echo kalls''yms; poweroff\n"
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        timer = signal.signal(signal.SIGALRM, lambda *_: first.kill())
        signal.alarm(LIMIT_SECONDS)
        text = ""
        while "orrery:~#" not in text:
            character = first.stdout.read(1)
            assert character, f"the guest came to no shell:\n{text}"
            text += character
        first.stdin.write(script)
        first.stdin.flush()
        text += first.stdout.read()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, timer)
    listing = re.findall(r"^([0-9a-f]{16}) (\w) (\w+)", text, re.MULTILINE)
    assert any(name == "do_idle" for _, _, name in listing), f"no /proc/kallsyms from the guest:\n{text[-2000:]}"
    return listing


def gdb_debian(program, hello, scratch):
    """Debian's kernel on four harts: at its entry before paging, at its functions, in user code, and running on after all of it."""
    files = fetched()
    boot = ["--cpus", 4, "--kernel", files / "kernel", "--initrd", files / "initrd"]
    names = "do_idle|schedule|cpu_startup_entry|start_kernel|rest_init|default_idle_call|arch_cpu_idle|kernel_init|do_sys_openat2|__se_sys_openat|do_trap_ecall_u|secondary_start_sbi|smp_callin|cpuidle_idle_call|handle_exception"
    kernel = symbols_of_kernel(scratch, kernel_symbols(program, boot, names), "riscv64")
    with guest(program, scratch, *boot, "--append", "console=ttyS0 nokaslr") as (process, socket):
        Transcript(gdb(
            socket, "tbreak *0x80200000", "continue", "print $priv", "print/x $satp", "hbreak start_kernel", "continue", "print/x $satp >> 60", "backtrace",
            "tbreak do_sys_openat2", "continue", "backtrace", "info threads", "monitor cpus",
            "tbreak do_trap_ecall_u", "continue", "tbreak *($sepc + 4)", "continue", "print/x $priv", "x/i $pc", "delete", "detach", symbols=kernel,
        )).shows(
            r"hit Temporary breakpoint 1, 0x0000000080200000", r"= 1 ", r"= 0x0$", r"hit Breakpoint 2, .*start_kernel", r"= 0x(f{15})?[89a]$", r"^#0 .*start_kernel",
            r"hit Temporary breakpoint 3, .*do_sys_openat2", r"^#0 .*do_sys_openat2", r"^#\d+ .*(do_trap_ecall_u|kernel_init)", r'"hart3"', r"S-mode",
            r"do_trap_ecall_u", r"Temporary breakpoint 5", r"= 0x0$", r"^=> 0x0*[0-9a-f]{5,10}:", r"detached\]",
        )
        wait_for_serial(scratch, "with a busybox shell")
        time.sleep(1)
        # Connecting stops all harts, most of them idle in wfi.
        text = gdb(socket, "info threads", "detach", symbols=kernel)
        Transcript(text).shows(r"S-mode, wfi\) 0x[0-9a-f]+ in arch_cpu_idle", r"detached\]")
        assert process.poll() is None, "the guest didn't survive the debugger"


def gdb_debian_pc(program, engine, scratch):
    """Debian's kernel on a PC: breakpoints in its functions, from before its own page tables to user code, steps, backtraces, a watchpoint."""
    files = fetched(architecture="amd64")
    boot = ["--machine", "q35", "--cpus", 2, "--kernel", files / "kernel", "--initrd", files / "initrd"]
    names = "do_idle|cpu_startup_entry|start_kernel|x86_64_start_reservations|x86_64_start_kernel|rest_init|kernel_init|do_sys_openat2|do_sys_open|__x64_sys_openat|do_syscall_64|x64_sys_call|entry_SYSCALL_64|entry_SYSCALL_64_after_hwframe|default_idle|default_idle_call|pv_native_safe_halt|native_safe_halt|acpi_safe_halt|cpuidle_idle_call|_stext|startup_64|secondary_startup_64|tick_do_update_jiffies64|tick_periodic|do_timer|setup_arch|jiffies_64"
    listing = kernel_symbols(program, boot, names)
    kernel = symbols_of_kernel(scratch, listing, "amd64")
    jiffies = next(int(address, 16) for address, _, name in listing if name == "jiffies_64")
    entry = next(int(address, 16) for address, _, name in listing if name == "startup_64") - 0xFFFFFFFF80000000
    with guest(program, scratch, *boot, "--engine", engine, "--append", "console=ttyS0 nokaslr") as (process, socket):
        transcript = Transcript(gdb(
            socket, "info threads", f"hbreak *{entry:#x}", "continue", "print $cr0", "print $efer", "delete",
            "break start_kernel", "hbreak setup_arch", "continue", "backtrace", "x/2i $pc", "stepi", "stepi", "info registers rip", "continue", "backtrace 2", "delete",
            f"watch *(unsigned long*){jiffies:#x}", "continue", "continue", "backtrace 1", "delete",
            *(["detach"] if engine == "interp" else [
                "tbreak do_sys_openat2", "continue", "backtrace", "info threads", "tbreak entry_SYSCALL_64", "continue", "print/x $cs", "tbreak *$rcx", "continue", "print/x $cs", "x/i $pc", "monitor cpus", "delete", "detach"]),
            symbols=kernel,
        ))
        transcript.shows(
            r'^\* 1 .*"cpu0" \(64-bit mode, ring 0', r'^  2 .*"cpu1" \(real mode, waits for SIPI', rf"hit Breakpoint 1, 0x0*{entry:x}", r"= \[ PE .*PG \]", r"= \[ .*LME LMA.* \]",
            r"hit Breakpoint 2, 0x\w+ in start_kernel|hit Breakpoint 2, start_kernel", r"^#0 .*start_kernel", r"^#1 .* in x86_64_start_", r"^=> 0x\w+ <start_kernel", r"<start_kernel\+\d+>",
            r"hit Breakpoint 3, .*setup_arch", r"^#0 .*setup_arch", r"^#1 .* in start_kernel", r"Hardware watchpoint 4", r"Old value = \d+\nNew value = \d+", r"Old value = \d+\nNew value = \d+", r"^#0 ",
        )
        if engine == "interp":
            return
        transcript.shows(
            r"hit Temporary breakpoint 5, .*do_sys_openat2", r"^#0 .*do_sys_openat2", r"^#1 .* in \w+", r'"cpu1"', r"hit Temporary breakpoint 6, .*entry_SYSCALL_64", r"= 0x10$",
            r"Temporary breakpoint 7", r"= 0x33$", r"^=> 0x0*[0-9a-f]{5,12}:", r"64-bit mode, ring 3", r"detached\]",
        )
        wait_for_serial(scratch, "with a busybox shell")
        time.sleep(1)
        text = gdb(socket, "info threads", "detach", symbols=kernel)
        Transcript(text).shows(r"64-bit mode, ring 0, hlt\) 0x[0-9a-f]+ in \w*(idle|halt)\w*", r"detached\]")
        assert process.poll() is None, "the guest didn't survive the debugger"


def lldb_session(program, hello, scratch):
    """lldb connects, breaks by name, steps, reads and writes registers and memory, watches, and lets go."""
    with guest(program, scratch, "--bios", "none", "--kernel", hello, "--cpus", 4) as (process, socket):
        Transcript(lldb(
            socket, "thread list", "breakpoint set --name hello_main", "continue", "thread backtrace", "register read pc a0 mstatus",
            "register write s5 0x1234", "register read s5", "memory read --size 4 --format x --count 2 0x80000000", "thread step-inst",
            "watchpoint set variable harts", "continue", "watchpoint delete --force", "breakpoint delete --force", "memory region 0x80000000", "process detach",
            symbols=hello,
        )).shows(
            r"hart0", r"hart3", r"stop reason = breakpoint", r"frame #0: .*hello_main", r"pc = 0x0*800", r"a0 = 0x0", r"mstatus = 0x",
            r"s5 = 0x0*1234", r"0x80000000: 0x", r"stop reason = (instruction step|breakpoint)", r"stop reason = watchpoint", r"\[0x0*80000000-0x[0-9a-f]+\) rwx ram", r"detached",
        )
        assert process.wait(60) == 0, "the guest didn't run to its end after the detach"


def gdb_pc_modes(program, pc, scratch):
    """A PC's kernel from 32-bit code without paging to a program in ring 3, without `set architecture`: names, steps, finish, all registers, tables."""
    kernel = pc / "pc_modes.elf"
    with guest(program, scratch, "--machine", "pc", "--memory", "64M", "--cpus", 4, "--kernel", kernel) as (process, socket):
        Transcript(gdb(
            socket, "info threads", "break before_paging", "continue", "print $cr0", "print $efer", "stepi", "print/x $rbx", "monitor explain", "break long_mode", "continue",
            "print $cr0", "print $cr4", "print $efer", "monitor disassemble 0x100000 1", "break count_up", "continue", "monitor explain count_up", "print/x $xmm0.v2_int64", "print $st0", "print $st1",
            "info float", "print $mxcsr", "finish", "watch *(int*)&counter", "continue", "continue", "backtrace", "delete", "tbreak user_program", "continue", "print/x $cs", "monitor explain",
            "info threads", "stepi", "print/x $rbx", "set var $xmm1.v2_int64[1] = 0x77", "print/x $xmm1.v2_int64", "set var $st1 = 2.5", "print $st1", "set var $mxcsr = 0x3f80",
            "print $mxcsr", "set var $cr0 = 0x11ULL", "print $cr0", "monitor gdt", "monitor idt", "monitor tss cpu0", "monitor apic cpu1", "monitor ioapic", "monitor irq",
            "monitor walk 0x100000", "monitor table", "info registers cs_rights idt_base lstar", "delete", "detach", symbols=kernel,
        )).shows(
            r'^\* 1 .*"cpu0" \(protected mode, ring 0', r'^  4 .*"cpu3" \(real mode, waits for SIPI', r"hit Breakpoint 1, before_paging", r"= \[ PE ET \]", r"= \[ \]", r"= 0x1234$",
            r"^block 0x100074, 32-bit code, ring 0, flat segments", r"^  0x100074  c3 +ret$", r"^ +host  ", r"hit Breakpoint 2, long_mode", r"= \[ PE MP ET PG \]", r"= \[ PAE OSFXSR OSXMMEXCPT \]", r"= \[ LME LMA \]", r"0x0000000000100000  ", r"hit Breakpoint 3, count_up",
            r"^block 0x10\w+, 64-bit code, ring 0", r"^  0x10\w+  4889e5 +mov rbp, rsp$", r"^ +host  ", r"= \{0x1122334455667788, 0x99aabbccddeeff00\}", r"= 3\.14159265358979323851", r"= 1$", r"^=>R6: Valid   0x4000c90fdaa22168c235", r"= \[ IM DM ZM OM UM PM RC=0 \]",
            r"^(0x[0-9a-f]+ in )?long_mode \(\)", r"hit Breakpoint 3, count_up", r"Old value = 1\nNew value = 2", r"^#0 .*count_up", r"^#1 .* long_mode", r"user_program \(\)", r"= 0x2b$", r"64-bit code, ring 3", r"bb55000000  mov ebx, 0x55",
            r'^\* 1 .*"cpu0" \(64-bit mode, ring 3', r"= 0x55$", r"= \{0x0, 0x77\}", r"= 2\.5$", r"RC=1", r"Could not write register|can.t", r"= \[ PE MP ET PG \]",
            r"0x18 +0xaf9b\w+ +code of 64 bits, readable, DPL 0", r"0x30 +0x\w+ +64-bit TSS, busy, DPL 0", r"0x30 +0x\w+ +64-bit interrupt gate to 0x18:0x10\w+, DPL 3", r"RSP0 +0x17e000",
            r"cpu1: local APIC 1 at 0xfee00000, xAPIC", r"LVT LINT0 ", r"ioapic: I/O APIC 0, 24 pins", r"cpu3 +interrupts off", r"page of 2 MiB: supervisor: read yes", r"0x100000 is guest-physical 0x100000",
            r"^apic +the local APIC's registers \(cpu0 cpu1 cpu2 cpu3\)", r"^cs_rights +0x\w+", r"^idt_base +0x10", r"^lstar +0x0", r"detached\]",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def gdb_pc_32_bits(program, pc, scratch):
    """A 32-bit kernel's own ELF file is enough: gdb knows its code, finds its callers, and has both names of registers."""
    kernel = pc / "multiboot.elf"
    with guest(program, scratch, "--machine", "pc", "--memory", "64M", "--kernel", kernel) as (process, socket):
        Transcript(gdb(
            socket, "show architecture", "break add_up", "continue", "x/3i $pc", "backtrace", "stepi", "stepi", "print $ebp == $rbp", "print/x $eip - (int)add_up", "stepi", "print $eax",
            "set var $eax = 6", "finish", "watch *(int*)&sum", "continue", "continue", "print $cr0", "print $xmm0.uint128", "print $st0", "delete", "detach", symbols=kernel,
        )).shows(
            r'currently "i386"', r"Breakpoint 1, add_up", r"^=> 0x10\w+ <add_up>:\tpush +%ebp", r"mov +%esp,%ebp", r"mov +0x8\(%ebp\),%eax", r"^#0 +add_up", r"^#1 .* kernel \(\)", r"^\$1 = 1$", r"^\$2 = 0x3$", r"^\$3 = 5$",
            r"^(0x[0-9a-f]+ in )?kernel \(\)", r"Breakpoint 1, add_up", r"Old value = 6\nNew value = 13", r"= \[ PE ET \]", r"= 0$", r"= 0$", r"detached\]",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def gdb_pc_other_architectures(program, pc, scratch):
    """With `architecture=any` the user says what the code is, and may change it: 16 bits, and 64."""
    with guest(program, scratch, "--machine", "pc", "--memory", "64M", "--disk", pc / "boot_sector.img", place=",architecture=any") as (process, socket):
        Transcript(gdb(
            socket, "tbreak *0x7c00", "continue", "x/2i $pc", "stepi", "x/i $pc", "set architecture i386", "x/i 0x7c0c", "set architecture i386:x86-64", "print $rip", "set architecture i8086", "print/x $eip", "detach", architecture="i8086",
        )).shows(
            r"Temporary breakpoint 1", r"^=> 0x7c00:\tljmp +\$0x7c0,\$0x5", r"0x7c05:\tmov +%cs,%ax", r"^=> 0x7c05:\tmov +%cs,%ax", r"0x7c0c:\tmovl +", r"= .*0x7c05|= 31749", r"= 0x7c05$", r"detached\]",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def gdb_pc_real_mode(program, pc, scratch):
    """From the reset vector through the BIOS to a boot sector: real mode, linear addresses, a watchpoint, no symbols and no `set architecture`."""
    with guest(program, scratch, "--machine", "pc", "--memory", "64M", "--disk", pc / "boot_sector.img") as (process, socket):
        Transcript(gdb(
            socket, "print/x $pc", "print/x $cs_base", "stepi", "stepi", "monitor cpus", "tbreak *0x7c00", "continue", "print/x $cs", "monitor disassemble 0x7c00 2", "monitor explain", "monitor idt",
            "stepi", "print/x $pc", "print/x $cs", "stepi 4", "print/x $bx", "print $eflags.IF", "watch *(short*)0x7c1c", "continue", "delete", "detach", architecture="auto",
        )).shows(
            r"= 0xfffffff0$", r"= 0xffff0000$", r"^0x00000000000f", r"^0x00000000000f", r"^0 cpu0 at 0xf\w+, real mode, 2 instructions", r"Temporary breakpoint 1, 0x0000000000007c00", r"= 0x0$",
            r"^0x0000000000007c00  ea0500c007 +ljmp", r"^0x0000000000007c05  8cc8 +mov +ax, cs", r"^block 0x7c00, 16-bit code, real mode", r"ea0500c007 +ljmp", r"^ +host  ", r"0x13 .*0xf000:0x", r"= 0x7c05$", r"= 0x7c0$", r"= 0x1234$",
            r"Old value = 22136\nNew value = 26796", r"detached\]",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def gdb_pc_kvm(program, pc, scratch):
    """A guest that runs on KVM is interrupted, has a breakpoint, a step and a watchpoint, which the software CPU keeps, and goes on on KVM."""
    options = ["--machine", "pc", "--memory", "64M", "--engine", "kvm", "--force", "--disk", str(pc / "boot_sector.img"), "--boot", "disk,menu=3"]
    tried = subprocess.run([program, "run", *options, "--serial", "none", "--timeout", "0.01"], capture_output=True, text=True)
    if tried.returncode == 200:
        raise Unavailable(tried.stderr)
    with guest(program, scratch, *options, paused=False) as (process, socket):
        wait_for_serial(scratch, "boot menu")
        Transcript(gdb(
            socket, "monitor engine", "monitor stats", "tbreak *0x7c00", "continue", "print/x $cs", "stepi", "print/x $pc", "print/x $cs",
            "watch *(short*)0x7c1c", "continue", "delete", "monitor engine", "detach", architecture="auto",
        )).shows(
            r"^the guest is run by kvm$", r" [1-9]\d\d+ KVM port exits", r"Temporary breakpoint 1, 0x0000000000007c00", r"= 0x0$", r"= 0x7c05$", r"= 0x7c0$",
            r"Old value = 0\nNew value = 22136", r"^the guest is run by kvm$", r"detached\]",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def lldb_pc(program, pc, scratch):
    """lldb on a PC: from 32-bit code to 64-bit code, vector registers, a watchpoint."""
    kernel = pc / "pc_modes.elf"
    with guest(program, scratch, "--machine", "pc", "--memory", "64M", "--cpus", 2, "--kernel", kernel) as (process, socket):
        Transcript(lldb(
            socket, "thread list", "breakpoint set --name before_paging", "breakpoint set --name count_up", "continue", "register read cr0", "continue",
            "register read xmm0 st0 cr0 efer mxcsr", "thread backtrace", "watchpoint set expression -s 4 -- &counter", "breakpoint delete --force", "continue",
            "watchpoint delete --force", "process detach", symbols=kernel,
        )).shows(
            r"cpu0: protected mode", r"cpu1: real mode, waits for SIPI", r"stop reason = breakpoint 1", r"PG = 0, .*PE = 1", r"stop reason = breakpoint 2",
            r"xmm0 = \{0x88 0x77 0x66 0x55 0x44 0x33 0x22 0x11 0x00 0xff", r"PG = 1, .*PE = 1", r"LMA = 1, LME = 1", r"frame #0: .*count_up", r"stop reason = watchpoint", r"detached",
        )
        assert process.wait(60) == 1, "the guest didn't run to its end after the detach"


def clients_come_and_go(program, hello, scratch):
    """A client that vanishes in the middle of a packet, one after another; the guest is never held up by one that is gone."""
    import socket as sockets
    with guest(program, scratch, "--bios", "none", "--kernel", hello, "--cpus", 2) as (process, place):
        for sent in (b"", b"$qSupp", b"+$?#3f", b"\x03", b"$m80000000,10000#", os.urandom(4096)):
            with sockets.socket(sockets.AF_UNIX) as client:
                try:
                    client.connect(str(place))
                    client.sendall(sent)
                except OSError:  # the guest has come to its end meanwhile, and the socket is gone
                    break
                time.sleep(0.05)
        # The first client that went away let the guest go on, and it has run to its end.
        assert process.wait(60) == 0, "the guest hangs after its debuggers have gone"


VARIATIONS = {
    "gdb_source_level": gdb_source_level,
    "gdb_one_cpu_alone": gdb_one_cpu_alone,
    "gdb_registers_and_memory": gdb_registers_and_memory,
    "gdb_debian": gdb_debian,
    "gdb_debian_pc": lambda program, _, scratch: gdb_debian_pc(program, "jit", scratch),
    "gdb_debian_pc_interpreter": lambda program, _, scratch: gdb_debian_pc(program, "interp", scratch),
    "lldb_session": lldb_session,
    "gdb_pc_modes": gdb_pc_modes,
    "gdb_pc_32_bits": gdb_pc_32_bits,
    "gdb_pc_other_architectures": gdb_pc_other_architectures,
    "gdb_pc_real_mode": gdb_pc_real_mode,
    "gdb_pc_kvm": gdb_pc_kvm,
    "lldb_pc": lldb_pc,
    "clients_come_and_go": clients_come_and_go,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--hello", required=True)
    parser.add_argument("--pc", required=True, help="the folder of the guests for PCs")
    parser.add_argument("variation", choices=VARIATIONS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orrery-debug-") as scratch:
        try:
            guests = Path(arguments.pc) if "_pc" in arguments.variation else arguments.hello
            VARIATIONS[arguments.variation](arguments.program, guests, Path(scratch))
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return SKIPPED
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            print(f"failed: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
