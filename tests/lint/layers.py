#!/usr/bin/env python3
"""Holds the layer table: reads every #include of the tree and says which ones a folder may not have.

usage: layers.py TOP      exit code 1 and a line for each wrong include
       layers.py --test   checks the checker on includes whose answer is known
"""
import re
import sys
from pathlib import Path

# A row of the table: the folder that includes → the folders (or single files) of ours that it may include.
# A file belongs to the row with the longest matching folder, and may always include its own row's files.
MAY_INCLUDE = {
    "machine/fabric": [],
    "jit/ir": ["machine/fabric"],
    "cpu": ["machine/fabric", "jit/ir"],
    "jit": ["machine/fabric", "jit/ir"],
    "accel": ["machine/fabric", "cpu", "jit"],
    "devices": ["machine/fabric"],
    "bios": ["machine/fabric"],
    "machine": ["machine/fabric", "cpu/cpu.hpp", "cpu/environment.hpp"],
    "machine/boards": ["machine", "cpu", "accel", "devices", "bios"],
    # Of the translator only what shows its work: that is a subject of `orrery explain`, not of a board. Of KVM what the
    # host can do, which `orrery doctor` tells.
    "app": ["machine", "cpu", "accel/dbt/explain.hpp", "accel/kvm/host.hpp"],
    "tests": [""],
}

# Headers of others that belong to one place: a pattern → the folders that may include it.
EXTERNAL = {
    r"(llvm|llvm-c|clang|clang-c)/": ["jit/llvm", "app/explain", "tests"],
    r"linux/kvm\.h": ["accel/kvm", "tests"],
    r"SDL2?/|SDL.*\.h$": ["devices/host", "tests"],
    r"(slirp/)?libslirp.*\.h$|slirp/": ["devices/host", "tests"],
    r"(catch2/|catch\.hpp$)": ["tests"],
    r"libfdt\.h$": ["machine/boards", "bios", "tests"],
}

SOURCE_ENDINGS = {".hpp", ".cpp", ".h", ".c", ".S", ".inc", ".def"}
TOP_FOLDERS = {row.split("/")[0] for row in MAY_INCLUDE}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def inside(path, folder):
    """Whether path is the folder, or a file in it. The empty folder holds everything."""
    return folder == "" or path == folder or path.startswith(folder + "/")


def row_of(path):
    rows = [row for row in MAY_INCLUDE if inside(path, row)]
    return max(rows, key=len) if rows else None


def wrong_own_include(path, included):
    row = row_of(path)
    if row is None:
        return f"{path} is in no row of the layer table"
    if row_of(included) == row or any(inside(included, allowed) for allowed in MAY_INCLUDE[row]):
        # The machine's row does not hand on its sub-folders: boards are a row of their own, above it.
        if row_of(included) == "machine/boards" and row not in ("machine/boards", "app", "tests"):
            return f"{path} may not include {included}: boards are above {row}"
        return None
    return f"{path} may not include {included}: {row} may include {', '.join(MAY_INCLUDE[row]) or 'nothing of ours'}"


def wrong_external_include(path, included):
    for pattern, folders in EXTERNAL.items():
        if re.match(pattern, included) and not any(inside(path, folder) for folder in folders):
            return f"{path} may not include <{included}>: only {', '.join(folders)} may"
    return None


def wrong_include(path, quote, included):
    """The sentence about one include of one file, or None if it is in order."""
    if included.split("/")[0] in TOP_FOLDERS and "/" in included:
        return wrong_own_include(path, included)
    if quote == '"' and "/" in included and not re.match("|".join(EXTERNAL), included):
        return f'{path} includes "{included}", which is not named from the top folder'
    return wrong_external_include(path, included)


def sources(top):
    for folder in sorted(TOP_FOLDERS):
        for file in sorted((top / folder).rglob("*")):
            if file.suffix in SOURCE_ENDINGS and file.is_file():
                yield file


def check(top):
    count, problems = 0, []
    for file in sources(top):
        path = file.relative_to(top).as_posix()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                count += 1
                problem = wrong_include(path, *found.groups())
                if problem:
                    problems.append(f"{path}:{number}: {problem}")
    print("\n".join(problems + [f"{count} includes read, {len(problems)} against the layer table"]))
    return bool(problems) or count == 0


KNOWN = [  # file, quote, included, allowed
    ("machine/fabric/bus.cpp", '"', "machine/fabric/ram.hpp", True),
    ("machine/fabric/bus.cpp", '"', "machine/machine.hpp", False),
    ("devices/serial/uart.cpp", '"', "machine/fabric/irq.hpp", True),
    ("devices/serial/uart.cpp", '"', "cpu/cpu.hpp", False),
    ("cpu/riscv/decode.cpp", '"', "jit/ir/builder.hpp", True),
    ("cpu/riscv/decode.cpp", '"', "jit/baseline/backend.hpp", False),
    ("cpu/riscv/decode.cpp", '"', "devices/serial/uart16550.hpp", False),
    ("jit/baseline/emit.cpp", '"', "jit/cache/pages.hpp", True),
    ("jit/baseline/emit.cpp", '"', "jit/ir/ir.hpp", True),
    ("jit/baseline/emit.cpp", '"', "cpu/riscv/state.hpp", False),
    ("jit/ir/print.cpp", '"', "jit/passes/fold.hpp", False),
    ("machine/machine.cpp", '"', "cpu/cpu.hpp", True),
    ("machine/machine.cpp", '"', "cpu/riscv/state.hpp", False),
    ("machine/machine.cpp", '"', "machine/boards/riscv_virt.hpp", False),
    ("machine/boards/riscv_virt.cpp", '"', "devices/irq/plic.hpp", True),
    ("app/main.cpp", '"', "machine/boards/riscv_virt.hpp", True),
    ("app/main.cpp", '"', "devices/serial/uart16550.hpp", False),
    ("tests/unit/x.cpp", '"', "jit/baseline/backend.hpp", True),
    ("cpu/riscv/decode.cpp", "<", "llvm/MC/MCInst.h", False),
    ("jit/llvm/engine.cpp", "<", "llvm/IR/Module.h", True),
    ("accel/dbt/dbt_cpu.cpp", "<", "linux/kvm.h", False),
    ("accel/kvm/kvm_cpu.cpp", "<", "linux/kvm.h", True),
    ("devices/net/nic.cpp", "<", "slirp/libslirp.h", False),
    ("devices/host/net.cpp", "<", "libslirp.h", True),
    ("devices/display/vga.cpp", "<", "SDL2/SDL.h", False),
    ("devices/serial/uart.cpp", "<", "vector", True),
    ("devices/serial/uart.cpp", '"', "../fabric/irq.hpp", False),
]


def test():
    wrong = [case for case in KNOWN if (wrong_include(*case[:3]) is None) != case[3]]
    print(f"{len(KNOWN)} known includes, {len(wrong)} judged wrongly", *wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(test() if sys.argv[1] == "--test" else check(Path(sys.argv[1])))
