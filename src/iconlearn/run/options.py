"""What may be chosen for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from iconlearn.estimators.options import options_of
from iconlearn.methods import Method, Variation
from iconlearn.methods.variation import own_equation
from iconlearn.recording import Audience
from iconlearn.train.events import Callback

APART = ("parameters", "callbacks", "audience", "overwrite")  # what tells nothing of a result by itself


@dataclass(frozen=True)
class RunOptions:
    """What may be chosen for a run; None leaves a training option at the method's own value.

    Parameters
    ----------
    parameters : mapping
        Hyper-parameters of the method.
    seed : int, default 0
        Of everything random, the split into halves included.
    max_iter, epochs, batch_size, restarts : int, optional
    baseline, lr : float, optional
    backbone, augment : str, optional
        Network and views of an encoder.
    projector : tuple of int, optional
        Widths of hidden layers between the features of a backbone and the embedding.
    accumulate : int, optional
    optimizer, precision, device : str, optional
    weight_decay, max_grad_norm : float, optional
        How an encoder is trained; see :meth:`iconlearn.ICon.fit`.
    callbacks : tuple of callable
        Called with every event of the fit, such as monitors and logs.
    overwrite : bool, default False
        Whether results of an earlier run may be replaced.
    all_rows : bool, default False
        Fit an encoder to all rows: nothing is held out, and other data judges it.
    divergence : str, optional
    debias_target, debias_learned : float, optional
        Another divergence, and uniform mass of p and of q, in place of what the method has; see
        :class:`iconlearn.methods.variation.Variation`.
    audience : Audience, optional
        Who gets the packets of the recording as they are made, and frames in between.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    max_iter: int | None = None
    restarts: int | None = None
    overwrite: bool = False
    epochs: int | None = None
    batch_size: int | None = None
    baseline: float | None = None
    lr: float | None = None
    backbone: str | None = None
    augment: str | None = None
    callbacks: tuple[Callback, ...] = ()
    accumulate: int | None = None
    precision: str | None = None
    device: str | None = None
    optimizer: str | None = None
    weight_decay: float | None = None
    max_grad_norm: float | None = None
    projector: tuple[int, ...] | None = None
    all_rows: bool = False
    divergence: str | None = None
    debias_target: float | None = None
    debias_learned: float | None = None
    audience: Audience | None = None

    @property
    def variation(self) -> Variation:
        """What is chosen in place of the method's own equation."""
        return Variation(self.divergence, self.debias_target, self.debias_learned)

    def differing(self, row: Method) -> dict[str, Any]:
        """What is chosen otherwise than a method has it by itself: what tells two of its runs apart.

        Examples
        --------
        >>> from iconlearn.methods import METHODS
        >>> RunOptions({"perplexity": 10.0, "n_components": 2}, max_iter=50).differing(METHODS["t-sne"])
        {'perplexity': 10.0, 'max_iter': 50}
        """
        taken = {name: option.default for name, option in options_of(row).items()}
        own = {**taken, **row.parameters, **row.fit, **own_equation(row)}
        options = {f.name: (getattr(self, f.name), f.default) for f in fields(self) if f.name not in APART}
        chosen = {name: value for name, (value, default) in options.items() if value != default}
        return {
            name: value
            for name, value in {**self.parameters, **chosen}.items()
            if name not in own or value != own[name]
        }
