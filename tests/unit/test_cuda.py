"""On a CUDA device: the same numbers as on the CPU. Skipped where there is none."""

import pytest
import torch

import iconlearn as il
from iconlearn.engines import Dense, Tiled
from iconlearn.points import Points

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

TARGETS = [
    il.Gaussian(il.Perplexity(10)).symmetrize(),
    il.Gaussian(2.0).symmetrize(),
    il.KNN(5).propagate(2).symmetrize(),
    (0.5 * il.KNN(5) + 0.5 * il.Label()).symmetrize(),
    il.KNN(5).debias(0.2).symmetrize(),
]
LEARNED = [
    il.StudentT(normalize="joint"),
    il.Gaussian(0.7, metric="cos", normalize="joint"),
    il.UniformCluster(normalize="joint").debias(0.1),
]


def both(device, target, learned, engine):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(90, 6, generator=generator, dtype=torch.float64)
    label = torch.randint(0, 4, (90,), generator=generator)
    z = torch.randn(90, 3, generator=generator, dtype=torch.float64).to(device).requires_grad_()
    data = Points.of(x.to(device), label=label.to(device))
    rows = data.with_value(z)
    loss = il.DIVERGENCES["kl"](target(data, data, engine), learned(rows, rows, engine))
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.detach().cpu(), gradient.cpu()


@pytest.mark.parametrize("engine", [Dense, Tiled])
@pytest.mark.parametrize("learned", LEARNED, ids=repr)
@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_same_value_and_gradient_as_on_the_cpu(target, learned, engine):
    torch.testing.assert_close(
        both("cuda", target, learned, engine), both("cpu", target, learned, engine), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", sorted(il.METHODS))
def test_every_method_trains_on_the_device(name):
    from iconlearn.recipes import Shape

    row = il.METHODS[name]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(80, 16, generator=generator).numpy()
    y = torch.randint(0, 3, (80,), generator=generator).numpy()
    small = {"perplexity": 5, "n_clusters": 3, "n_neighbors": 5}
    recipe = row.recipe(**{k: v for k, v in small.items() if k in row.parameters})
    shape = Shape(80, 16, n_classes=3)
    options = {k: v for k, v in row.fit.items() if k not in ("epochs", "restarts", "max_iter")}
    if recipe.augment is not None:
        options["augment"] = recipe.augment(shape)
    model = recipe.model(shape).to("cuda").fit(x, y, max_iter=5, **options)
    assert model.device.type == "cuda"
    assert all(map(torch.isfinite, map(torch.tensor, model.history.losses)))
    assert len(model.transform(x)) == 80
