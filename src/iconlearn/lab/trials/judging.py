"""What a projection of labelled rows is worth: to k-means, to a linear classifier and to neighbours."""

from __future__ import annotations

import numpy as np

from iconlearn.evaluation import ari, knn_probe, linear_probe

STARTS, NEIGHBOURS = 10, 5


def judge(
    train: np.ndarray, labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> dict[str, float]:
    """ARI and AMI of k-means on the test rows, accuracies of a linear and a nearest-neighbour probe.

    K is the number of classes of the test rows; k-means has 10 starts, neighbours are 5.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    found = clusters(test, len(np.unique(test_labels)))
    return {
        "ARI": ari(test_labels, found),
        "AMI": float(adjusted_mutual_info_score(test_labels, found)),
        "linear": linear_probe(train, labels, test, test_labels),
        "5-NN": knn_probe(train, labels, test, test_labels, k=NEIGHBOURS),
    }


def clusters(rows: np.ndarray, count: int) -> np.ndarray:
    """Clusters of rows by k-means, (n,)."""
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=STARTS, random_state=0).fit_predict(rows)  # type: ignore[arg-type]


def plane(Z: np.ndarray) -> np.ndarray:
    """Two leading principal components of rows; a single column is drawn against zero."""
    centred = Z - Z.mean(0)
    found = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    return found if found.shape[1] == 2 else np.column_stack([found, np.zeros(len(found))])
