"""``iconlearn embed`` and ``iconlearn probe``: what the encoder of a finished run makes of data."""

from __future__ import annotations

from typing import Annotated

import typer

from iconlearn.cli.app import app
from iconlearn.data.files import load_dataset
from iconlearn.run import embed_run, probe_run

RUN = Annotated[str, typer.Argument(metavar="RUN", help="A folder that `iconlearn train` has left.")]
DATA = Annotated[
    str, typer.Argument(help="As of `iconlearn fit`: a file of rows or images, or a built-in set.")
]
LABELS = Annotated[
    str | None, typer.Option(help="Label column or key of DATA, or a .npy or .csv file of labels.")
]
DEBUG = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command()
def embed(
    run: RUN,
    data: DATA,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the features.")] = ...,  # type: ignore[assignment]
    labels: LABELS = None,
    projected: Annotated[
        bool, typer.Option("--projected", help="The embedding that the loss saw, not the features before it.")
    ] = False,
    debug: DEBUG = False,
) -> None:
    """Write the features of every row of DATA, for `iconlearn fit` of a map or a clustering."""
    features = embed_run(run, load_dataset(data, labels), out, projected=projected)
    print(f"{features.n} rows of {features.d} features in {out}")


@app.command()
def probe(
    run: RUN,
    data: DATA,
    labels: LABELS = None,
    seed: Annotated[int, typer.Option(help="Seed of the halves.")] = 0,
    debug: DEBUG = False,
) -> None:
    """Judge the features of DATA by a linear classifier and by neighbours, on the half not learned from."""
    for name, value in probe_run(run, load_dataset(data, labels), seed=seed).items():
        print(f"{name.replace('_', ' '):18} {value:.4f}")
