"""Targets of points that agree in a key: the same sample, another view, another modality, the same class."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional, TableConditional
from iconlearn.distributions.base import Engine, Kernel, candidate_edges
from iconlearn.points import UNLABELLED, Points, require_samples
from iconlearn.support import Support, join

# A match with more pairs than this share of all is streamed as a dense kernel instead of being listed.
LISTED_SHARE = 0.25
LISTED_PAIRS = 1 << 16


class Match(Kernel):
    """Uniform over the columns that agree with the row in one key; the family of the named classes below."""

    full_support = False
    key: str = "id"

    def keys(self, points: Points) -> Tensor:
        """What has to agree, (n,) int64."""
        key = getattr(points, self.key)
        if key is None:
            raise InputError(f"{self!r} compares {self.key}s but the points have none; pass y=")
        return key

    def log_score(self, i: Points, j: Points) -> Tensor:
        mine, theirs = self.keys(i), self.keys(j)
        same = mine.unsqueeze(-1) == theirs.unsqueeze(-2)
        if self.key == "label":
            same = same & (mine != UNLABELLED).unsqueeze(-1)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype
        return torch.where(same, 0.0, -torch.inf).to(dtype)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        if self.key == "id":
            require_samples(j, self)
        mine, theirs = self.keys(i), self.keys(j)
        ordered = theirs.sort().values
        count = torch.searchsorted(ordered, mine.contiguous(), right=True) - torch.searchsorted(
            ordered, mine.contiguous()
        )
        if int(count.sum()) > max(LISTED_PAIRS, LISTED_SHARE * i.n * j.n):
            return super().forward(i, j, engine)
        rows, cols = join(mine, theirs)
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        if self.key == "label":
            keep &= mine[rows] != UNLABELLED
        support, _ = Support.from_pairs(rows[keep], cols[keep], i.n, j.n)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype
        mass = torch.zeros(len(support), dtype=dtype, device=mine.device)
        return TableConditional(support, mass, self.normalize, self.pairs)


class Identity(Match):
    """p(j|i) = 1 if j is i itself, else 0: the target of PCA. Self is a candidate.

    Examples
    --------
    >>> from iconlearn import Identity
    >>> Identity()
    Identity()
    """

    def __init__(self, *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")

    def keys(self, points: Points) -> Tensor:
        return points.key


class Augmentation(Match):
    """Uniform over the other views of the same sample: the positive pairs of contrastive learning.

    .. math:: p(j|i) = 1 / (k - 1) \\text{ over the other } k - 1 \\text{ views of } i

    Parameters
    ----------
    num_views : int, default 2
        Views of every sample; tells loaders how many to make.
    pairs : {"distinct", "cross_view"}, default "distinct"
        "cross_view" restricts the candidates to other views (as MoCo v3 and CLIP do).

    References
    ----------
    Chen et al., SimCLR, ICML 2020; Alshammari et al., I-Con, ICLR 2025 (theorem 3).

    Examples
    --------
    >>> from iconlearn import Augmentation
    >>> Augmentation(num_views=3)
    Augmentation(num_views=3)
    """

    def __init__(self, num_views: int = 2, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)
        self.num_views = check_number(
            "Augmentation", "num_views", num_views, low=2, integer=True, hint="a positive is another view"
        )
        if pairs == "all":
            raise OptionError("Augmentation: pairs='all' would make a view its own positive; use 'distinct'")


class CrossModal(Match):
    """The same sample in another modality: the pairs of CLIP and CMC; candidates are the other modalities.

    Parameters
    ----------
    num_modalities : int, default 2
        Modalities of every sample, given as the views of the batch.

    References
    ----------
    Radford et al., CLIP, ICML 2021; Tian et al., CMC, ECCV 2020.

    Examples
    --------
    >>> from iconlearn import CrossModal
    >>> CrossModal()
    CrossModal()
    """

    def __init__(self, num_modalities: int = 2, *, normalize: str = "row") -> None:
        super().__init__(normalize, "cross_view")
        self.num_modalities = check_number(
            "CrossModal", "num_modalities", num_modalities, low=2, integer=True
        )
        self.num_views = self.num_modalities


class Label(Match):
    """Uniform over the other points of the same class: the positives of supervised contrastive learning.

    A point that is alone in its class, or unlabelled (label -1), has no positive; its row is left out of
    the mean.

    References
    ----------
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020; I-Con, theorem 6.

    Examples
    --------
    >>> from iconlearn import Label
    >>> Label()
    Label()
    """

    key = "label"

    def __init__(self, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)
