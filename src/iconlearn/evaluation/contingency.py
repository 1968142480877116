"""How many rows classes and clusters share: what every score of a clustering against labels is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.evaluation._inputs import distinct, same_length

MOST_CELLS = 10**8  # a matching holds the whole table, twice, and takes time cubic in its side


@dataclass(frozen=True, eq=False)
class Contingency:
    """A table of classes by clusters, as the cells that are not empty.

    Parameters
    ----------
    label, cluster, count : ndarray of int64, shape (cells,)
        Class and cluster of each cell, and the rows in it, at least 1.
    shape : (n_classes, n_clusters)
    """

    label: np.ndarray
    cluster: np.ndarray
    count: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(cls, labels: Any, assigned: Any) -> Contingency:
        """The table of two labellings of any kind, refused by name where they do not fit."""
        (classes, a), (clusters, b) = distinct(labels, "labels"), distinct(assigned, "assigned")
        same_length("labels", a, "assigned", b)
        return cls.of_codes(a, b, (len(classes), len(clusters)))

    @classmethod
    def of_codes(cls, labels: np.ndarray, assigned: np.ndarray, shape: tuple[int, int]) -> Contingency:
        """The table of int64 codes below ``shape``."""
        place = labels * shape[1] + assigned
        if shape[0] * shape[1] <= max(MOST_CELLS // 10, len(place)):
            dense = np.bincount(place, minlength=1)
            cells = np.flatnonzero(dense)
            count = dense[cells]
        else:
            cells, count = np.unique(place, return_counts=True)
        return cls(cells // shape[1], cells % shape[1], count.astype(np.int64), shape)

    @property
    def total(self) -> int:
        """Rows in all."""
        return int(self.count.sum())

    def sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of each class and of each cluster, int64."""
        sizes = [np.zeros(k, dtype=np.int64) for k in self.shape]
        np.add.at(sizes[0], self.label, self.count)
        np.add.at(sizes[1], self.cluster, self.count)
        return sizes[0], sizes[1]

    def by_cluster(self) -> np.ndarray:
        """The whole table, (n_clusters, n_classes) int64.

        Raises
        ------
        InputError
            For more than 1e8 cells.
        """
        if self.shape[0] * self.shape[1] > MOST_CELLS:
            raise InputError(
                f"{self.shape[0]} classes by {self.shape[1]} clusters are more than {MOST_CELLS:,} cells, too many "
                "to match; are these row numbers, or values that were never rounded? nmi and ari have no such limit"
            )
        table = np.zeros(self.shape[::-1], dtype=np.int64)
        table[self.cluster, self.label] = self.count
        return table

    def majority(self) -> int:
        """Rows whose class is the most frequent one of their cluster."""
        most = np.zeros(self.shape[1], dtype=np.int64)
        np.maximum.at(most, self.cluster, self.count)
        return int(most.sum())

    def normalised_information(self) -> float:
        """I(class; cluster) over the mean of the two entropies; 1 where both hold a single group."""
        n, (a, b) = self.total, self.sizes()
        alone = [int(np.count_nonzero(sizes)) == 1 for sizes in (a, b)]
        if any(alone):
            return float(all(alone))
        expected = np.log(a[self.label]) + np.log(b[self.cluster]) - np.log(n)
        shared = float(np.sum(self.count / n * (np.log(self.count) - expected)))
        return float(np.clip(2 * shared / (entropy(a) + entropy(b)), 0, 1))

    def adjusted_rand(self) -> float:
        """Pairs on which both agree, corrected for chance; exact integers up to the last division."""
        n, (a, b) = self.total, self.sizes()
        both, of_class, of_cluster = (sum(k * k for k in x.tolist()) for x in (self.count, a, b))
        only_cluster, only_class = of_cluster - both, of_class - both
        if only_cluster == only_class == 0:
            return 1.0
        together, apart = both - n, n * n - of_cluster - of_class + both
        below = (together + only_class) * (only_class + apart) + (together + only_cluster) * (
            only_cluster + apart
        )
        return 2 * (together * apart - only_class * only_cluster) / below


def entropy(sizes: np.ndarray) -> float:
    """Entropy in nats of shares proportional to ``sizes``; an empty group adds nothing."""
    p = sizes[sizes > 0] / sizes.sum()
    return max(0.0, -float(np.sum(p * np.log(p))))  # max turns -0.0 into 0.0
