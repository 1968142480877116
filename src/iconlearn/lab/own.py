"""Experiments on somebody's own features."""

from __future__ import annotations

import hashlib
import os
import shlex
from dataclasses import dataclass
from functools import partial

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.files import load_dataset, load_table
from iconlearn.features import open_features
from iconlearn.lab import information, subspace
from iconlearn.lab.experiment import Experiment
from iconlearn.lab.trials import judging, pairs

MOST_ROWS = (
    20_000  # a random choice of more: estimates do not need them, and some estimators take all at once
)


@dataclass(frozen=True, eq=False)
class Rows:
    """Features of n samples, of very many those of a random choice, and their labels."""

    views: tuple[np.ndarray, ...]
    labels: np.ndarray | None
    classes: list[str] | None
    n: int

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows that have labels, and these as text."""
        assert self.labels is not None
        rows = self.labels >= 0
        codes = self.labels[rows]
        return self.views[0][rows], codes.astype(str) if self.classes is None else np.array(self.classes)[
            codes
        ]

    def digest(self) -> str:
        """What tells these rows from others."""
        total = hashlib.sha256()
        for array in (*self.views, *(() if self.labels is None else (self.labels,))):
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()[:16]


def information_of(features: str, *, second: str | None = None, labels: str | None = None) -> Experiment:
    """The experiment ``iconlearn lab mi``: of two views where there are two, else of the classes.

    Parameters
    ----------
    features : str
        A built-in set, a file, or a folder of features.
    second : str, optional
        Another view or modality of the same samples.
    labels : str, optional
        A column or key, or a file of labels.

    Raises
    ------
    InputError
        Neither a second view nor labels, or both.

    Examples
    --------
    >>> information_of("digits-halves").title
    'What two views share'
    """
    rows = read(features, labels, second)
    arguments = joined(features=features, second=second, labels=labels)
    if len(rows.views) > 1:
        if labels is not None:
            raise InputError(
                f"labels={labels!r} and a second view of {features!r} are two questions; ask one at a time"
            )
        return Experiment(
            name="mi",
            title="What two views share",
            question=f"How much does a view of a sample of {features} say of the other?",
            source="Every estimate is of held-out rows; which are bounds, and on what they rest, says the table.",
            run=partial(information.views_information, *rows.views[:2]),
            code=(information,),
            arguments=arguments,
            data=rows.digest(),
        )
    if rows.labels is None:
        raise InputError(f"{features} has neither labels nor a second view; give labels= or second=")
    return Experiment(
        name="mi",
        title="What two samples of a class share",
        question=f"How much of the entropy of the classes do the features of {features} keep?",
        source=(
            "Pairs of one class share the entropy of the classes, no more, if the class is a function of the sample "
            "(proven); what features share is at most that (data processing)."
        ),
        run=partial(information.class_pairs_information, *rows.known()),
        code=(information, pairs),
        arguments=arguments,
        data=rows.digest(),
    )


def subspace_of(features: str, *, labels: str | None = None, projection: str | None = None) -> Experiment:
    """The experiment ``iconlearn lab subspace``: a linear projection beside those of LDA and PCA.

    Parameters
    ----------
    features, labels : str
        As :func:`information_of`.
    projection : str, optional
        A file with an array (d, r); without one a linear encoder is trained on pairs of one class.

    Raises
    ------
    InputError
        No labels.

    Examples
    --------
    >>> subspace_of("digits").name
    'subspace'
    """
    rows = read(features, labels, None)
    if rows.labels is None:
        raise InputError(f"{features} has no labels, which LDA needs; give labels=")
    matrix = None if projection is None else load_table(projection).X
    own = "" if matrix is None else hashlib.sha256(np.ascontiguousarray(matrix).data).hexdigest()[:16]
    return Experiment(
        name="subspace",
        title="A learned projection beside LDA and PCA",
        question=f"What are linear projections of {features} worth, and how far are they from that of LDA?",
        source=(
            "Where classes are Gaussians of one covariance, LDA has the best subspace, and contrastive pairs find it "
            "(see the experiment `fisher`). Real features only resemble that, so judge by scores and not by angles."
        ),
        run=partial(subspace.compare_subspaces, *rows.known(), matrix),
        code=(subspace, judging),
        arguments=joined(features=features, labels=labels, projection=projection),
        data=rows.digest() + own,
    )


def read(features: str, labels: str | None, second: str | None) -> Rows:
    """Features with their labels, and another view where there is one."""
    if os.path.isdir(features):
        stored = open_features(features, labels=labels)
        chosen = some(stored.n, stored.label if second is None else None)
        count = 1 if labels is not None or second is not None else min(2, stored.views)
        views = tuple(stored.take(chosen, view).numpy() for view in range(count))
        n, code, classes = stored.n, stored.label, stored.classes
    else:
        data = load_dataset(features, labels)
        n, code, classes = len(data.X), data.y, data.classes
        chosen = some(n, code if second is None else None)
        views = tuple(view[chosen] for view in (data.source if data.form == "modalities" else (data.X,)))
    code = None if code is None else np.asarray(code)[chosen]
    if second is None:
        return Rows(views, code, classes, n)
    other = read(second, None, None)
    if other.n != n:
        raise InputError(
            f"{features} has {n} rows and {second} {other.n}; give the same samples in one order"
        )
    return Rows((views[0], other.views[0]), code, classes, n)


def some(n: int, codes: np.ndarray | None) -> np.ndarray:
    """Rows that are looked at: all, or of very many a random choice, of every class the same share.

    Without codes the choice is the same for two files of one length.
    """
    order = np.random.default_rng(0).permutation(n)
    if codes is None or n <= MOST_ROWS:
        return np.sort(order[:MOST_ROWS])
    own = codes[order]
    sizes = np.bincount(own + 1)  # -1 is no label
    by_class = np.argsort(own, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place = np.empty(n)
    place[by_class] = np.arange(n) - starts[own[by_class] + 1]
    return np.sort(order[np.argsort((place + 0.5) / sizes[own + 1], kind="stable")[:MOST_ROWS]])


def joined(**given: str | None) -> str:
    """Options as they are written in a shell."""
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in given.items() if value is not None)
