"""``iconlearn embed`` and ``iconlearn probe``: what the encoder of a finished run makes of data."""

from __future__ import annotations

from typing import Annotated

import typer

from iconlearn._errors import OptionError
from iconlearn.cli.app import app
from iconlearn.cli.options import DATA, DEBUG, LABELS, SEED, SPLIT
from iconlearn.data.files import Dataset, load_dataset
from iconlearn.extraction import load_images, stream_images
from iconlearn.run import embed_run, image_shape_of, probe_run

RUN = Annotated[str, typer.Argument(metavar="RUN", help="A folder that `iconlearn train` has left.")]
IMAGES = Annotated[
    bool,
    typer.Option(
        "--images", help="DATA are images of any source, which are brought to the size of the run's."
    ),
]


@app.command()
def embed(
    run: RUN,
    data: DATA,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the features.")],
    labels: LABELS = None,
    images: IMAGES = False,
    split: SPLIT = None,
    projected: Annotated[
        bool, typer.Option("--projected", help="The embedding that the loss saw, not the features before it.")
    ] = False,
    debug: DEBUG = False,
) -> None:
    """Write the features of every row of DATA, for `iconlearn fit` of a map or a clustering."""
    if images:
        rows = stream_images(data, image_shape_of(run), split=split, labels=labels)
    else:
        rows = read(run, data, labels, images, split)
    features = embed_run(run, rows, out, projected=projected)
    print(f"{features.n} rows of {features.d} features in {out}")


@app.command()
def probe(
    run: RUN,
    data: DATA,
    labels: LABELS = None,
    images: IMAGES = False,
    split: SPLIT = None,
    seed: SEED = 0,
    debug: DEBUG = False,
) -> None:
    """Judge the features of DATA by a linear classifier and by neighbours, on a half of the rows."""
    for name, value in probe_run(run, read(run, data, labels, images, split), seed=seed).items():
        print(f"{name.replace('_', ' '):18} {value:.4f}")


def read(run: str, data: str, labels: str | None, images: bool, split: str | None) -> Dataset:
    """The data, as rows or as images of the shape that the run had."""
    if images:
        return load_images(data, image_shape_of(run), split=split, labels=labels)
    if split is not None:
        raise OptionError("--split is for images; give --images too")
    return load_dataset(data, labels)
