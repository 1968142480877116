"""Are views best that share as little as the task allows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict, column, spread
from iconlearn.lab.trials import infomin as trials
from iconlearn.lab.trials.infomin import BATCH, CELLS, COLOURS, CRITIC_BATCH, LONG, SHARED, SHORT, measure
from iconlearn.viz import strip_figure

TASK, ALONE, ALL, WITHOUT = "digit", "digit", "all three", "colour, position"
MORE = [name for name in SHARED if name not in (ALONE, WITHOUT)]
COST, SLOWER, EXCESS = 0.03, 0.03, 0.05
FACTORS = ("digit", "colour", "position")

Found = Mapping[tuple[str, int], Sequence[dict[str, Any]]]


def run(bench: Bench) -> Findings:
    cases = [(name, steps) for steps in (LONG, SHORT) for name in SHARED if steps == LONG or name != WITHOUT]
    measured = bench.measure(
        {
            f"{name}; {steps} steps, seed {seed}": (measure, name, steps, seed)
            for seed in bench.seeds
            for name, steps in cases
        }
    )
    found = {
        (name, steps): [measured[f"{name}; {steps} steps, seed {seed}"] for seed in bench.seeds]
        for name, steps in cases
    }
    return Findings(verdicts(found), [table(found, LONG), table(found, SHORT)], [picture(found)], notes())


def verdicts(found: Found) -> list[Verdict]:
    """Claims on digits as the task."""
    lost = {
        steps: {name: column(found[ALONE, steps], TASK) - column(found[name, steps], TASK) for name in MORE}
        for steps in (LONG, SHORT)
    }
    after = np.concatenate([values for name, values in lost[LONG].items() if name != ALL])
    early = found[ALL, SHORT]
    first = min(float(column(early, factor).min()) for factor in FACTORS if factor != TASK)
    without = column(found[WITHOUT, LONG], TASK)
    reachable = [p for p in found.values() if p[0]["known"] < np.log(CRITIC_BATCH)]
    beyond = np.concatenate([column(p, "InfoNCE") - column(p, "known") for p in reachable])
    return [
        Verdict(
            f"after {LONG} steps, sharing a place or a colour besides costs digits less than {COST} of accuracy",
            f"costs {spread(after, 3)}",
            bool((after < COST).all()),
        ),
        Verdict(
            f"and so does sharing all three, after {LONG} steps",
            f"costs {spread(lost[LONG][ALL], 3)}",
            bool((lost[LONG][ALL] < COST).all()),
        ),
        Verdict(
            f"after {SHORT} steps sharing all costs more than {SLOWER}, while colours and places are above 0.95 "
            "already",
            f"costs {spread(lost[SHORT][ALL], 3)}; colours and places {first:.3f} or more",
            bool((lost[SHORT][ALL] > SLOWER).all() and first > 0.95),
        ),
        Verdict(
            "what views do not share need not be learned: without the digit its accuracy stays below 0.5",
            spread(without, 3),
            bool((without < 0.5).all()),
        ),
        Verdict(
            f"InfoNCE of new views does not exceed what they share by more than {EXCESS} nats, where it could",
            f"exceeds it by {spread(beyond, 2)}",
            bool((beyond < EXCESS).all()),
        ),
    ]


def table(found: Found, steps: int) -> Table:
    rows = [
        [
            name,
            f"{pieces[0]['known']:.2f}",
            spread(column(pieces, "InfoNCE")),
            *(spread(column(pieces, factor), 3) for factor in FACTORS),
        ]
        for (name, taken), pieces in found.items()
        if taken == steps
    ]
    head = [
        "views share",
        "known (nats)",
        f"InfoNCE@{CRITIC_BATCH}",
        *(f"{factor} accuracy" for factor in FACTORS),
    ]
    return Table(f"After {steps} steps", head, rows)


def picture(found: Found) -> Picture:
    accuracy = {
        f"{name}\n{found[name, LONG][0]['known']:.2f} nats": {
            f"{steps} steps": column(found[name, steps], TASK)
            for steps in (SHORT, LONG)
            if (name, steps) in found
        }
        for name in SHARED
    }
    figure = strip_figure(
        accuracy,
        score="accuracy of digits",
        title="Does it hurt to share more than the task?",
        subtitle="linear probes of digits, by what the two views of an image share",
    )
    caption = "Accuracy of digits after few and after many steps, by what the two views of an image share."
    return Picture("digits", caption, figure)


def notes() -> list[str]:
    return [
        f"Images show a digit in one of {COLOURS} colours in one of {CELLS} places, all independent and uniform; "
        "views that share a digit show different handwriting of it. Probes see images of independent "
        f"factors and are judged in new handwriting. Small convolutional encoders, batches of {BATCH}.",
        f"All three factors are {np.log(10 * COLOURS * CELLS):.2f} nats, more than the log of the batch "
        f"({np.log(BATCH):.2f}) lets the loss ask for.",
        "The names colour, digit and position are ours; the data set of the paper was not at hand.",
    ]


INFOMIN = Experiment(
    name="infomin",
    title="Views that share more than the task",
    question=(
        "The InfoMin principle asks for views that share what the task needs and nothing else. Images here have "
        "three independent factors, so what two views share is known exactly. Are encoders worse at digits when "
        "views also share colours or places?"
    ),
    source=(
        "Tian et al., *What Makes for Good Views for Contrastive Learning?* (NeurIPS 2020) state the principle; "
        "Lee, Kim, Kang and Rhee (2023) report that irrelevant shared information need not hurt. Data and "
        "numbers of the latter were not at hand, so this is a reconstruction. Proven: the information that views"
        " share. Measured: all else."
    ),
    run=run,
    code=(trials,),
)
