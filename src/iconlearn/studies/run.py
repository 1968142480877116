"""A study from images to tables; whatever is there already is not done again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iconlearn._checks import check_names
from iconlearn._errors import DiskError, IConLearnError
from iconlearn.studies.clustered import cluster
from iconlearn.studies.plan import ClusterStudy, EncoderStudy, Study
from iconlearn.studies.trained import train_encoders
from iconlearn.studies.work import REPORT, StudyOptions

WORK: Mapping[type[Study], Callable[[Any, Path, StudyOptions, bool], None]] = {
    ClusterStudy: cluster,
    EncoderStudy: train_encoders,
}


def run_study(
    study: Study, out: str | os.PathLike[str], options: StudyOptions | None = None, *, verbose: bool = False
) -> Path:
    """Run everything for every seed, and write tables, and of clusterings figures.

    ``OUT/report.md`` and ``report.json`` are written anew after every run. Of frozen models ``OUT/MODEL/`` holds the
    features, the neighbours, a folder for every run, and the figures. Of encoders ``OUT/runs/`` holds a folder for
    every run, as of ``iconlearn train``, and ``OUT/probes/`` what each is worth. What is there is not made again, so a
    study that was killed goes on where it was.

    Parameters
    ----------
    study : Study
    out : path
    options : StudyOptions, optional
    verbose : bool, default False
        Say on standard error what is done, with progress bars.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    OptionError
        If images or models are named that the study does not have, or ``out`` holds runs of other images.
    InputError, FileFormatError
        Of images, models or features; images of encoders are all looked for before anything is trained.
    DiskError
        If the disk is full; what is done is kept.
    """
    options = options or StudyOptions()
    check_names("study", options.images, study.sources)
    folder = Path(os.path.abspath(os.path.expanduser(out)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        WORK[type(study)](study, folder, options, verbose)
    except OSError as cause:
        if isinstance(cause, IConLearnError):
            raise
        raise DiskError(
            cause.errno,
            f"{folder} cannot be written ({cause.strerror or cause}); make room: what is done is kept",
        ) from cause
    return folder / REPORT
