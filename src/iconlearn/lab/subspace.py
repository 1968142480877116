"""A learned projection of labelled features beside LDA and PCA."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import distinct, same_length
from iconlearn.lab.experiment import Bench, Findings, Picture, Table, spread
from iconlearn.lab.trials.judging import judge, plane
from iconlearn.theory.mixtures import (
    lda_subspace,
    learned_subspace,
    linear_infonce,
    pca_subspace,
    principal_angles,
)
from iconlearn.theory.pairs import same_class_pairs
from iconlearn.viz import panels_figure

STEPS, BATCH, LR = 2000, 128, 2e-2
HELD_OUT, ALL = 1 / 3, "all columns"
FEWEST = 4  # rows of a class, two on either side
MOST_DRAWN = 5000


def compare_subspaces(features: Any, labels: Any, projection: Any, bench: Bench) -> Findings:
    """Compare a linear projection with PCA of as many columns and with LDA, on rows not learnt from.

    Angles are between the leading K - 1 directions (by how far they spread within classes) and those of LDA, raw and
    after the covariance within classes has been made the unit matrix. On real features the classes' covariances differ
    and some directions hardly tell classes apart, so large angles say little there; scores of the projected rows say
    more.

    Parameters
    ----------
    features : array-like, shape (n, d)
    labels : array-like, shape (n,)
        At least two classes of four rows each.
    projection : array-like, shape (d, r), or None
        Of x -> A^T x. With None a linear encoder of min(K - 1, d) dimensions is trained here, by InfoNCE on pairs of
        one class.
    bench : Bench
        Seeds are those of the split, in which a third of each class is held out, and of the training.

    Returns
    -------
    Findings
        A table of projections with ARI, AMI, linear and 5-NN accuracy and angles to LDA; a picture of each.

    Raises
    ------
    InputError
        NaN or inf, unequal lengths, one class, classes of fewer than four rows, a projection of another width.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from iconlearn.lab import Bench
    >>> found = compare_subspaces(*load_iris(return_X_y=True), [[1], [1], [1], [1]], Bench((0,)))
    >>> [row[0] for row in found.tables[0].rows]
    ['all columns', 'PCA', 'LDA (labels)', 'the projection']
    """
    X = check_features(features, "features").astype(np.float64)
    names, y = distinct(labels, "labels")
    same_length("features", X, "labels", y)
    sizes = np.bincount(y)
    if len(sizes) < 2 or sizes.min() < FEWEST:
        raise InputError(
            f"labels: {len(sizes)} class(es), the smallest of {sizes.min()} rows, but two or more classes of at "
            f"least {FEWEST} rows are needed; leave small classes out"
        )
    A = None
    if projection is not None:
        A = np.asarray(check_features(projection, "projection", min_rows=1), np.float64)
        if len(A) != X.shape[1]:
            raise InputError(
                f"projection has {len(A)} rows and features {X.shape[1]} columns; give (d, r) for x -> A^T x"
            )
    found = list(bench.measure({f"seed {seed}": (measure, X, y, A, seed) for seed in bench.seeds}).values())
    first = found[0]
    keys = ("ARI", "AMI", "linear", "5-NN")
    rows = [
        [
            name,
            str(first["projections"][name]["dims"]),
            *(spread([piece["projections"][name][key] for piece in found], 3) for key in keys),
            *(
                "-" if name == ALL else spread([piece["projections"][name][key] for piece in found], 1)
                for key in ("raw", "whitened")
            ),
        ]
        for name in first["projections"]
    ]
    head = ["projection", "dims", *keys, "angle to LDA, raw", "angle to LDA, whitened"]
    maps = {
        f"{name}\nARI {piece['ARI']:.2f}, linear {piece['linear']:.2f}": np.array(piece["map"])
        for name, piece in first["projections"].items()
    }
    figure = panels_figure(
        maps,
        names[np.array(first["codes"])].astype(str),
        title="Projections of rows that were not learnt from",
        subtitle="two leading components of each",
    )
    note = (
        "Angles are the largest principal ones, in degrees; on real features they say little, since classes have "
        f"covariances of their own. {first['learnt']} rows to learn from, {first['judged']} to judge by."
    )
    caption = "Held-out rows in every projection, coloured by class."
    return Findings([], [Table("Projections", head, rows)], [Picture("projections", caption, figure)], [note])


def measure(
    bench: Bench, X: np.ndarray, y: np.ndarray, given: np.ndarray | None, seed: int
) -> dict[str, Any]:
    """All projections of one split."""
    train, test = split(y, seed)
    scale = float(np.sqrt(X[train].var(0).mean()))
    if scale == 0:
        raise InputError(
            "features: no column varies, so there is nothing to tell apart; give columns that vary"
        )
    X = (X - X[train].mean(0)) / scale
    A = trained(X[train], y[train], bench, seed) if given is None else given
    dim = min(A.shape[1], int(y.max()), rank(X[train]))
    lda = lda_subspace(X[train], y[train])
    projections = {
        ALL: np.eye(X.shape[1]),
        "PCA": pca_subspace(X[train], min(A.shape[1], rank(X[train]))),
        "LDA (labels)": discriminants(X[train], y[train], lda),
        "InfoNCE, same-class pairs" if given is None else "the projection": A,
    }
    within = shrunk_within(X[train], y[train])
    told: dict[str, Any] = {}
    for name, matrix in projections.items():
        Z = X @ matrix
        told[name] = {"dims": matrix.shape[1], **judge(Z[train], y[train], Z[test], y[test])}
        told[name]["map"] = plane(Z[test])[:MOST_DRAWN].round(4).tolist()
        if name != ALL:
            own = learned_subspace(matrix, min(dim, rank(matrix)), within)
            told[name]["raw"] = float(principal_angles(own, lda).max())
            told[name]["whitened"] = float(principal_angles(own, lda, within).max())
    codes = y[test][:MOST_DRAWN].tolist()
    return {"projections": told, "codes": codes, "learnt": len(train), "judged": len(test)}


def split(y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and to judge by: of each class a third, at least two on either side."""
    rng = np.random.default_rng(seed)
    test = []
    for code in range(int(y.max()) + 1):
        own = rng.permutation(np.flatnonzero(y == code))
        test.append(own[: int(np.clip(round(HELD_OUT * len(own)), 2, len(own) - 2))])
    chosen = np.sort(np.concatenate(test))
    return np.setdiff1d(np.arange(len(y)), chosen), chosen


def trained(X: np.ndarray, y: np.ndarray, bench: Bench, seed: int) -> np.ndarray:
    """The projection of a linear encoder that InfoNCE has trained on pairs of one class, (d, r)."""
    anchors, positives = same_class_pairs(y, bench.of(STEPS, least=20) * BATCH, random_state=seed)
    dim = min(int(y.max()), X.shape[1])
    return linear_infonce(
        X[anchors], X[positives], dim, batch_size=BATCH, lr=LR, random_state=seed
    ).projection


def discriminants(X: np.ndarray, y: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The subspace of LDA in its own coordinates: classes have about unit covariance, (d, q)."""
    within = shrunk_within(X @ basis, y)
    return basis @ np.linalg.cholesky(np.linalg.inv(within))


def shrunk_within(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The covariance within classes, by Ledoit and Wolf's shrinkage, which is never singular unless all is constant."""
    from sklearn.covariance import LedoitWolf

    means = np.stack([X[y == code].mean(0) for code in range(int(y.max()) + 1)])
    return LedoitWolf(assume_centered=True).fit(X - means[y]).covariance_


def rank(matrix: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(matrix))
