"""The table of self-consistency: ``python -m iconlearn.theory.information [estimator ...]``."""

from __future__ import annotations

import sys

from iconlearn.theory.information.consistency import HEADER, self_consistency
from iconlearn.theory.information.estimators import ESTIMATORS

if __name__ == "__main__":
    print(HEADER)
    for name in sys.argv[1:] or ESTIMATORS:
        print(self_consistency(name), flush=True)
