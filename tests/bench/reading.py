#!/usr/bin/env python3
"""What reading costs, side by side, against its targets: reading.py, as `make bench` calls it.

The same rows are read by Weir's reader, by what it is compared with, and by the least that any reader must do. CPU seconds
are user and system, of whole processes; of pandas only of its reading, without the second that its import takes. All take
turns, so that a busy machine slows all alike.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import measure

HERE = Path(__file__).parent
MOST_RATIO, LEAST_PANDAS, LEAST_PARQUET = 2.2, 5.0, 8e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--reading", type=Path, required=True, help="the example `reading` of weir-ingest, optimised")
    arguments.add_argument("--python", type=Path, required=True, help="a Python with requirements.txt")
    arguments.add_argument("--folder", type=Path, required=True, help="where the files are made, or were")
    arguments.add_argument("--repeats", type=int, default=7)
    asked = arguments.parse_args()
    text = made(asked.folder / "million.log.gz", sys.executable, HERE.parent / "million_rows.py")
    snappy, gzip = (asked.folder / f"million.{codec}.parquet" for codec in ("snappy", "gzip"))
    for path, codec in ((snappy, "snappy"), (gzip, "gzip")):
        made(path, asked.python, HERE / "parquet_of.py", text, "FILE", codec, 4)

    def pandas(path: Path) -> tuple[int, float]:
        rows, cpu = measure.run(asked.python, HERE / "pandas_reading.py", path).output.split()
        return int(rows), float(cpu)

    def records(path: Path) -> tuple[int, float]:
        cost = measure.run(asked.reading, "records", path)
        return int(cost.output), cost.cpu

    def only(*command: object) -> tuple[int, float]:
        return 0, measure.run(*command, keep=False).cpu

    ways = {
        "text.gz: gzip -dc, no rows": lambda: only("gzip", "-dc", text),
        "text.gz: zlib-rs, no rows": lambda: only(asked.reading, "expand", text),
        "text.gz: Weir": lambda: records(text),
        "text.gz: pandas.read_csv": lambda: pandas(text),
        "Parquet, snappy: Weir": lambda: records(snappy),
        "Parquet, snappy: pandas": lambda: pandas(snappy),
        "Parquet, gzip: Weir": lambda: records(gzip),
        "Parquet, gzip: pandas": lambda: pandas(gzip),
    }
    rows, costs = {}, {name: [] for name in ways}
    for _ in range(asked.repeats):
        for name, way in ways.items():
            rows[name], cpu = way()
            costs[name].append(cpu)
    best = {name: min(cost) for name, cost in costs.items()}

    print(f"\n{'CPU seconds, user and system':<30}{'least':>8}{'median':>8}{'rows/s':>10}{'× zlib-rs':>11}")
    for name, cost in costs.items():
        speed = f"{rows[name] / best[name] / 1e6:.1f} M" if rows[name] else ""
        ratio = f"{best[name] / best['text.gz: zlib-rs, no rows']:.2f}" if name.startswith("text") else ""
        print(f"{name:<30}{best[name]:>8.3f}{statistics.median(cost):>8.3f}{speed:>10}{ratio:>11}")
    expanding, ours = best["text.gz: zlib-rs, no rows"], best["text.gz: Weir"]
    print(f"\ntargets, by the least of {asked.repeats}")
    target(f"text.gz to records in at most {MOST_RATIO} × its decompression", ours / expanding, ours / expanding <= MOST_RATIO)
    faster = best["text.gz: pandas.read_csv"] / ours
    target(f"pandas.read_csv at least {LEAST_PANDAS} × as long", faster, faster >= LEAST_PANDAS)
    for codec in ("snappy", "gzip"):
        speed = rows[f"Parquet, {codec}: Weir"] / best[f"Parquet, {codec}: Weir"]
        target(f"Parquet, {codec}, at least {LEAST_PARQUET / 1e6:.0f} M rows/s", speed / 1e6, speed >= LEAST_PARQUET)


def made(path: Path, *command: object) -> Path:
    """The file, written by a program if it is not there; FILE in its arguments stands for it, else it is the last."""
    if not path.exists():
        unfinished = path.with_name(f"unfinished-{path.name}")
        parts = [unfinished if part == "FILE" else part for part in command]
        subprocess.run([*map(str, parts), *([] if "FILE" in command else [str(unfinished)])], check=True)
        unfinished.rename(path)
    return path


def target(what: str, value: float, met: bool) -> None:
    print(f"  {'PASS' if met else 'MISSED'}  {what}: {value:.2f}")


if __name__ == "__main__":
    main()
