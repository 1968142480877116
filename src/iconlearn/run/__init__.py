"""The whole job of the command: fit one method to one data set and leave a folder of results."""

from iconlearn.run.job import RunOptions, RunResult, run_method

__all__ = ["RunOptions", "RunResult", "run_method"]
