"""Scores the ADBench sets with scikit-learn; `weir evaluate --suite adbench` shows its figures beside ours.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/adbench.py FOLDER

FOLDER holds the sets as .npz files (X, one row per row; y, 1 where anomalous). Writes `adbench.json` beside this script.

Every estimator is fitted on the rows it then scores. Both sides read the same rows: of a set with more rows than an
estimator takes, every k-th from the first on, k the smallest that leaves few enough. LocalOutlierFactor and OneClassSVM
see columns of mean 0 and variance 1, the others see them as they are. IsolationForest runs with ten seeds; its spread is
the standard deviation over them.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

OUTPUT = Path(__file__).parent / "adbench.json"
SEEDS = range(10)


def isolation_forest(rows, seed):
    return -IsolationForest(n_estimators=100, max_samples="auto", random_state=seed, n_jobs=1).fit(rows).score_samples(rows)


def local_outlier_factor(rows, _):
    with warnings.catch_warnings():
        # It says that equal rows make densities infinite; ours are judged on the same ones.
        warnings.simplefilter("ignore")
        return -LocalOutlierFactor(n_neighbors=20, n_jobs=1).fit(StandardScaler().fit_transform(rows)).negative_outlier_factor_


def one_class_svm(rows, _):
    rows = StandardScaler().fit_transform(rows)
    return -OneClassSVM(nu=0.1, gamma="scale").fit(rows).decision_function(rows)


def ecod(rows, _):
    """Li et al. 2022, from its definition: tail probabilities per column, the worst of left, right and by skewness."""
    centred = rows - rows.mean(axis=0)
    skewness = np.sign((centred**3).mean(axis=0))
    sums = [np.zeros(len(rows)) for _ in range(3)]
    for column, skew in zip(rows.T, skewness):
        ordered = np.sort(column)
        left = -np.log(np.searchsorted(ordered, column, side="right") / len(rows))
        right = -np.log((len(rows) - np.searchsorted(ordered, column, side="left")) / len(rows))
        for total, part in zip(sums, (left, right, left if skew < 0 else right)):
            total += part
    return np.maximum.reduce(sums)


# Name, as `weir evaluate` has it; function; most rows; seeds.
ESTIMATORS = [
    ("IsolationForest", isolation_forest, 100_000, SEEDS),
    ("LocalOutlierFactor", local_outlier_factor, 10_000, [0]),
    ("OneClassSvm", one_class_svm, 10_000, [0]),
    ("Ecod", ecod, 100_000, [0]),
]


def spread(values):
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def evaluate(rows, anomalous):
    result = {}
    for name, score, most, seeds in ESTIMATORS:
        step = -(-len(rows) // most)
        taken, labels = np.ascontiguousarray(rows[::step]), anomalous[::step]
        scores = [score(taken, seed) for seed in seeds]
        aucs = [roc_auc_score(labels, s) for s in scores]
        precisions = [average_precision_score(labels, s) for s in scores]
        result[name] = {
            "rows": len(taken),
            "seeds": len(seeds),
            "roc_auc": float(np.mean(aucs)),
            "roc_auc_deviation": spread(aucs),
            "average_precision": float(np.mean(precisions)),
            "average_precision_deviation": spread(precisions),
        }
    return result


def main():
    sets = {}
    for path in sorted(Path(sys.argv[1]).glob("*.npz")):
        start = time.process_time()
        data = np.load(path)
        sets[path.stem] = evaluate(data["X"].astype(float), data["y"])
        print(f"{path.stem}: {time.process_time() - start:.1f} s", flush=True)
    made_with = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    OUTPUT.write_text(json.dumps({"made_with": made_with, "sets": sets}, indent=1) + "\n")
    print(f"{time.process_time():.0f} s of processor time; {OUTPUT}")


if __name__ == "__main__":
    main()
