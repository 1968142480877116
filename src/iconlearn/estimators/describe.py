"""The docstring of an estimator, written from its row: parameters, attributes, errors, sources, an example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from iconlearn.estimators.glossary import ATTRIBUTES, PARAMETERS, RAISES, UNKNOWN
from iconlearn.estimators.options import compared, neighbourhoods, options_of
from iconlearn.intake import CAPTIONED, GRAPH, MODALITIES, ROWS, TOKENS
from iconlearn.mappers import Table
from iconlearn.methods import Method
from iconlearn.recipes import SPECIMEN

WIDTH = 108
ICON = "Alshammari et al., I-Con: A Unifying Framework for Representation Learning, ICLR 2025."
# The data of the example, and a piece of it that stands for new samples.
EXAMPLES = {
    ROWS: ("X[:100]", "X[:3]"),
    GRAPH: ("graph", ""),
    MODALITIES: ("(X[:100, :32], X[:100, 32:])", "(X[:3, :32], X[:3, 32:])"),
    CAPTIONED: ("(X[:100], X[:100, :8])", "X[:3]"),
    TOKENS: ("X[:100].astype(int)", "X[:3].astype(int)"),
}


def describe(row: Method) -> str:
    """The docstring of the estimator of a row."""
    recipe = row.recipe()
    labels = ", and labels y" if row.needs_labels else ""
    graph = ", or its ``NeighborGraph``" if row.takes is ROWS and recipe.is_map and searches(row) else ""
    partial = "; labels y may be partial, see ``label_weight``" if neighbourhoods(row) else ""
    body = [
        f"{row.title} ({row.paper}), as a scikit-learn estimator.",
        "",
        *filled(
            f"p = ``{recipe.target_dist!r}``, q = ``{recipe.learned_dist!r}``, divergence ``{recipe.divergence}``: "
            f"the cell ({row.target}, {row.learned}) of the table; family: {row.family}."
        ),
        "",
        *filled(f"Rewards: {row.rewards}"),
        *filled(f"Degenerates: {row.degenerates}"),
        "",
        *filled(f"``fit`` takes {row.takes.words}{graph}{labels}{partial}."),
    ]
    for head, lines in (
        ("Parameters", parameters(row)),
        ("Attributes", attributes(row)),
        ("Raises", raises()),
        ("References", references(row)),
        ("Examples", example(row)),
    ):
        body += ["", head, "-" * len(head), *lines]
    return "\n".join(body)


def searches(row: Method) -> bool:
    """Does the target look for nearest neighbours?"""
    return bool(row.recipe().target_dist.searches())


def filled(text: str, indent: str = "") -> list[str]:
    """A paragraph in lines that fit."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def parameters(row: Method) -> Iterator[str]:
    """Hyper-parameters of the method, then the common options."""
    for name, value in row.parameters.items():
        yield f"{name} : {type(value).__name__}, default {value!r}"
        yield from filled(PARAMETERS.get(name, UNKNOWN), "    ")
    for name, option in options_of(row).items():
        yield f"{name} : {option.type}, default {option.default!r}"
        yield from filled(option.text, "    ")


def attributes(row: Method) -> Iterator[str]:
    """What a fit leaves behind."""
    own = ["labels_", "confidence_", "assignment_"] if row.clusters else ["embedding_"]
    own += ["kept_baseline_"] if compared(row) else []
    own += ["classes_"] if row.needs_labels or neighbourhoods(row) else []
    own += ["model_", "loss_curve_", "n_iter_"]
    own += ["diagnostics_"] if isinstance(row.recipe().mapper(SPECIMEN), Table) else []
    own += ["n_features_in_", "feature_names_in_"] if row.takes in (ROWS, CAPTIONED) else []
    for name in own:
        kind, _, text = ATTRIBUTES[name].partition(" : ")
        yield f"{name} : {kind}"
        yield from filled(f"{text[0].upper()}{text[1:]}", "    ")


def raises() -> Iterator[str]:
    """Errors of ``fit`` and ``transform``."""
    for name, text in RAISES.items():
        yield name
        yield from filled(text, "    ")


def references(row: Method) -> list[str]:
    """Where the method is from."""
    return [ICON] if row.paper.startswith("Alshammari") else [f"{row.paper}.", ICON]


def example(row: Method) -> list[str]:
    """A small fit, as a doctest."""
    data, new = EXAMPLES[row.takes]
    code = [
        "from sklearn.datasets import load_digits",
        f"from iconlearn import {row.estimator}",
        "X, y = load_digits(return_X_y=True)",
    ]
    if row.takes is GRAPH:
        code += [
            "from sklearn.neighbors import kneighbors_graph",
            "graph = kneighbors_graph(X[:100], 10)",
            "graph = graph + graph.T",
        ]
    given = f"{data}, y[:100]" if row.needs_labels else data
    code.append(f"estimator = {row.estimator}(max_iter=5, restarts=1).fit({given})")
    kept = "labels_" if row.clusters else "embedding_[0]" if row.takes is MODALITIES else "embedding_"
    code.append(f"len(estimator.{kept})")
    lines = [f">>> {line}" for line in code]
    count = "6400" if row.takes is TOKENS else "100"
    lines.append(count)
    if row.takes.places_new and row.takes not in (MODALITIES, TOKENS):
        lines += [f">>> len(estimator.{'predict' if row.clusters else 'transform'}({new}))", "3"]
    return lines
