"""
p meets q
=========

The equation at work on one point: which others p wants close, and what q makes of it while the map is learned.
"""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits

from iconlearn import KNN, Embedding, ICon, StudentT
from iconlearn.model import fit_inputs

X, _ = load_digits(return_X_y=True)
X = X[:200].astype("float32")
model = ICon(KNN(8).debias(0.1), StudentT(), Embedding(200, dim=2, seed=0))
print(model.explain(X))

# %%
# ``model.pair`` gives p and q of a batch as they stand; a callback looks at them during the fit.
batch, anchor, seen = fit_inputs(X, None), torch.tensor([0]), {}


def look(event):
    with torch.no_grad():
        pair = model.pair(batch)
        seen[event.step] = (pair.target.block(anchor).exp()[0], pair.learned.block(anchor).exp()[0])


model.fit(X, max_iter=200, lr=0.1, callbacks=(look,))

# %%
# The twelve columns that p gives most to, in blue, and q in orange: at the start, after some steps, and at the end.
steps = [min(seen), sorted(seen)[len(seen) // 8], max(seen)]
top = seen[steps[0]][0].argsort(descending=True)[:12]
fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
for ax, step in zip(axes, steps, strict=True):
    p, q = seen[step]
    ax.bar(range(12), p[top], width=0.42, align="edge", color="#2D73C1", label="p target")
    ax.bar(
        [k - 0.42 for k in range(12)], q[top], width=0.42, align="edge", color="#E6802E", label="q learned"
    )
    ax.set_title(f"step {step}: gap {(p - q).abs().sum() / 2:.2f}", fontsize=10)
    ax.set_xticks([])
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
