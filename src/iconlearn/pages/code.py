"""A method as code that runs: its estimator, and the same by its parts."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any

import iconlearn
from iconlearn._describe import rebuild, show
from iconlearn.data import views
from iconlearn.data.builtin import EXAMPLES
from iconlearn.intake import ROWS
from iconlearn.methods import Method
from iconlearn.recipes import Recipe, Shape
from iconlearn.train import schedules

SHELVES: tuple[Any, ...] = (iconlearn, schedules, views)  # where a name in the code may come from
WIDTH = 96
HOUSE = "iconlearn."


def estimator_code(row: Method, shape: Shape) -> str:
    """The method as a scikit-learn estimator, on the built-in data set of its form.

    Parameters
    ----------
    row : Method
    shape : Shape
        Of that data set.

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> print(estimator_code(METHODS["sne"], Shape(1797, 64)))
    from iconlearn import SNE
    from iconlearn.data.files import load_dataset
    <BLANKLINE>
    data = load_dataset("digits")
    estimator = SNE(perplexity=30, n_components=2, metric="euclidean")
    embedding = estimator.fit_transform(data.learns_from)
    """
    given = [f"{name}={show(value)}" for name, value in row.parameters.items()]
    if sees_images(row.recipe(), shape):
        given.append("image_shape=data.image_shape")
    data = "data.learns_from, data.y" if row.needs_labels else "data.learns_from"
    use = (
        f"labels = estimator.fit({data}).labels_"
        if row.clusters
        else f"embedding = estimator.fit_transform({data})"
    )
    lines = [
        *registered_in(row),
        f"from iconlearn import {row.estimator}",
        "from iconlearn.data.files import load_dataset",
        "",
        f'data = load_dataset("{EXAMPLES[row.takes.name]}")',
        wrapped(f"estimator = {row.estimator}({', '.join(given)})"),
        use,
    ]
    return double_quoted("\n".join(lines))


def sees_images(recipe: Recipe, shape: Shape) -> bool:
    """Does the recipe treat images otherwise than rows?"""
    plain = replace(shape, image_shape=None)
    makers = [make for make in (recipe.mapper, recipe.augment) if make is not None]
    return shape.image_shape is not None and any(repr(make(shape)) != repr(make(plain)) for make in makers)


def icon_code(row: Method, shape: Shape) -> str:
    """The method by its parts: target, learned distribution, mapper and training options.

    Parameters
    ----------
    row : Method
    shape : Shape
        Of the built-in data set of its form.
    """
    recipe = row.recipe()
    model = recipe.model(rounded(shape))
    data, imports = "data.learns_from", []
    if recipe.present is not None:
        data, found = presented(recipe.present, data)
        imports.append(found)
    elif row.takes is not ROWS:
        imports.append("from iconlearn.intake import INTAKES")
        data = f'INTAKES["{row.takes.name}"].batch({data})'
    options: dict[str, Any] = dict(row.fit)
    if recipe.augment is not None:
        options["augment"] = recipe.augment(shape)
    labels = ["data.y"] if row.needs_labels else []
    chosen = [f"{name}={argument(value)}" for name, value in options.items()]
    parts = [
        f"target_dist={model.target_dist!r}",
        f"learned_dist={model.learned_dist!r}",
        f"mapper={model.mapper!r}",
    ]
    parts += [f"mapper_j={model.mapper_j!r}"] if model.mapper_j is not None else []
    parts += [f"divergence={show(recipe.divergence)}"] if recipe.divergence != "kl" else []
    body = "\n".join(
        [
            f'data = load_dataset("{EXAMPLES[row.takes.name]}")',
            block("model = ICon", parts),
            wrapped(f"model.fit({', '.join([data, *labels, *chosen])})"),
        ]
    )
    body = re.sub(r"weights=<\w+ \([^)]*\)>", "weights=data.learns_from", body)  # a graph is no code
    body = double_quoted(shown(body))
    imports.append("from iconlearn.data.files import load_dataset")
    return "\n".join([*sorted({*imports, *imports_of(body, row)}), "", body])


def rounded(shape: Shape) -> Shape:
    """The shape with scales that can be read; three digits of them are plenty."""

    def few(scale: float) -> float:
        return float(f"{scale:.3g}")

    towers = tuple(replace(tower, scale=few(tower.scale)) for tower in shape.towers)
    return replace(shape, scale=few(shape.scale), towers=towers)


def presented(present: Any, data: str) -> tuple[str, str]:
    """The call that makes a batch of the data, and its import."""
    function, given = getattr(present, "func", present), getattr(present, "keywords", {})
    arguments = ", ".join([data, *(f"{name}={show(value)}" for name, value in given.items())])
    name = function.__name__
    return f"{name}({arguments})", f"from {function.__module__} import {name}"


def registered_in(row: Method) -> list[str]:
    """The import that makes a method of the user's known, where it is in a module of its own."""
    module = row.build.__module__
    if module.startswith(HOUSE) or module == "__main__":
        return []
    return [f"import {module}  # registers {row.name}"]


def imports_of(code: str, row: Method) -> list[str]:
    """The imports of the classes that are called in code."""
    found: dict[str, list[str]] = {}
    for name in sorted(set(re.findall(r"\b[A-Z]\w*(?=\()", code))):
        home = next((shelf.__name__ for shelf in SHELVES if name in vars(shelf)), None)
        home = home or getattr(globals_of(row).get(name), "__module__", None)
        if home is not None:
            found.setdefault(home, []).append(name)
    return [f"from {home} import {', '.join(names)}" for home, names in found.items()]


def globals_of(row: Method) -> Mapping[str, Any]:
    """What the function that builds the recipe can see."""
    return vars(sys.modules[row.build.__module__]) if row.build.__module__ in sys.modules else {}


def roots(code: str) -> str:
    """Long numbers that are square roots, as roots: temperatures become widths that way.

    Examples
    --------
    >>> roots("Gaussian(sigma=0.31622776601683794)")
    'Gaussian(sigma=0.1**0.5)'
    """

    def shorter(found: re.Match[str]) -> str:
        value = float(found.group())
        square = round(value**2, 10)
        return f"{square!r}**0.5" if math.sqrt(square) == value else found.group()

    return re.sub(r"\d\.\d{7,}", shorter, code)


def argument(value: Any) -> str:
    """An option as code, without what it has by default."""
    return rebuild(value) if is_dataclass(value) else show(value)


def shown(code: str) -> str:
    """Code as people write it: roots as roots, and nothing that changes nothing.

    Examples
    --------
    >>> shown("Label().debias(0)")
    'Label()'
    """
    return roots(code).replace(".debias(0)", "")


def block(call: str, arguments: list[str]) -> str:
    """A call with an argument a line, the long ones broken in turn."""
    lines = [line for one in arguments for line in (wrapped(one, WIDTH - 4) + ",").split("\n")]
    return "\n".join([f"{call}(", *(f"    {line}" for line in lines), ")"])


def wrapped(call: str, width: int = WIDTH) -> str:
    """One statement or argument; where it is too long, with an argument of its last call a line."""
    if len(call) <= width or not call.endswith(")"):
        return call
    start = last_call(call)
    return block(call[:start], arguments_of(call[start + 1 : -1]))


def last_call(call: str) -> int:
    """Where the parenthesis opens that closes at the end."""
    depth = 0
    for place in range(len(call) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(call[place], 0)
        if depth == 0:
            return place
    return 0


def arguments_of(inside: str) -> list[str]:
    """The arguments of a call, split at commas that are in no parenthesis."""
    parts, depth = [""], 0
    for letter in inside:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def double_quoted(code: str) -> str:
    """The quotes of the house; no text in the code holds a quote."""
    return code.replace("'", '"')
