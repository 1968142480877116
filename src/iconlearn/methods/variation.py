"""Other choices in the equation of any method: its divergence, and uniform mass in p and in q."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

from iconlearn._checks import check_number
from iconlearn._errors import OptionError
from iconlearn.distributions import Distribution, Kernel
from iconlearn.distributions.wrappers import Debiased
from iconlearn.divergences import as_divergence
from iconlearn.methods.row import Method
from iconlearn.recipes import Recipe
from iconlearn.train.suggestions import UNBOUNDED


@dataclass(frozen=True)
class Variation:
    r"""What is chosen in place of a method's own divergence and uniform mass.

    .. math:: L = \sum_i w_i D(\tilde p(\cdot|i) \| \tilde q(\cdot|i)),\qquad
              \tilde p(j|i) = (1 - \alpha)\, p(j|i) + \alpha / N_i

    and the same for q, each with an :math:`\alpha` of its own, which stands in place of one that the method has.

    Parameters
    ----------
    divergence : str, optional
        D: "kl", "reverse_kl", "jeffreys", "js", "tv", "hellinger", "chi2", "alpha(a)" or a "reverse_" form.
    debias_target, debias_learned : float in [0, 1], optional
        Uniform mass of p and of q. None leaves each as the method has it.

    Raises
    ------
    OptionError
        If the divergence is unknown, or a share outside of [0, 1].

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, section 3 (debiasing).

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> row = Variation("tv", debias_target=0.1).of(METHODS["sne-uniform"])
    >>> row.recipe().divergence, row.recipe().target_dist
    ('tv', KNN().debias(0.1))
    """

    divergence: str | None = None
    debias_target: float | None = None
    debias_learned: float | None = None

    def __post_init__(self) -> None:
        if self.divergence is not None:
            as_divergence(self.divergence)
        for name in ("debias_target", "debias_learned"):
            if getattr(self, name) is not None:
                hint = "the share of uniform mass"
                check_number("variation", name, getattr(self, name), low=0, high=1, hint=hint)

    @property
    def chosen(self) -> dict[str, Any]:
        """What differs from the method's own, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def of(self, row: Method, parameters: Mapping[str, Any] | None = None) -> Method:
        """The method with this equation; the row itself, if nothing is chosen.

        Parameters
        ----------
        row : Method
        parameters : mapping, optional
            Hyper-parameters that are given beside.

        Returns
        -------
        Method
            Under the same name, without the claim of the row.

        Raises
        ------
        OptionError
            If a hyper-parameter that is given says the same as one of these.
        """
        if not self.chosen:
            return row
        self._refuse_twice(row, parameters or {})

        @wraps(row.build)
        def build(**given: Any) -> Recipe:
            if self.divergence is not None and "divergence" in row.parameters:
                given = {**given, "divergence": self.divergence}  # the method may suit more than that to it
            return self.recipe(row.build(**given))

        varied = replace(row, build=build, claim=None)
        return replace(varied, fit=suited(varied))

    def _refuse_twice(self, row: Method, parameters: Mapping[str, Any]) -> None:
        """Refuse two ways of saying the same."""
        same = {"divergence": ("divergence",), "debias_target": ("alpha", "debias")}
        same["debias_learned"] = same["debias_target"] if "debias" in row.parameters else ()
        for name, value in self.chosen.items():
            for other in same[name]:
                if other in parameters:
                    raise OptionError(
                        f"{row.name}: {name}={value!r} and the hyper-parameter {other}={parameters[other]!r} both say "
                        "what the equation is; give one of them"
                    )

    def recipe(self, own: Recipe) -> Recipe:
        """The recipe with this equation."""
        target, learned = self.debias_target, self.debias_learned
        changed: dict[str, Any] = {}
        if self.divergence is not None:
            changed["divergence"] = self.divergence
        if target is not None:
            changed["target"] = lambda shape: debiased(own.target_for(shape), target)
        if learned is not None:
            changed["learned_dist"] = debiased(own.learned_dist, learned)
        return replace(own, **changed)


def debiased(dist: Distribution, alpha: float) -> Distribution:
    """The distribution with ``alpha`` uniform mass in place of what it has of its own.

    Examples
    --------
    >>> from iconlearn import KNN
    >>> debiased(KNN().debias(0.4), 0.1), debiased(KNN().debias(0.4), 0)
    (KNN().debias(0.1), KNN())
    """
    plain = dist.base if isinstance(dist, Debiased) else dist
    return plain.debias(alpha) if alpha > 0 else plain


def suited(row: Method) -> dict[str, Any]:
    """The training options of a row whose equation is another, without those that only its own could have."""
    recipe = row.recipe()
    measure = as_divergence(recipe.divergence)
    if recipe.is_map and recipe.mapper_j is None and measure.unbounded:
        return dict(UNBOUNDED)
    attracts = measure.splits and isinstance(recipe.learned_dist, Kernel)
    return {name: value for name, value in row.fit.items() if attracts or name != "exaggeration"}


def own_equation(row: Method) -> dict[str, Any]:
    """What a method has where a `Variation` chooses nothing, by its names.

    Examples
    --------
    >>> from iconlearn.methods import METHODS
    >>> own_equation(METHODS["t-sne"])
    {'divergence': 'kl', 'debias_target': 0.0, 'debias_learned': 0.0}
    """
    recipe = row.recipe()
    sides = {"debias_target": recipe.target_dist, "debias_learned": recipe.learned_dist}
    shares = {name: side.alpha if isinstance(side, Debiased) else 0.0 for name, side in sides.items()}
    return {"divergence": recipe.divergence, **shares}
