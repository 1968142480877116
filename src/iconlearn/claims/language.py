"""Claims of the language models: cross entropy over the vocabulary, one token a position."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, Case, Claim, Reference
from iconlearn.claims import dense
from iconlearn.published import kernels, supervised, targets


def hidden(case: Case) -> Tensor:
    """The token of every position, (n,)."""
    assert case.tokens is not None
    return case.tokens.flatten()


def one_hot(case: Case) -> Tensor:
    """The empirical counts, one token a position."""
    return targets.class_rows(hidden(case), len(dense.columns_of(case)), case.z.dtype)


def vocabulary_q(case: Case) -> Tensor:
    """Softmax over the vocabulary."""
    return kernels.dot(case.z, dense.columns_of(case))


SIDES = dense.Dense(one_hot, vocabulary_q, dense.all_columns)


def masked(case: Case) -> Tensor:
    """BERT's loss at the masked positions."""
    return supervised.mlm(case.z, dense.columns_of(case), hidden(case))


def following(case: Case) -> Tensor:
    """The formula pairs state t with token t + 1; here state i is already paired with its own."""
    states = torch.cat([case.z, case.z[-1:]])
    tokens = torch.cat([hidden(case)[:1], hidden(case)])
    return supervised.next_token(states, dense.columns_of(case), tokens)


def torch_loss(case: Case) -> Tensor:
    """torch's cross entropy with label smoothing."""
    logits = case.z @ dense.columns_of(case).T
    return F.cross_entropy(logits, hidden(case), label_smoothing=dense.alpha_of(case))


TORCH = Reference("torch cross_entropy with label_smoothing", torch_loss, SIDES.add_entropy)
TAIL = "; with alpha, L + H(p~) = the same with label smoothing alpha"
MASKED_LM = Claim(
    EXACT,
    f"L = mean over masked positions of -log softmax_v(z . e_v) at the hidden token{TAIL}",
    (
        Reference(
            "masked language modelling (formula, Devlin et al. 2019)",
            SIDES.debiased(masked),
            SIDES.add_entropy,
        ),
        TORCH,
    ),
)
NEXT_TOKEN = Claim(
    EXACT,
    f"L = mean over positions of -log softmax_v(z . e_v) at the token that follows{TAIL}",
    (
        Reference(
            "next-token prediction (formula, Bengio et al. 2003)",
            SIDES.debiased(following),
            SIDES.add_entropy,
        ),
        TORCH,
    ),
)
