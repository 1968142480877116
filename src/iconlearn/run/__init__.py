"""The whole job of the command: fit one method to one data set and leave a folder of results."""

from iconlearn.run.encoded import embed_run, image_shape_of, probe_run, probe_sets
from iconlearn.run.job import RunResult, run_method
from iconlearn.run.options import RunOptions
from iconlearn.run.predict import predict_stored
from iconlearn.run.stored import run_stored
from iconlearn.run.streamed import Stream

__all__ = [
    "RunOptions",
    "RunResult",
    "Stream",
    "embed_run",
    "image_shape_of",
    "predict_stored",
    "probe_run",
    "probe_sets",
    "run_method",
    "run_stored",
]
