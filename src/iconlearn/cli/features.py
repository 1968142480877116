"""``iconlearn features``: from images to a folder of features."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from iconlearn.cli.app import app, fail
from iconlearn.extraction import extract_features


@app.command()
def features(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Class folders of images, a flat folder, the files of CIFAR, STL-10 or MNIST, parquet files, or a "
            "data set of the Hugging Face hub.",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model's folder, or its name on the Hugging Face hub.")
    ] = ...,  # type: ignore[assignment]
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the features.")] = ...,  # type: ignore[assignment]
    views: Annotated[int, typer.Option(help="Views of every image, the unchanged one included.")] = 3,
    batch_size: Annotated[int, typer.Option(help="Images that go through the model at once.")] = 64,
    device: Annotated[str, typer.Option(help="Such as cpu, cuda or cuda:1.")] = "cpu",
    workers: Annotated[int, typer.Option(help="Processes that read images; 0 is this one.")] = 0,
    skip_corrupt: Annotated[
        int, typer.Option(help="How many images may be damaged; one more is an error.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the changed views.")] = 0,
    dtype: Annotated[str, typer.Option(help="As stored: float16 or float32.")] = "float16",
    image_size: Annotated[
        int | None, typer.Option(help="Side of the images in pixels; the model's own by default.")
    ] = None,
    pool: Annotated[str, typer.Option(help="Which output: auto, cls, mean or pooler.")] = "auto",
    split: Annotated[
        str | None, typer.Option(help="Such as train or test, where SOURCE has splits; train by default.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Column of labels, where SOURCE has several.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write the features of all images of SOURCE under a frozen model; the same command goes on after a kill."""
    try:
        with bar(not quiet) as progress:
            made = extract_features(
                source,
                model,
                out,
                views=views,
                batch_size=batch_size,
                device=device,
                workers=workers,
                skip_corrupt=skip_corrupt,
                seed=seed,
                dtype=dtype,
                image_size=image_size,
                pool=pool,
                split=split,
                labels=labels,
                progress=progress,
            )
    except KeyboardInterrupt:
        fail(f"interrupted; the shards in {out} are kept, and the same command goes on from there")
        sys.exit(130)
    if not quiet:
        classes = f", {len(made.classes)} classes" if made.classes else ""
        print(f"{made.n} rows of {made.d} numbers, {made.views} views each{classes}, in {made.path}")


@contextmanager
def bar(shown: bool) -> Any:
    """A progress bar of images on standard error, as a function of how many are done and of how many there are."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("features"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("images"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        task = progress.add_task("features", total=None)
        yield lambda done, images: progress.update(task, completed=done, total=images)
