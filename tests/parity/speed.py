"""Times our estimators beside scikit-learn's, one thread each, on the same rows in one run.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/speed.py [CASE...]

Builds `shared/model/examples/speed.rs` in release, then runs the two sides in turn and takes the best of five of each. The
table gives the seconds of both, how many times as fast ours is, and what we want it to be. To add a case: a function
that takes training and asked rows and returns scikit-learn's seconds and mean score, an entry in CASES, a line in
speed.rs of the same name.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

ROOT = Path(__file__).parents[2]
RUNS = 2


def timed(fit, score):
    start = time.perf_counter()
    model = fit()
    fitted = time.perf_counter()
    scores = score(model)
    return fitted - start, time.perf_counter() - fitted, float(np.mean(scores))


def local_outlier_factor(training, asked):
    model = LocalOutlierFactor(n_neighbors=20, novelty=True, n_jobs=1)
    return timed(lambda: model.fit(training), lambda model: -model.score_samples(asked))


def one_class_svm(training, asked, nu=0.1):
    def score(model):
        return -model.decision_function(asked) / model.offset_[0]

    return timed(lambda: OneClassSVM(nu=nu).fit(training), score)


def one_class_svm_half(training, asked):
    return one_class_svm(training, asked, nu=0.5)


# Name, scikit-learn's side, rows to fit on, rows to score, features, and how many times as fast ours should be at least:
# at fitting, at scoring.
CASES = [
    ("local_outlier_factor", local_outlier_factor, 20_000, 20_000, 12, 3.0, 3.0),
    ("one_class_svm", one_class_svm, 10_000, 20_000, 12, 1.0, 3.0),
    ("one_class_svm_half", one_class_svm_half, 10_000, 20_000, 12, 1.0, 3.0),
]


def rows(count, width, seed):
    return np.random.default_rng(seed).normal(size=(count, width))


def ours(binary, case, width, training, asked):
    command = [binary, case, str(width), training, asked]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(float(number) for number in output.split())


def main():
    build = ["cargo", "build", "--quiet", "--release", "--package", "weir-model", "--example", "speed"]
    subprocess.run(build, check=True, cwd=ROOT)
    binary = ROOT / "target/release/examples/speed"
    chosen = [case for case in CASES if not sys.argv[1:] or case[0] in sys.argv[1:]]
    print(f"{'':32} {'scikit-learn':>12} {'ours':>9} {'ratio':>7} {'target':>7}")
    for name, theirs, fit_rows, score_rows, width, fit_target, score_target in chosen:
        training, asked = rows(fit_rows, width, 1), rows(score_rows, width, 2)
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder) / file) for file in ("training", "asked")]
            training.astype("<f8").tofile(paths[0])
            asked.astype("<f8").tofile(paths[1])
            runs = [(theirs(training, asked), ours(binary, name, width, *paths)) for _ in range(RUNS)]
        best = np.min(np.array(runs), axis=0)
        for step, (label, target) in enumerate((("fit", fit_target), ("score", score_target))):
            count = fit_rows if step == 0 else score_rows
            slow, fast = best[0][step], best[1][step]
            label = f"{name} {label} {count // 1000}k × {width}"
            print(f"{label:32} {slow:10.3f} s {fast:7.3f} s {slow / fast:6.1f}× {target:6.1f}×", flush=True)
        means = [run[side][2] for run in runs for side in (0, 1)]
        print(f"{'  mean score':32} {means[0]:12.6f} {means[1]:9.6f}")


if __name__ == "__main__":
    main()
