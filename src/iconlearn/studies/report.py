"""Tables of a study: what was published beside what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from iconlearn.run.tables import markdown_table, plain, versions
from iconlearn.studies.plan import Case, Published, Study, Sweep, Table


class Scored(Protocol):
    """What was measured of a run."""

    @property
    def scores(self) -> Mapping[str, Any]:
        """Numbers by name."""
        ...


Turn = tuple[str, str, int]  # column, name of the case, seed
Measured = Mapping[Turn, Scored]
NOT_SHARES = ("cluster_entropy", "empty_clusters", "rows", "unlabelled_rows", "n_clusters", "n_classes")
SWEPT = ("hungarian_accuracy", "expected_calibration_error", "mean_confidence")
WORDS = {
    "hungarian_accuracy": "Hungarian accuracy",
    "many_to_one_accuracy": "many-to-one accuracy",
    "nmi": "NMI",
    "ari": "ARI",
    "expected_calibration_error": "ECE",
    "mean_confidence": "mean confidence",
    "linear_probe": "linear probe",
    "knn_accuracy": "nearest neighbours",
}


@dataclass(frozen=True)
class Found:
    """A score over seeds, in percent where it is a share."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, study: Study, measured: Measured, model: str, case: Case | None, score: str) -> Found:
        """Of the seeds that are there."""
        scale = 1.0 if score in NOT_SHARES else 100.0
        reports = [] if case is None else [measured.get((model, case.name, seed)) for seed in study.seeds]
        known = [report.scores.get(score) for report in reports if report is not None]
        return cls(tuple(scale * value for value in known if value is not None))

    @property
    def mean(self) -> float | None:
        """Over the seeds; None without any."""
        return float(np.mean(self.values)) if self.values else None

    @property
    def spread(self) -> float | None:
        """One standard deviation (n - 1); None of fewer than two seeds."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


def as_markdown(study: Study, measured: Measured) -> str:
    """The report, a table after the other."""
    lines = [f"# {study.title}", ""]
    lines += [study.about.strip(), ""] if study.about.strip() else []
    lines += [f"Shares in percent; mean ± standard deviation over the seeds {list(study.seeds)}.", ""]
    for table in study.tables:
        lines += [f"## {table.title}", "", *table_lines(study, measured, table), ""]
    for sweep in study.sweeps:
        lines += [f"## {sweep.title}", "", *sweep_lines(study, measured, sweep), ""]
    return "\n".join(lines)


def table_lines(study: Study, measured: Measured, table: Table) -> list[str]:
    """Row, and for every model the published number and the measured one; then the seeds that are done."""
    models = list(study.columns)
    head = [
        WORDS.get(table.score, table.score),
        *(f"{m} {kind}" for m in models for kind in ("published", "measured")),
    ]
    body = []
    for row in table.rows:
        found = [Found.of(study, measured, model, row.case, table.score) for model in models]
        cells = [row.name]
        for model, here in zip(models, found, strict=True):
            cells += [published(row.published.get(model)), number(here.mean, here.spread)]
        body.append([*cells, seeds_of(found)])
    return markdown_table([*head, "seeds"], body)


def sweep_lines(study: Study, measured: Measured, sweep: Sweep) -> list[str]:
    """Variant and value, and for every model the scores that a sweep is looked at for."""
    models = list(study.columns)
    head = [
        "variant",
        sweep.option,
        *(f"{model} {WORDS[score]}" for model in models for score in SWEPT),
        "seeds",
    ]
    body = []
    for name in sweep.variants:
        for value in sweep.values:
            case = sweep.case(name, value)
            found = [Found.of(study, measured, model, case, score) for model in models for score in SWEPT]
            body.append(
                [name, f"{value:g}", *(number(here.mean, here.spread) for here in found), seeds_of(found)]
            )
    return markdown_table(head, body)


def published(given: Published | None) -> str:
    """A published number as it was printed."""
    if given is None:
        return ""
    return given.value if isinstance(given.value, str) else number(given.value, given.spread)


def number(mean: float | None, spread: float | None) -> str:
    """A number and its spread, as far as they are known."""
    if mean is None:
        return ""
    return f"{mean:.2f}" if spread is None else f"{mean:.2f} ± {spread:.2f}"


def seeds_of(found: list[Found]) -> str:
    """How many seeds are done, of the models where any is."""
    counts = sorted({len(here.values) for here in found} - {0})
    return "-".join(map(str, counts[:1] + counts[1:][-1:]))


def as_json(study: Study, measured: Measured) -> str:
    """Every number for programs."""
    rows: list[dict[str, Any]] = []
    for table in study.tables:
        for row in table.rows:
            for model in study.columns:
                told: dict[str, Any] = {
                    "table": table.title,
                    "row": row.name,
                    study.column: model,
                    "score": table.score,
                }
                given = row.published.get(model)
                told["published"] = None if given is None else [given.value, given.spread]
                rows.append(told | entry(Found.of(study, measured, model, row.case, table.score), row.case))
    for sweep in study.sweeps:
        for name in sweep.variants:
            for value in sweep.values:
                for model in study.columns:
                    for score in SWEPT:
                        case = sweep.case(name, value)
                        told = {
                            "sweep": sweep.title,
                            "variant": name,
                            sweep.option: value,
                            study.column: model,
                            "score": score,
                        }
                        rows.append(told | entry(Found.of(study, measured, model, case, score), case))
    found = {"title": study.title, "seeds": list(study.seeds), "versions": versions(), "rows": rows}
    return json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n"


def entry(found: Found, case: Case | None) -> dict[str, Any]:
    """What was measured, and by which run."""
    told = {"measured": list(found.values), "mean": found.mean, "spread": found.spread}
    return told | {"run": None if case is None else case.name}
