"""What does CLIP keep of two modalities whose components are coupled?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict, column, spread
from iconlearn.lab.trials import clip_mixture as trials
from iconlearn.lab.trials import judging
from iconlearn.lab.trials.clip_mixture import (
    BATCH,
    COUPLINGS,
    DIMS,
    MATCHED,
    SEPARATION,
    STEPS,
    WIDTH,
    measure,
)
from iconlearn.viz import panels_figure, strip_figure

SIDES = ("first", "second")
CLOSE, FAR, SMALL = 2.0, 80.0, 0.4

Found = Mapping[str, Sequence[dict[str, Any]]]


def run(bench: Bench) -> Findings:
    measured = bench.measure(
        {f"{name}, seed {seed}": (measure, name, seed) for seed in bench.seeds for name in COUPLINGS}
    )
    found = {name: [measured[f"{name}, seed {seed}"] for seed in bench.seeds] for name in COUPLINGS}
    return Findings(
        verdicts(found), [angles_table(found), values_table(found)], pictures(found), notes(bench)
    )


def verdicts(found: Found) -> list[Verdict]:
    """Claims on all couplings and seeds."""
    every = [piece for pieces in found.values() for piece in pieces]
    angles = {side: column(every, f"{side}: angle") for side in SIDES}
    pca = np.concatenate([column(every, f"{side}: PCA") for side in SIDES])
    lossy = [piece for name, pieces in found.items() if name != MATCHED for piece in pieces]
    return [
        Verdict(
            f"what both encoders keep is within {CLOSE:g} degrees of the Fisher subspace of its modality",
            "; ".join(f"{side} {spread(angles[side])}" for side in SIDES),
            all(bool((found_angles < CLOSE).all()) for found_angles in angles.values()),
        ),
        Verdict(
            f"principal components of the same modalities are beyond {FAR:g} degrees",
            spread(pca),
            bool((pca > FAR).all()),
        ),
        Verdict(
            f"they keep as many directions as the other modality can tell (singular values above {SMALL} of the "
            "first)",
            "; ".join(sorted({f"{kept_by(piece)} where {piece['rank']} can be told" for piece in every})),
            all(kept_by(piece) == piece["rank"] for piece in every),
        ),
        Verdict(
            "so they keep fewer than the Fisher subspace has where components are mixed up or merged",
            "; ".join(
                sorted(
                    {f"{kept_by(piece)} of {' and '.join(map(str, fisher_dims(piece)))}" for piece in lossy}
                )
            ),
            all(kept_by(piece) < max(fisher_dims(piece)) for piece in lossy),
        ),
    ]


def kept_by(piece: Mapping[str, Any]) -> int:
    """How many singular values of A B^T count."""
    values = np.array(piece["values"])
    return int((values > SMALL * values[0]).sum())


def fisher_dims(piece: Mapping[str, Any]) -> tuple[int, int]:
    return piece["first: fisher"], piece["second: fisher"]


def angles_table(found: Found) -> Table:
    rows = []
    for name, pieces in found.items():
        first = pieces[0]
        for side in SIDES:
            rows.append(
                [
                    name,
                    side,
                    str(first[f"{side}: fisher"]),
                    str(first["rank"]),
                    *(spread(column(pieces, f"{side}: {what}")) for what in ("angle", "whitened", "PCA")),
                ]
            )
    head = ["coupling", "modality", "Fisher dims", "can be told", "angle", "whitened", "angle of PCA"]
    return Table("Directions kept, and their largest angle to the Fisher subspace (degrees)", head, rows)


def values_table(found: Found) -> Table:
    shown = 4
    rows = [
        [name, *(spread([piece["values"][k] for piece in pieces], 3) for k in range(shown))]
        for name, pieces in found.items()
    ]
    head = ["coupling", *(f"value {k + 1}" for k in range(shown))]
    return Table("Singular values of A B^T, both sides whitened", head, rows)


def pictures(found: Found) -> list[Picture]:
    first = found["two to one"][0]
    maps = {
        "Fisher subspace\nthree dimensions, four components": np.array(first["fisher map"]),
        "linear CLIP\nthe captions have two components": np.array(first["map"]),
    }
    angles = {
        name: {
            **{f"CLIP, {side}": column(pieces, f"{side}: angle") for side in SIDES},
            **{f"PCA, {side}": column(pieces, f"{side}: PCA") for side in SIDES},
        }
        for name, pieces in found.items()
    }
    return [
        Picture(
            "two_to_one",
            "Four components of images, of which captions tell two groups, in the subspace that LDA would find "
            "and in the two leading components of what CLIP makes of them.",
            panels_figure(
                maps,
                np.array(first["components"]),
                title="Images whose captions tell two groups",
                subtitle="the first modality, coloured by its own components",
            ),
        ),
        Picture(
            "angles",
            "Both modalities are pancakes, in which the largest variance says nothing.",
            strip_figure(
                angles,
                score="largest angle (degrees)",
                log=True,
                lines={f"{CLOSE:g} degrees": CLOSE},
                title="How far from the Fisher subspace?",
                subtitle="a dot a seed",
            ),
        ),
    ]


def notes(bench: Bench) -> list[str]:
    return [
        f"Pancakes of {DIMS[0]} and {DIMS[1]} dimensions, pairwise Mahalanobis distance {SEPARATION:g}; encoders of "
        f"{WIDTH} dimensions each, {bench.of(STEPS, 20)} steps of {BATCH} pairs, each pair once.",
        "Angles are of the leading directions of A B^T, as many as the covariance between the modalities has rank.",
    ]


CLIP_MIXTURE = Experiment(
    name="clip-mixture",
    title="CLIP on coupled mixtures",
    question=(
        "Two modalities are Gaussian mixtures, and a matrix says which components come together. Linear encoders"
        " are trained by the symmetric loss of CLIP. Do they leave all noise behind, and what of the components "
        "do they keep?"
    ),
    source=(
        "Bansal, Kavis and Sanghavi (NeurIPS 2025) state that CLIP finds a subset of the Fisher subspace of each "
        "modality; the text was not at hand. Proven here: the best encoders lie inside it. That they keep as many "
        "directions as the covariance between the modalities has rank is measured, not proven."
    ),
    run=run,
    code=(trials, judging),
)
