#!/usr/bin/env python3
"""Reports file sizes: the median, the share under 500 lines, and the longest. A report; it fails only when there is nothing to read.

usage: sizes.py TOP
"""
import statistics
import sys
from pathlib import Path

from layers import TOP_FOLDERS

ENDINGS = (".hpp", ".cpp", ".c", ".h", ".S", ".py")
HABIT_LINES = 500


def main(top):
    files = [f for folder in TOP_FOLDERS for f in (top / folder).rglob("*") if f.suffix in ENDINGS]
    lines = {f.relative_to(top).as_posix(): len(f.read_bytes().splitlines()) for f in files}
    if not lines:
        return 1
    short = sum(count <= HABIT_LINES for count in lines.values())
    print(f"{len(lines)} files, {sum(lines.values())} lines, median {statistics.median(lines.values()):.0f}, "
          f"{100 * short / len(lines):.0f} % of at most {HABIT_LINES} lines; the longest:")
    for path, count in sorted(lines.items(), key=lambda item: -item[1])[:10]:
        print(f"{count:6} {path}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
