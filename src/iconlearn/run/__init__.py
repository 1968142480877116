"""The whole job of the command: fit one method to one data set and leave a folder of results."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Where each is. A run needs the estimators, and those scikit-learn, which takes as long to import as torch does; who
# only wants to know what can be run does not wait for them.
LATE = {
    **dict.fromkeys(("embed_run", "image_shape_of", "probe_run", "probe_sets"), "encoded"),
    **dict.fromkeys(("RunResult", "run_method"), "job"),
    "RunOptions": "options",
    "predict_stored": "predict",
    "run_stored": "stored",
    "Stream": "streamed",
}


def __getattr__(name: str) -> Any:
    """What the package offers, imported when first asked for."""
    if name in LATE:
        return getattr(import_module(f"{__name__}.{LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
