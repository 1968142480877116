"""Every target with every learned distribution, divergence, direction and debiasing: built, refused or crashed.

``python tests/contracts/product.py`` prints the counts.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor, nn
from zoo import CLASSES, FORMS, LABEL, SAMPLES, TOKENS, Form, values

from iconlearn import ICon, Prototypes
from iconlearn._errors import IConLearnError
from iconlearn._numerics import NEG
from iconlearn.conditional import Conditional
from iconlearn.distributions import (
    DCL,
    DISTRIBUTIONS,
    ClusterAgreement,
    Distribution,
    Gaussian,
    UniformCluster,
    VarianceCovariance,
)
from iconlearn.divergences import DIVERGENCES
from iconlearn.inputs import as_inputs
from iconlearn.objective import Pair

OWN = [
    Form("limit 0", lambda normalize: Gaussian(0, normalize=normalize)),
    Form("limit inf", lambda normalize: Gaussian(math.inf, normalize=normalize)),
    Form("DCL", lambda normalize: DCL(0.8)),
    Form("VarianceCovariance", lambda normalize: VarianceCovariance(2.0, 3.0, 0.5)),
    Form("ClusterAgreement", lambda normalize: ClusterAgreement(0.6, 0.5, 0.3, 1.0)),
    Form("UniformCluster running", lambda normalize: UniformCluster(sizes=0.9).eval()),  # held still
]
BY_NAME = {form.name: form for form in (*FORMS, *OWN)}

# One form for each mechanism that a divergence or a refusal can tell apart: kind of conditional, support and
# floor, candidates, empty rows, columns, normalisation. The two lists tell whether the mass moves with the
# embedding (then there is a gradient) or not.
MOVING = [
    ("Gaussian", "row"),
    ("Gaussian", "joint"),
    ("Gaussian cross_view", "row"),
    ("Gaussian sparse perplexity", "row"),
    ("limit 0", "row"),
    ("limit inf", "row"),
    ("StudentT", "row"),
    ("StudentT inf", "joint"),
    ("Harmonic", "row"),
    ("MarginGaussian", "row"),
    ("DCL", "row"),
    ("VarianceCovariance", "row"),
    ("ClusterAgreement", "row"),
    ("UniformCluster running", "row"),
    ("UniformCluster", "row"),
    ("UniformCluster distinct", "joint"),
    ("UniformCluster prototypes", "row"),
    ("propagate dense", "row"),
    ("symmetrize dense", "joint"),
    ("nearest", "row"),
    ("temper", "row"),
    ("mixture of kinds", "joint"),
]
STILL = [
    ("KNN", "row"),
    ("LabelKNN", "row"),
    ("Graph", "row"),
    ("DegreeSoftmax", "row"),
    ("Identity", "row"),
    ("Label", "row"),
    ("Label", "joint"),
    ("Augmentation", "row"),
    ("CrossModal", "row"),
    ("DataLabel", "row"),
    ("Context", "row"),
    ("propagate", "row"),
    ("symmetrize", "joint"),
    ("on", "row"),
    ("mixture", "row"),
]
LEFT_OUT = set(DISTRIBUTIONS) - {BY_NAME[name].registered for name, _ in (*MOVING, *STILL)}
if LEFT_OUT:
    raise LookupError(
        f"product.py: give these registered distributions a line in MOVING or STILL: {LEFT_OUT}"
    )

COSTS = [*itertools.product((*DIVERGENCES, "alpha(0.5)"), ("forward", "reverse"))]
SHARE = 0.2  # uniform mass of a debiased side

# Whose mass costs infinitely much where the other has none, by the definitions; the rest are bounded.
UNBOUNDED = {"kl": "p", "reverse_kl": "q", "jeffreys": "pq", "chi2": "p"}


@dataclass(frozen=True, eq=False)
class Side:
    """A distribution in the role of target or of learned distribution."""

    form: Form
    norm: str
    debiased: bool
    moves: bool

    @cached_property
    def distribution(self) -> Distribution:
        bare = self.form.make(self.norm)
        return bare.debias(SHARE) if self.debiased else bare

    @cached_property
    def spellings(self) -> list[str]:
        """The distribution and its parts as code, longest first."""
        parts = (m for m in self.distribution.modules() if isinstance(m, Distribution))
        return sorted({repr(part) for part in parts}, key=len, reverse=True)

    def __str__(self) -> str:
        return f"{self.form.name} ({self.norm}{', debiased' if self.debiased else ''})"


SIDES = {
    (*key, debiased): Side(BY_NAME[key[0]], key[1], debiased, moves)
    for moves, keys in ((True, MOVING), (False, STILL))
    for key in keys
    for debiased in (False, True)
}


@dataclass(frozen=True)
class Combination:
    """One point of the product."""

    p: Side
    q: Side
    divergence: str
    direction: str

    @property
    def debiasing(self) -> str:
        return {(0, 0): "none", (1, 0): "p", (0, 1): "q", (1, 1): "both"}[self.p.debiased, self.q.debiased]

    def __str__(self) -> str:
        return f"p = {self.p}, q = {self.q}, {self.direction} {self.divergence}"


@dataclass(frozen=True)
class Outcome:
    """What became of a combination."""

    kind: str  # "built", "refused" or "crashed"
    value: float = math.nan
    sentence: str = ""


class Fixed(nn.Module):
    """A mapper whose output is a leaf."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = nn.Parameter(output)

    def forward(self, x: Tensor) -> Tensor:
        return self.output


class Setting:
    """A batch of two views of six samples, and the mappers of a model for it."""

    def __init__(self, on_prototypes: bool) -> None:
        plain, dtype = BY_NAME["Gaussian"], torch.get_default_dtype()
        generator = torch.Generator().manual_seed(9)
        self.mapper, self.mapper_j = Fixed(values(plain, 7, dtype=dtype)), None
        if on_prototypes:
            self.mapper_j = Prototypes(CLASSES, dim=3)
            self.mapper_j.weight = nn.Parameter(values(plain, 107, CLASSES, dtype))
        self.batch = {
            "views": values(plain, 0, dtype=dtype).split(SAMPLES),
            "label": torch.tensor(LABEL[:SAMPLES]),  # one sample is unlabelled
            "caption": torch.randn(SAMPLES, 4, generator=generator),
            "tokens": torch.tensor(TOKENS[:SAMPLES]),  # one sample has none
        }

    @staticmethod
    def suits(p: Side, q: Side) -> bool:
        """Whether these need prototypes as columns."""
        return "prototypes" in (p.form.columns, q.form.columns)

    def model(self, c: Combination) -> ICon:
        """Through the public door."""
        return ICon(
            c.p.distribution,
            c.q.distribution,
            self.mapper,
            mapper_j=self.mapper_j,
            divergence=c.divergence,
            direction=c.direction,
        )

    def has_slope(self, loss: Tensor, c: Combination) -> bool:
        """Is the gradient finite in everything learned, and there at all in the embedding?"""
        modules = [self.mapper, self.mapper_j or nn.Identity(), c.p.distribution, c.q.distribution]
        leaves = [leaf for module in modules for leaf in module.parameters()]
        found = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        there = found[0] is not None or not c.q.moves
        return there and all(g is None or bool(g.isfinite().all()) for g in found)


class Shared:
    """The settings and conditionals of the walk, each made once and used by many models."""

    def __init__(self) -> None:
        self.made: dict[tuple, Any] = {}

    def once(self, make: Callable[..., Any], *key: Any) -> Any:
        """``make()``, or the refusal that it met."""
        if key not in self.made:
            try:
                self.made[key] = make()
            except IConLearnError as refusal:
                self.made[key] = refusal
        found = self.made[key]
        if isinstance(found, IConLearnError):
            raise found
        return found

    def setting(self, p: Side, q: Side) -> Setting:
        on_prototypes = Setting.suits(p, q)
        return self.once(lambda: Setting(on_prototypes), on_prototypes)

    def pair(self, model: ICon, p: Side, q: Side) -> Pair:
        """As ``model.pair(batch)``."""
        s = self.setting(p, q)
        inputs = self.once(lambda: as_inputs(s.batch, 2), "inputs", s)
        data = self.once(inputs.points, "data", s)
        rows = self.once(lambda: data.with_value(s.mapper.output), "rows", s)
        columns, others = self.once(lambda: model.column_points(inputs, data, rows), "columns", s)
        target = self.once(lambda: held(model.target_on(data, others)), "target", p, s)
        learned = self.once(lambda: held(model.learned_dist(rows, columns, model.evaluate)), "learned", q, s)
        return Pair(target, learned, rows, columns)

    def mass(self, conditional: Conditional) -> Tensor:
        """Where there is mass, (n, m) bool."""
        return self.once(lambda: conditional.block(None).detach() > NEG, "mass", conditional)

    def is_infinite(self, c: Combination) -> bool:
        """Is the divergence infinite by its definition, whatever the values?"""
        s = self.setting(c.p, c.q)
        P, Q = (self.mass(self.made[key]) for key in (("target", c.p, s), ("learned", c.q, s)))
        counted = P.any(-1, keepdim=True) | (c.p.norm == "joint")
        alone = {"p": bool((P & ~Q).any()), "q": bool((Q & ~P & counted).any())}
        costly = UNBOUNDED.get(c.divergence, "")
        if c.direction == "reverse":
            costly = costly.translate(str.maketrans("pq", "qp"))
        return any(alone[side] for side in costly)


def held(conditional: Conditional) -> Conditional:
    """The conditional, with its whole matrix made once."""
    make = conditional.block
    whole = cache(lambda: make(None))
    conditional.block = lambda rows, cols=None: whole() if rows is None and cols is None else make(rows, cols)
    return conditional


def crashed(what: str) -> Outcome:
    return Outcome("crashed", sentence=what)


def attempt(c: Combination, evaluate: Callable[[], Tensor]) -> Tensor | Outcome:
    """The loss, or what came instead of a usable one."""
    try:
        loss = evaluate()
    except IConLearnError as refusal:
        return Outcome("refused", sentence=str(refusal))
    except Exception as error:  # whatever it is, the walk goes on and counts it
        return crashed(f"{type(error).__name__}: {error}")
    if not bool(loss.isfinite()):
        return crashed(f"the loss is {loss.item()}")
    return loss


def alone(c: Combination) -> Outcome:
    """One combination by itself, as a user runs it."""
    setting = Setting(Setting.suits(c.p, c.q))
    loss = attempt(c, lambda: setting.model(c)(setting.batch))
    return loss if isinstance(loss, Outcome) else next(judged({c: loss}, setting))[1]


def judged(losses: dict[Combination, Tensor], setting: Setting) -> Iterator[tuple[Combination, Outcome]]:
    """One backward pass for the losses of one p and q together, and one for each if that one fails."""
    slopes = {c: loss / (1 + abs(loss.item())) for c, loss in losses.items() if loss.requires_grad}
    flat = {c for c in losses if c not in slopes and c.q.moves}
    total = sum(slopes.values(), torch.zeros(()))
    sound = not slopes or setting.has_slope(total, next(iter(slopes)))
    for c, loss in losses.items():
        if c in flat or not (sound or c not in slopes or setting.has_slope(slopes[c], c)):
            yield c, crashed("the gradient is missing or not finite")
        else:
            yield c, Outcome("built", loss.item())


def walk() -> Iterator[tuple[Combination, Outcome]]:
    """The whole product."""
    shared = Shared()

    def evaluate(c: Combination) -> Tensor:
        model = shared.setting(c.p, c.q).model(c)
        return model.loss(shared.pair(model, c.p, c.q))

    for p, q in itertools.product(SIDES.values(), repeat=2):
        losses = {}
        for c in (Combination(p, q, *cost) for cost in COSTS):
            found = attempt(c, lambda c=c: evaluate(c))
            if isinstance(found, Tensor):
                losses[c] = found
            elif "is infinite where" in found.sentence and not shared.is_infinite(c):
                yield c, crashed(f"refused without need: {found.sentence}")
            else:
                yield c, found
        yield from judged(losses, shared.setting(p, q))


def reason(c: Combination, sentence: str) -> str:
    """The sentence without what differs from one combination to the next: D a divergence, R a distribution."""
    sentence = re.sub(r"^divergence='[^']*'", "divergence=D", sentence)
    for spelling in (*c.p.spellings, *c.q.spellings):
        sentence = re.sub(rf"(^|under ){re.escape(spelling)}", r"\1R", sentence)
    sentence = re.sub(rf"^({'|'.join(DISTRIBUTIONS)}) ", "R ", sentence)
    return re.sub(r"\d+(\.\d+)?", "#", sentence)


def report(outcomes: Iterable[tuple[Combination, Outcome]]) -> str:
    """The counts as a table: in all, by debiasing, and by reason with an example."""
    kinds: Counter[tuple[str, str]] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Combination] = {}
    for c, outcome in outcomes:
        kinds[c.debiasing, outcome.kind] += 1
        if outcome.kind != "built":
            key = outcome.kind, reason(c, outcome.sentence)
            reasons[key] += 1
            examples.setdefault(key, c)
    names = ("built", "refused", "crashed")
    lines = [f"{'debiased':10}{'total':>9}" + "".join(f"{name:>9}" for name in names)]
    for row in ("none", "p", "q", "both", ""):
        counts = [sum(v for (d, k), v in kinds.items() if row in ("", d) and k == name) for name in names]
        lines.append(f"{row or 'all':10}{sum(counts):9}" + "".join(f"{count:9}" for count in counts))
    for key, count in reasons.most_common():
        lines += ["", f"{count} {key[0]}: {key[1]}", f"    e.g. {examples[key]}"]
    return "\n".join(lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        print(report(walk()))
