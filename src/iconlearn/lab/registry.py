"""The experiments by name, in the order of the report."""

from __future__ import annotations

from iconlearn.lab.clip_mixture import CLIP_MIXTURE
from iconlearn.lab.experiment import Experiment
from iconlearn.lab.fisher import FISHER
from iconlearn.lab.infomin import INFOMIN
from iconlearn.lab.mi_as_measure import MI_AS_MEASURE
from iconlearn.lab.small_batch import SMALL_BATCH

ROWS = (FISHER, CLIP_MIXTURE, SMALL_BATCH, MI_AS_MEASURE, INFOMIN)

#: Every experiment by name.
EXPERIMENTS: dict[str, Experiment] = {row.name: row for row in ROWS}
