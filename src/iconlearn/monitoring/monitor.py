"""Do the embeddings of a run collapse?"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from iconlearn._checks import check_choice, check_number
from iconlearn.evaluation import alignment, dimension_spread, effective_rank, uniformity
from iconlearn.monitoring.moments import Watcher
from iconlearn.objective import Pair
from iconlearn.points import require_value
from iconlearn.train.events import Event

log = logging.getLogger("iconlearn")
EARLY = 0.1  # the share of the steps after which a collapse is no longer the start's
LEAST_RANK = 2.0
LEAST_SPREAD = 1e-3

Measure = Callable[[np.ndarray, np.ndarray], dict[str, float]]  # (embeddings, ids of their samples)


def spread(embeddings: np.ndarray, ids: np.ndarray) -> dict[str, float]:
    """:func:`dimension_spread` as two numbers by name."""
    found = dimension_spread(embeddings)
    return {"mean_spread": found.mean, "least_spread": found.least}


def alignment_of_views(embeddings: np.ndarray, ids: np.ndarray) -> dict[str, float]:
    """:func:`alignment`, where there are several views."""
    several = len(np.unique(ids)) < len(ids)
    return {"alignment": alignment(embeddings, ids)} if several else {}


MEASURES: dict[str, Measure] = {
    "effective_rank": lambda embeddings, ids: {"effective_rank": effective_rank(embeddings)},
    "dimension_spread": spread,
    "alignment": alignment_of_views,
    "uniformity": lambda embeddings, ids: {"uniformity": uniformity(embeddings)},
}


class Monitor(Watcher):
    """A callback that measures the embeddings of the batches of a run, and warns of a collapse.

    It reads the embeddings that the step has made, so there is no other forward pass; they are those before the
    step's update. The result of the run does not change. A warning comes once a run, after the first tenth of its
    steps: of embeddings in more than two dimensions whose effective rank is below 2, or whose mean spread is below
    1e-3.

    Parameters
    ----------
    every : int or str, default "epoch"
        Steps, or "epoch", or "5 epochs"; the last step is looked at too. Without ``batch_size`` a step is an epoch.
    measures : sequence of str, default all
        "effective_rank", "dimension_spread" (``mean_spread`` and ``least_spread``), "alignment" (of the views of a
        sample, where there are several) and "uniformity", each a function of ``iconlearn.evaluation``.
    max_samples : int, default 1024
        Of larger batches the first so many samples are measured, in all their views.
    name : str, default "embedding"
        What stands before the names of the numbers in ``event.notes`` and in logs.

    Attributes
    ----------
    history : list of Finding
        ``step`` (steps taken), ``epoch``, and ``values`` by name, plain floats. NaN where embeddings are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn import KNN, MLP, Gaussian, ICon
    >>> from iconlearn.monitoring import Monitor
    >>> X, monitor = np.random.default_rng(0).normal(size=(40, 5)), Monitor(every=10)
    >>> _ = ICon(KNN(5), Gaussian(0.7, "cos"), MLP(5, 3)).fit(X, max_iter=25, callbacks=(monitor,))
    >>> [finding.step for finding in monitor.history]
    [10, 20, 25]
    >>> sorted(monitor.history[-1].values)
    ['effective_rank', 'least_spread', 'mean_spread', 'uniformity']
    """

    def __init__(
        self,
        every: int | str = "epoch",
        measures: Sequence[str] = tuple(MEASURES),
        max_samples: int = 1024,
        name: str = "embedding",
    ) -> None:
        super().__init__(name, every)
        named = (measures,) if isinstance(measures, str) else tuple(measures)
        self.measures = tuple(check_choice("Monitor", "measures", measure, MEASURES) for measure in named)
        self.max_samples = check_number("Monitor", "max_samples", max_samples, low=1, integer=True)
        self.warned = False

    def begin(self, event: Event) -> None:
        self.warned = False

    def look(self, event: Event) -> dict[str, float]:
        assert event.pair is not None
        embeddings, ids = self.seen(event.pair)
        finite = bool(np.isfinite(embeddings).all())
        measured = embeddings if finite else np.ones_like(embeddings)  # its names, without its numbers
        values = {k: v for name in self.measures for k, v in MEASURES[name](measured, ids).items()}
        if not finite:
            return dict.fromkeys(values, math.nan)
        if not self.warned and event.step + 1 > EARLY * event.max_iter and embeddings.shape[1] > 2:
            self.warn(event.step + 1, values, embeddings)
        return values

    def seen(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings of the first samples in all their views, float64, and the ids of the samples."""
        rows = pair.rows
        samples = int((rows.view == rows.view[0]).sum())  # views lie below one another
        kept = torch.arange(rows.n).view(-1, samples)[:, : self.max_samples].flatten().to(rows.device)
        value = require_value(rows, "Monitor").detach()[kept]
        return value.double().cpu().numpy(), rows.id[kept].cpu().numpy()

    def warn(self, step: int, values: dict[str, float], embeddings: np.ndarray) -> None:
        """Say once that embeddings have collapsed, if they have."""
        rank = values.get("effective_rank", math.inf)
        mean = values.get("mean_spread", math.inf)
        few = rank < LEAST_RANK and len(embeddings) > LEAST_RANK
        if not few and mean >= LEAST_SPREAD:
            return
        self.warned = True
        seen = f"an effective rank of {rank:.3g}" if few else f"a mean spread of {mean:.3g}"
        log.warning(
            "step %d: the embeddings have collapsed (%s in %d dimensions), nearly all samples get one vector; lower "
            "lr=, take larger batches or stronger views, or a narrower learned kernel (sigma=)",
            step,
            seen,
            embeddings.shape[1],
        )
