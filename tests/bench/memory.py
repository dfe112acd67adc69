#!/usr/bin/env python3
"""Shows that memory does not grow with what is read: memory.py, as `make bench-memory` calls it.

For every format that is read as a stream, an object of 2 GB (as text, before compression) is written, read with
`weir inspect`, and removed. What it says of the rows must be right; the memory is what the kernel saw resident at most.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import measure

HERE = Path(__file__).parent
MOST_MB = 64


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--weir", type=Path, required=True, help="the program, optimised")
    arguments.add_argument("--python", type=Path, required=True, help="a Python with requirements.txt")
    arguments.add_argument("--folder", type=Path, required=True, help="where the objects are written, one at a time")
    arguments.add_argument("--size", type=float, default=2e9, help="bytes of text; default 2e9")
    arguments.add_argument("only", nargs="*", help="the objects; default all")
    asked = arguments.parse_args()
    objects = [line.split("\t") for line in writing(asked, "list").splitlines()]
    print(f"{'object':<28}{'MB text':>9}{'MB stored':>11}{'records':>12}{'rejected':>10}{'CPU s':>8}{'peak MB':>9}")
    # The kernel counts at least this for whatever this process starts.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    missed = 0
    for name, file, source in objects:
        if asked.only and name not in asked.only:
            continue
        path = asked.folder / f"memory.{file}"
        try:
            text, records, rejected = map(int, writing(asked, name, path, int(asked.size)).split())
            stored = path.stat().st_size
            cost = measure.run(asked.weir, "inspect", "--input-format", source, path)
        finally:
            path.unlink(missing_ok=True)
        seen = dict(line.split(None, 1) for line in cost.output.splitlines() if not line.startswith(" "))
        told = [int(seen[what].split(":")[0].replace(",", "")) for what in ("records", "rejected")]
        verdict = "" if cost.peak < MOST_MB else "  MISSED"
        if told != [records, rejected]:
            verdict = f"  MISSED: {records} records and {rejected} rejects were written"
        peak = f"{cost.peak:.1f}" if cost.peak > own else f"< {own:.0f}"
        missed += verdict != ""
        print(
            f"{name:<28}{text / 1e6:>9,.0f}{stored / 1e6:>11,.0f}{told[0]:>12,}{told[1]:>10,}"
            f"{cost.cpu:>8.1f}{peak:>9}{verdict}",
            flush=True,
        )
    print(f"\n{'MISSED' if missed else 'PASS'}  every object read in less than {MOST_MB} MB")
    sys.exit(bool(missed))


def writing(asked: argparse.Namespace, *what: object) -> str:
    """What takes memory is done by another process: see measure.run."""
    command = [str(asked.python), str(HERE / "large_objects.py"), *map(str, what)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
