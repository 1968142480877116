"""What the tests of the yardsticks share: seeded data, gradients by autograd, comparison to 1e-10."""

from __future__ import annotations

import numpy as np
import torch


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def soft(n: int, m: int, seed: int = 0) -> torch.Tensor:
    return (2 * draw(n, m, seed=seed)).softmax(1)


def gradient(loss, z: torch.Tensor) -> torch.Tensor:
    z = z.clone().requires_grad_()
    return torch.autograd.grad(loss(z), z)[0]


def close(actual, expected, atol: float = 1e-10) -> None:
    expected = torch.as_tensor(np.asarray(expected), dtype=torch.float64)
    torch.testing.assert_close(actual, expected, atol=atol, rtol=1e-12)
