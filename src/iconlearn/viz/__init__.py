"""Figures and animations of embeddings, clusterings and their scores, and p meeting q.

Importing this package does not load matplotlib; its functions do, and leave its global state alone.
"""

from iconlearn.viz.animation import frame_image, training_gif
from iconlearn.viz.assignment import assignment_figure
from iconlearn.viz.bars import p_vs_q_figure
from iconlearn.viz.confusion import confusion_figure
from iconlearn.viz.contact import contact_sheet_figure
from iconlearn.viz.files import save_figure
from iconlearn.viz.frames import Frame
from iconlearn.viz.loss import loss_figure
from iconlearn.viz.maps import map_figure
from iconlearn.viz.panels import panels_figure
from iconlearn.viz.reliability import reliability_figure
from iconlearn.viz.scatter import scatter_figure
from iconlearn.viz.strips import strip_figure
from iconlearn.viz.style import class_colors
from iconlearn.viz.sweep import sweep_figure

__all__ = [
    "Frame",
    "assignment_figure",
    "class_colors",
    "confusion_figure",
    "contact_sheet_figure",
    "frame_image",
    "loss_figure",
    "map_figure",
    "p_vs_q_figure",
    "panels_figure",
    "reliability_figure",
    "save_figure",
    "scatter_figure",
    "strip_figure",
    "sweep_figure",
    "training_gif",
]
