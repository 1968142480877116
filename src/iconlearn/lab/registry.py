"""The experiments by name, in the order of the report."""

from __future__ import annotations

from iconlearn.lab.experiment import Experiment
from iconlearn.lab.fisher import FISHER
from iconlearn.lab.mi_as_measure import MI_AS_MEASURE
from iconlearn.lab.small_batch import SMALL_BATCH

ROWS = (FISHER, SMALL_BATCH, MI_AS_MEASURE)

#: Every experiment by name.
EXPERIMENTS: dict[str, Experiment] = {row.name: row for row in ROWS}
