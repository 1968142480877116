"""How much of the entropy of the labels a classifier's posteriors keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import logsumexp

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.evaluation._inputs import same_length, whole_numbers
from iconlearn.theory.information.classes import check_log_posterior, check_prior, label_entropy
from iconlearn.theory.pairs import same_class_pairs


@dataclass(frozen=True, eq=False)
class ClassInformation:
    r"""What pairs of rows of one class share, as far as a classifier sees it.

    .. math::
        \hat I = \mathrm{mean}_{\text{pairs of one class}} \log \hat r(x, y) - \log \sum_c \bar p_c^2 / \pi_c,
        \qquad \hat r(x, y) = \sum_c \hat p(c \mid x)\, \hat p(c \mid y) / \pi_c

    with the shares :math:`\pi` of the classes among the rows and the mean posterior :math:`\bar p` of the rows. The
    last term is the log of the mean of :math:`\hat r` over all pairs of rows. It is 0 if :math:`\bar p = \pi`, as it is
    of a logistic regression on the rows that it learnt from. With it the value is a lower bound (Donsker and Varadhan)
    whatever the classifier, and does not exceed :func:`same_class_information` of the rows but for the chance of which
    pairs are drawn.

    Parameters
    ----------
    nats : float
    standard_error : float
        Over rows, each of which is in many pairs, and over the pairs drawn. Not over classifiers.
    entropy : float
        H(C) of the rows that were evaluated: the ceiling, in nats.
    accuracy : float
        Share of those rows whose most probable class, as the classifier has it, is theirs.
    n_test : int
    log_posterior, labels, prior : arrays, shapes (n_test, C), (n_test,), (C,)
        What the values were computed from: the classes that the rows have, and the posteriors carried over to their
        shares of these, p(c | x) pi_c / (share of c where the classifier learnt), normalised.

    References
    ----------
    Derivation (see :func:`class_log_ratio`). The error within classes is that of dyads: Aronow, Samii and Assenova,
    Cluster-Robust Variance Estimation for Dyadic Data, 2015; in simulations it is right to 10%, and some 10% too small
    with as few as 60 rows.
    """

    nats: float
    standard_error: float
    entropy: float
    accuracy: float
    n_test: int
    log_posterior: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    prior: np.ndarray = field(repr=False)

    @classmethod
    def of(
        cls,
        log_posterior: Any,
        labels: Any,
        prior: Any,
        *,
        n_pairs: int = 20_000,
        random_state: int | np.random.Generator = 0,
    ) -> ClassInformation:
        """The information that the log posteriors (n, C) of any classifier find in rows of classes 0 to C - 1.

        Parameters
        ----------
        log_posterior : array-like, shape (n, C)
            Of rows that the classifier did not learn from.
        labels : array-like of int, shape (n,)
        prior : array-like, shape (C,)
            The shares of the classes where the classifier learnt; they may differ from those of the rows.
        n_pairs : int, default 20_000
            Pairs to draw.
        random_state : int or numpy.random.Generator, default 0

        Raises
        ------
        InputError
            Shapes that do not agree, one class, a class of one row, rows that are no probabilities or have 0 for
            their own class.
        OptionError
            n_pairs below 2.

        Examples
        --------
        >>> y = np.arange(100) % 2
        >>> found = ClassInformation.of(np.log(np.eye(2)[y] * 0.98 + 0.01), y, [0.5, 0.5])
        >>> print(found)
        0.673 nats (standard error 0.000) of H(C) = 0.693; accuracy 1.000 on 100 rows
        """
        n_pairs = check_number("ClassInformation.of", "n_pairs", n_pairs, low=2, integer=True)
        prior = check_prior(prior)
        log_p = check_log_posterior(log_posterior, "log_posterior", len(prior))
        y = whole_numbers(labels, "labels", len(prior))
        same_length("log_posterior", log_p, "labels", y)
        rows = np.bincount(y, minlength=len(prior))
        if np.count_nonzero(rows) < 2 or (rows == 1).any():
            raise InputError(
                f"labels: {np.count_nonzero(rows)} class(es), {np.count_nonzero(rows == 1)} of them with a single row, "
                "but two or more classes of at least 2 rows each are needed, to pair different rows; add rows"
            )
        if (impossible := np.isneginf(log_p[np.arange(len(y)), y])).any():
            raise InputError(
                f"log_posterior: row {int(impossible.argmax())} (counted from 0) has probability 0 for its own class, "
                "which makes pairs impossible; give a classifier that is never certain, or smooth it"
            )
        accuracy = float(np.mean(log_p.argmax(axis=1) == y))
        present, y = np.unique(y, return_inverse=True)
        log_p = log_p[:, present] + np.log(rows[present] / len(y) / prior[present])
        log_p, prior = log_p - logsumexp(log_p, axis=1, keepdims=True), rows[present] / len(y)
        anchors, positives = same_class_pairs(y, n_pairs, random_state=random_state)
        values = np.asarray(logsumexp(log_p[anchors] + log_p[positives] - np.log(prior), axis=1))
        log_mean = logsumexp(log_p, axis=0) - np.log(len(log_p))
        return cls(
            float(values.mean() - logsumexp(2 * log_mean - np.log(prior))),
            _pair_error(values, anchors, positives, y),
            label_entropy(y),
            accuracy,
            len(y),
            log_p,
            y,
            prior,
        )

    @property
    def bits(self) -> float:
        """The information in bits."""
        return float(self.nats / np.log(2))

    def __str__(self) -> str:
        return (
            f"{self.nats:.3f} nats (standard error {self.standard_error:.3f}) of H(C) = {self.entropy:.3f}; "
            f"accuracy {self.accuracy:.3f} on {self.n_test} rows"
        )

    def infonce(
        self, batch_size: int, *, n_pairs: int = 20_000, random_state: int | np.random.Generator = 0
    ) -> tuple[float, float]:
        r"""What InfoNCE reports of the same rows with the same critic in batches of this size.

        .. math:: \mathrm{mean}_i \Bigl( \log \hat r(x_i, y_i) - \log \frac1K \sum_j \hat r(x_i, y_j) \Bigr) \le \log K

        Parameters
        ----------
        batch_size : int
            K pairs, drawn from all rows with replacement: it may exceed the number of rows.
        n_pairs : int, default 20_000
            At least so many, in whole batches.
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        nats, standard_error : float
            The error counts the pairs' own rows and not those of the other pairs of the batch: in small batches (2
            pairs) it is some 40% too small, from some 16 on it is right to 10%.

        Examples
        --------
        >>> y = np.arange(100) % 2
        >>> found = ClassInformation.of(np.log(np.eye(2)[y] * 0.98 + 0.01), y, [0.5, 0.5])
        >>> round(found.infonce(2)[0], 2)  # at most log 2, and 0.35 if the classes were sure
        0.34
        """
        k = check_number("infonce", "batch_size", batch_size, low=1, integer=True)
        n_pairs = check_number("infonce", "n_pairs", n_pairs, low=1, integer=True)
        batches = -(-n_pairs // k)
        anchors, positives = same_class_pairs(self.labels, batches * k, random_state=random_state)
        x, y = self.log_posterior[anchors], self.log_posterior[positives] - np.log(self.prior)
        # the sum over the batch goes inside that over classes: no matrix of scores is needed
        others = logsumexp(y.reshape(batches, k, -1), axis=1) - np.log(k)
        of_batch = np.asarray(logsumexp(x + np.repeat(others, k, axis=0), axis=1))
        values = np.asarray(logsumexp(x + y, axis=1)) - of_batch
        return float(values.mean()), _pair_error(values, anchors, positives, self.labels)


def _pair_error(values: np.ndarray, first: np.ndarray, second: np.ndarray, y: np.ndarray) -> float:
    """Standard error of the mean of values of pairs of rows of one class, where rows are in many pairs.

    Within a class, pairs that have a row in common depend; how many rows a class has is a matter of its n rows.
    """
    n, n_pairs, classes = len(y), len(values), y[first]
    pairs = np.bincount(classes)
    means = np.bincount(classes, weights=values) / np.maximum(pairs, 1)
    between = np.sum(pairs / n_pairs * (means - values.mean()) ** 2)
    pair, place = np.unique(np.minimum(first, second) * n + np.maximum(first, second), return_inverse=True)
    of_pair = np.bincount(place, weights=values - means[classes])
    of_row = np.bincount(pair // n, of_pair, minlength=n) + np.bincount(pair % n, of_pair, minlength=n)
    alone = np.sum(of_pair**2)  # is in the sums of both of its rows
    within = max(np.sum(of_row**2) - alone, alone) / n_pairs**2
    return float(np.sqrt(within + between * (1 / n + 1 / n_pairs)))
