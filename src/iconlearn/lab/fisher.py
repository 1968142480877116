"""Does a linear encoder that only sees pairs find what tells the components apart?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict, column, spread
from iconlearn.lab.trials import fisher as trials
from iconlearn.lab.trials import judging
from iconlearn.lab.trials.fisher import (
    BATCH,
    COMPONENTS,
    DIM,
    METHODS,
    NOISY,
    ROWS,
    SEPARATION,
    SHAPES,
    STEPS,
    WIDTH,
    dropped_direction,
    measure,
    on_digits,
)
from iconlearn.viz import panels_figure, strip_figure

LEAST = 0.1  # degrees, in the figure: some angles are zero


def run(bench: Bench) -> Findings:
    measured = bench.measure(
        {"lopsided mixture": (dropped_direction,)}
        | {f"{shape}, seed {seed}": (measure, shape, seed) for seed in bench.seeds for shape in SHAPES}
        | {f"digits, seed {seed}": (on_digits, seed) for seed in bench.seeds}
    )
    shapes = {shape: [measured[f"{shape}, seed {seed}"] for seed in bench.seeds] for shape in SHAPES}
    lopsided = measured["lopsided mixture"]
    digits = [measured[f"digits, seed {seed}"] for seed in bench.seeds]
    angles, whitened, found = (values(shapes, what) for what in ("angle", "whitened", "ARI"))
    return Findings(
        [*on_mixtures(angles, found), *by_noise(shapes, lopsided), *on_real_data(digits)],
        [
            table("Largest angle to the Fisher subspace (degrees)", angles, 2),
            table("The same after whitening, where the shape of the components plays no part", whitened, 2),
            table("ARI of k-means on new rows", found, 3),
            lopsided_table(lopsided),
            digits_table(digits),
        ],
        pictures(bench, angles, shapes),
        [
            f"Mixtures: {COMPONENTS} components in {DIM} dimensions, a regular simplex of pairwise Mahalanobis "
            f"distance {SEPARATION:g}; pancakes vary by 0.25 where means differ and by 25 elsewhere, tilted ones "
            f"have a condition number of 1000. {bench.of(ROWS, 1000)} rows, encoders of {WIDTH} dimensions, "
            f"{bench.of(STEPS, 20)} steps of {BATCH} pairs.",
            f"Noisy pairs are of one component with probability {NOISY} (quality), else any two points.",
            "SimSiam learns of rows that were sphered first: its weight decay depends on the coordinates.",
            "Angles are not given for digits: real classes have covariances of their own, and angles to LDA are then "
            "large in directions that hardly matter.",
        ],
    )


Found = Mapping[str, Mapping[str, np.ndarray]]


def values(shapes: Mapping[str, Sequence[dict[str, Any]]], what: str) -> Found:
    """A number by shape and method, (seeds,)."""
    return {
        shape: {name: column(pieces, f"{what}: {name}") for name in METHODS}
        for shape, pieces in shapes.items()
    }


def on_mixtures(angles: Found, found: Found) -> list[Verdict]:
    """Claims on where encoders end, at quality 1."""
    flat, tilted = angles["pancakes"], angles["tilted"]
    short = {shape: found[shape]["LDA (labels)"] - found[shape]["InfoNCE"] for shape in SHAPES}
    return [
        Verdict(
            "pancakes: InfoNCE is within 2 degrees of the Fisher subspace, PCA beyond 80",
            f"{spread(flat['InfoNCE'])}; PCA {spread(flat['PCA'])}",
            bool((flat["InfoNCE"] < 2).all() and (flat["PCA"] > 80).all()),
        ),
        Verdict(
            "pancakes: ARI of InfoNCE within 0.03 of LDA, of PCA below 0.02",
            f"short by {spread(short['pancakes'], 3)}; PCA {spread(found['pancakes']['PCA'], 3)}",
            bool((short["pancakes"] < 0.03).all() and (found["pancakes"]["PCA"] < 0.02).all()),
        ),
        Verdict(
            "tilted: InfoNCE within 15 degrees, PCA beyond 80, span of the means beyond 60",
            f"{spread(tilted['InfoNCE'])}; PCA {spread(tilted['PCA'])}; means {spread(tilted['span of the means'])}",
            bool(
                (tilted["InfoNCE"] < 15).all()
                and (tilted["PCA"] > 80).all()
                and (tilted["span of the means"] > 60).all()
            ),
        ),
        Verdict(
            "tilted: ARI of InfoNCE within 0.03 of LDA",
            f"short by {spread(short['tilted'], 3)}",
            bool((short["tilted"] < 0.03).all()),
        ),
        Verdict(
            "isotropic: PCA needs no pairs, and is within 5 degrees as well",
            spread(angles["isotropic"]["PCA"]),
            bool((angles["isotropic"]["PCA"] < 5).all()),
        ),
    ]


def by_noise(
    shapes: Mapping[str, Sequence[dict[str, Any]]], lopsided: Mapping[str, Sequence[float]]
) -> list[Verdict]:
    """Claims on noisy pairs: nothing outside of the Fisher subspace is learned, but not all inside need be."""
    rest = np.concatenate([column(pieces, "rest: InfoNCE, noisy") for pieces in shapes.values()])
    tilt = np.concatenate([column(pieces, "whitened: InfoNCE, noisy") for pieces in shapes.values()])
    ratio = {quality: float(v[1]) / float(v[0]) for quality, v in lopsided.items()}
    return [
        Verdict(
            f"quality {NOISY}: what the encoder keeps lies inside (within 15 degrees after whitening, all "
            "shapes), and little is left over (next singular value below 0.4 of the last that counts)",
            f"{spread(tilt)} degrees, ratio {spread(rest)}",
            bool((tilt < 15).all() and (rest < 0.4).all()),
        ),
        Verdict(
            "a lopsided mixture loses a direction at quality 0.5 that it keeps at quality 1",
            f"second eigenvalue over first {ratio['0.5']:.1e} against {ratio['1']:.1e}",
            ratio["0.5"] < 1e-8 < 1e-3 < ratio["1"],
        ),
    ]


def on_real_data(digits: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Verdict]:
    """Claims on the digits."""
    score = {name: np.array([piece[name]["ARI"] for piece in digits]) for name in digits[0]}
    ahead = score["InfoNCE, quality 1"] - score["PCA"]
    short = score["LDA (labels)"] - score[f"InfoNCE, quality {NOISY:g}"]
    return [
        Verdict(
            "digits: ARI of InfoNCE is at least 0.15 above that of PCA",
            f"ahead by {spread(ahead, 3)}",
            bool((ahead > 0.15).all()),
        ),
        Verdict(
            f"digits: at quality {NOISY} it is still within 0.03 of LDA",
            f"short by {spread(short, 3)}",
            bool((short < 0.03).all()),
        ),
    ]


def table(title: str, found: Found, digits: int) -> Table:
    """Methods by shapes of the mixture."""
    rows = [[name, *(spread(found[shape][name], digits) for shape in SHAPES)] for name in METHODS]
    return Table(title, ["method", *SHAPES], rows)


def lopsided_table(lopsided: Mapping[str, Sequence[float]]) -> Table:
    rows = [[quality, f"{v[0]:.2e}", f"{v[1]:.2e}"] for quality, v in lopsided.items()]
    return Table(
        "Eigenvalues of the best M = A A^T on the lopsided mixture", ["quality", "first", "second"], rows
    )


def digits_table(digits: Sequence[Mapping[str, Mapping[str, float]]]) -> Table:
    scores = list(next(iter(digits[0].values())))
    rows = [
        [name, *(spread([piece[name][score] for piece in digits], 3) for score in scores)]
        for name in digits[0]
    ]
    return Table("Digits, held-out rows", ["projection", *scores], rows)


def pictures(bench: Bench, angles: Found, shapes: Mapping[str, Sequence[dict[str, Any]]]) -> list[Picture]:
    """Angles of all methods, and what the pancakes look like in three projections."""
    first = shapes["pancakes"][0]
    maps = {
        f"{name}\n{angles['pancakes'][name][0]:.1f} degrees, ARI {first[f'ARI: {name}']:.2f}": np.array(
            points
        )
        for name, points in first["maps"].items()
    }
    return [
        Picture(
            "pancakes",
            "New rows of five pancakes, coloured by component, which InfoNCE and PCA have not been told.",
            panels_figure(
                maps,
                np.array(first["components"]),
                title="Parallel pancakes in 20 dimensions",
                subtitle="two leading dimensions of each projection",
            ),
        ),
        Picture(
            "angles",
            "Angles of the subspaces that each method finds to the one that tells components apart, on a logarithmic "
            "scale. LDA sees labels, PCA and the span of the means (known here) see no pairs.",
            strip_figure(
                {
                    shape: {name: np.maximum(found[name], LEAST) for name in METHODS}
                    for shape, found in angles.items()
                },
                score="largest angle (degrees)",
                log=True,
                lines={"2 degrees": 2.0},
                title="How far from the Fisher subspace?",
                subtitle=f"a dot a seed; what is below {LEAST} degrees is drawn there",
            ),
        ),
    ]


FISHER = Experiment(
    name="fisher",
    title="The Fisher subspace",
    question=(
        "Points of a Gaussian mixture come in pairs of one component, and a linear encoder learns to tell pairs from "
        "non-pairs. Does it find the subspace that linear discriminant analysis finds with labels, where principal "
        "components cannot?"
    ),
    source=(
        "Bansal, Kavis and Sanghavi, *Understanding Contrastive Learning via Gaussian Mixture Models* (NeurIPS "
        "2025), whose text was not at hand: its claims are taken from the abstract and reviews. Proven here: "
        "everything that the best encoder keeps lies in the Fisher subspace, at any quality above 0. That it "
        "keeps all of it at quality 1 was seen in all cases and not proven; at lower quality it is false in "
        "general, as the lopsided mixture shows. Numbers are measurements of this run. The form of noisy pairs "
        "is a reconstruction."
    ),
    run=run,
    code=(trials, judging),
)
