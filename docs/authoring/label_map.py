"""A cell that nobody has named: neighbours and labels together, against the Student-t of t-SNE."""

import torch

from iconlearn import KNN, Label, StudentT, register
from iconlearn.recipes import Recipe, embedding


def formula(case):
    """The loss in plain torch: kNN and classes mixed, KL against rows of a Student-t."""
    k, share = case.parameters["n_neighbors"], case.parameters["supervision"]
    others = 1 - torch.eye(case.n, dtype=case.z.dtype)
    far = torch.cdist(case.x, case.x).masked_fill(others == 0, torch.inf)
    best = far.topk(min(k, case.n - 1), largest=False).indices
    near = torch.zeros_like(others).scatter(1, best, 1 / best.shape[1])
    same = (case.labels[:, None] == case.labels) * (case.labels >= 0) * others  # -1 is not known
    kin = same / same.sum(1, keepdim=True).clamp(min=1)
    weight = share * (same.sum(1, keepdim=True) > 0)  # alone in its class: neighbours only
    p = ((1 - share) * near + weight * kin) / (1 - share + weight)
    t = others / (1 + (case.z[:, None] - case.z).square().sum(-1))
    q = t / t.sum(1, keepdim=True)
    return torch.where(p > 0, p * (p.clamp(min=1e-300) / q.clamp(min=1e-300)).log(), 0.0).sum(1).mean()


@register("label-map", target="Neighbours and classes", learned="Student-t", reference=formula)
def label_map(n_neighbors: int = 15, supervision: float = 0.3, n_components: int = 2) -> Recipe:
    target = (1 - supervision) * KNN(n_neighbors) + supervision * Label()
    return Recipe(target, StudentT(), embedding(n_components))
