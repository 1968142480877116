"""Every row of the table builds, obeys its parameters, learns, and is rebuilt by its repr."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from toys import NAMES, ROWS, batch_of, blobs, model_of, options, shape_of, small

import iconlearn
from iconlearn import METHODS, Augmentation, Embedding, Gaussian, ICon, InputError, OptionError
from iconlearn.methods import FAMILIES, method
from iconlearn.recipes import Shape

X, Y = blobs()
OTHER = {
    "perplexity": 5.0,
    "n_neighbors": 7,
    "n_components": 4,
    "n_clusters": 3,
    "embedding_dim": 5,
    "temperature": 0.3,
    "df": 5.0,
    "alpha": 0.2,
    "share": 0.4,
    "steps": 2,
    "tau_plus": 0.3,
    "invariance": 5.0,
    "variance": 5.0,
    "covariance": 5.0,
    "rate": 0.5,
    "num_views": 3,
    "margin": 0.7,
    "pretraining": 0.5,
    "sigma": 0.6,
    "negatives": "semi-hard",
    "target_temperature": 0.4,
    "exponent": 3.0,
    "context": 3,
    "metric": "cos",
    "beta": 0.8,
    "sizes": 0.5,
    "entropy": 2.0,
    "views": 2,
    "debias": "both",
    "balance": 0.5,
    "divergence": "js",
    "hidden": 16,
    "teacher": 0.9,
}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_row_builds_with_defaults_and_says_what_it_is(row):
    recipe = row.recipe()
    model = recipe.model(shape_of(row, X, Y))
    assert isinstance(model, ICon)
    assert recipe.target_dist.normalize == recipe.learned_dist.normalize
    assert row.family in FAMILIES
    assert row.paper[-4:].isdigit()
    assert row.rewards.endswith(".")
    assert row.degenerates.endswith(".")
    assert row.name == row.name.lower()
    assert METHODS[row.name] is row
    assert hasattr(iconlearn, row.estimator)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_every_parameter_does_something(row):
    shape = shape_of(row, X, Y)
    for name in row.parameters:
        plain = repr(row.recipe(**small(row)).model(shape))
        assert repr(row.recipe(**small(row, **{name: OTHER[name]})).model(shape)) != plain, name


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_parameters_are_checked(row):
    with pytest.raises(OptionError, match="options: .*did you mean"):
        row.recipe(**{next(iter(row.parameters))[:-1]: 3})
    for name in row.parameters:
        with pytest.raises(OptionError, match="must be|is unknown; allowed"):
            row.recipe(**{name: "many"}).model(shape_of(row, X, Y))


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_few_steps_lower_the_loss(row):
    X, codes = (part[:120] for part in load_digits(return_X_y=True))
    y = codes if row.needs_labels else None
    model, chosen = model_of(row, X, y)
    batch = batch_of(row, X)
    losses = model.fit(batch, y, **{**chosen, "max_iter": 30}).history.losses
    assert len(losses) == 30
    assert np.isfinite(losses).all()
    if "batch_size" in chosen:
        assert np.mean(losses[-5:]) < np.mean(losses[:5])
    else:
        assert losses[-1] < losses[0]
    assert np.isfinite(model.transform(batch)).all()


@pytest.mark.parametrize("row", [r for r in ROWS if r.takes.places_new], ids=lambda r: r.name)
def test_repr_rebuilds_the_model(row):
    model, _ = model_of(row, X, Y if row.needs_labels else None)
    public = {name: getattr(iconlearn, name) for name in iconlearn.__all__}
    rebuilt = eval(repr(model), public)
    assert type(rebuilt) is ICon
    assert repr(rebuilt) == repr(model)
    for mine, theirs in zip(model.parameters(), rebuilt.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_explain_tells_equation_and_numbers(row):
    y = Y if row.needs_labels else None
    model, chosen = model_of(row, X, y)
    if chosen.get("augment"):
        told = model.explain((X, X + 0.1))
    else:
        told = model.explain(batch_of(row, X), y)
    assert all(math.isfinite(v) for v in told.figures.values())
    text = str(told)
    assert repr(model.target_dist) in text
    assert repr(model.learned_dist) in text
    assert "entropy" in text
    assert "pass data" in str(model.explain())


def test_unknown_method_names_the_nearest():
    with pytest.raises(OptionError, match="did you mean 't-sne'"):
        method("tsne")


def test_needs_that_the_data_does_not_meet():
    with pytest.raises(InputError, match="n_components=9 but the data has 6 columns"):
        METHODS["pca"].recipe(n_components=9).model(Shape(60, 6))
    with pytest.raises(InputError, match="pass labels"):
        METHODS["cross-entropy"].recipe().model(Shape(60, 6))
    with pytest.raises(InputError, match="does not hold the 6 columns"):
        Shape.of(X, image_shape=(1, 2, 2))
    row = METHODS["simclr"]
    model, chosen = model_of(row, X)
    del chosen["augment"]
    with pytest.raises(InputError, match="compares 2 views .* but the data has 1"):
        model.fit(X, **chosen)
    model, chosen = model_of(METHODS["supcon"], X)
    with pytest.raises(InputError, match="pass y="):
        model.fit(X, **chosen)


def test_shape_of_takes_the_scale_of_the_data():
    shape = Shape.of(X, image_shape=(1, 2, 3), n_classes=4, seed=5)
    assert (shape.n, shape.d, shape.image_shape, shape.n_classes, shape.seed) == (60, 6, (1, 2, 3), 4, 5)
    assert shape.scale == pytest.approx(np.sqrt((X**2).mean()))
    assert Shape.of(np.zeros((3, 2))).scale == 1
    assert Shape.of(X * 2.0**90).scale == pytest.approx(Shape.of(X * 2.0**-90).scale)


def test_encoders_of_images_are_convolutional():
    row = METHODS["simclr"]
    recipe = row.recipe(embedding_dim=4)
    images = np.abs(blobs(40, 36)[0])
    shape = Shape.of(images, image_shape=(1, 6, 6))
    model = recipe.model(shape)
    assert type(model.mapper).__name__ == "CNN"
    losses = model.fit(images, **options(row, recipe, shape)).history.losses
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_public_form_of_a_map_runs_verbatim():
    N, m = 60, 2
    model = ICon(
        target_dist=Gaussian(sigma=2),
        learned_dist=Gaussian(sigma=1),
        mapper=Embedding(num_embeddings=N, dim=m),
    )
    before = model(X).item()
    assert model.fit(X, max_iter=100, lr=0.1) is model
    assert model(X).item() < before
    assert model.transform(X).shape == (N, m)
    assert model(X).item() == pytest.approx(model.explain(X).figures["kl"])


def test_public_form_of_an_encoder_is_a_loss_module_in_a_hand_written_loop(generator):
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    model = ICon(
        target_dist=Augmentation(num_views=2),
        learned_dist=Gaussian(sigma=0.7, metric="cos"),
        mapper=network,
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    x = torch.from_numpy(X).float()
    losses = []
    for _ in range(20):
        views = [x + 0.3 * torch.randn(x.shape, generator=generator) for _ in range(2)]
        loss = model(tuple(views))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert model.state_dict().keys() == {f"mapper.{name}" for name in network.state_dict()}
    assert model.embed(x).shape == (60, 4)
    assert model.training
