"""Studies from YAML files, every entry checked before anything is run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from iconlearn.studies.cluster_schema import read_cluster_study
from iconlearn.studies.encoder_schema import read_encoder_study
from iconlearn.studies.plan import Study
from iconlearn.studies.reading import Entry, read_yaml

KINDS: Mapping[str, Callable[[Entry], Study]] = {
    "backbones": read_cluster_study,
    "encoders": read_encoder_study,
}


def read_study(path: str | os.PathLike[str]) -> Study:
    """Read and check a study.

    The file is YAML. It names either ``backbones``, models whose frozen features are clustered, or ``encoders``, which
    are trained on images and judged by probes. Both kinds have

    ===========  ==========================================================================================
    title        text; ``about`` adds some
    seeds        a list of whole numbers
    runs         names, and for each ``method`` (or ``like``: an earlier run), ``set``: hyper-parameters, ``train``:
                 epochs, batch_size, max_iter; of heads restarts, baseline; of encoders lr, optimizer, weight_decay,
                 max_grad_norm, precision, accumulate, backbone, projector (a list of widths), augment
    tables       titles, and for each ``score`` (hungarian_accuracy, of encoders linear_probe or knn_accuracy) and
                 ``rows``: names, and for each the ``run``, if there is one, and what was ``published``, a number,
                 [number, spread] or words, for each model or set
    ===========  ==========================================================================================

    Studies of frozen features have

    ===========  ==========================================================================================
    images       ``train`` and, where scores are to be of other images, ``test``: sources as for `features`
    backbones    names, and a folder or hub name of a model for each
    features     options of `extract_features`: views, batch_size, dtype, image_size, pool, ...
    neighbors    ``k``, ``metric``, ``recall`` of the search that all runs share
    sweeps       titles, and for each a ``run``, an ``option``, its ``values``, and ``variants``: names, and
                 hyper-parameters for each
    show         a run whose clusters are drawn
    ===========  ==========================================================================================

    Studies of encoders have

    ===========  ==========================================================================================
    sets         names, and for each a ``source`` of images as for `load_images`, the splits ``train`` and ``test`` of
                 probes (stratified halves without them), the split to ``learn`` from (``train``), and the column of
                 ``labels``
    encoders     ``learn_from``: a set, ``image_size``, and ``grey: true`` for one channel
    neighbors    ``k`` of the probe by neighbours (10)
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
    whole = read_yaml(Path(path))
    kinds = [kind for kind in KINDS if kind in whole.table()]
    if len(kinds) != 1:
        seen = "has both 'backbones' and 'encoders'" if kinds else "has neither 'backbones' nor 'encoders'"
        raise whole.wrong(seen, "one of the two is needed")
    return KINDS[kinds[0]](whole)
