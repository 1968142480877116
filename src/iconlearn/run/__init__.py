"""The whole job of the command: fit one method to one data set and leave a folder of results."""

from typing import TYPE_CHECKING

from iconlearn._late import late

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
__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("embed_run", "image_shape_of", "probe_run", "probe_sets"), "iconlearn.run.encoded"),
        **dict.fromkeys(("RunResult", "run_method"), "iconlearn.run.job"),
        "RunOptions": "iconlearn.run.options",
        "predict_stored": "iconlearn.run.predict",
        "run_stored": "iconlearn.run.stored",
        "Stream": "iconlearn.run.streamed",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
