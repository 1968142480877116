"""``iconlearn train``: an encoder, from images or rows to a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iconlearn._errors import OptionError
from iconlearn.cli.app import app
from iconlearn.cli.fit import parse_settings, report
from iconlearn.cli.options import (
    ACCUMULATE,
    DATA,
    DEBIAS_LEARNED,
    DEBIAS_TARGET,
    DEBUG,
    DEVICE,
    DIVERGENCE,
    LABELS,
    MAX_GRAD_NORM,
    OPTIMIZER,
    OUT,
    OVERWRITE,
    PRECISION,
    QUIET,
    SEED,
    SETTINGS,
    SPLIT,
    WEIGHT_DECAY,
)
from iconlearn.data.files import load_dataset
from iconlearn.extraction import load_images, stream_images
from iconlearn.methods import method
from iconlearn.monitoring import JSONLines, Monitor, RunLog
from iconlearn.recipes import BACKBONES, VIEWS
from iconlearn.run import RunOptions, Stream, run_method
from iconlearn.train.events import Callback
from iconlearn.train.processes import first_of_job


@app.command()
def train(
    name: Annotated[
        str, typer.Argument(metavar="METHOD", help="A row of `iconlearn methods` that trains an encoder.")
    ],
    data: DATA,
    out: OUT,
    labels: LABELS = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            help="DATA are images (a folder, files of CIFAR, STL-10 or MNIST, a parquet file, a set of the hub, "
            "digits), which are brought to this height and width."
        ),
    ] = None,
    grey: Annotated[bool, typer.Option("--grey", help="Images of one channel.")] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Leave the images on disk, and read those of a step while it is near."),
    ] = False,
    skip_corrupt: Annotated[
        int,
        typer.Option(help="How many images may be damaged: they are left out, or others take their place."),
    ] = 0,
    split: SPLIT = None,
    log: Annotated[
        str | None,
        typer.Option(
            help="Folder for log.jsonl: losses, step sizes and measures of collapse, while it trains."
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help=f"Network of images: {', '.join(BACKBONES)}, or the folder or hub name of a pretrained model of "
            "transformers; by default a small one."
        ),
    ] = None,
    projector: Annotated[
        list[int] | None,
        typer.Option(
            help="Width of a hidden layer between the features of a backbone and the embedding; may be repeated."
        ),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help=f"Random views: {', '.join(VIEWS)}; by default jitter, for images of few pixels."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the rows; the method's own by default.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples of a step.")] = None,
    lr: Annotated[
        float | None, typer.Option(help="Step size after warm-up, from which it falls as a cosine.")
    ] = None,
    accumulate: ACCUMULATE = None,
    precision: PRECISION = None,
    device: DEVICE = None,
    optimizer: OPTIMIZER = None,
    weight_decay: WEIGHT_DECAY = None,
    max_grad_norm: MAX_GRAD_NORM = None,
    seed: SEED = 0,
    settings: SETTINGS = None,
    divergence: DIVERGENCE = None,
    debias_target: DEBIAS_TARGET = None,
    debias_learned: DEBIAS_LEARNED = None,
    all_rows: Annotated[
        bool,
        typer.Option("--all-rows", help="Train on all rows; data of another split tells what it learnt."),
    ] = False,
    overwrite: OVERWRITE = False,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """Train an encoder by METHOD on DATA; write probes, curves, pictures, features and the model to a folder.

    It is trained on a half of the rows, and the other half tells what it has learnt; with --all-rows on all of them.
    """
    row = method(name)
    if row.clusters or row.recipe().is_map:
        raise OptionError(f"{name}: trains no encoder; use `iconlearn fit {name}`")
    if image_size is None and Path(data).expanduser().is_dir():
        raise OptionError(
            f"{data}: is a folder; of images give their height and width too, such as --image-size 32"
        )
    options = RunOptions(
        parse_settings(row, settings or []),
        seed,
        overwrite=overwrite,
        all_rows=all_rows,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        backbone=backbone,
        projector=tuple(projector) if projector else None,
        augment=augment,
        callbacks=watching(log),
        accumulate=accumulate,
        precision=precision,
        device=device,
        optimizer=optimizer,
        weight_decay=weight_decay,
        max_grad_norm=max_grad_norm,
        divergence=divergence,
        debias_target=debias_target,
        debias_learned=debias_learned,
    )
    shape = None if image_size is None else (1 if grey else 3, image_size, image_size)
    if shape is None and (split is not None or grey or stream):
        raise OptionError("--split, --grey and --stream are for images; give --image-size too")
    streamed = None
    if shape is None:
        dataset = load_dataset(data, labels)
    elif stream:
        images = stream_images(data, shape, split=split, labels=labels, skip_corrupt=skip_corrupt)
        streamed = Stream.of(images, Path(data).resolve().name, seed)
        dataset = streamed.dataset
    else:
        dataset = load_images(data, shape, split=split, labels=labels, skip_corrupt=skip_corrupt)
    result = run_method(name, dataset, out, options, stream=streamed, verbose=not quiet)
    if not quiet and first_of_job():
        report(result)


def watching(log: str | None) -> tuple[Callback, ...]:
    """What measures a run and writes it down."""
    return (Monitor(),) if log is None else (Monitor(), RunLog(JSONLines(Path(log) / "log.jsonl")))
