"""Figures and animations of embeddings, clusterings, and p meeting q.

Importing this package does not load matplotlib; its functions do, and leave its global state alone.
"""

from iconlearn.viz.animation import frame_image, training_gif
from iconlearn.viz.assignment import assignment_figure
from iconlearn.viz.bars import p_vs_q_figure
from iconlearn.viz.files import save_figure
from iconlearn.viz.frames import Frame
from iconlearn.viz.loss import loss_figure
from iconlearn.viz.maps import map_figure
from iconlearn.viz.style import class_colors

__all__ = [
    "Frame",
    "assignment_figure",
    "class_colors",
    "frame_image",
    "loss_figure",
    "map_figure",
    "p_vs_q_figure",
    "save_figure",
    "training_gif",
]
