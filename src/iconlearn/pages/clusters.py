"""Formulas of the kernels of soft assignments."""

from __future__ import annotations

from iconlearn.distributions import ClusterAgreement, UniformCluster
from iconlearn.pages.kernels import formula_of
from iconlearn.pages.scribe import Scribe, mass, number


def assignments(dist: UniformCluster | ClusterAgreement, scribe: Scribe) -> str:
    """Say what phi and psi are, and give the letter of the columns' side."""
    column = r"\psi" if scribe.column != scribe.row else r"\phi"
    make = r"\mathrm{softmax}(%s)" if dist.inputs == "logits" else "%s"
    scribe.say(rf"\phi_i = {make % scribe.i}")
    if column != r"\phi":
        scribe.say(rf"\psi_j = {make % scribe.j}")
    return column


def shares(dist: UniformCluster | ClusterAgreement, scribe: Scribe, column: str) -> None:
    """Say what the share of a cluster is."""
    if dist.running is None:
        scribe.say(rf"\pi_c = \frac{{1}}{{n}} \sum_k {column}_{{kc}}")
    else:
        scribe.note(rf"$\pi_c$ is the running mean of ${column}_{{kc}}$ over batches, momentum {dist.sizes}.")


@formula_of(ClusterAgreement)
def agreement(dist: ClusterAgreement, scribe: Scribe, symbol: str) -> None:
    scribe.improper = True
    column = r"\psi" if scribe.column != scribe.row else r"\phi"
    both = rf"\phi_{{ic}}\, {column}_{{jc}}"
    if dist.beta != 1:
        both = rf"( {both} )^{{{number(dist.beta)}}}"
    even = isinstance(dist.prior, float) and dist.prior == 0
    ratio = r"\frac{1}{\pi_c}" if even else r"\frac{r_c}{\pi_c}"
    power = "" if dist.balance == 1 else rf"^{{{number(dist.balance)}}}"
    size = "" if dist.balance == 0 else ratio if not power else rf"\left( {ratio} \right){power}"
    inside = rf"\sum_c {both}\, {size}"
    left = mass(symbol, "row")
    if dist.weighted:
        inside = rf"\left( {inside} \right)^{{w_{{ij}}}}"
    if dist.entropy:
        inside = (
            rf"{inside}\, e^{{{number(dist.entropy)} H(\pi)}}"
            if even
            else rf"{inside}\, e^{{-{number(dist.entropy)} G}}"
        )
    scribe.say(rf"{left} = {inside}")
    if dist.weighted:
        scribe.say(rf"w_{{ij}} = \sum_c {column}_{{ic}}\, {column}_{{jc}}")
        scribe.note("No gradient passes through $w_{ij}$.")
    if dist.entropy and not even:
        scribe.say(r"G = \sum_c \pi_c \log(\pi_c / r_c)")
    if dist.balance or dist.entropy:
        shares(dist, scribe, column)
    if not even and (dist.balance or dist.entropy):
        scribe.note(
            "$r_c$ is the share of the cluster under the prior, by the rank of its size, times their number."
        )
    assignments(dist, scribe)
    scribe.note("Rows do not sum to one.")


@formula_of(UniformCluster)
def clusters(dist: UniformCluster, scribe: Scribe, symbol: str) -> None:
    column = r"\psi" if scribe.column != scribe.row else r"\phi"
    if dist.running is not None:
        scribe.improper = True
        scribe.say(
            rf"{mass(symbol, 'row')} = \frac{{1}}{{n}} \sum_c \frac{{\phi_{{ic}}\, {column}_{{jc}}}}{{\pi_c}}"
        )
        shares(dist, scribe, column)
        assignments(dist, scribe)
        return
    top, bottom = rf"\phi_{{ic}}\, {column}_{{jc}}", rf"{column}_{{kc}}"
    if dist.weight is not None:
        letter = dist.weight[0]
        top, bottom = rf"{top}\, {letter}_j", rf"{bottom}\, {letter}_k"
        scribe.note(f"${letter}_j$ is the {dist.weight} of $j$.")
    equal = "=" if dist.pairs == "all" and dist.normalize == "row" else r"\propto"
    scribe.say(rf"{mass(symbol, dist.normalize)} {equal} \sum_c \frac{{{top}}}{{\sum_k {bottom}}}")
    assignments(dist, scribe)
