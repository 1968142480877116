"""
A new cell in five lines
========================

Walks on a neighbour graph reach farther than its edges. As a target of a map they have no name yet; registered,
they are a method like all others.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import iconlearn
from iconlearn import KNN, METHODS, StudentT, register
from iconlearn.pages import equation
from iconlearn.recipes import Recipe, embedding


@register("walk-map", target="Walks on a kNN graph", learned="Student-t")
def walk_map(n_neighbors: int = 6, steps: int = 2, n_components: int = 2) -> Recipe:
    return Recipe(KNN(n_neighbors).propagate(steps), StudentT(), embedding(n_components))


# %%
# Its equation is composed of its parts:
print(*equation(METHODS["walk-map"].recipe()).lines, sep="\n")

# %%
# And its estimator is there at once.
X, y = load_digits(return_X_y=True)
X, y = X[:400], y[:400]

fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, steps in zip(axes, (1, 2, 4), strict=True):
    z = iconlearn.WalkMap(steps=steps, max_iter=200).fit_transform(X)
    ax.scatter(*z.T, c=y, s=6, cmap="tab10")
    ax.set_title(f"walks of up to {steps} step{'s' * (steps > 1)}", fontsize=10)
    ax.set_axis_off()
del METHODS["walk-map"]  # it was for this page only
