"""Work on several threads: pieces inside of pieces never wait for each other."""

from __future__ import annotations

import subprocess
import sys

NESTED = """
import torch
from iconlearn._parallel import in_order

torch.set_num_threads(2)


def inner(k):
    torch.set_num_threads(2)  # as another thread may at any time; torch's number is not a thread's own
    return list(in_order(lambda j: j, range(4), spread=True))


assert list(in_order(inner, range(6), spread=True)) == [[0, 1, 2, 3]] * 6
"""


def test_work_inside_of_work_is_done_by_its_own_thread():
    subprocess.run([sys.executable, "-c", NESTED], check=True, timeout=60)
