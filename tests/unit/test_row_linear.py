"""Linear maps in tiles of rows equal those in one piece, for any number of threads."""

import pytest
import torch
from torch import nn

from iconlearn.mappers._rows import TILE, RowLinear


def both(n, bias=True, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    plain = nn.Linear(7, 5, bias=bias, dtype=dtype)
    tiled = RowLinear(7, 5, bias=bias, dtype=dtype)
    tiled.load_state_dict(plain.state_dict())
    x = torch.randn(n, 7, generator=generator, dtype=dtype)
    weight = torch.randn(n, 5, generator=generator, dtype=dtype)
    return plain, tiled, x, weight


@pytest.mark.parametrize("n", [1, TILE, TILE + 1, 3 * TILE + 17])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("into", [True, False])
def test_values_and_gradients_are_those_of_one_piece(n, bias, into):
    plain, tiled, x, weight = both(n, bias)
    found = []
    for module in (plain, tiled):
        data = x.clone().requires_grad_(into)
        out = module(data)
        (out * weight).sum().backward()
        found.append([out.detach(), *(p.grad for p in module.parameters()), *([data.grad] if into else [])])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    _, tiled, x, weight = both(5 * TILE + 3, dtype=torch.float32)
    before, seen = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            tiled.zero_grad()
            out = tiled(x)
            (out * weight).sum().backward()
            seen.append([out.detach().clone(), tiled.weight.grad.clone(), tiled.bias.grad.clone()])
    finally:
        torch.set_num_threads(before)
    for other in seen[1:]:
        assert all(torch.equal(a, b) for a, b in zip(seen[0], other, strict=True))


def test_frozen_weights_get_no_gradient():
    _, tiled, x, _ = both(2 * TILE)
    tiled.requires_grad_(False)
    data = x.clone().requires_grad_()
    tiled(data).sum().backward()
    assert tiled.weight.grad is None
    torch.testing.assert_close(data.grad, tiled.weight.sum(0).expand_as(data))
