"""The catalogue of the explorer: the table as the page needs it, and from a wish of the page to a run."""

from iconlearn.explorer.catalogue.certifying import certificate
from iconlearn.explorer.catalogue.entry import entry, exported, prepare
from iconlearn.explorer.catalogue.feeding import feeds
from iconlearn.explorer.catalogue.requests import RequestError, run_request
from iconlearn.explorer.catalogue.table import table

__all__ = ["RequestError", "certificate", "entry", "exported", "feeds", "prepare", "run_request", "table"]
