"""On a CUDA device: the same numbers as on the CPU. Skipped where there is none."""

import pytest
import torch

import iconlearn as il
from iconlearn.engines import Dense, Direct, Grid, PlannedEngine, Sampled, Tiled
from iconlearn.engines.grid import GridScores
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


def map_step(device, engine, dim=2, n=3000):
    """Loss and gradient of a t-SNE on a cloud of clusters, in float32 as in a fit."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 10, generator=generator) + 6 * torch.randint(0, 5, (n, 1), generator=generator)
    z = (8 * torch.randn(n, dim, generator=generator)).to(device).requires_grad_()
    data = Points.of(x.to(device))
    p = il.KNN(10).symmetrize()(data, data, Tiled)
    rows = data.with_value(z)
    q = il.StudentT(normalize="joint")(rows, rows, engine)
    loss = il.DIVERGENCES["kl"](p, q)
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.detach().cpu(), gradient.cpu()


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("engine", [Direct.of, Grid()], ids=["direct", "grid"])
def test_a_step_of_a_map_is_that_of_the_cpu(engine, dim):
    (a, da), (b, db) = (map_step(device, engine, dim) for device in ("cpu", "cuda"))
    torch.testing.assert_close(b, a, rtol=1e-5, atol=0)
    assert float((da - db).norm()) < 1e-4 * float(da.norm())


@pytest.mark.parametrize("engine", [Direct.of, Grid()], ids=["direct", "grid"])
def test_a_step_of_a_map_has_the_same_bits_every_time(engine):
    (a, da), (b, db) = (map_step("cuda", engine) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(da, db)


def test_a_large_map_takes_the_grid_on_the_device():
    z = torch.randn(3000, 2, device="cuda") * 5
    rows = Points.of(z)
    assert isinstance(PlannedEngine()(il.StudentT(), rows, rows), GridScores)


def test_tsne_of_a_few_thousand_points_ends_as_on_the_cpu():
    generator = torch.Generator().manual_seed(0)
    group = torch.randint(0, 5, (3000,), generator=generator)
    x = torch.randn(3000, 10, generator=generator) + 6 * torch.eye(5, 10)[group]

    def final(device):
        target = il.Gaussian(il.Perplexity(15)).symmetrize()
        model = il.ICon(target, il.StudentT(normalize="joint"), il.Embedding(3000, 2)).to(device)
        return model.fit(x.numpy(), max_iter=250).history.losses[-1]

    assert final("cuda") == pytest.approx(final("cpu"), rel=0.03)


def test_a_sample_is_the_same_on_every_device():
    found = []
    for device in ("cpu", "cuda"):
        value = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0)).to(device)
        rows = Points.of(value)
        found.append(Sampled(200)(il.StudentT(), rows, rows).partition().cpu())
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-4)


def test_an_encoder_trains_and_embeds_there(tmp_path):
    from iconlearn.data.files import Dataset, load_digits_dataset
    from iconlearn.run import RunOptions, embed_run, run_method

    digits = load_digits_dataset()
    few = Dataset("few", digits.X[:120], digits.y[:120], digits.classes, digits.image_shape)
    for name in ("simclr", "moco-v3"):
        options = RunOptions(
            {"embedding_dim": 4}, epochs=2, batch_size=20, device="cuda", precision="bf16-mixed"
        )
        run = run_method(name, few, tmp_path / name, options)
        assert embed_run(run.out, few, tmp_path / f"{name} features").shape[0] == 120
