"""Compares Weir's login scores with scikit-learn's on naively encoded columns, on our own simulated logins.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    for level in easy medium hard; do weir simulate logins target/logins/$level --level $level; done
    target/parity/bin/python tests/parity/logins.py target/logins [--weir NAME=FOLDER]

The folder holds one folder per level. With --weir, FOLDER has the scores of each level as LEVEL.csv, as
`weir detect --source login --scores` writes them (columns index and score); it may be given several times.

Prints one markdown table: average precision, recall at one false alarm per 1,000 logins, and that recall of every kind of
attack, all on the test period (the last four tenths of the days). Both scikit-learn models see every column as a code with a
category for what the training period did not have, the hour and the weekday; the random forest also sees how often a value
came. The isolation forest is fitted on the training period as it is, attacks included, as it would be in use; the random
forest learns from the labels of the training period. Neither sees the columns that tell the truth.
"""

import argparse
import json
import os
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.metrics import average_precision_score

LEVELS = ["easy", "medium", "hard"]
FALSE_ALARMS_PER = 1000
TRUTH = ["Is Attack IP", "Is Account Takeover"]
TIME, ROUND_TRIP = "Login Timestamp", "Round-Trip Time [ms]"


def read(folder):
    """The logins of a level, and its truth; attack kinds by login, empty where there is none."""
    truth = json.loads((folder / "truth.json").read_text())
    logins = pd.read_csv(folder / "logins.csv", dtype=str, keep_default_na=False)
    kinds = np.full(len(logins), "", dtype=object)
    for attack in truth["attacks"]:
        kinds[attack["indices"]] = attack["kind"]
    return logins.drop(columns=[*TRUTH, "index"]), kinds, truth["first_test_index"]


def encode(logins, first_test, counts):
    """Codes of the training period, -1 for what it did not have; with counts, how often each value came in it."""
    time = pd.to_datetime(logins[TIME])
    columns = [time.dt.hour, time.dt.day_of_week, pd.to_numeric(logins[ROUND_TRIP], errors="coerce").fillna(-1)]
    for name in logins.columns.drop([TIME, ROUND_TRIP]):
        seen = logins[name].iloc[:first_test].value_counts()
        code = pd.Series(np.arange(len(seen)), index=seen.index.sort_values())
        columns.append(logins[name].map(code).fillna(-1))
        if counts:
            columns.append(logins[name].map(seen).fillna(0))
    return np.column_stack([np.asarray(column, dtype=float) for column in columns])


def isolation_forest(logins, kinds, first_test):
    rows = encode(logins, first_test, counts=False)
    model = IsolationForest(n_estimators=100, random_state=0, n_jobs=1).fit(rows[:first_test])
    return -model.score_samples(rows[first_test:])


def random_forest(logins, kinds, first_test):
    rows = encode(logins, first_test, counts=True)
    attack = kinds[:first_test] != ""
    if not attack.any():
        return np.zeros(len(rows) - first_test)
    model = RandomForestClassifier(n_estimators=200, class_weight="balanced", random_state=0, n_jobs=1)
    return model.fit(rows[:first_test], attack).predict_proba(rows[first_test:])[:, 1]


def weir(path, first_test, logins):
    """The scores of a file by index; logins that it does not have get the lowest."""
    scores = pd.read_csv(path).dropna(subset=["score"])
    scores = scores[(scores["index"] >= first_test) & (scores["index"] < logins)]
    lowest = scores["score"].min() - 1 if len(scores) else 0.0
    result = np.full(logins - first_test, lowest)
    np.maximum.at(result, scores["index"].to_numpy() - first_test, scores["score"].to_numpy())
    return result


def measure(scores, kinds):
    """Average precision, recall at the number of false alarms, and that recall by kind."""
    attack = kinds != ""
    usual = np.sort(scores[~attack])[::-1]
    allowed = len(usual) // FALSE_ALARMS_PER
    # Logins of equal score are raised together or not at all.
    raised = scores > (usual[allowed] if allowed < len(usual) else -np.inf)
    by_kind = {kind: float(raised[kinds == kind].mean()) for kind in sorted(set(kinds[attack]))}
    return average_precision_score(attack, scores), float(raised[attack].mean()), by_kind


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weir", action="append", default=[], metavar="NAME=FOLDER")
    arguments = parser.parse_args()
    lines, all_kinds = [], set()
    for level in LEVELS:
        if not (arguments.folder / level / "truth.json").exists():
            print(f"{level}: no truth.json below {arguments.folder}: simulate it first")
            continue
        logins, kinds, first_test = read(arguments.folder / level)
        scored = {
            "IsolationForest (scikit-learn)": isolation_forest(logins, kinds, first_test),
            "RandomForestClassifier (scikit-learn)": random_forest(logins, kinds, first_test),
        }
        for given in arguments.weir:
            name, _, folder = given.partition("=")
            scored[name] = weir(Path(folder) / f"{level}.csv", first_test, len(logins))
        tested = kinds[first_test:]
        share = f"{len(tested)} logins, {np.mean(tested != ''):.2%} attacks"
        for name, scores in scored.items():
            precision, recall, by_kind = measure(scores, tested)
            all_kinds.update(by_kind)
            lines.append((f"{level} ({share})", name, precision, recall, by_kind))
    names = sorted(all_kinds)
    print("| level | scores | average precision | recall | " + " | ".join(names) + " |")
    print("|---|---|" + "---:|" * (len(names) + 2))
    for level, name, precision, recall, by_kind in lines:
        cells = [f"{by_kind[kind]:.2f}" if kind in by_kind else "–" for kind in names]
        print(f"| {level} | {name} | {precision:.3f} | {recall:.3f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
