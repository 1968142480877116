"""Studies from YAML files, every entry checked before anything is run."""

from __future__ import annotations

import os
from pathlib import Path

from iconlearn.studies.cluster_schema import read_cluster_study
from iconlearn.studies.plan import Study
from iconlearn.studies.reading import read_yaml


def read_study(path: str | os.PathLike[str]) -> Study:
    """Read and check a study.

    The file is YAML:

    ===========  ==========================================================================================
    title        text; ``about`` adds some
    images       ``train`` and, where scores are to be of other images, ``test``: sources as for `features`
    backbones    names, and a folder or hub name of a model for each
    features     options of `extract_features`: views, batch_size, dtype, image_size, pool, ...
    neighbors    ``k``, ``metric``, ``recall`` of the search that all runs share
    seeds        a list of whole numbers
    runs         names, and for each ``method`` (or ``like``: an earlier run), ``set``: hyper-parameters, ``train``:
                 epochs, batch_size, restarts, max_iter, baseline
    tables       titles, and for each ``score`` (hungarian_accuracy by default) and ``rows``: names, and for each
                 the ``run``, if there is one, and what was ``published``: a number or [number, spread] for each model
    sweeps       titles, and for each a ``run``, an ``option``, its ``values``, and ``variants``: names, and
                 hyper-parameters for each
    show         a run whose clusters are drawn
    ===========  ==========================================================================================

    Parameters
    ----------
    path : path

    Returns
    -------
    Study

    Raises
    ------
    FileFormatError
        If it is no such file; says where and what is allowed.
    OptionError
        If a method, a hyper-parameter or an option is unknown or out of range; says of which run.

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... title: two heads
    ... images: {train: photos/}
    ... backbones: {base: facebook/dinov2-base}
    ... neighbors: {k: 10}
    ... runs:
    ...   few: {method: pmi-clustering, set: {n_clusters: 5}}
    ...   many: {like: few, set: {n_clusters: 50}}
    ... tables:
    ...   Heads: {score: nmi, rows: {5: {run: few}, 50: {run: many, published: {base: [61.2, 0.3]}}}}
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "heads.yaml").write_text(text)
    ...     study = read_study(f"{folder}/heads.yaml")
    >>> [case.parameters["n_clusters"] for case in study.cases()], study.tables[0].rows[1].published
    ([5, 50], {'base': Published(value=61.2, spread=0.3)})
    """
    return read_cluster_study(read_yaml(Path(path)))
