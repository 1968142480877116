"""Losses as their papers print them, in plain dense torch: the yardsticks the library is measured against."""

from iconlearn.published import clusters, contrastive, kernels, maps, supervised, targets

__all__ = ["clusters", "contrastive", "kernels", "maps", "supervised", "targets"]
