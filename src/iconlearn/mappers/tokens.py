"""A mapper of token windows: what language rows of the table are trained with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import draw, layer, seeded
from iconlearn.mappers._rows import RowLinear
from iconlearn.mappers.networks import Network
from iconlearn.points import Points


class TokenEncoder(Network):
    """Embeds a window of tokens: one vector a token, concatenated, then a hidden layer.

    Parameters
    ----------
    vocabulary : int
        Ids run from 0 to vocabulary - 1.
    context : int
        Tokens of a window.
    out_features : int
    token_dim, hidden : int, default 32 and 256
    seed : int, default 0

    References
    ----------
    Bengio et al., A Neural Probabilistic Language Model, JMLR 2003.

    Examples
    --------
    >>> from iconlearn import TokenEncoder
    >>> TokenEncoder(30, context=6, out_features=64)
    TokenEncoder(vocabulary=30, context=6, out_features=64)
    """

    def __init__(
        self,
        vocabulary: int,
        context: int,
        out_features: int,
        token_dim: int = 32,
        hidden: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.vocabulary = check_number("TokenEncoder", "vocabulary", vocabulary, low=1, integer=True)
        self.context = check_number("TokenEncoder", "context", context, low=1, integer=True)
        self.out_features = check_number("TokenEncoder", "out_features", out_features, low=1, integer=True)
        self.token_dim = check_number("TokenEncoder", "token_dim", token_dim, low=1, integer=True)
        self.hidden = check_number("TokenEncoder", "hidden", hidden, low=1, integer=True)
        self.seed = seed
        generator = seeded(seed)
        self.tokens = nn.Parameter(self.fresh_tokens(generator))
        self.net = nn.Sequential(
            layer(RowLinear, self.context * self.token_dim, self.hidden, generator=generator),
            nn.ReLU(),
            layer(RowLinear, self.hidden, self.out_features, generator=generator),
        )

    def fresh_tokens(self, generator: torch.Generator) -> Tensor:
        """One normal vector a token."""
        return torch.randn(self.vocabulary, self.token_dim, generator=generator)

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Fresh weights."""
        self.tokens.copy_(self.fresh_tokens(generator))
        for part in self.net.modules():
            if isinstance(part, nn.Linear):
                draw(part, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings of windows, (n, context) int64 to (n, out_features)."""
        x = x.flatten(1).long()
        if x.shape[1] != self.context or (len(x) and not 0 <= int(x.min()) <= int(x.max()) < self.vocabulary):
            raise InputError(
                f"{self!r} reads windows of {self.context} ids from 0 to {self.vocabulary - 1}, but the batch has "
                f"shape {tuple(x.shape)} and ids {int(x.min())} to {int(x.max())}"
            )
        return self.net(self.tokens[x].flatten(1))
