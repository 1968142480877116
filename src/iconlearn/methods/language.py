"""Language: contexts are matched with the tokens that were met in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn.claims import language as claims
from iconlearn.distributions import Context, Gaussian
from iconlearn.intake import TOKENS
from iconlearn.methods.options import LANGUAGE_MODEL
from iconlearn.methods.row import LANGUAGE, Method
from iconlearn.recipes import Recipe, context_encoder, vocabulary


def language_model(windows: Callable[..., Any], context: int, embedding_dim: int, alpha: float) -> Recipe:
    """Contexts cut by ``windows``, against one prototype a token."""
    check_number("method", "context", context, low=1, integer=True)
    return Recipe(
        Context().debias(alpha),
        Gaussian(1.0, metric="dot", pairs="all"),
        context_encoder(context, embedding_dim),
        mapper_j=vocabulary(embedding_dim),
        present=partial(windows, context=context),
    )


BLANK = 0  # stands in a window for what is not shown


def shown(tokens: np.ndarray) -> np.ndarray:
    """Tokens as windows hold them: one up, for 0 is the blank."""
    return tokens + 1


def preceding(tokens: np.ndarray, context: int) -> dict[str, Any]:
    """Every position with the ``context`` tokens before it."""
    padded = np.pad(shown(tokens), ((0, 0), (context, 0)), constant_values=BLANK)
    windows = np.lib.stride_tricks.sliding_window_view(padded[:, :-1], context, axis=1)
    return contexts(windows, tokens)


def surrounding(tokens: np.ndarray, context: int) -> dict[str, Any]:
    """Every position, masked, with the tokens round it, ``context`` in all."""
    before = context // 2
    padded = np.pad(shown(tokens), ((0, 0), (before, context - 1 - before)), constant_values=BLANK)
    windows = np.lib.stride_tricks.sliding_window_view(padded, context, axis=1).copy()
    windows[:, :, before] = BLANK
    return contexts(windows, tokens)


def contexts(windows: np.ndarray, tokens: np.ndarray) -> dict[str, Any]:
    """A batch of windows (n, length, context) and the token of each."""
    width = windows.shape[-1]
    return {
        "views": (np.ascontiguousarray(windows).reshape(-1, width),),
        "tokens": tokens.reshape(-1, 1),
    }


def masked_lm(context: int = 7, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    return language_model(surrounding, context, embedding_dim, alpha)


def next_token(context: int = 6, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    return language_model(preceding, context, embedding_dim, alpha)


row = partial(
    Method,
    family=LANGUAGE,
    target="Context-token counts",
    learned="Gaussian",
    status="off-grid",
    fit=LANGUAGE_MODEL,
    takes=TOKENS,
)

METHODS = (
    row(
        name="masked-lm",
        title="Masked language modelling",
        build=masked_lm,
        paper="Devlin et al. 2019",
        estimator="MaskedLM",
        rewards="The tokens round a gap tell what was in it.",
        degenerates="A context that is as wide as the sequences are long can learn them by heart.",
        claim=claims.MASKED_LM,
    ),
    row(
        name="next-token",
        title="Next-token prediction",
        build=next_token,
        paper="Bengio et al. 2003",
        estimator="NextToken",
        rewards="The tokens before a position tell what comes next.",
        degenerates="Contexts met once have a one-hot p, so a large network learns them by heart.",
        claim=claims.NEXT_TOKEN,
    ),
)
