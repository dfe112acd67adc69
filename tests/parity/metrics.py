"""Computes what scikit-learn says of fixed labels, predictions and scores; shared/model/tests/metrics.rs compares.

    python3 -m venv target/parity
    target/parity/bin/pip install --requirement tests/parity/requirements.txt
    target/parity/bin/python tests/parity/metrics.py

Writes `metrics.json` beside this script: the inputs, so that the test needs nothing but this file, and scikit-learn's
answers, written so that they read back to the bit.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

OUTPUT = Path(__file__).parent / "metrics.json"


def numbers(array):
    return [float(value) for value in array]


def classes(names, labels, predictions):
    """Everything about predicted classes. A share of nothing is 0, scikit-learn's default without its warning."""
    order = list(range(len(names)))
    shares = {"labels": order, "zero_division": 0.0}
    return {
        "names": names,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "confusion": metrics.confusion_matrix(labels, predictions, labels=order).tolist(),
        "accuracy": float(metrics.accuracy_score(labels, predictions)),
        "classes": [numbers(row) for row in metrics.precision_recall_fscore_support(labels, predictions, **shares)],
        "macro": numbers(metrics.precision_recall_fscore_support(labels, predictions, average="macro", **shares)[:3]),
        "weighted": numbers(metrics.precision_recall_fscore_support(labels, predictions, average="weighted", **shares)[:3]),
        "report": metrics.classification_report(labels, predictions, target_names=names, **shares),
    }


def ranking(labels, scores):
    """Everything about scores. The threshold above all scores, which scikit-learn calls infinite, is null."""
    false_positives, true_positives, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    usual = (labels == 0).sum()
    allowed = [0, 1, 5, 20]
    return {
        "labels": labels.tolist(),
        "scores": numbers(scores),
        "roc_auc": float(metrics.roc_auc_score(labels, scores)),
        "average_precision": float(metrics.average_precision_score(labels, scores)),
        "roc": [[float(x), float(y), float(t) if np.isfinite(t) else None] for x, y, t in zip(false_positives, true_positives, thresholds)],
        "precision_recall": [[float(p), float(r)] for p, r in zip(precision, recall)],
        "recall_at": [[most, float(true_positives[np.rint(false_positives * usual) <= most].max())] for most in allowed],
    }


def main():
    random = np.random.default_rng(7)
    kinds = ["normal", "reconnaissance", "worms", "never seen"]
    truth = random.choice(3, 120, p=[0.7, 0.2, 0.1])
    taken = np.where(random.random(120) < 0.75, truth, random.choice(2, 120))
    anomalous = (random.random(150) < 0.15).astype(int)
    apart = np.round(random.normal(size=150) + 1.5 * anomalous, 6)
    rare = np.zeros(150, dtype=int)
    rare[[11, 77]] = 1
    result = {
        "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "classes": {
            "binary": classes(["usual", "anomalous"], anomalous, (apart > 1.0).astype(int)),
            "several": classes(kinds, truth, taken),
            "constant": classes(["usual", "anomalous"], anomalous, np.zeros(150, dtype=int)),
        },
        "rankings": {
            "apart": ranking(anomalous, apart),
            "tied": ranking(anomalous, np.round(apart)),
            "constant": ranking(anomalous, np.ones(150)),
            "rare": ranking(rare, apart),
            "perfect": ranking(anomalous, anomalous.astype(float)),
            "reversed": ranking(anomalous, -apart),
        },
    }
    OUTPUT.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.stat().st_size / 1000:.0f} kB in {OUTPUT}")


if __name__ == "__main__":
    main()
