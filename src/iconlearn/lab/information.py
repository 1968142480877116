"""What two views of the same samples share, or two samples of a class, by every estimator there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import distinct, same_length
from iconlearn.lab.experiment import Bench, Findings, Picture, Table, column, spread
from iconlearn.lab.trials.pairs import split_pairs
from iconlearn.theory.information import ESTIMATORS, class_information, label_entropy, mutual_information
from iconlearn.theory.information.reliability import FEW_ROWS
from iconlearn.viz import strip_figure

STEPS = 2000  # of a critic
FEWEST = 8  # rows of a class: then each of three parts has two of them, which are a pair
RELIABLE, DOUBTFUL = "no reason for doubt", "see the reasons for doubt"

Pairs = tuple[np.ndarray, np.ndarray, Any]  # x, y, and how to split them


def views_information(first: Any, second: Any, bench: Bench) -> Findings:
    """What two views or modalities share, row by row, by every estimator.

    Parameters
    ----------
    first, second : array-like, shapes (n, d) and (n, e)
        Frozen features of the same n independent samples, in one order.
    bench : Bench
        Seeds are those of splits and critics.

    Returns
    -------
    Findings
        A table of estimators, with ceilings and reasons for doubt, and a picture.

    Raises
    ------
    InputError
        Unequal lengths, NaN or inf, fewer than 20 rows, or features of which nothing varies.

    Examples
    --------
    >>> from iconlearn.lab import Bench
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 1))
    >>> found = views_information(x, x + rng.normal(size=(300, 1)), Bench((0,), share=0.01))
    >>> found.tables[0].head[:3]
    ['estimator', 'kind', 'nats']
    """
    x, y = (check_features(rows, name) for rows, name in ((first, "features"), (second, "second")))
    same_length("features", x, "second", y)
    return judged(partial(views, x, y), bench, "Two views of a sample", {})


def class_pairs_information(features: Any, labels: Any, bench: Bench) -> Findings:
    """What two samples of one class share, by every estimator: at most the entropy of the classes.

    Pairs are drawn within three parts of the rows, so that none that is judged by shares a row with one that is learnt
    from; rows come in several pairs, so standard errors are somewhat too small. The first line of the table is that of
    :func:`iconlearn.theory.information.class_information`, which needs no critic: a classifier says how likely two rows
    are of one class.

    Parameters
    ----------
    features : array-like, shape (n, d)
    labels : array-like, shape (n,)
    bench : Bench

    Returns
    -------
    Findings

    Raises
    ------
    InputError
        As :func:`views_information`; also one class, and classes of fewer than eight rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from iconlearn.lab import Bench
    >>> found = class_pairs_information(*load_iris(return_X_y=True), Bench((0,), share=0.01))
    >>> found.tables[0].rows[0][0]
    'Classifier'
    """
    X = check_features(features, "features").astype(np.float64)
    y = distinct(labels, "labels")[1]
    same_length("features", X, "labels", y)
    if y.max() == 0:
        raise InputError(
            "labels: one class, whose rows share no more than any two; give rows of two or more classes"
        )
    sizes = np.bincount(y)
    if sizes.min() < FEWEST:
        raise InputError(
            f"labels: {(sizes < FEWEST).sum()} of {len(sizes)} classes have fewer than {FEWEST} rows, too few for "
            "pairs to learn from, to validate with and to judge by; leave them out"
        )
    measured = bench.measure(
        {f"classifier, seed {seed}": (by_classifier, X, y, seed) for seed in bench.seeds}
    )
    entropy = label_entropy(y)
    sure = [{**piece, "ceiling": entropy, "saturated": False} for piece in measured.values()]
    return judged(partial(class_pairs, X, y), bench, "Two samples of one class", {"H(class)": entropy}, sure)


def views(x: np.ndarray, y: np.ndarray, seed: int) -> Pairs:
    """Rows that are pairs already."""
    return x, y, None


def class_pairs(X: np.ndarray, y: np.ndarray, seed: int) -> Pairs:
    """Rows of one class, drawn within three parts."""
    drawn = split_pairs(y, seed)
    return X[drawn.anchors], X[drawn.positives], drawn.split


def by_classifier(bench: Bench, X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Any]:
    found = class_information(X, y, random_state=seed)
    few = f"only {found.n_test} rows to judge by, and as few to learn from: its probabilities are hardly calibrated"
    return {
        "nats": found.nats,
        "error": found.standard_error,
        "doubts": [few] if found.n_test < FEW_ROWS else [],
    }


def by_estimator(bench: Bench, pairs: Callable[[int], Pairs], name: str, seed: int) -> dict[str, Any]:
    """An estimate, or why there is none."""
    x, y, split = pairs(seed)
    steps = bench.of(STEPS, least=20)
    try:
        found = mutual_information(x, y, name, max_iter=steps, split=split, random_state=seed)
    except InputError as refusal:
        return {"refused": str(refusal)}
    return {
        "nats": found.nats,
        "error": found.standard_error,
        "ceiling": found.ceiling,
        "saturated": found.saturated,
        "doubts": list(found.warnings),
    }


def judged(
    pairs: Callable[[int], Pairs],
    bench: Bench,
    title: str,
    truths: dict[str, float],
    classifier: list[dict[str, Any]] | None = None,
) -> Findings:
    """Every estimator on pairs of rows."""
    measured = bench.measure(
        {
            f"{name}, seed {seed}": (by_estimator, pairs, name, seed)
            for name in ESTIMATORS
            for seed in bench.seeds
        }
    )
    head = ["estimator", "kind", "nats", "standard error", "bits", "ceiling (nats)", "judgement"]
    refusals = [piece["refused"] for piece in measured.values() if "refused" in piece]
    if len(refusals) == len(measured):
        raise InputError(refusals[0])
    rows, drawn, doubts = [], {}, []
    if classifier is not None:
        rows.append(["Classifier", "lower bound", *numbers(classifier)])
        drawn["Classifier"] = column(classifier, "nats")
        doubts += [f"Classifier: {words}" for words in reasons(classifier)]
    for row in ESTIMATORS.values():
        found = [measured[f"{row.name}, seed {seed}"] for seed in bench.seeds]
        refused = [piece["refused"] for piece in found if "refused" in piece]
        if refused:
            rows.append([row.title, row.kind, "-", "-", "-", "-", "refused"])
            doubts.append(f"{row.title}: {refused[0]}")
            continue
        rows.append([row.title, row.kind, *numbers(found)])
        drawn[row.title] = column(found, "nats")
        doubts += [f"{row.title}: {words}" for words in reasons(found)]
    figure = strip_figure(
        {name: {"estimate": values} for name, values in drawn.items() if np.isfinite(values).all()},
        score="information (nats)",
        lines=truths,
        title=title,
        subtitle="every estimator on the same rows, a dot a seed",
    )
    caption = "Estimates that disagree mean that none of them can be trusted by itself."
    return Findings([], [Table(title, head, rows)], [Picture("estimates", caption, figure)], doubts)


def reasons(found: list[dict[str, Any]]) -> list[str]:
    """Reasons for doubt of all seeds, each once."""
    return list(dict.fromkeys(words for piece in found for words in piece["doubts"]))


def numbers(found: list[dict[str, Any]]) -> list[str]:
    """The cells of an estimator: nats, error, bits, ceiling, judgement."""
    nats, errors = column(found, "nats"), column(found, "error")
    ceiling = float(column(found, "ceiling").max())
    saturated = any(piece["saturated"] for piece in found)
    doubted = any(piece["doubts"] for piece in found)
    return [
        spread(nats, 3),
        f"{errors.mean():.3f}" if np.isfinite(errors).all() else "-",
        f"{nats.mean() / np.log(2):.3f}",
        f"{ceiling:.2f}" if np.isfinite(ceiling) else "none",
        "saturated" if saturated else DOUBTFUL if doubted else RELIABLE,
    ]
