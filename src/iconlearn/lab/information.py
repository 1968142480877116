"""What two views share, what features say of the class, and what two samples of a class share, by all estimators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import distinct, same_length
from iconlearn.lab.experiment import Bench, Findings, Picture, Table, column, spread
from iconlearn.lab.trials.pairs import split_pairs
from iconlearn.theory.information import ESTIMATORS, class_information, label_entropy, mutual_information
from iconlearn.theory.information.estimators import CRITIC, LOWER
from iconlearn.theory.information.reliability import FEW_ROWS
from iconlearn.viz import strip_figure

STEPS = 2000  # of a critic
FEWEST = 8  # rows of a class: then each of three parts has two of them, which are a pair
RELIABLE, DOUBTFUL = "no reason for doubt", "see the reasons for doubt"
FAR = 4  # times the median estimate, beyond which one is not drawn

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
    part = judged(partial(views, x, y), bench, "Two views of a sample", list(ESTIMATORS))
    return Findings([], [part.table], [part.picture], part.notes)


def class_pairs_information(features: Any, labels: Any, bench: Bench) -> Findings:
    """What features say of the class, and what two samples of one class share: both at most the entropy of the classes.

    Pairs are drawn within three parts of the rows, so that none that is judged by shares a row with one that is learnt
    from. The first line of a table needs no critic: a classifier gives the probabilities of the classes, and with these
    the information of features and labels, H(C) less its cross-entropy, and that of pairs
    (:func:`iconlearn.theory.information.class_information`). The other lines of features and labels are those of
    estimators that learn a critic; the rest would take labels for measurements.

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
    sure = list(measured.values())
    critics = [name for name, row in ESTIMATORS.items() if row.learns == CRITIC]
    entropy = label_entropy(y)
    parts = [
        judged(
            partial(views, X, y), bench, "Features and labels", critics, entropy, [p["labels"] for p in sure]
        ),
        judged(
            partial(class_pairs, X, y),
            bench,
            "Two samples of one class",
            list(ESTIMATORS),
            entropy,
            [p["pairs"] for p in sure],
        ),
    ]
    notes = [f"{part.table.title}. {note}" for part in parts for note in part.notes]
    return Findings([], [part.table for part in parts], [part.picture for part in parts], notes)


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
    told = found.log_posterior[np.arange(found.n_test), found.labels]
    rest = {"doubts": [few] if found.n_test < FEW_ROWS else [], "ceiling": found.entropy, "saturated": False}
    error = float(told.std(ddof=1) / np.sqrt(found.n_test))
    return {
        "labels": {"nats": found.entropy + float(told.mean()), "error": error, **rest},
        "pairs": {"nats": found.nats, "error": found.standard_error, **rest},
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


@dataclass(frozen=True)
class Part:
    """One question: its table, its picture, and the reasons for doubt."""

    table: Table
    picture: Picture
    notes: list[str]


def judged(
    pairs: Callable[[int], Pairs],
    bench: Bench,
    title: str,
    names: Sequence[str],
    most: float | None = None,
    classifier: list[dict[str, Any]] | None = None,
) -> Part:
    """Estimators on pairs of rows; ``most`` is what these share at most."""
    measured = bench.measure(
        {
            f"{title}: {name}, seed {seed}": (by_estimator, pairs, name, seed)
            for name in names
            for seed in bench.seeds
        }
    )
    refusals = [piece["refused"] for piece in measured.values() if "refused" in piece]
    if len(refusals) == len(measured):
        raise InputError(refusals[0])
    found = {} if classifier is None else {("Classifier", LOWER): classifier}
    for name in names:
        row = ESTIMATORS[name]
        found[row.title, row.kind] = [measured[f"{title}: {name}, seed {seed}"] for seed in bench.seeds]
    rows, drawn, notes = [], {}, []
    for (name, kind), pieces in found.items():
        if refused := [piece["refused"] for piece in pieces if "refused" in piece]:
            rows.append([name, kind, "-", "-", "-", "-", "refused"])
            notes.append(f"{name}: {refused[0]}")
            continue
        doubts = reasons(pieces, most)
        rows.append([name, kind, *numbers(pieces, bool(doubts))])
        drawn[name] = {kind: column(pieces, "nats")}
        notes += [f"{name}: {words}" for words in doubts]
    head = ["estimator", "kind", "nats", "standard error", "bits", "ceiling (nats)", "judgement"]
    return Part(Table(title, head, rows), picture(title, drawn, most), notes)


def picture(title: str, drawn: dict[str, dict[str, np.ndarray]], most: float | None) -> Picture:
    """A dot a seed for every estimator; those far beyond the others are only named, as they would flatten the rest."""
    sizes = {name: float(np.abs(np.concatenate(list(kinds.values()))).max()) for name, kinds in drawn.items()}
    limit = FAR * max(1.0, float(np.median(list(sizes.values()))))
    far = [f"{name} ({size:.3g})" for name, size in sizes.items() if not size <= limit]
    figure = strip_figure(
        {name: kinds for name, kinds in drawn.items() if sizes[name] <= limit},
        score="information (nats)",
        lines={} if most is None else {"H(class)": most},
        title=title,
        subtitle="every estimator on the same rows, a dot a seed",
    )
    caption = "Where estimates disagree, none can be trusted by itself."
    if far:
        caption += f" Not drawn, as they are far off: {', '.join(far)}."
    return Picture(title.lower().replace(" ", "_"), caption, figure)


def reasons(found: list[dict[str, Any]], most: float | None) -> list[str]:
    """Reasons for doubt of all seeds, each once."""
    given = list(dict.fromkeys(words for piece in found for words in piece["doubts"]))
    nats, errors = column(found, "nats"), np.nan_to_num(column(found, "error"))
    if most is not None and (nats > most + 3 * errors).any():
        given.insert(0, f"above {most:.2f} nats, the entropy of the classes, which is the most that there is")
    return given


def numbers(found: list[dict[str, Any]], doubted: bool) -> list[str]:
    """The cells of an estimator: nats, error, bits, ceiling, judgement."""
    nats, errors = column(found, "nats"), column(found, "error")
    ceiling = float(column(found, "ceiling").max())
    saturated = any(piece["saturated"] for piece in found)
    return [
        spread(nats, 3),
        f"{errors.mean():.3f}" if np.isfinite(errors).all() else "-",
        f"{nats.mean() / np.log(2):.3f}",
        f"{ceiling:.2f}" if np.isfinite(ceiling) else "none",
        "saturated" if saturated else DOUBTFUL if doubted else RELIABLE,
    ]
