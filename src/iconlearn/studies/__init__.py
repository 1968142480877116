"""Studies: many clusterings of frozen features, or many encoders, from images to tables beside published numbers."""

from iconlearn.studies.plan import Study
from iconlearn.studies.run import run_study
from iconlearn.studies.schema import read_study
from iconlearn.studies.work import StudyOptions

__all__ = ["Study", "StudyOptions", "read_study", "run_study"]
