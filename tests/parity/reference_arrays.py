"""Computes the arrays that shared/model/tests/parity.rs compares our estimators with.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/reference_arrays.py

Every case is a function that returns its arrays by name; each becomes `arrays/CASE/NAME.txt`, one row per line, values
separated by spaces and written so that they read back to the bit. To add a case: write the function, put it into CASES,
run the script, commit what changed, and compare in parity.rs.
"""

import shutil
from pathlib import Path

import numpy as np
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

ARRAYS = Path(__file__).parent / "arrays"


def clusters(rows, seed):
    """Four features in three clusters of different density; one feature is long-tailed. Six digits each."""
    random = np.random.default_rng(seed)
    centres = np.array([[0, 0, 0, 0], [6, 1, 0, 0], [-2, 5, 3, 0]])
    spread = np.array([0.5, 1.0, 2.0])
    cluster = random.integers(0, 3, rows)
    values = centres[cluster] + spread[cluster, None] * random.normal(size=(rows, 4))
    values[:, 3] = np.exp(random.normal(size=rows))
    return np.round(values, 6)


def asked(seed):
    """New rows: usual ones, then ones further and further out."""
    random = np.random.default_rng(seed)
    outliers = random.normal(size=(20, 4)) * np.geomspace(3, 1000, 20)[:, None]
    return np.round(np.vstack([clusters(60, seed + 1), outliers]), 6)


def data():
    return {"training": clusters(250, 1), "asked": asked(2)}


def local_outlier_factor():
    arrays = {}
    for neighbours in (5, 20):
        model = LocalOutlierFactor(n_neighbors=neighbours, novelty=True).fit(data()["training"])
        arrays[f"training_{neighbours}"] = -model.negative_outlier_factor_
        arrays[f"asked_{neighbours}"] = -model.score_samples(data()["asked"])
    return arrays


def one_class_svm():
    """scikit-learn holds kernel values as 32-bit numbers while it fits: the seventh digit is as far as it goes."""
    arrays = {}
    for name, options in {
        "scale_0.1": {"nu": 0.1, "gamma": "scale"},
        "scale_0.5": {"nu": 0.5, "gamma": "scale"},
        "narrow_0.2": {"nu": 0.2, "gamma": 0.5},
    }.items():
        model = OneClassSVM(tol=1e-10, **options).fit(data()["training"])
        arrays[f"asked_{name}"] = model.decision_function(data()["asked"])
        arrays[f"training_{name}"] = model.decision_function(data()["training"])
    return arrays


def ecod():
    """The paper's algorithm, from its definition: each asked row is ranked together with all training rows."""
    training, rows = data()["training"], data()["asked"]
    centred = training - training.mean(axis=0)
    skewness = np.sign((centred**3).mean(axis=0))
    scores = []
    for row in rows:
        together = np.vstack([training, row])
        left = -np.log((together <= row).mean(axis=0))
        right = -np.log((together >= row).mean(axis=0))
        skewed_to = np.where(skewness < 0, left, right)
        scores.append(max(left.sum(), right.sum(), skewed_to.sum()))
    return {"asked": np.array(scores)}


def iqr():
    """Distances beyond the quartiles in interquartile ranges, the worst feature of each row; in two groups by row number."""
    training, rows = data()["training"], data()["asked"]

    def worst(usual, rows):
        first, third = np.quantile(usual, [0.25, 0.75], axis=0)
        outside = np.maximum(np.maximum(first - rows, rows - third), 0)
        return (outside / (third - first)).max(axis=1)

    grouped = np.empty(len(rows))
    for group in (0, 1):
        grouped[group::2] = worst(training[group::2], rows[group::2])
    return {"asked": worst(training, rows), "asked_grouped": grouped}


CASES = [data, local_outlier_factor, one_class_svm, ecod, iqr]


def main():
    shutil.rmtree(ARRAYS, ignore_errors=True)
    for case in CASES:
        folder = ARRAYS / case.__name__
        folder.mkdir(parents=True)
        for name, array in case().items():
            rows = [" ".join(repr(float(value)) for value in np.atleast_1d(row)) for row in array]
            (folder / f"{name}.txt").write_text("\n".join(rows) + "\n")
    size = sum(path.stat().st_size for path in ARRAYS.rglob("*.txt"))
    print(f"{size / 1000:.0f} kB under {ARRAYS}")


if __name__ == "__main__":
    main()
