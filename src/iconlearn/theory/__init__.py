"""What contrastive learning finds and how much it keeps: Gaussian mixtures and mutual information.

Everything here is about understanding losses, not about new ones: training goes through :class:`iconlearn.ICon`.
"""
