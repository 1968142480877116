"""What may be chosen for a run of a method: hyper-parameters and options, with type, range and words."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch

from iconlearn.divergences import DIVERGENCES
from iconlearn.estimators.glossary import PARAMETERS, UNKNOWN
from iconlearn.estimators.options import OPTIONS, options_of
from iconlearn.estimators.ranges import CHOICE, NUMBER, SWITCH, TEXT, WHOLE, Range, range_of
from iconlearn.explorer.catalogue.spans import spans
from iconlearn.methods import Method, Variation
from iconlearn.methods.variation import own_equation
from iconlearn.recipes import BACKBONES, VIEWS
from iconlearn.run.varied import objection, objects, tried
from iconlearn.train.optimizers import OPTIMIZERS
from iconlearn.train.precision import PRECISIONS
from iconlearn.train.schedules import Cosine

log = logging.getLogger("iconlearn")
PLAIN = (bool, int, float, str)
GPUS = tuple(f"cuda:{k}" for k in range(torch.cuda.device_count()))
SEED = Range(WHOLE, low=0)
SHARE = Range(NUMBER, low=0, high=1, optional=True)
EQUATION = ("divergence", "debias_target", "debias_learned")
# Options of every run that its method has, by their names in RunOptions; None leaves each at the method's own.
TRAINING: Mapping[str, Range] = {
    "max_iter": Range(WHOLE, low=1, most=1_000_000, optional=True),
    "epochs": Range(WHOLE, low=1, most=100_000, optional=True),
    "batch_size": Range(WHOLE, low=1, most=1_000_000, optional=True),
    "restarts": Range(WHOLE, low=1, most=1024, optional=True),
    "baseline": Range(NUMBER, low=-1, high=100, optional=True),
    "lr": Range(NUMBER, low=0, most=1e6, optional=True),
    "optimizer": Range(CHOICE, choices=tuple(OPTIMIZERS), optional=True),
    "weight_decay": Range(NUMBER, low=0, most=1e6, optional=True),
    "max_grad_norm": Range(NUMBER, low=0, open_low=True, most=1e30, optional=True),
    "accumulate": Range(WHOLE, low=1, most=1024, optional=True),
    "precision": Range(CHOICE, choices=tuple(PRECISIONS), optional=True),
    "device": Range(CHOICE, choices=("cpu", *GPUS), optional=True),
    "backbone": Range(CHOICE, choices=tuple(BACKBONES), optional=True),
    "augment": Range(CHOICE, choices=VIEWS, optional=True),
}
WORDS: Mapping[str, str] = {
    "seed": "Seed of everything random, the split into halves included.",
    "all_rows": "Fit to all rows: nothing is held out, so nothing tells what an encoder has learnt.",
    "divergence": "D(p || q) in place of the method's own.",
    "debias_target": "Uniform mass of p, in place of what the method gives it: $(1 - a)\\, p + a / N_i$.",
    "debias_learned": "Uniform mass of q, in place of what the method gives it: $(1 - a)\\, q + a / N_i$.",
}
# In place of words of the library on what only code can give.
IN_A_FORM: Mapping[str, str] = {
    "metric": "How distances between rows are measured.",
    "backbone": "Network of images; left empty: a small convolutional one.",
    "augment": (
        'Random views of a sample: "jitter", or of images a preset. Left empty: "jitter", which suits tables and '
        "images of a few pixels."
    ),
    "device": "Where the network is trained and applied; left empty: the CPU.",
    "weight_decay": "Of the optimiser; left empty: the optimiser's own.",
    "max_grad_norm": "Longer gradients are scaled down to this length; left empty: none is.",
}
NONE = re.compile(r"\bNone (takes|is) ")  # what a form is told by an empty field


def ranges(row: Method) -> dict[str, Range]:
    """The hyper-parameters of a method that can be chosen on a page, by name."""
    found = {name: range_of(row, name) for name in row.parameters}
    return {name: values for name, values in found.items() if values.kind != TEXT}  # text may be a path


def option_ranges(row: Method) -> dict[str, Range]:
    """The options of a run of a method, by name."""
    there = options_of(row)
    found = {name: values for name, values in TRAINING.items() if name in there}
    if row.encodes:
        found["all_rows"] = Range(SWITCH)
    divergence = Range(CHOICE, choices=tuple(DIVERGENCES), optional=True)
    equation = dict(zip(EQUATION, (divergence, SHARE, SHARE), strict=True))
    return {**equation, **found, "seed": SEED}


def parameters(row: Method) -> list[dict[str, Any]]:
    """The hyper-parameters of a method, with defaults, ranges and words."""
    return [
        {**field(name, values, row.parameters[name]), "text": said(name, PARAMETERS.get(name, UNKNOWN))}
        for name, values in ranges(row).items()
    ]


def options(row: Method) -> list[dict[str, Any]]:
    """The options of a run: the equation, then training.

    "own" is what the method takes where an option is left out; "why_not" says why one cannot be chosen, and "refused"
    why some of the choices cannot.
    """
    cannot = limits(row)
    found = []
    for name, values in option_ranges(row).items():
        told = field(name, values, {"seed": 0, "all_rows": False}.get(name))
        words = said(name, WORDS.get(name) or OPTIONS[name].text)
        found.append({**told, "own": own(row, name), "text": words, **cannot.get(name, {})})
    return found


def said(name: str, words: str) -> list[dict[str, str]]:
    """The words of a field as a page shows them: an empty one in place of None.

    Examples
    --------
    >>> said("lr", "Step size; None takes the method's own.")
    [{'text': "Step size; left empty: the method's own."}]
    """
    words = IN_A_FORM.get(name, words)
    return spans(NONE.sub(lambda found: f"{empty(words, found.start())}: ", words))


def empty(words: str, place: int) -> str:
    """How a field without a value is called at a place of its words."""
    return "Left empty" if words[:place].rstrip()[-1:] in ("", ".") else "left empty"


def field(name: str, values: Range, default: Any) -> dict[str, Any]:
    """One option as a page draws it."""
    high = min(values.high, values.most)
    return {
        "name": name,
        "type": values.kind,
        "default": plain(default),
        "low": plain(values.low),
        "high": plain(high),
        "open_low": values.open_low,
        "soft": values.most < values.high,
        "choices": list(values.choices),
        "optional": values.optional,
        "why_not": None,
        "refused": {},
    }


def plain(value: Any) -> Any:
    """A value of JSON; infinities are None there."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def own(row: Method, name: str) -> Any:
    """What the method takes where an option is left out; None where that is no single number or name."""
    if name in EQUATION:
        return own_equation(row)[name]
    value = row.fit.get(name)
    value = value.peak if isinstance(value, Cosine) else value
    return plain(value) if isinstance(value, PLAIN) else None


@cache
def limits(row: Method) -> dict[str, dict[str, Any]]:
    """What of the equation cannot be chosen, and why."""
    try:
        pair = tried(row)
    except Exception:  # a method of the user's that random rows do not suit: its own data will tell
        log.debug("%s: its equation could not be tried", row.name, exc_info=True)
        return {}
    if "divergence" in row.parameters:  # more than the divergence goes with it
        refused = {name: objection(Variation(name).of(row)) for name in DIVERGENCES}
    else:
        refused = {name: objects(name, pair) for name in DIVERGENCES}
    refused = {name: why for name, why in refused.items() if why}
    found: dict[str, dict[str, Any]] = {"divergence": {"refused": refused}}
    left = set(DIVERGENCES) - set(refused) - {row.recipe().divergence}
    if not left:
        found["divergence"]["why_not"] = next(iter(refused.values()))
    if pair.learned.improper and not pair.learned.masses:
        found["debias_learned"] = {"why_not": objection(Variation(debias_learned=0.1).of(row))}
    return found
