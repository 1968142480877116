"""Formulas of the distributions: one short function for each class, found by the class itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from iconlearn.distributions import (
    DCL,
    KNN,
    Augmentation,
    Context,
    CrossModal,
    DataLabel,
    DegreeSoftmax,
    Distribution,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Label,
    LabelKNN,
    MarginGaussian,
    StudentT,
    VarianceCovariance,
)
from iconlearn.pages.scribe import Scribe, mass, number, over, times, width

Tell = Callable[[Any, Scribe, str], None]
SIGMA, GAMMA, ONE = r"\sigma", r"\gamma", r"\mathbf{1}"
STAR = r"$i^\star$ is the sample that $i$ shows: its views, or modalities, share it."
FORMULAS: dict[type[Distribution], Tell] = {}


def formula_of(*kinds: type[Distribution]) -> Callable[[Tell], Tell]:
    """Note a function as the formula of these classes, and of no class derived from them."""

    def keep(tell: Tell) -> Tell:
        FORMULAS.update(dict.fromkeys(kinds, tell))
        return tell

    return keep


def tell(dist: Distribution, scribe: Scribe, symbol: str) -> None:
    """Write the formula of a distribution under a symbol; of a class that is not known its code."""
    FORMULAS.get(type(dist), unknown)(dist, scribe, symbol)


def unknown(dist: Distribution, scribe: Scribe, symbol: str) -> None:
    """A distribution of the user's: its code, and the first sentence of its docstring."""
    left = mass(symbol, dist.normalize)
    scribe.say(rf"{left} = \mathrm{{{type(dist).__name__}}}({scribe.i}, {scribe.j})")
    said = type(dist).__dict__.get("__doc__") or ""
    words = inspect.cleandoc(said).partition("\n\n")[0].replace("\n", " ")
    scribe.note(f"${left}$ is `{dist!r}`{': `' + words + '`' if words else ''}.")


# ------------------------------------------------------------------------------------------ distances


def squared(dist: Any, scribe: Scribe, j: str | None = None) -> str:
    """The metric between row i and a column."""
    a, b = scribe.i, j or scribe.j
    if dist.metric == "euclidean":
        return rf"\Vert {a} - {b} \Vert^2"
    if dist.metric == "cos":
        return rf"2 - 2 \cos({a}, {b})"
    if dist.metric == "dot":
        return rf"-2\, {a} \cdot {b}"
    scribe.note(
        f"$d$ is `{getattr(dist.metric, '__qualname__', repr(dist.metric))}`, in place of a squared distance."
    )
    return f"d({a}, {b})"


def decay(dist: Any, scribe: Scribe, value: Any, letter: str) -> str:
    """exp(-metric / (2 width^2)), simplified for cosines and inner products."""
    w = width(scribe, value, letter)
    if dist.metric in ("cos", "dot"):
        a, b = scribe.i, scribe.j
        top = rf"\cos({a}, {b})" if dist.metric == "cos" else rf"{a} \cdot {b}"
        return rf"\exp\left( {over(top, w**2 if isinstance(w, float) else f'{w}^2')} \right)"
    bottom = 2 * w**2 if isinstance(w, float) else rf"2 {w}^2"
    return rf"\exp\left( -{over(squared(dist, scribe), bottom)} \right)"


def limit(dist: Any, scribe: Scribe, symbol: str, distance: str) -> None:
    """The rescaled logarithm that is left of a kernel in the limit of its width."""
    scribe.limit = True
    to = r"\infty" if dist.pool == "mean" else "0"
    rest = r"\frac{1}{M_i} \sum_k d_{ik}" if dist.pool == "mean" else r"\min_k d_{ik}"
    count = "M_i\\, " if dist.pool == "mean" else ""
    inside = mass(symbol, dist.normalize)
    scribe.say(
        rf"\ell_{{ij}} = \lim_{{\sigma \rightarrow {to}}} 2 \sigma^2 \log({count}{inside}) = {rest} - d_{{ij}}"
    )
    scribe.say(f"d_{{ij}} = {distance}")
    if dist.pool == "mean":
        scribe.note("$M_i$ is the number of candidates of row $i$.")


@formula_of(Gaussian)
def gaussian(dist: Gaussian, scribe: Scribe, symbol: str) -> None:
    if dist.pool != "logsumexp":
        limit(dist, scribe, symbol, squared(dist, scribe))
        return
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto {decay(dist, scribe, dist.sigma, SIGMA)}")


@formula_of(MarginGaussian)
def margin(dist: MarginGaussian, scribe: Scribe, symbol: str) -> None:
    same = "j^\\star = i^\\star" if dist.key == "id" else "y_j = y_i"
    off = same.replace("=", r"\neq")
    distance = rf"{squared(dist, scribe)} - {number(dist.margin)} \cdot \mathbf{{1}}[{off}]"
    if dist.key == "id":
        scribe.note(STAR)
    else:
        scribe.note("$y_i$ is the class of $i$.")
    if dist.negatives == "semi-hard":
        scribe.note("Negatives that are no farther than the farthest positive of the row are no candidates.")
    if dist.pool != "logsumexp":
        limit(dist, scribe, symbol, distance)
        return
    w = width(scribe, dist.sigma, r"\sigma")
    bottom = 2 * w**2 if isinstance(w, float) else rf"2 {w}^2"
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto \exp\left( -{over('d_{ij}', bottom)} \right)")
    scribe.say(f"d_{{ij}} = {distance}")


@formula_of(StudentT)
def student(dist: StudentT, scribe: Scribe, symbol: str) -> None:
    left = mass(symbol, dist.normalize)
    if math.isinf(dist.df):
        scribe.say(rf"{left} \propto {decay(dist, scribe, dist.width, GAMMA)}")
        return
    w = width(scribe, dist.width, r"\gamma")
    if isinstance(w, float):
        inside = over(squared(dist, scribe), dist.df * w**2)
        inside = inside if dist.metric == "euclidean" or "frac" in inside else f"({inside})"
    else:
        inside = over(squared(dist, scribe), times(dist.df, f"{w}^2"))
    power = number((dist.df + 1) / 2)
    scribe.say(rf"{left} \propto \left( 1 + {inside} \right)^{{-{power}}}")


@formula_of(Harmonic)
def harmonic(dist: Harmonic, scribe: Scribe, symbol: str) -> None:
    left, power = mass(symbol, dist.normalize), number(dist.n)
    if dist.metric == "euclidean":
        norm, power = rf"\Vert {scribe.i} - {scribe.j} \Vert", number(2 * dist.n)
        scribe.say(rf"{left} \propto {norm}^{{-{power}}}")
    else:
        scribe.say(rf"{left} \propto \left( {squared(dist, scribe)} \right)^{{-{power}}}")


@formula_of(DCL)
def dcl(dist: DCL, scribe: Scribe, symbol: str) -> None:
    scribe.improper = True
    assert isinstance(dist.sigma, float)  # a fixed temperature, by its constructor
    cosine = rf"\cos({scribe.i}, {scribe.j})"
    tau, share, rest = number(dist.sigma**2), number(dist.tau_plus), number(1 - dist.tau_plus)
    scribe.say(rf"{mass(symbol, 'row')} = \frac{{e^{{s_{{ij}}}}}}{{e^{{s_{{i+}}}} + G_i}}")
    scribe.say(
        rf"G_i = \max\left( \frac{{\sum_- e^{{s_{{i-}}}} - {share}\, N e^{{s_{{i+}}}}}}{{{rest}}},"
        rf"\; N e^{{-1/{tau}}} \right)"
    )
    scribe.say(rf"s_{{ij}} = {over(cosine, dist.sigma**2)}")
    scribe.note("$+$ is the other view of $i$, $-$ the $N$ others; the rows of this $q$ do not sum to one.")


@formula_of(VarianceCovariance)
def variance_covariance(dist: VarianceCovariance, scribe: Scribe, symbol: str) -> None:
    scribe.improper = True
    near, wide, shared = (number(value) for value in (dist.invariance, dist.variance, dist.covariance))
    scribe.say(
        rf"-\log {mass(symbol, 'row')} = \frac{{{near}}}{{d}} \Vert {scribe.i} - {scribe.j} \Vert^2 + R"
    )
    scribe.say(
        rf"R = \sum_v \left[ \frac{{{wide}}}{{d}} \sum_k \max\left(0, {number(dist.gamma)} - "
        rf"\sqrt{{C^v_{{kk}} + {number(dist.eps)}}}\right)"
        rf" + \frac{{{shared}}}{{d}} \sum_{{k \ne l}} (C^v_{{kl}})^2 \right]"
    )
    scribe.note(
        "$C^v$ is the covariance of the embeddings of view $v$; the rows of this $q$ do not sum to one."
    )


# ------------------------------------------------------------------------------------------ pairs and graphs


@formula_of(KNN)
def knn(dist: KNN, scribe: Scribe, symbol: str) -> None:
    inside = rf"\mathbf{{1}}[j \in N_{{{dist.k}}}(i)]"
    scribe.say(f"{mass(symbol, dist.normalize)} {share_of(dist, dist.k, inside)}")
    many = f"the {dist.k} nearest neighbours" if dist.k > 1 else "the nearest neighbour"
    scribe.note(f"$N_{{{dist.k}}}(i)$ holds {many} of ${scribe.i}${by(dist)}.")


@formula_of(LabelKNN)
def label_knn(dist: LabelKNN, scribe: Scribe, symbol: str) -> None:
    inside = rf"\mathbf{{1}}[j \in N^y_{{{dist.k}}}(i)]"
    scribe.say(f"{mass(symbol, dist.normalize)} {share_of(dist, dist.k, inside)}")
    scribe.note(
        f"$N^y_{{{dist.k}}}(i)$ holds the {dist.k} nearest of ${scribe.i}${by(dist)} in its own class."
    )


def share_of(dist: Distribution, count: int, inside: str) -> str:
    """``count`` equal parts of a row, or of all pairs."""
    if dist.normalize == "joint":
        return rf"\propto {inside}"
    return f"= {inside}" if count == 1 else rf"= \frac{{1}}{{{count}}} {inside}"


def by(dist: Any) -> str:
    """By which distance, where it is not the usual one."""
    named = {"euclidean": "", "cos": " by cosine", "dot": " by inner product"}
    named |= {
        "manhattan": " by city block distance",
        "chebyshev": " by largest difference",
        "correlation": " by correlation",
    }
    return named[dist.metric] if isinstance(dist.metric, str) else f" by `{dist.metric.__qualname__}`"


@formula_of(Graph)
def graph(dist: Graph, scribe: Scribe, symbol: str) -> None:
    total = r"\sum_k w_{ik}" if dist.normalize == "row" else r"\sum_{k,l} w_{kl}"
    scribe.say(rf"{mass(symbol, dist.normalize)} = \frac{{w_{{ij}}}}{{{total}}}")
    scribe.note("$w_{ij}$ are the weights of the graph.")


@formula_of(DegreeSoftmax)
def degrees(dist: DegreeSoftmax, scribe: Scribe, symbol: str) -> None:
    bottom = times(dist.temperature, "d_j")
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto \exp\left( {over('w_{ij}', bottom)} \right)")
    scribe.say(r"d_j = \sum_k w_{jk}")
    scribe.note("$w_{ij}$ are the weights of the graph.")


@formula_of(Identity)
def identity(dist: Identity, scribe: Scribe, symbol: str) -> None:
    scribe.say(rf"{mass(symbol, dist.normalize)} {share_of(dist, 1, f'{ONE}[j = i]')}")


@formula_of(Augmentation, CrossModal)
def views(dist: Augmentation | CrossModal, scribe: Scribe, symbol: str) -> None:
    inside = r"\mathbf{1}[j^\star = i^\star,\; j \neq i]"
    scribe.say(f"{mass(symbol, dist.normalize)} {share_of(dist, dist.num_views - 1, inside)}")
    scribe.note(STAR)


@formula_of(Label)
def label(dist: Label, scribe: Scribe, symbol: str) -> None:
    same = r"\mathbf{1}[y_j = y_i]"
    total = (
        r"\sum_k \mathbf{1}[y_k = y_i]" if dist.normalize == "row" else r"\sum_{k,l} \mathbf{1}[y_k = y_l]"
    )
    scribe.say(rf"{mass(symbol, dist.normalize)} = \frac{{{same}}}{{{total}}}")
    scribe.note("$y_i$ is the class of $i$.")


@formula_of(DataLabel)
def data_label(dist: DataLabel, scribe: Scribe, symbol: str) -> None:
    scribe.say(rf"{mass(symbol, dist.normalize)} {share_of(dist, 1, f'{ONE}[j = y_i]')}")
    scribe.note("$y_i$ is the class of $i$; the columns $j$ are the classes.")


@formula_of(Context)
def context(dist: Context, scribe: Scribe, symbol: str) -> None:
    total = r"\sum_k n_{ik}" if dist.normalize == "row" else r"\sum_{k,l} n_{kl}"
    scribe.say(rf"{mass(symbol, dist.normalize)} = \frac{{n_{{ij}}}}{{{total}}}")
    scribe.note("$n_{ij}$ counts token $j$ in context $i$; the columns are the tokens.")
