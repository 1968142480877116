"""The method of a run, with the divergence and the uniform mass that are chosen for it; refused before it starts."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from iconlearn._errors import OptionError
from iconlearn.bandwidth import Spread
from iconlearn.distributions import Distribution, Graph
from iconlearn.distributions.kernels import Radial
from iconlearn.distributions.mixtures import Mixture
from iconlearn.distributions.wrappers import Debiased, On, Symmetrized
from iconlearn.divergences import as_divergence
from iconlearn.methods import Method
from iconlearn.methods.variation import Variation
from iconlearn.objective import Pair
from iconlearn.refusals import refuse
from iconlearn.verification.problems import float64, make_case

log = logging.getLogger("iconlearn")
SAMPLES, DIM = 24, 3  # of the random problem on which an equation is tried
REMEDIES = {"target_dist.debias(0.1)": "debias_target=0.1", "learned_dist.debias(0.1)": "debias_learned=0.1"}


def varied(row: Method, variation: Variation, parameters: Mapping[str, Any]) -> Method:
    """The method with another equation.

    Parameters
    ----------
    row : Method
    variation : Variation
    parameters : mapping
        Hyper-parameters of the run.

    Returns
    -------
    Method

    Raises
    ------
    OptionError
        If an option is out of range, says what a hyper-parameter says too, or makes an equation that is infinite or
        undefined.

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> varied(METHODS["t-sne"], Variation("js"), {}).recipe().divergence
    'js'
    """
    made = variation.of(row, parameters)
    if made is row:
        return row
    made.recipe(**parameters)  # hyper-parameters are refused in their own words
    why = objection(made, parameters)
    if why:
        chosen = ", ".join(f"{name}={value!r}" for name, value in variation.chosen.items())
        raise OptionError(f"{row.name}: {chosen} cannot be: {why}")
    return made


def objection(row: Method, parameters: Mapping[str, Any] | None = None) -> str:
    """Why the equation of a method cannot be, tried on a few random rows; nothing if it can."""
    given = parameters or {}
    try:
        return objects(row.recipe(**given).divergence, tried(row, given))
    except OptionError as cause:
        return in_options(str(cause))
    except Exception:  # a method of the user's that random rows do not suit: its own data will tell
        log.debug("%s: its equation could not be tried", row.name, exc_info=True)
        return ""


@float64()
def tried(row: Method, parameters: Mapping[str, Any] | None = None) -> Pair:
    """Both sides of the equation of a method on a few random rows."""
    fixed = replace(row, build=partial(row.build, **(parameters or {})))
    _, ours = make_case(fixed, SAMPLES, DIM, 0)
    ours.model.target_dist = without_looking(ours.model.target_dist)
    return ours.model.pair(ours.batch)


def objects(divergence: str, pair: Pair) -> str:
    """Why a divergence of these two cannot be; nothing if it can."""
    try:
        refuse(as_divergence(divergence), pair.target, pair.learned)
    except OptionError as cause:
        return in_options(str(cause))
    return ""


def in_options(words: str) -> str:
    """A refusal with the remedies that a run has."""
    for code, option in REMEDIES.items():
        words = words.replace(code, option)
    return words


def without_looking(dist: Distribution) -> Distribution:
    """A distribution that has mass on as many pairs, without a look at how far apart the rows are."""
    if isinstance(dist, (Debiased, On)):
        return dist.rewrap(without_looking(dist.base))
    if isinstance(dist, Mixture):
        return Mixture([without_looking(part) for part in dist.terms()], dist.weights)
    if isinstance(dist, Radial) and isinstance(getattr(dist, dist.width_name, None), Spread):
        dense = copy.copy(dist)
        setattr(dense, dist.width_name, 1.0)
        return dense
    symmetric_graph = isinstance(dist, Symmetrized) and isinstance(dist.base, Graph)
    if not (symmetric_graph or dist.searches()):
        return dist
    step = np.roll(np.eye(SAMPLES), 1, axis=1)
    return Graph(step + step.T, normalize=dist.normalize, pairs=dist.pairs)
