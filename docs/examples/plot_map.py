"""
A map of handwritten digits
===========================

t-SNE puts every digit into the plane so that close ones stay close. The classes are used for colours only.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import iconlearn
from iconlearn.viz import map_figure

X, y = load_digits(return_X_y=True)
X, y = X[:500], y[:500]
names = [str(k) for k in range(10)]

embedding = iconlearn.TSNE(perplexity=20, max_iter=300).fit_transform(X)

# %%
# Figures of iconlearn are matplotlib figures of their own, outside pyplot; a canvas of pyplot's shows them here.


def show(figure):
    """Draw a finished figure into a page."""
    figure.canvas.draw()
    height, width = figure.get_size_inches()[::-1]
    fig, ax = plt.subplots(figsize=(width, height))
    fig.subplots_adjust(0, 0, 1, 1)
    ax.imshow(figure.canvas.buffer_rgba())
    ax.set_axis_off()


show(map_figure(embedding, y, names, "t-SNE of 500 digits", "perplexity 20"))

# %%
# Another cell of the same row of the table: the same q, but p is uniform on the 15 nearest neighbours, so that only
# ranks of distances matter.
uniform = iconlearn.UniformTSNE(n_neighbors=15, max_iter=300).fit_transform(X)
show(map_figure(uniform, y, names, "The same with uniform affinities", "15 nearest neighbours"))
