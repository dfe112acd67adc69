"""Times our estimators beside scikit-learn's, one thread each, on the same rows in one run.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/speed.py [CASE...]

Builds `shared/model/examples/speed.rs` in release, then runs the two sides in turn and takes the best of RUNS (5) of each, in
elapsed time: nothing else should run meanwhile. The table gives the seconds of both, how many times as fast ours is, and what we want it to be. To add a case: a function
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
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("RUNS", "5"))


def timed(fit, score):
    start = time.perf_counter()
    model = fit()
    fitted = time.perf_counter()
    scores = score(model)
    return fitted - start, time.perf_counter() - fitted, float(np.mean(scores))


def isolation_forest(training, asked):
    model = IsolationForest(n_estimators=100, max_samples=256, random_state=1, n_jobs=1)
    training, asked = training.astype(np.float32), asked.astype(np.float32)
    return timed(lambda: model.fit(training), lambda model: -model.score_samples(asked))


def random_forest(training, asked):
    """What it is to learn, speed.rs has the same."""
    labels = (training[:, 0] + training[:, 1] * training[:, 2] > 0) != (np.abs(training[:, 3]) > 1.5)
    model = RandomForestClassifier(n_estimators=100, random_state=1, n_jobs=1)
    return timed(lambda: model.fit(training, labels), lambda model: model.predict_proba(asked)[:, 1])


def local_outlier_factor(training, asked):
    model = LocalOutlierFactor(n_neighbors=20, novelty=True, n_jobs=1)
    return timed(lambda: model.fit(training), lambda model: -model.score_samples(asked))


def one_class_svm(training, asked, nu=0.1):
    def score(model):
        return -model.decision_function(asked) / model.offset_[0]

    return timed(lambda: OneClassSVM(nu=nu).fit(training), score)


def one_class_svm_half(training, asked):
    return one_class_svm(training, asked, nu=0.5)


def normal(count, width, seed):
    """No structure at all: the hardest case for a search tree."""
    return np.random.default_rng(seed).normal(size=(count, width))


def clusters(count, width, seed):
    """Eight clusters whose features vary by different amounts, as scaled features of logs do."""
    centres = 3 * np.random.default_rng(0).normal(size=(8, width))
    random = np.random.default_rng(seed)
    spread = np.linspace(0.2, 1, width)
    return centres[random.integers(0, 8, count)] + spread * random.normal(size=(count, width))


# Name, scikit-learn's side, data, rows to fit on, rows to score, features, and how many times as fast ours should be at
# least: at fitting, at scoring.
CASES = [
    ("isolation_forest", isolation_forest, normal, 1_000_000, 1_000_000, 12, 10.0, 6.0),
    ("random_forest", random_forest, normal, 100_000, 100_000, 20, 5.0, 5.0),
    ("local_outlier_factor", local_outlier_factor, normal, 20_000, 20_000, 12, 3.0, 3.0),
    ("local_outlier_factor", local_outlier_factor, clusters, 20_000, 20_000, 12, 3.0, 3.0),
    ("one_class_svm", one_class_svm, normal, 10_000, 20_000, 12, 1.0, 3.0),
    ("one_class_svm_half", one_class_svm_half, normal, 10_000, 20_000, 12, 1.0, 3.0),
]


def ours(binary, case, width, training, asked):
    command = [binary, case, str(width), training, asked]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(float(number) for number in output.split())


def main():
    build = ["cargo", "build", "--quiet", "--release", "--package", "weir-model", "--example", "speed"]
    subprocess.run(build, check=True, cwd=ROOT)
    binary = ROOT / "target/release/examples/speed"
    chosen = [case for case in CASES if not sys.argv[1:] or case[0] in sys.argv[1:]]
    print(f"{'':48} {'scikit-learn':>12} {'ours':>9} {'ratio':>7} {'target':>7}")
    for name, theirs, data, fit_rows, score_rows, width, fit_target, score_target in chosen:
        training, asked = data(fit_rows, width, 1), data(score_rows, width, 2)
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder) / file) for file in ("training", "asked")]
            training.astype("<f8").tofile(paths[0])
            asked.astype("<f8").tofile(paths[1])
            runs = [(theirs(training, asked), ours(binary, name, width, *paths)) for _ in range(RUNS)]
        best = np.min(np.array(runs), axis=0)
        for step, (label, target) in enumerate((("fit", fit_target), ("score", score_target))):
            count = fit_rows if step == 0 else score_rows
            slow, fast = best[0][step], best[1][step]
            label = f"{name} {label}, {count // 1000}k × {width} {data.__name__}"
            print(f"{label:48} {slow:10.3f} s {fast:7.3f} s {slow / fast:6.1f}× {target:6.1f}×", flush=True)
        means = [run[side][2] for run in runs for side in (0, 1)]
        print(f"{'  mean score':48} {means[0]:12.6f} {means[1]:9.6f}")


if __name__ == "__main__":
    main()
