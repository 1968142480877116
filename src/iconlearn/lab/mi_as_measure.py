"""Does the information that an encoder keeps foretell what it is good for?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict, column, spread
from iconlearn.lab.trials import mi_as_measure as trials
from iconlearn.lab.trials import pairs
from iconlearn.lab.trials.mi_as_measure import WARPED, measure
from iconlearn.viz import scatter_figure

MEASURES = ("information, critic", "information, classifier", "alignment", "uniformity", "effective rank")
MEASURE, RIVALS = MEASURES[0], MEASURES[2:]
SCORES = ("linear", "5-NN")
ENOUGH = 0.7

Found = Mapping[str, Mapping[str, Any]]


def run(bench: Bench) -> Findings:
    found = bench.by_seed(measure)
    taus = {
        (measure, score): np.array([tau(one, measure, score) for one in found])
        for measure in MEASURES
        for score in SCORES
    }
    mine = taus[MEASURE, "linear"]
    best_rival = np.max([taus[rival, "linear"] for rival in RIVALS], axis=0)
    kept, lost = np.array([warp_costs(one) for one in found]).T
    verdicts = [
        Verdict(
            f"information after training orders encoders as linear accuracy does (Kendall's tau above {ENOUGH})",
            spread(mine),
            bool((mine > ENOUGH).all()),
        ),
        Verdict(
            "it does so better than alignment, uniformity and effective rank",
            f"{spread(mine)} against {spread(best_rival)} of the best of them",
            bool((mine > best_rival).all()),
        ),
        Verdict(
            "bijective warps lose no information, and cost accuracy all the same",
            f"accuracy down by {spread(lost, 3)}; and a critic that cannot read them finds {spread(kept)} nats less",
            bool((lost > 0).all()),
        ),
    ]
    rows = [[measure, *(spread(taus[measure, score]) for score in SCORES)] for measure in MEASURES]
    first = found[0]
    kinds = [piece["kind"] for piece in first.values()]
    pieces = list(first.values())
    figure = scatter_figure(
        {
            f"{measure}\ntau = {taus[measure, 'linear'][0]:.2f}": column(pieces, measure)
            for measure in MEASURES
        },
        column(pieces, "linear"),
        score="linear accuracy",
        groups=kinds,
        title="What foretells accuracy?",
        subtitle="Linear encoders and warps of the digits, all measured on rows that no encoder was trained on",
    )
    listed = [[name, *(f"{piece[key]:.3f}" for key in (*MEASURES, *SCORES))] for name, piece in first.items()]
    return Findings(
        verdicts,
        [
            Table("Kendall's tau with accuracy", ["measure", *SCORES], rows),
            Table(f"Encoders, seed {bench.seeds[0]}", ["encoder", *MEASURES, *SCORES], listed),
        ],
        [
            Picture(
                "measures",
                "Every dot is an encoder of the first seed. A measure that foretells accuracy puts all kinds on one "
                "rising line.",
                figure,
            )
        ],
        [
            "Information is that of same-class pairs: by a critic of its own (InfoNCE, separable, trained on "
            "pairs of other rows), and by a classifier. The second is near to accuracy by its making, as both "
            "come from a logistic regression, so claims are about the first.",
            "Alignment and uniformity are negated, so that more is better; tolerance, the mean cosine within a "
            "class, is 1 - alignment / 2 for same-class pairs and orders encoders as alignment does.",
        ],
    )


def tau(found: Found, measure: str, score: str) -> float:
    """Kendall's rank correlation over the encoders of a seed."""
    pieces = list(found.values())
    rank_correlation = kendalltau(column(pieces, measure), column(pieces, score)).correlation  # type: ignore[attr-defined]
    return float(rank_correlation)


def warp_costs(found: Found) -> tuple[float, float]:
    """What the worst warp costs in nats and in accuracy, against the same columns unwarped."""
    plain = found["all columns"]
    warps = [piece for piece in found.values() if piece["kind"] == WARPED]
    worst = min(warps, key=lambda piece: piece["linear"])
    return plain[MEASURE] - worst[MEASURE], plain["linear"] - worst["linear"]


MI_AS_MEASURE = Experiment(
    name="mi-as-measure",
    title="Mutual information as a measure",
    question=(
        "Encoders are often compared by alignment and uniformity, and mutual information has a bad name, since "
        "what is estimated in training says little of what an encoder is good for. Does the information of "
        "same-class pairs, estimated after training, order encoders by their accuracy, and better than the "
        "others do?"
    ),
    source=(
        "Lee, Kim, Kang and Rhee (2023) claim so of practical networks; their list of measures, networks and "
        "correlations was not at hand, so this is a reconstruction on digits with linear encoders. That "
        "bijections keep information while accuracy may fall is proven (and the warning of Tschannen et al., *On"
        " Mutual Information Maximization for Representation Learning*, ICLR 2020)."
    ),
    run=run,
    code=(trials, pairs),
)
