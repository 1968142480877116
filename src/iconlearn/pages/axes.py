"""The axes of the periodic table: names and formulas of its columns and rows."""

from __future__ import annotations

TARGETS = {
    "Gaussian": r"$\propto\exp(-d_{ij}^{\,2}/2\sigma_i^2)$",
    "Student-t": r"$\propto(1+d_{ij}^{\,2}/\nu)^{-(\nu+1)/2}$",
    "Identity": r"$1\;\;\mathrm{if}\;j=i$",
    "Graph weights": r"$w_{ij}\,/\,\Sigma_k w_{ik}$",
    "Uniform kNN": r"$1/k\;\;\mathrm{if}\;j\in k\mathrm{NN}(i)$",
    "Positive pairs": r"$1/k\;\;\mathrm{if}\;j\;\mathrm{shows}\;i$",
    "Cross-modal pairs": r"$1\;\;\mathrm{if}\;j\;\mathrm{describes}\;i$",
    "Uniform over classes": r"$1/(K_i-1)\;\;\mathrm{if}\;y_j=y_i$",
    "Data-label pairs": r"$1\;\;\mathrm{if}\;j=y_i$",
}
"""Formulas of the columns in LaTeX that mathtext understands; a method's own may differ in detail."""
KERNELS = {
    "Gaussian": r"$\propto\exp(-d_{ij}^{\,2}/2\sigma^2)$",
    "Gaussian, sigma -> inf": "$2\\sigma^2\\log(nq)\\;\\to$\n$\\mathrm{mean}_k\\,d_{ik}^{\\,2}-d_{ij}^{\\,2}$",
    "Gaussian, sigma -> 0": "$2\\sigma^2\\log q\\;\\to$\n$\\mathrm{min}_k\\,d_{ik}^{\\,2}-d_{ij}^{\\,2}$",
    "Student-t": r"$\propto(1+d_{ij}^{\,2}/\nu)^{-(\nu+1)/2}$",
    "Uniform on clusters": r"$\Sigma_c\,\phi_{ic}\,\phi_{jc}\,/\,\Sigma_k\phi_{kc}$",
}
"""Formulas of the rows."""


def greek(name: str) -> str:
    """The name of a row or column as it is printed.

    Examples
    --------
    >>> greek("Gaussian, sigma -> inf")
    'Gaussian, σ → ∞'
    """
    return name.replace("sigma", "\N{GREEK SMALL LETTER SIGMA}").replace("-> inf", "→ ∞").replace("->", "→")
