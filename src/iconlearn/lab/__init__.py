"""The laboratory: experiments on what contrastive learning finds and keeps, each with verdicts on its claims."""

from iconlearn.lab.experiment import Bench, Experiment, Findings, Picture, Table, Verdict
from iconlearn.lab.registry import EXPERIMENTS
from iconlearn.lab.running import run_all, run_experiment

__all__ = [
    "EXPERIMENTS",
    "Bench",
    "Experiment",
    "Findings",
    "Picture",
    "Table",
    "Verdict",
    "run_all",
    "run_experiment",
]
