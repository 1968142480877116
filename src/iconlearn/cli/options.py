"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from iconlearn.divergences import DIVERGENCES

DATA = Annotated[
    str, typer.Argument(help="As of `iconlearn fit`: a file of rows or images, or a built-in set.")
]
LABELS = Annotated[
    str | None, typer.Option(help="Label column or key of DATA, or a .npy or .csv file of labels.")
]
OUT = Annotated[str, typer.Option("--out", "-o", help="Folder for the results, new or empty.")]
SEED = Annotated[int, typer.Option(help="Seed of everything random.")]
SETTINGS = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A hyper-parameter of the method; may be repeated."),
]
DIVERGENCE = Annotated[
    str | None,
    typer.Option(
        help=f"D(p || q): {', '.join(DIVERGENCES)}, alpha(a), or a reverse_ form; the method's own by default."
    ),
]
DEBIAS_TARGET = Annotated[
    float | None, typer.Option(help="Uniform mass of p, in [0, 1], in place of the method's own.")
]
DEBIAS_LEARNED = Annotated[
    float | None, typer.Option(help="Uniform mass of q, in [0, 1], in place of the method's own.")
]
SPLIT = Annotated[str | None, typer.Option(help="Part of a source of images, such as train.")]
OVERWRITE = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run's results.")]
QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
DEBUG = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
ACCUMULATE = Annotated[
    int | None,
    typer.Option(help="Pieces of a batch, one after another: the memory of one, the loss of all."),
]
PRECISION = Annotated[str | None, typer.Option(help="Types of the network: 32-true, bf16-mixed or 16-mixed.")]
DEVICE = Annotated[str | None, typer.Option(help="Where the network is trained: cpu, cuda, cuda:1, ...")]
OPTIMIZER = Annotated[
    str | None, typer.Option(help="adam, adamw, sgd, or for large batches lars; the method's own by default.")
]
WEIGHT_DECAY = Annotated[float | None, typer.Option(help="Of the optimiser; its own by default.")]
MAX_GRAD_NORM = Annotated[float | None, typer.Option(help="Longer gradients are scaled down to this length.")]
