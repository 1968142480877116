"""One door to all estimators of mutual information: checks, splits, a fit, and a value with its doubts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from iconlearn._checks import check_choice, check_names
from iconlearn._errors import OptionError
from iconlearn.theory.information._measure import OWNER, Measured, Settings, Split, Task
from iconlearn.theory.information._samples import with_labels
from iconlearn.theory.information.critics import CRITICS
from iconlearn.theory.information.estimators import CRITIC, ESTIMATORS, Estimator
from iconlearn.theory.information.fitting import Fit
from iconlearn.theory.information.reliability import Outcome

LEAST = 0.05  # nats below 0 that are no reason for doubt
WIDE = 0.25  # nats of standard error that are one
Critic = str | nn.Module | Callable[[np.ndarray, np.ndarray], Any]


@dataclass(frozen=True)
class Estimate:
    """An estimate of mutual information, and what there is to say against it.

    Parameters
    ----------
    nats : float
    standard_error : float
        Of the test rows alone, in nats: the critic that was learned is taken as it is. NaN where there is one batch.
    estimator, critic : str
        Names; the critic of estimators that have none is "none".
    kind : {"lower bound", "upper bound", "neither"}
    ceiling : float
        The most that could have been reported, in nats; inf where there is no such number.
    saturated : bool
        Is the estimate within half a nat of its ceiling?
    warnings : tuple of str
        Reasons for doubt, one sentence each.
    n_test, batch_size : int
        Rows that it was measured on, and in batches of how many.
    fit : Fit, optional
        How the critic or density was learned.
    """

    nats: float
    standard_error: float
    estimator: str
    critic: str
    kind: str
    ceiling: float
    saturated: bool
    warnings: tuple[str, ...]
    n_test: int
    batch_size: int
    fit: Fit | None = field(default=None, repr=False)

    @property
    def bits(self) -> float:
        """The estimate in bits: 1 nat is 1.4427 bits."""
        return self.nats / math.log(2)

    def __str__(self) -> str:
        error = "" if math.isnan(self.standard_error) else f" +- {self.standard_error:.3f}"
        title = ESTIMATORS[self.estimator].title if self.estimator in ESTIMATORS else self.estimator
        critic = "" if self.critic == "none" else f" ({self.critic})"
        notes = [self.kind if self.kind != "neither" else "no bound"]
        notes += [f"at most {self.ceiling:.2f}"] if math.isfinite(self.ceiling) else []
        notes += ["saturated"] if self.saturated else []
        notes += [f"warnings: {len(self.warnings)}"] if self.warnings else []
        return f"{title}{critic}: {self.nats:.3f}{error} nats = {self.bits:.3f} bits; {', '.join(notes)}"


def mutual_information(
    x: Any,
    y: Any,
    estimator: str = "infonce",
    *,
    critic: Critic | None = None,
    width: int = 256,
    batch_size: int | None = None,
    max_iter: int = 2000,
    lr: float = 5e-4,
    patience: int = 10,
    validation_share: float = 0.2,
    test_share: float = 0.3,
    split: Split | None = None,
    random_state: int | np.random.Generator = 0,
    **options: Any,
) -> Estimate:
    r"""Estimate the mutual information of x and y from independent pairs of rows.

    .. math:: I(X; Y) = E \log \frac{p(x, y)}{p(x) p(y)}

    Estimators with a critic or a density split the rows at random in three: they learn from the first part, the
    validation rows say when to stop, and the value is that of the test rows, the mean over batches of ``batch_size``.
    An exact critic learns nothing, so every row is a test row; neither do KSG and CCA, which take all rows at once. No
    estimator proves that the information is large: a lower bound that holds with high confidence, whatever the
    distribution, is of the order of the log of the number of rows at most (McAllester and Stratos 2020).

    Parameters
    ----------
    x, y : array-like, shape (n, d) or (n,)
        Row i of x goes with row i of y. A vector y of whole numbers or text holds labels: critics see them as
        indicator columns, estimators without a critic refuse them. Learned critics and densities, KSG and CCA see
        columns that are standardised (with the moments of the rows that are learned from), and none that are constant.
    estimator : str, default "infonce"
        A name in ``ESTIMATORS``.
    critic : {"separable", "joint", "bilinear"}, module or callable, optional
        A name ("separable" by default), a module that maps (x, y) to scores (n, m) and of which a copy is trained, or
        any other callable: an exact critic, which is given float64 arrays (n, d_x) and (m, d_y) as they are and returns
        log r for all pairs, an array or tensor (n, m). For estimators with a density a callable is the log of the exact
        one, log p(y_j | x_i).
    width : int, default 256
        Units in the hidden layers of critics that are given by name, and of densities.
    batch_size : int, optional
        Pairs of a batch, in training and in the test; of the test it makes the ceiling. By default 256, or half of the
        rows that are learned from or of the test rows where that is less.
    max_iter : int, default 2000
        Steps of training.
    lr : float, default 5e-4
        Step size of Adam.
    patience : int, default 10
        Training stops when the validation rows, looked at 40 times in ``max_iter`` steps, were so often no better.
    validation_share, test_share : float, default 0.2 and 0.3
        Of all rows.
    split : tuple of three int arrays, optional
        Rows to learn from, to validate with and to test on, in place of shares: where pairs are not independent, as
        pairs that share a sample are not, none should be tested on that shares with those learnt from. Estimators
        that learn nothing take the test rows.
    random_state : int or numpy.random.Generator, default 0
        Of the split and of the weights.
    **options
        The estimator's own: ``alpha`` (interpolated, 0.01), ``tau`` (smile, 5), ``decay`` (mine, 0.99), ``k`` (ksg, 5),
        and ``entropy`` (barber-agakov: that of y in nats, or "gaussian", that of a Gaussian with its covariance).

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        Fewer than 20 rows, NaN or inf, unequal lengths, a side on which nothing varies, fewer test rows than a batch,
        scores of an exact critic that are not (n, m) numbers.
    OptionError
        Unknown names, numbers out of range, or a critic where there is no use for one.

    References
    ----------
    Those of the estimators: ``ESTIMATORS[name].source``. The split, sizes and step size: Czyz et al., Beyond Normal,
    NeurIPS 2023, and Lee and Rhee 2024.

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> rho2 = 1 - np.exp(-2)  # 1 nat
    >>> y = rho2**0.5 * x + (1 - rho2) ** 0.5 * noise
    >>> print(mutual_information(x, y, "ksg"))
    KSG-1: 0.991 +- 0.030 nats = 1.429 bits; no bound, at most 5.40
    >>> def log_ratio(x, y):
    ...     return -np.log(1 - rho2) / 2 + (rho2**0.5 * x * y.T - rho2 * (x**2 + y.T**2) / 2) / (1 - rho2)
    >>> bool(abs(mutual_information(x, y, "nwj", critic=log_ratio).nats - 1) < 0.1)
    True
    """
    row = ESTIMATORS[check_choice(OWNER, "estimator", estimator, ESTIMATORS)]
    check_names(f"{OWNER} with estimator={estimator!r}", options, row.options)
    settings = Settings(width, batch_size, max_iter, lr, patience, validation_share, test_share, split)
    check_critic(row, critic)
    first, second = with_labels(x, y, owner=f"{OWNER} with {estimator!r}", allowed=row.learns == CRITIC)
    rng = np.random.default_rng(random_state)
    task = Task(row, {**row.options, **options}, settings)
    if row.learns is None:
        measured = task.of_all_rows(first, second)
    elif critic is None or isinstance(critic, (str, nn.Module)):
        measured = task.of_learned(first, second, critic, rng)
    else:
        measured = task.of_exact(first, second, critic, rng)
    return estimate_of(row, measured)


def check_critic(row: Estimator, critic: Any) -> None:
    """Refuse a critic that an estimator has no use for, or that is none."""
    if critic is None:
        return
    if row.learns is None or (row.learns != CRITIC and isinstance(critic, str)):
        takes = "learns nothing" if row.learns is None else "learns a density of y given x"
        raise OptionError(f"{OWNER}: critic={critic!r}, but {row.name!r} {takes}; leave critic out")
    if isinstance(critic, str):
        check_choice(OWNER, "critic", critic, CRITICS)
    elif not callable(critic):
        raise OptionError(
            f"{OWNER}: critic={critic!r} must be one of {', '.join(map(repr, CRITICS))}, a module or a function (x, y) "
            "-> scores (n, m)"
        )


def estimate_of(row: Estimator, measured: Measured) -> Estimate:
    """A measured value with its ceiling and its doubts."""
    outcome = Outcome(
        nats=measured.nats,
        ceiling=row.ceiling(measured.batch_size, **measured.options),
        n_test=measured.n_test,
        batch_size=measured.batch_size,
        x_columns=measured.x_columns,
        y_columns=measured.y_columns,
        repeated=measured.repeated,
        options=measured.options,
    )
    sentences = [doubt(outcome) for doubt in row.doubts]
    return Estimate(
        nats=measured.nats,
        standard_error=measured.standard_error,
        estimator=row.name,
        critic=measured.critic,
        kind=row.kind,
        ceiling=outcome.ceiling,
        saturated=outcome.saturated,
        warnings=(*(s for s in sentences if s is not None), *of_the_run(measured)),
        n_test=measured.n_test,
        batch_size=measured.batch_size,
        fit=measured.fit,
    )


def of_the_run(measured: Measured) -> Iterator[str]:
    """Reasons for doubt that lie in how it was learned and measured."""
    if measured.n_test < 2 * measured.batch_size and measured.critic != "none":
        yield "one test batch, so there is no standard error; give a smaller batch_size or more rows"
    if not math.isfinite(measured.nats):
        yield "not finite on the test rows"
    elif measured.nats < -max(LEAST, 3 * measured.standard_error):
        yield "negative, which information is not: what was learned does not hold on the test rows"
    if measured.standard_error > WIDE:
        yield f"a standard error of {measured.standard_error:.2g} nats; the mean over batches says little"
    fit = measured.fit
    if fit is not None and fit.diverged:
        yield f"training stopped being finite after step {fit.steps}; the weights of step {fit.best_step} were taken"
    elif fit is not None and fit.best_step == 0:
        yield "the validation rows were best before the first step: nothing was learned"
    elif fit is not None and fit.best_step == fit.steps:
        yield f"the validation rows were still getting better at the last step, {fit.steps}; raise max_iter"
