"""From what a page wishes to a run: every field is known, of its type and within its range, or refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from iconlearn._checks import nearest_name
from iconlearn._errors import IConLearnError, InputError, OptionError
from iconlearn.data.dataset import Dataset
from iconlearn.estimators.networks import check_network
from iconlearn.estimators.ranges import LARGEST, Range
from iconlearn.explorer.catalogue.choices import option_ranges, ranges
from iconlearn.mappers import Orthonormal
from iconlearn.methods import Method, method
from iconlearn.recipes import SPECIMEN
from iconlearn.run import RunOptions
from iconlearn.run.rows import Material, check_labels
from iconlearn.run.varied import varied

LONGEST = 100  # characters of a value or a name
FIELDS = ("method", "data", "parameters", "options")


class RequestError(OptionError):
    """A wish that cannot be met; ``field`` names what is wrong, such as "parameters.perplexity"."""

    def __init__(self, field: str, words: object) -> None:
        super().__init__(str(words))
        self.field = field


def run_request(payload: Any, dataset: Dataset) -> tuple[str, RunOptions]:
    """What a page wishes, as a method and the options of its run.

    Parameters
    ----------
    payload : mapping
        "method", and if wanted "parameters" and "options", each a mapping by name; "data" is not read here. What is
        left out, or None, is as the method has it.
    dataset : Dataset
        What it is to learn from.

    Returns
    -------
    name : str
    options : RunOptions

    Raises
    ------
    RequestError
        An OptionError: if a field is unknown, of another type or out of range, if two do not go together, or if the
        data cannot feed the method.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_digits_dataset
    >>> name, options = run_request({"method": "t-sne", "parameters": {"perplexity": 20}}, load_digits_dataset())
    >>> name, dict(options.parameters)
    ('t-sne', {'perplexity': 20.0})
    """
    if not isinstance(payload, Mapping):
        raise RequestError("", f"explorer: the request is a {type(payload).__name__}; send an object")
    known("", payload, FIELDS)
    name = payload.get("method")
    if not isinstance(name, str):
        raise RequestError("method", "explorer: method must be the name of a method")
    try:
        row = method(name[:LONGEST])
    except OptionError as cause:
        raise RequestError("method", cause) from cause
    try:
        Material(row, dataset)
        check_labels(row, dataset)
    except InputError as cause:
        raise RequestError("data", cause) from cause
    parameters = read(row, "parameters", payload, ranges(row))
    parameters = {key: value for key, value in parameters.items() if value != row.parameters[key]}
    chosen = read(row, "options", payload, option_ranges(row))
    options = RunOptions(parameters, **chosen)
    check_together(row, options, dataset)
    return name, options


def known(place: str, given: Mapping[Any, Any], allowed: Any) -> None:
    """Refuse what is not among the names that are allowed."""
    for key in given:
        name = str(key)[:LONGEST]
        if name not in allowed:
            names = ", ".join(allowed) or "none"
            at = f"{place}.{name}" if place else name
            raise RequestError(
                at, f"explorer: {at} is unknown; there are: {names}{nearest_name(name, allowed)}"
            )


def read(row: Method, place: str, payload: Mapping[str, Any], allowed: Mapping[str, Range]) -> dict[str, Any]:
    """The values of one part of the request; None, where it is no value, leaves the method's own."""
    given = payload.get(place)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise RequestError(
            place, f"explorer: {place} is a {type(given).__name__}; send an object of names and values"
        )
    known(place, given, allowed)
    found = {}
    for name, value in given.items():
        if value is None and not allowed[name].optional:
            continue
        try:
            found[name] = allowed[name].check(row.name, name, sane(row, name, value))
        except OptionError as cause:
            raise RequestError(f"{place}.{name}", cause) from cause
    return found


def sane(row: Method, name: str, value: Any) -> Any:
    """A value that messages can hold, and that every language has."""
    long = isinstance(value, str) and len(value) > LONGEST
    large = isinstance(value, int) and abs(value) > LARGEST
    if long or large or (isinstance(value, float) and not math.isfinite(value)):
        raise OptionError(f"{row.name}: {name} is too long, too large or not finite; give a usual value")
    if not isinstance(value, (bool, int, float, str, type(None))):
        raise OptionError(f"{row.name}: {name} is a {type(value).__name__}; give one number or name")
    return value


def check_together(row: Method, options: RunOptions, dataset: Dataset) -> None:
    """Refuse values that do not go with one another, or with the data, before a run is started for them."""
    if options.max_iter is not None and options.epochs is not None:
        raise RequestError(
            "options.epochs",
            f"{row.name}: max_iter={options.max_iter} and epochs={options.epochs} both say how long to train; give one",
        )
    try:
        check_network(row.name, dataset.image_shape, options.backbone, None, options.augment)
    except OptionError as cause:
        raise RequestError("options.backbone" if options.backbone else "options.augment", cause) from cause
    try:
        row.recipe(**options.parameters)
        check_data(row, options, dataset)
    except IConLearnError as cause:
        raise RequestError(named_in(cause, row.parameters, "parameters"), cause) from cause
    try:
        varied(row, options.variation, options.parameters)
    except IConLearnError as cause:
        raise RequestError(named_in(cause, options.variation.chosen, "options"), cause) from cause


def check_data(row: Method, options: RunOptions, dataset: Dataset) -> None:
    """Refuse numbers that are too large for the rows or columns of the data."""
    chosen, n = {**row.parameters, **options.parameters}, len(dataset.X)
    most = {"n_clusters": (n, "rows"), "perplexity": (n - 1, "rows")}
    if isinstance(row.recipe().mapper(SPECIMEN), Orthonormal):
        most["n_components"] = (dataset.X.shape[1], "columns")
    for name, (high, of_what) in most.items():
        if name in chosen and chosen[name] > high:
            raise OptionError(
                f"{row.name}: {name}={chosen[name]} must be at most {high}, for {dataset.name} has "
                f"{dataset.X.shape[of_what == 'columns']} {of_what}; lower it, or give more data"
            )


def named_in(cause: Exception, names: Mapping[str, Any], place: str) -> str:
    """The field that a refusal speaks of, the first of those that were given."""
    found = next((name for name in names if f"{name}=" in str(cause)), "")
    return f"{place}.{found}" if found else place
