"""Losses with labels: embeddings z (n, d), class prototypes or token embeddings w (m, d), labels (n,) integers."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.published import kernels, targets

# ---------------------------------------------------------------- pairs of the same class


def supcon(z: Tensor, labels: Tensor, temperature: float | Tensor) -> Tensor:
    """L_out of Khosla et al. (2020) as the mean over the anchors that have a positive; the paper sums.

    -1/(K_i - 1) sum_{j: same class, j != i} log[exp(cos_ij/t) / sum_{k != i} exp(cos_ik/t)]. The KL divergence is
    this minus `supcon_entropy(labels)`.
    """
    u = kernels.unit(z)
    logits = (u @ u.T / temperature).masked_fill(~kernels.other_rows(len(z)), -torch.inf)
    log_q = logits.log_softmax(1)
    losses = []
    for i in range(len(z)):
        positives = [j for j in range(len(z)) if j != i and labels[j] == labels[i]]
        if positives:
            losses.append(-log_q[i, positives].mean())
    return torch.stack(losses).mean()


def supcon_entropy(labels: Tensor, dtype: torch.dtype = torch.float64) -> Tensor:
    """mean_i log(K_i - 1) over the anchors that have a positive, K_i the size of i's class."""
    size = (labels[:, None] == labels[None, :]).sum(1)
    return (size[size > 1] - 1).to(dtype).log().mean()


def t_supcon(z: Tensor, labels: Tensor, df: float = 1.0, width: float = 1.0) -> Tensor:
    """SupCon with the Student-t kernel (1 + D/(df width^2))^(-(df + 1)/2) (an open cell of I-Con's table)."""
    q = kernels.student(z, df=df, width=width)
    return kernels.cross_entropy(targets.same_class_rows(labels, z.dtype), q)


# ---------------------------------------------------------------- a linear classifier


def _log_softmax(logits: Tensor) -> Tensor:
    return logits - logits.logsumexp(1, keepdim=True)


def _logits(z: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
    return z @ w.T if bias is None else z @ w.T + bias


def cross_entropy_linear(z: Tensor, w: Tensor, labels: Tensor, bias: Tensor | None = None) -> Tensor:
    """Mean of -log softmax_c(z_i . w_c + b_c) at the class of i (Good, 1963)."""
    return -_log_softmax(_logits(z, w, bias))[torch.arange(len(z)), labels].mean()


def label_smoothing(z: Tensor, w: Tensor, labels: Tensor, alpha: float, bias: Tensor | None = None) -> Tensor:
    """Cross entropy with (1 - alpha) onehot + alpha/m as the target (Szegedy et al., 2016)."""
    log_q = _log_softmax(_logits(z, w, bias))
    own = log_q[torch.arange(len(z)), labels]
    return -((1 - alpha) * own + alpha * log_q.mean(1)).mean()


# ---------------------------------------------------------------- distances to prototypes


def harmonic_loss(z: Tensor, w: Tensor, labels: Tensor, exponent: float) -> Tensor:
    """Mean of -log[d_y^(-exponent) / sum_c d_c^(-exponent)], d the *unsquared* distance (Baek et al., 2025)."""
    d = kernels.squared_distances(z, w).sqrt()
    weights = d**-exponent
    q = weights / weights.sum(1, keepdim=True)
    return -q[torch.arange(len(z)), labels].log().mean()


def error_rate(z: Tensor, w: Tensor, labels: Tensor) -> Tensor:
    """Share of rows whose nearest prototype is not their own; it has no gradient."""
    return (kernels.squared_distances(z, w).argmin(1) != labels).to(z.dtype).mean()


def margin_to_nearest_prototype(z: Tensor, w: Tensor, labels: Tensor) -> Tensor:
    """mean_i [D_iy - min_c D_ic], squared distances: the multiclass perceptron loss with -D as the scores."""
    d = kernels.squared_distances(z, w)
    return (d[torch.arange(len(z)), labels] - d.amin(1)).mean()


# ---------------------------------------------------------------- language models


def token_counts(contexts: Tensor, tokens: Tensor, n_contexts: int, vocabulary: int) -> Tensor:
    """How often each token fills each context, (n_contexts, vocabulary) in float64."""
    counts = torch.zeros(n_contexts, vocabulary, dtype=torch.float64)
    for context, token in zip(contexts.tolist(), tokens.tolist(), strict=True):
        counts[context, token] += 1
    return counts


def mlm(z: Tensor, w: Tensor, tokens: Tensor) -> Tensor:
    """Mean over masked positions of -log softmax_v(z_i . w_v) at the hidden token (BERT, Devlin et al., 2019)."""
    return cross_entropy_linear(z, w, tokens)


def mlm_counts(z: Tensor, w: Tensor, counts: Tensor) -> Tensor:
    """`mlm` with z one row per *context*: -sum_iv counts_iv log softmax_v(z_i . w_v) / sum of counts.

    A context weighs by how often it occurs; the mean over contexts, each once, is I-Con's theorem 11.
    """
    return -(counts * _log_softmax(z @ w.T)).sum() / counts.sum()


def next_token(z: Tensor, w: Tensor, tokens: Tensor) -> Tensor:
    """Mean over t of -log softmax_v(z_t . w_v) at the token that follows t; z (T, d) states, tokens (T,)."""
    return cross_entropy_linear(z[:-1], w, tokens[1:])
