"""``iconlearn predict``: clusters of new rows by a finished run."""

from __future__ import annotations

from typing import Annotated

import typer

from iconlearn.cli.app import app
from iconlearn.features import open_features
from iconlearn.run import predict_stored


@app.command()
def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A folder that `iconlearn fit` has left.")],
    data: Annotated[
        str, typer.Argument(metavar="FEATURES", help="A folder or file of features, read in pieces.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="A .parquet file for the clusters.")] = ...,  # type: ignore[assignment]
    labels: Annotated[
        str | None, typer.Option(help="Label column or key, or a .npy or .csv file of labels.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write the most probable cluster of every row of FEATURES, and judge them where labels are known."""
    report = predict_stored(run, open_features(data, labels=labels), out)
    if not quiet:
        print(report)
        print(f"{report.rows} rows in {out}")
