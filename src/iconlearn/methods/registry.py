"""The table of methods as a registry: the rows of this package, and those that users add."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from iconlearn._checks import check_choice, nearest_name
from iconlearn._errors import OptionError
from iconlearn.claim import EXACT, Claim, Rate, Reference
from iconlearn.intake import ROWS, Intake
from iconlearn.mappers import Assignments, Linear, Orthonormal, PerView, SoftmaxHead, Table
from iconlearn.methods import (
    baselines,
    clusterings,
    contrastive,
    language,
    maps,
    multimodal,
    projections,
    supervised,
)
from iconlearn.methods.options import DENSE_MAP, ENCODER, HEAD, LINEAR, SOLUTIONS
from iconlearn.methods.row import (
    CLUSTERING,
    COLUMNS,
    CONTRASTIVE,
    LEARNED,
    MULTIMODAL,
    REDUCTION,
    STATUSES,
    SUPERVISED,
    Method,
)
from iconlearn.recipes import SPECIMEN, Recipe


class Methods(dict[str, Method]):
    """Rows by name; a name that is not there is an error that says the nearest."""

    def __missing__(self, name: object) -> Method:
        raise KeyError(f"no method {name!r}{nearest_name(str(name), self)}; iconlearn.METHODS lists all")


def in_order(rows: list[Method]) -> Methods:
    """Rows by name: column by column within the rows of the periodic table, off-grid methods last."""
    places = {name: k for k, name in enumerate(LEARNED)}, {name: k for k, name in enumerate(COLUMNS)}

    def place(row: Method) -> tuple[bool, int, int, int]:
        own = places[0].get(row.learned, 99), places[1].get(row.target, 99)
        return row.status == "off-grid", *own, STATUSES.index(row.status)

    return Methods({row.name: row for row in sorted(rows, key=place)})


METHODS: dict[str, Method] = in_order(
    [
        *maps.METHODS,
        *projections.METHODS,
        *contrastive.METHODS,
        *multimodal.METHODS,
        *supervised.METHODS,
        *clusterings.METHODS,
        *baselines.METHODS,
        *language.METHODS,
    ]
)


def method(name: str) -> Method:
    """The row of the table with this name.

    Raises
    ------
    OptionError
        If there is none; names the nearest.

    Examples
    --------
    >>> method("t-sne").paper
    'van der Maaten & Hinton 2008'
    """
    check_choice("iconlearn", "method", name, METHODS)
    return METHODS[name]


BUILT_IN = frozenset(METHODS)


def register(
    name: str,
    *,
    target: str = "own",
    learned: str = "own",
    family: str | None = None,
    title: str | None = None,
    paper: str = "registered by its user",
    estimator: str | None = None,
    rewards: str = "Not said.",
    degenerates: str = "Not said.",
    fit: Mapping[str, Any] | None = None,
    takes: Intake = ROWS,
    reference: Callable[..., Any] | None = None,
    kind: str = EXACT,
    statement: str = "L = reference",
    rate: Rate | None = None,
) -> Callable[[Callable[..., Recipe]], Method]:
    """Add a method to the table: a decorator of the function that builds its recipe.

    The signature of the function is the method's hyper-parameters. The method gets an estimator
    (``iconlearn.<estimator>``), the command line, a certificate, a page and its pictures, as all others.
    Registering a name again replaces the earlier one; the methods of the library cannot be replaced.

    Parameters
    ----------
    name : str
        Lower case with hyphens.
    target, learned : str, default "own"
        Column and row of the periodic table, or words of your own.
    family : str, optional
        One of ``iconlearn.methods.FAMILIES``; inferred from the recipe when left out.
    title, estimator : str, optional
        Made from ``name`` when left out.
    paper, rewards, degenerates : str
        What the page says.
    fit : mapping, optional
        Training options; those of the method's kind when left out.
    takes : Intake, default rows
        What X is; see ``iconlearn.intake``.
    reference : callable (Case) -> Tensor, optional
        An independent formula of the loss in float64; without one the certificate checks only that p and q are
        distributions and that all engines agree.
    kind, statement : str
        What the certificate claims; see ``iconlearn.claim``.
    rate : Rate, optional
        For ``kind="limit"``: the sequence that tends to it.

    Returns
    -------
    callable
        Turns the function into a :class:`Method`.

    Raises
    ------
    OptionError
        If the name is not well formed or belongs to the library.

    Examples
    --------
    >>> from iconlearn import METHODS, KNN, StudentT, register
    >>> from iconlearn.recipes import Recipe, embedding
    >>> @register("knn-walks", target="Uniform kNN", learned="Student-t")
    ... def knn_walks(n_neighbors: int = 10, steps: int = 2):
    ...     return Recipe(KNN(n_neighbors).propagate(steps), StudentT(), embedding(2))
    >>> knn_walks.estimator, knn_walks.family
    ('KnnWalks', 'dimension reduction')
    >>> METHODS.pop("knn-walks").name
    'knn-walks'
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise OptionError(
            f"register: name={name!r} must be lower case words joined by hyphens, such as 'my-map'"
        )
    if name in BUILT_IN:
        raise OptionError(f"register: {name!r} is a method of the library; choose another name")
    class_name = estimator or "".join(part.capitalize() for part in name.split("-"))
    taken = {row.estimator for row in METHODS.values() if row.name != name}
    if class_name in taken or not class_name.isidentifier():
        raise OptionError(
            f"register: estimator={class_name!r} is taken or no name of a class; choose another"
        )
    claim = None
    if reference is not None:
        claim = Claim(kind, statement, (Reference(f"{paper} (formula)", reference),), rate)

    def add(build: Callable[..., Recipe]) -> Method:
        defaults = inspect.signature(build).parameters.values()
        if missing := [p.name for p in defaults if p.default is inspect.Parameter.empty]:
            raise OptionError(
                f"register: {name!r} has no default for {missing[0]!r}; every hyper-parameter needs one"
            )
        guessed, options = usual(build())
        row = Method(
            name=name,
            title=title or name,
            build=build,
            family=family or guessed,
            target=target,
            learned=learned,
            status="off-grid",
            paper=paper,
            estimator=class_name,
            rewards=rewards,
            degenerates=degenerates,
            fit=options if fit is None else fit,
            takes=takes,
            claim=claim,
        )
        METHODS[name] = row
        return row

    return add


def usual(recipe: Recipe) -> tuple[str, Mapping[str, Any]]:
    """Family and training options of methods that are built like this one."""
    mapper = recipe.mapper(SPECIMEN)
    if isinstance(mapper, (Assignments, SoftmaxHead)):
        return CLUSTERING, SOLUTIONS if isinstance(mapper, Assignments) else HEAD
    if isinstance(mapper, Table):
        return REDUCTION, DENSE_MAP
    if isinstance(mapper, (Linear, Orthonormal)):
        return REDUCTION, LINEAR
    keys = {getattr(part, "key", "") for part in recipe.target_dist.modules()}
    if isinstance(mapper, PerView):
        return MULTIMODAL, ENCODER
    return SUPERVISED if "label" in keys else CONTRASTIVE, ENCODER
