#!/usr/bin/env python3
"""How good detection is where the truth is known, with one configuration: detection.py WEIR [--seeds N] [FOLDER…].

Each FOLDER holds flow logs and a truth.json. A line for each, one for all networks that `weir simulate flows` makes from so many
seeds, and one for each of these: what `weir evaluate` says of what `weir detect --baseline 24h` finds.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

HEAD = "| logs | host-days | incidents | detected | kind right | false findings | false per 100 host-days | minutes to detect | findings per incident |\n|---|---|---|---|---|---|---|---|---|"


def judge(weir, name, logs, work):
    found = work / "found.jsonl"
    command = [weir, "detect", logs, "--baseline", "24h", "--format", "ocsf", "--output", found]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    judged = [weir, "evaluate", "--findings", found, "--truth", logs / "truth.json", "--format", "json"]
    said = json.loads(subprocess.run(judged, check=True, capture_output=True).stdout)
    every = said["by_kind"].get("ALL", {"incidents": 0, "detected": 0, "typed": 0})
    false = round(said["false_per_100_host_days"] * said["host_days"] / 100)
    row = {"name": name, "days": said["host_days"], "false": false, **every}
    show(row)
    return row


def show(row):
    rate = 100 * row["false"] / row["days"]
    minutes, each = row.get("median_ttd_min"), row.get("findings_per_detected")
    cells = [row["name"], f"{row['days']:.1f}", row["incidents"], row["detected"], row["typed"], row["false"], f"{rate:.1f}"]
    cells += ["–" if minutes is None else minutes, "–" if each is None else each]
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weir", type=pathlib.Path)
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_intermixed_args()
    print(HEAD)
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        for folder in arguments.folders:
            judge(arguments.weir, folder.name, folder, work)
        rows = []
        for seed in range(1, arguments.seeds + 1):
            lab = work / f"lab-{seed}"
            simulate = [arguments.weir, "simulate", "flows", "--seed", str(seed), "--output", lab]
            subprocess.run(simulate, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            rows.append(judge(arguments.weir, f"simulated, seed {seed}", lab, work))
            subprocess.run(["rm", "-rf", lab], check=True)
        if rows:
            sums = {key: sum(row[key] for row in rows) for key in ("days", "false", "incidents", "detected", "typed")}
            show({"name": f"simulated, {len(rows)} seeds", **sums})


main()
