#!/usr/bin/env python3
"""Looks at the tree as a whole: every folder has its README.md, and nothing in a file belongs to one machine only.

usage: tree.py TOP
A file may not name a home or work folder, nor a package mirror's host: the tree must work, and read, the same everywhere.
"""
import re
import subprocess
import sys
from pathlib import Path

# The README.md of these folders speaks for what is below them.
SPEAKS_FOR_ITS_FOLDERS = ("tests/unit", "tests/guest", "tests/ir")
NEEDS_NONE = (".ci",)

# Absolute folders of one user or machine; mirror hosts, by the names that mirrors of Debian commonly have.
# Written so that the pattern does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|Users|work|root)/[\w.-]+/[\w.-]+")
MIRROR_HOST = re.compile(r"\b(?:deb|ftp(?:\.\w\w)?|security|snapshot|archive|cdn-fastly\.deb)\.debian\.(?:org|net)\b|://[^/\s\"']*mirror[^/\s\"']*/")

TEXT_LIMIT_BYTES = 2_000_000


def tracked_files(top):
    """What git knows or would add; everything but build folders where this is no git checkout."""
    git = subprocess.run(["git", "-C", top, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True)
    if git.returncode == 0:
        return [Path(name.decode()) for name in git.stdout.split(b"\0") if name and (top / name.decode()).is_file()]
    return [f.relative_to(top) for f in top.rglob("*") if f.is_file() and f.relative_to(top).parts[0] not in ("build", ".git")]


def missing_readmes(files):
    folders = {parent.as_posix() for file in files for parent in file.parents} - {".", *NEEDS_NONE}
    folders -= {file.parent.as_posix() for file in files if file.name == "README.md"}
    return [f"{folder}/ has no README.md" for folder in sorted(folders)
            if not folder.startswith(tuple(above + "/" for above in SPEAKS_FOR_ITS_FOLDERS))]


def machine_traces(top, files):
    for file in files:
        data = (top / file).read_bytes()
        if len(data) > TEXT_LIMIT_BYTES or b"\0" in data:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            for what, pattern in (("a machine's path", MACHINE_PATH), ("a mirror's host", MIRROR_HOST)):
                if found := pattern.search(line):
                    yield f"{file}:{number}: {what}: {found[0]}"


def main(top):
    files = tracked_files(top)
    problems = missing_readmes(files) + list(machine_traces(top, files))
    print("\n".join(problems + [f"{len(files)} files looked at, {len(problems)} problems"]))
    return bool(problems) or not files


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
