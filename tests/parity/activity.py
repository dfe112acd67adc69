"""Compares Weir's anomalous rows of tables with scikit-learn's isolation forest on the columns as they are.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/activity.py target/release/weir [SEED…]

For each seed (1007, 1008 and 1009 by default) and level it has `weir simulate activity` write a table, lets Weir judge it
(`weir detect --source activity`) and ranks rows by p-value; scikit-learn's forest of 100 trees sees the same numbers, and a
code for every word. Neither sees the label. Prints one markdown table: the mean average precision over the seeds, and how many
of the anomalous days Weir raises by default, at what it raises in all.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

RAISED = 0.01
USUAL = "normal"
OURS = ["score", "p_value", "predicted"]


def judged(weir, folder, level, seed):
    """The table of a level and seed, with what Weir says of each row."""
    quiet = {"check": True, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([weir, "simulate", "activity", folder, "--level", level, "--seed", str(seed)], **quiet)
    table, schema, output = folder / "activity.csv", folder / "schema.toml", folder / "judged.csv"
    detect = [weir, "detect", "--source", "activity", table, "--schema", schema, "--all", "--format", "csv"]
    subprocess.run([*detect, "--output", output], **quiet)
    return pd.read_csv(output, keep_default_na=False)


def forest(rows, seed):
    """scikit-learn's scores of the same columns, higher for what is more anomalous."""
    columns = rows.drop(columns=[*OURS, "label", "user", "day", *rows.filter(like="reason_")])
    codes = columns.apply(lambda column: column if column.dtype.kind in "if" else column.astype("category").cat.codes)
    matrix = codes.to_numpy(float)
    return -IsolationForest(n_estimators=100, random_state=seed).fit(matrix).score_samples(matrix)


def main():
    weir, seeds = sys.argv[1], [int(seed) for seed in sys.argv[2:]] or [1007, 1008, 1009]
    print("| level | Weir | scikit-learn | anomalous days raised | rows raised |\n|---|---:|---:|---:|---:|")
    for level in ["easy", "medium", "hard"]:
        precisions, found, days, raised = [], 0, 0, 0
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                rows = judged(weir, Path(folder), level, seed)
            truth = (rows["label"] != USUAL).to_numpy()
            ours = -np.log(rows["p_value"].to_numpy(float))
            precisions.append([average_precision_score(truth, score) for score in (ours, forest(rows, seed))])
            told = rows["p_value"].to_numpy(float) <= RAISED
            found, days, raised = found + (told & truth).sum(), days + truth.sum(), raised + told.sum()
        mine, theirs = np.mean(precisions, axis=0)
        print(f"| {level} | {mine:.3f} | {theirs:.3f} | {found} of {days} | {raised} |", flush=True)


if __name__ == "__main__":
    main()
