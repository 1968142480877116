"""
Clusters, with and without debiasing
====================================

InfoNCE clustering asks that neighbours share a cluster. The neighbour graph misses some pairs and holds some wrong
ones; with ``debias="target"``, ``alpha`` is the share of p's mass that is given to everybody in return.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from iconlearn import InfoNCEClustering
from iconlearn.evaluation import hungarian_accuracy

X, y = load_digits(return_X_y=True)
X, y = X[:500], y[:500]

alphas = [0.0, 0.1, 0.3]
options = {"debias": "target", "baseline": -1.0, "max_iter": 60, "restarts": 6}  # never k-means instead
found = [InfoNCEClustering(n_clusters=10, alpha=alpha, **options).fit(X) for alpha in alphas]

# %%
# The labels of the digits are used for scoring only. Without debiasing the assignments saturate at one. With it q
# has to give other clusters their share too, so the probability of the chosen cluster says how much of p is certain.
# The clusters themselves hardly change on clean data.
fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
for ax, alpha, model in zip(axes, alphas, found, strict=True):
    certainty = model.assignment_.max(1)
    ax.hist(certainty, bins=np.linspace(0, 1, 21), color="#2D73C1")
    ax.set_title(f"alpha {alpha:g}: accuracy {hungarian_accuracy(y, model.labels_):.2f}", fontsize=10)
    ax.set_xlabel("probability of the chosen cluster")
axes[0].set_ylabel("digits")
