"""A network that is trained in stages: wide at first, then its last layer, then all of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._describe import Described
from iconlearn._errors import OptionError
from iconlearn.mappers.columns import before_projector


class Staged(Described, nn.Module):
    """An encoder and a head after it, which are trained in three stages.

    At first the loss sees the encoder's own embedding, in as many dimensions as that has; then the head's, while the
    encoder stays as it is; at last both learn. So a map into the plane starts from a network that has learnt already
    what is alike. Out of training, and in loops of your own, the embedding is always the head's. The columns have to
    be the embedded rows, for their dimension changes. A warm start is at the last stage.

    The paper replaces the last layer of the encoder by the head; here the head comes after it. With linear ones the
    functions that can be learnt are the same.

    Parameters
    ----------
    encoder, head : nn.Module
        The head embeds what the encoder returns.
    until : sequence of float, default (0.3, 0.315)
        After which shares of the steps the first and the second stage end. The paper has 1000, 50 and 450 epochs,
        (2/3, 0.7); of fewer, the plane needs the larger part.

    Raises
    ------
    OptionError
        If a part is no module, or ``until`` is not two ascending shares.

    References
    ----------
    Böhm, Berens & Kobak, Unsupervised visualization of image datasets using contrastive learning, ICLR 2023.

    Examples
    --------
    >>> from iconlearn import MLP, Linear, Staged
    >>> Staged(MLP(8, 128), Linear(128, 2))
    Staged(encoder=MLP(in_features=8, out_features=128), head=Linear(in_features=128, out_features=2))
    """

    def __init__(self, encoder: nn.Module, head: nn.Module, until: Sequence[float] = (0.3, 0.315)) -> None:
        super().__init__()
        for name, module in (("encoder", encoder), ("head", head)):
            if not isinstance(module, nn.Module):
                raise OptionError(f"Staged: {name}={module!r} must be an nn.Module")
        self.encoder, self.head = encoder, head
        shares = tuple(check_number("Staged", "until", share, low=0, high=1) for share in until)
        if len(shares) != 2 or any(a > b for a, b in pairwise(shares)):
            raise OptionError(
                f"Staged: until={until!r} must be two shares of the steps, the smaller one first"
            )
        self.until = shares
        self.stage = len(shares)

    def at(self, done: float) -> None:
        """Be in the stage that belongs to this share of the steps."""
        self.stage = sum(done >= share for share in self.until)

    def forward(self, x: Tensor) -> Tensor:
        """The embedding of the stage, (n, dim)."""
        if self.training and self.stage == 0:
            return self.encoder(x)
        frozen = self.training and self.stage == 1
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            wide = self.encoder(x)
        return self.head(wide)

    def features(self, x: Tensor) -> Tensor:
        """What probes are trained on: those of the encoder."""
        return before_projector(self.encoder)(x)
