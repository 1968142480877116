"""Losses of clusterings: phi (n, m), the probabilities that point i is in cluster c; rows sum to one."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.published import kernels

row_entropies = kernels.row_entropies

# ---------------------------------------------------------------- k-means


def kmeans_inertia(x: Tensor, phi: Tensor) -> Tensor:
    """sum_ic phi_ic |x_i - mu_c|^2, mu_c = sum_i phi_ic x_i / sum_i phi_ic (MacQueen, 1967)."""
    size = phi.sum(0)
    centres = phi.T @ x / torch.where(size > 0, size, 1.0)[:, None]
    return (phi * kernels.squared_distances(x, centres)).sum()


def contrastive_kmeans(x: Tensor, phi: Tensor) -> Tensor:
    """The same with the centres eliminated: sum_i |x_i|^2 - sum_ij q_ij x_i . x_j (I-Con, theorem 12)."""
    return x.square().sum() - (kernels.cluster(phi) * (x @ x.T)).sum()


def gaussian_log_partition(x: Tensor, sigma: float) -> Tensor:
    """sum_i log sum_k exp(-|x_i - x_k|^2 / (2 sigma^2)), k = i included.

    sum_i KL(q_i || p_i) = inertia/sigma^2 - sum_i H(q_i) + this, p Gaussian with self (I-Con, theorem 13).
    """
    return kernels.gaussian_scores(kernels.squared_distances(x, x), sigma).logsumexp(1).sum()


def t_kmeans_cost(x: Tensor, phi: Tensor, df: float = 1.0, width: float = 1.0) -> Tensor:
    """sum_ij q_ij (df + 1)/2 log(1 + D_ij/(df width^2)), the cost of k-means with a Student-t target."""
    return -(kernels.cluster(phi) * kernels.student_scores(kernels.squared_distances(x, x), df, width)).sum()


def student_log_partition(x: Tensor, df: float = 1.0, width: float = 1.0) -> Tensor:
    """sum_i log sum_k (1 + D_ik/(df width^2))^(-(df + 1)/2), k = i included."""
    return kernels.student_scores(kernels.squared_distances(x, x), df, width).logsumexp(1).sum()


# ---------------------------------------------------------------- graphs


def normalized_cut(w: Tensor, phi: Tensor) -> Tensor:
    """sum_c cut(c, rest)/vol(c), vol(c) the degrees inside c; w symmetric (Shi & Malik, 2000).

    Soft phi: cut = sum_ij phi_ic (1 - phi_jc) w_ij and vol = sum_i phi_ic d_i.
    """
    cut = (phi * (w @ (1 - phi))).sum(0)
    volume = w.sum(1) @ phi
    return (cut / volume).sum()


def spectral_embedding(w: Tensor, m: int) -> Tensor:
    """Unit rows of the top m eigenvectors of d^(-1/2) w d^(-1/2) (Ng, Jordan & Weiss, 2002); then k-means."""
    root = w.sum(1).rsqrt()
    _, vectors = torch.linalg.eigh(root[:, None] * w * root[None, :])
    return kernels.unit(vectors[:, -m:])


def dcd(a: Tensor, phi: Tensor) -> Tensor:
    """sum_ij [a_ij log(a_ij/q_ij) - a_ij + q_ij], q the data-cluster-data walk (Yang & Oja, 2012).

    Generalised KL, so the similarity `a` need not be normalised; if its rows sum to one it is sum_i KL(a_i || q_i).
    """
    q = kernels.cluster(phi)
    return kernels.joint_kl(a, q) - a.sum() + q.sum()


# ---------------------------------------------------------------- pairs


def pmi(p: Tensor, phi: Tensor, psi: Tensor | None = None) -> Tensor:
    """-log sum_c phi_ic psi_jc/pi_c averaged over pairs (i, j) drawn from p, pi the mean of psi.

    TEMI's loss (Adaloglou et al., 2023) without its exponent, teacher and weights.
    `psi` (default `phi`) belongs to the columns.
    """
    psi = phi if psi is None else psi
    pi = psi.mean(0)
    ratio = phi @ (psi / torch.where(pi > 0, pi, 1.0)).T
    return kernels.cross_entropy(p, ratio)


def temi(p: Tensor, student: Tensor, teacher: Tensor, beta: float = 0.6, pi: Tensor | None = None) -> Tensor:
    """-w_ij log sum_c (s_ic t_jc)^beta/pi_c averaged over pairs (i, j) drawn from p (Adaloglou et al., 2023).

    s and t are the assignments of student and teacher, w_ij = sum_c t_ic t_jc without gradient, and pi the sizes of
    the teacher's clusters: their running mean, or (default) that of t.
    """
    pi = teacher.mean(0) if pi is None else pi
    weight = (teacher @ teacher.T).detach()
    total = torch.stack([((one * teacher) ** beta / pi).sum(1) for one in student])
    return kernels.cross_entropy(p * weight, total)


def scan(p: Tensor, phi: Tensor, weight: float = 5.0) -> Tensor:
    """-log phi_i . phi_j averaged over pairs (i, j) drawn from p, less weight times the entropy of the mean phi.

    Van Gansbeke et al., 2020, with the weight 5 of their code.
    """
    return kernels.cross_entropy(p, phi @ phi.T) - weight * size_entropy(phi)


def contrastive_clustering(y_a: Tensor, y_b: Tensor, temperature: float = 1.0) -> Tensor:
    """The half of contrastive clustering that compares clusters (Li et al., 2021): NT-Xent of the columns of two views.

    y_a, y_b (n, m) are the assignments of both views. The 2 m columns are the points: cluster c of one view is the
    positive of cluster c of the other. Less the entropies of both views' sizes. The other half is SimCLR on another
    head of the same encoder.
    """
    columns = kernels.unit(torch.cat([y_a.T, y_b.T]))
    scores = columns @ columns.T / temperature
    scores = scores.masked_fill(torch.eye(len(columns), dtype=torch.bool), -torch.inf)
    partner = torch.arange(len(columns)).roll(y_a.shape[1])
    contrast = (scores.logsumexp(1) - scores[torch.arange(len(columns)), partner]).mean()
    return contrast - size_entropy(y_a) - size_entropy(y_b)


def infonce_clustering(p: Tensor, phi: Tensor, alpha: float = 0.0, alpha_q: float = 0.0) -> Tensor:
    """Debiased InfoNCE clustering (I-Con, section 4), mean over the rows with mass.

    (1 - alpha) sum_j p_ij l_ij + alpha mean_j l_ij, l_ij = -log[(1 - alpha_q) q_ij + alpha_q/n], q the cluster kernel.
    """
    q = kernels.cluster(phi)
    q = (1 - alpha_q) * q + alpha_q / q.shape[1]
    loss = (1 - alpha) * kernels.cross_entropy(p, q)
    if alpha == 0:
        return loss
    return loss - alpha * q[p.sum(1) > 0].log().mean()


def balanced_infonce(p: Tensor, phi: Tensor, alpha: float, balance: float) -> Tensor:
    """InfoNCE clustering with q debiased and cluster sizes to a power, mean over the rows.

    -sum_j p_ij log[(1 - alpha) sum_c phi_ic phi_jc/S_c^b (C/n)^(1 - b) + alpha/n]; b = 1 is I-Con's cluster kernel.
    """
    n, clusters = phi.shape
    weight = phi.sum(0) ** -balance * (clusters / n) ** (1 - balance)
    q = (1 - alpha) * (phi * weight) @ phi.T + alpha / n
    return -(p * q.log()).sum(1).mean()


def supervised_clustering(labels: Tensor, phi: Tensor) -> Tensor:
    """Mean over i of the mean over the others j of its class of -log sum_c phi_ic phi_jc/S_c, S_c = sum_k phi_kc."""
    size = phi.sum(0)
    share = phi / torch.where(size > 0, size, 1.0)
    losses = []
    for i in range(len(phi)):
        others = [j for j in range(len(phi)) if j != i and labels[j] == labels[i]]
        if others:
            losses.append(-(share[others] @ phi[i]).log().mean())
    return torch.stack(losses).mean()


def size_entropy(phi: Tensor) -> Tensor:
    """-sum_c pi_c log pi_c of the mean assignment pi, in nats.

    For hard phi with all positives inside the clusters the mean cross entropy of InfoNCE clustering is log n - this.
    """
    pi = phi.mean(0)
    return kernels.entropy(pi[None, :])
