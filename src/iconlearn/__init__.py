"""iconlearn: representation learning as one equation."""

from iconlearn._version import __version__ as __version__
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity
from iconlearn.distributions import *  # noqa
