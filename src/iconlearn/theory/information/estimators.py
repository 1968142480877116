"""The estimators of mutual information, each a row of data; a new row is tested as the others are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.special import digamma
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import InputError
from iconlearn.theory.information import bounds, density_bounds
from iconlearn.theory.information import reliability as why
from iconlearn.theory.information._matrix import log_partition, paired, square
from iconlearn.theory.information.densities import LEAST_LOG_VARIANCE
from iconlearn.theory.information.gaussian import cca_terms
from iconlearn.theory.information.neighbours import ksg_terms

LOWER, UPPER, NEITHER = KINDS = ("lower bound", "upper bound", "neither")
CRITIC, DENSITY = LEARNS = ("critic", "density")
Options = Mapping[str, Any]
Doubt = Callable[[why.Outcome], "str | None"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimator:
    """One estimator.

    Parameters
    ----------
    name, title : str
        What it is asked for by, and what it is called.
    kind : {"lower bound", "upper bound", "neither"}
        What the reported value is, in expectation over test rows.
    value : callable
        What is reported: of the scores or log densities (n, n) of a test batch a scalar; where nothing is learned, of x
        and y the terms (n,) whose mean is reported. Takes the options.
    objective : callable, optional
        Called with the options, gives what training maximises, a function of a matrix of scores or log densities.
    judge : callable, optional
        By what the validation rows choose among the steps of training, if not by the objective: a function of scores.
    learns : {"critic", "density", None}
    ceiling : callable
        The most it can report, in nats, of the rows in a batch and the options.
    options : mapping of str to Any
        Names and defaults of its own options.
    baseline : bool
        Is a log baseline of y learned beside the critic and taken off the scores?
    settle : callable
        Gives the options with those that depend on the data put in, of the options, y in the units in which it is
        learned, and the log of their volume.
    source : str
        Citation.
    caveat : str
        When not to trust it; one sentence.
    doubts : tuple of callables
        Reasons to warn that may hold of an estimate.
    fails : mapping of str to float
        The tests of self-consistency that it fails as they are run by default, and by how much: see
        :mod:`iconlearn.theory.information.consistency`.
    """

    name: str
    title: str
    kind: str
    value: Callable[..., Any]
    source: str
    caveat: str
    objective: Callable[..., Callable[[Tensor], Tensor]] | None = None
    judge: Callable[[Tensor], Tensor] | None = None
    learns: str | None = CRITIC
    ceiling: Callable[..., float] = lambda batch_size, **options: math.inf
    options: Options = field(default_factory=dict)
    baseline: bool = False
    settle: Callable[[Options, np.ndarray, float], Options] = lambda options, y, log_volume: options
    doubts: tuple[Doubt, ...] = ()
    fails: Mapping[str, float] = field(default_factory=dict)


class MovingPartition(nn.Module):
    r"""Donsker and Varadhan's bound, whose gradient has a moving average in place of the mean over the batch.

    .. math:: \nabla = \frac1n \sum_i \nabla s_{ii} - \frac{E[e^s \nabla s]}{\bar Z}, \quad
        \bar Z \leftarrow d\, \bar Z + (1 - d)\, E[e^s]

    It makes the gradient less biased; the value is that of the batch.

    Parameters
    ----------
    decay : float in [0, 1)
        d; 0 is plain Donsker and Varadhan.

    References
    ----------
    Belghazi et al., Mutual Information Neural Estimation, ICML 2018, section 3.2.
    """

    log_average: Tensor

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = check_number("mine", "decay", decay, low=0, high=1 - 1e-6)
        self.register_buffer("log_average", torch.tensor(math.nan))

    def forward(self, scores: Tensor) -> Tensor:
        """The bound; in training also a step of the average."""
        if not self.training:
            return bounds.donsker_varadhan(scores)
        log_z = log_partition(square(scores, "mine"))
        now = log_z.detach()
        first = self.decay == 0 or bool(self.log_average.isnan())
        self.log_average = now if first else self._moved(now)
        share = (log_z - self.log_average).exp()  # of gradient E[e^s grad s] / average
        return paired(scores) - now - (share - share.detach())

    def _moved(self, now: Tensor) -> Tensor:
        """The log of the average, with another term."""
        return torch.logaddexp(self.log_average + math.log(self.decay), now + math.log1p(-self.decay))


def likelihood(log_density: Tensor) -> Tensor:
    """The mean log density of pairs that belong together."""
    return paired(square(log_density, "likelihood"))


def _always(bound: Callable[[Tensor], Tensor]) -> Callable[..., Callable[[Tensor], Tensor]]:
    """An objective that no option changes."""
    return lambda **options: bound


def with_entropy(options: Options, y: np.ndarray, log_volume: float) -> Options:
    """The entropy of y in the units in which it is learned: as given, or that of a Gaussian with its covariance."""
    entropy = options["entropy"]
    if isinstance(entropy, str):
        check_choice("barber-agakov", "entropy", entropy, ("gaussian",))
        sign, log_det = np.linalg.slogdet(np.cov(y, rowvar=False).reshape(y.shape[1], -1))
        if sign <= 0 or log_det < y.shape[1] * LEAST_LOG_VARIANCE:
            raise InputError(
                f"barber-agakov: the covariance of {y.shape[1]} columns of y and {len(y)} rows is singular, so a "
                "Gaussian has no entropy; give entropy=, fewer columns (PCA first) or more rows"
            )
        return {"entropy": (log_det + y.shape[1] * math.log(2 * math.pi * math.e)) / 2}
    return {"entropy": check_number("barber-agakov", "entropy", entropy) - log_volume}


def _log_rows(batch_size: int) -> float:
    return math.log(batch_size)


def _log_rows_over_alpha(batch_size: int, alpha: float) -> float:
    if alpha == 0:
        return math.inf
    return math.log((batch_size - 1) / alpha) + (alpha < 1)


def _equal_neighbours(rows: int, k: int) -> float:
    return float(digamma(rows) - digamma(k))


POOLE = "Poole et al., On Variational Bounds of Mutual Information, ICML 2019"
SONG = "Song and Ermon, Understanding the Limitations of Variational Mutual Information Estimators, ICLR 2020"

ROWS = (
    Estimator(
        name="infonce",
        title="InfoNCE",
        kind=LOWER,
        objective=_always(bounds.infonce),
        value=bounds.infonce,
        ceiling=_log_rows,
        source="van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding, 2018",
        caveat="Never above the log of the rows in a batch, and a nat too low where the information equals that.",
        doubts=(why.near_the_ceiling, why.few_rows),
        fails={"additivity": -0.15},
    ),
    Estimator(
        name="dv",
        title="Donsker-Varadhan",
        kind=NEITHER,
        objective=_always(bounds.donsker_varadhan),
        value=bounds.donsker_varadhan,
        source="Donsker and Varadhan, 1983; Belghazi et al., Mutual Information Neural Estimation, ICML 2018",
        caveat="A lower bound with the true mean in its log only; the mean of a batch makes it err upwards.",
        doubts=(why.plug_in, why.heavy_tail, why.few_rows),
    ),
    Estimator(
        name="mine",
        title="MINE",
        kind=NEITHER,
        objective=MovingPartition,
        value=lambda scores, decay: bounds.donsker_varadhan(scores),
        options={"decay": 0.99},
        source="Belghazi et al., Mutual Information Neural Estimation, ICML 2018",
        caveat="Trained with a better gradient, but reported as Donsker-Varadhan, and no more of a bound.",
        doubts=(why.plug_in, why.heavy_tail, why.few_rows),
    ),
    Estimator(
        name="nwj",
        title="NWJ",
        kind=LOWER,
        objective=_always(bounds.nwj),
        value=bounds.nwj,
        source="Nguyen, Wainwright and Jordan, Estimating Divergence Functionals and the Likelihood Ratio, 2010",
        caveat="Its variance grows as e to the information, and batches seldom show the rare terms that carry it.",
        doubts=(why.heavy_tail, why.few_rows),
    ),
    Estimator(
        name="tuba",
        title="TUBA",
        kind=LOWER,
        objective=_always(bounds.nwj),
        value=bounds.nwj,
        baseline=True,
        source=POOLE,
        caveat="As NWJ: a learned baseline of y helps a critic that cannot hold one, but not the variance.",
        doubts=(why.heavy_tail, why.few_rows),
    ),
    Estimator(
        name="interpolated",
        title="alpha-interpolated",
        kind=LOWER,
        objective=lambda alpha: partial(bounds.interpolated, alpha=alpha),
        value=bounds.interpolated,
        ceiling=_log_rows_over_alpha,
        options={"alpha": 0.01},
        source=POOLE,
        caveat="At most 1 + log((rows - 1) / alpha); noisy as NWJ for small alpha, low as InfoNCE for large.",
        doubts=(why.near_the_ceiling, why.few_rows),
    ),
    Estimator(
        name="js",
        title="Jensen-Shannon, reported as NWJ",
        kind=LOWER,
        objective=_always(bounds.jensen_shannon),
        judge=bounds.nwj,  # of scores a little too high e^s is far too high, which the objective hardly sees
        value=bounds.nwj,
        source="Nowozin, Cseke and Tomioka, f-GAN, NeurIPS 2016; " + POOLE,
        caveat="Trains calmly, but what it reports varies as NWJ does, and is low where the critic is not calibrated.",
        doubts=(why.heavy_tail, why.few_rows),
    ),
    Estimator(
        name="smile",
        title="SMILE",
        kind=NEITHER,
        objective=_always(bounds.jensen_shannon),
        value=bounds.smile,
        options={"tau": 5.0},
        source=SONG,
        caveat="No bound: little variance, but with tau = 5 and the exact critic 0.7 nats too high at 6 and 2 at 10.",
        doubts=(why.clipped, why.few_rows),
    ),
    Estimator(
        name="club",
        title="CLUB",
        kind=UPPER,
        learns=DENSITY,
        objective=_always(likelihood),
        value=density_bounds.club,
        source="Cheng et al., CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information, ICML 2020",
        caveat="An upper bound where the density is nearly exact, and then a loose one.",
        doubts=(why.misspecified, why.few_rows),
        fails={"data processing": 5.5},
    ),
    Estimator(
        name="l1out",
        title="L1Out",
        kind=NEITHER,
        learns=DENSITY,
        objective=_always(likelihood),
        value=density_bounds.leave_one_out,
        source=POOLE,
        caveat="An upper bound of the true density only; of a learned one it is neither bound.",
        doubts=(why.misspecified, why.few_rows),
        fails={"additivity": 0.17},
    ),
    Estimator(
        name="barber-agakov",
        title="Barber-Agakov",
        kind=LOWER,
        learns=DENSITY,
        objective=_always(likelihood),
        value=density_bounds.barber_agakov,
        options={"entropy": "gaussian"},
        settle=with_entropy,
        source="Barber and Agakov, The IM Algorithm, NeurIPS 2003",
        caveat="Needs the entropy of y: without it, it is a lower bound of Gaussian y only.",
        doubts=(why.gaussian_entropy, why.few_rows),
        fails={"data processing": 1.03},
    ),
    Estimator(
        name="ksg",
        title="KSG-1",
        kind=NEITHER,
        learns=None,
        value=partial(ksg_terms, variant=1),
        ceiling=_equal_neighbours,
        options={"k": 5},
        source="Kraskov, Stögbauer and Grassberger, Estimating Mutual Information, 2004",
        caveat="For continuous data of up to four columns in all; it misses much of more, and of strong dependence.",
        doubts=(why.near_the_ceiling, why.many_dimensions, why.repeated_rows, why.few_rows),
        fails={"additivity": -0.19},
    ),
    Estimator(
        name="ksg-2",
        title="KSG-2",
        kind=NEITHER,
        learns=None,
        value=partial(ksg_terms, variant=2),
        ceiling=lambda batch_size, k: _equal_neighbours(batch_size, k) - 1 / k,
        options={"k": 5},
        source="Kraskov, Stögbauer and Grassberger, Estimating Mutual Information, 2004",
        caveat="For continuous data of up to four columns in all, as KSG-1, with slightly less bias and more variance.",
        doubts=(why.near_the_ceiling, why.many_dimensions, why.repeated_rows, why.few_rows),
        fails={"additivity": -0.18},
    ),
    Estimator(
        name="cca",
        title="CCA, as if Gaussian",
        kind=NEITHER,
        learns=None,
        value=cca_terms,
        source="Kay, Feature discovery under contextual supervision using mutual information, IJCNN 1992",
        caveat="Sees linear dependence only, and errs upwards: by columns of x times columns of y over twice the rows.",
        doubts=(why.linear_only, why.few_rows),
    ),
)

ESTIMATORS: dict[str, Estimator] = {row.name: row for row in ROWS}
