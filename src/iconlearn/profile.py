"""Profiles: radial kernels as functions of the squared distance, which is all that compiled engines need of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

GAUSSIAN, STUDENT_T = 0, 1


@dataclass(frozen=True)
class Profile:
    r"""The log of a kernel as a function of the squared distance u.

    .. math:: s(u) = -a u \quad\text{(Gaussian)}, \qquad s(u) = -b \log(1 + a u) \quad\text{(Student-t)}

    Parameters
    ----------
    kind : int
        ``GAUSSIAN`` or ``STUDENT_T``.
    rate : float
        a.
    power : float, default 1
        b, of a Student-t.

    Examples
    --------
    >>> import torch
    >>> Profile(STUDENT_T, rate=1.0).score(torch.tensor([0.0, 1.0])).exp().tolist()
    [1.0, 0.5]
    """

    kind: int
    rate: float
    power: float = 1.0

    @property
    def unit(self) -> float:
        """The length on which the kernel varies."""
        return (self.rate * max(1.0, self.power)) ** -0.5

    def score(self, squared: Tensor) -> Tensor:
        """s(u), of any shape."""
        if self.kind == GAUSSIAN:
            return -self.rate * squared
        return -self.power * torch.log1p(self.rate * squared)
