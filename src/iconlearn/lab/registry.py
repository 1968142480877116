"""The experiments by name, in the order of the report."""

from __future__ import annotations

from iconlearn.lab.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {}
