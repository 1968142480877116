"""Backbones: shapes, published sizes, seeds, images in any form, and the same weights whatever else is drawn."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from iconlearn import (
    Augmentation,
    FileFormatError,
    Gaussian,
    ICon,
    InputError,
    OptionError,
    ResNet18,
    ResNet34,
    ResNet50,
    ViT,
    load,
    save,
)
from iconlearn.mappers import MAPPERS

SMALL = (1, 8, 8)
IMAGES = torch.rand(6, *SMALL, generator=torch.Generator().manual_seed(0))
KINDS = {
    "ResNet18": lambda seed=0: ResNet18(5, SMALL, seed=seed),
    "ViT": lambda seed=0: ViT(5, SMALL, patch_size=4, width=12, depth=2, heads=3, projector=(7,), seed=seed),
}


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", KINDS)
def test_shape_seed_repr_and_no_global_randomness(name):
    before = torch.get_rng_state()
    one, same, other = (KINDS[name](seed).eval() for seed in (0, 0, 1))
    assert one(IMAGES).shape == (6, 5)
    assert one.features(IMAGES).shape == (6, one.features_dim)
    assert torch.equal(one(IMAGES), same(IMAGES))
    assert not torch.equal(one(IMAGES), other(IMAGES))
    assert repr(eval(repr(other), dict(MAPPERS))) == repr(other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", KINDS)
def test_initialize_starts_anew_from_the_generator(name):
    made = []
    for seed, draw in ((0, 5), (1, 5), (0, 6)):
        mapper = KINDS[name](seed)
        with torch.no_grad():
            for weight in mapper.state_dict().values():
                weight.add_(1)
        mapper.initialize(None, None, torch.Generator().manual_seed(draw))
        made.append(mapper.eval()(IMAGES))
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("name", KINDS)
def test_scaled_and_flat_rows_are_images_too(name):
    mapper = KINDS[name]().eval()
    expected = mapper(IMAGES)
    mapper.input_scale = 4.0
    assert torch.allclose(mapper(4 * IMAGES), expected, atol=1e-6)
    assert torch.allclose(mapper((4 * IMAGES).flatten(1)), expected, atol=1e-6)
    assert torch.allclose(mapper.double()(4 * IMAGES.double()), expected.double(), atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_bytes_are_the_same_images_for_a_model_and_its_mapper(name):
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), KINDS[name]()).eval()
    model.mapper.input_scale = 255.0
    grey = (255 * IMAGES).byte()
    assert torch.allclose(torch.as_tensor(model.transform(grey.numpy())), model.mapper(grey), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "weights"), [(ResNet18, 11_689_512), (ResNet34, 21_797_672), (ResNet50, 25_557_032)]
)
def test_residual_networks_have_as_many_weights_as_published(kind, weights):
    assert count(kind(1000)) == weights


def test_vision_transformers_have_as_many_weights_as_published():
    assert count(ViT(1000)) == 22_050_664  # ViT-S/16 with a classifier of 1000 classes


def test_a_small_stem_keeps_the_size_of_small_images():
    sides = {}
    for stem, side in (("auto", 64), ("small", 224), ("image", 64), ("auto", 224)):
        mapper = ResNet18(3, (3, side, side), stem=stem).eval()
        with torch.no_grad():
            sides[stem, side] = mapper.net.embedder(torch.rand(1, 3, side, side)).shape[-1]
    assert sides == {("auto", 64): 64, ("small", 224): 224, ("image", 64): 16, ("auto", 224): 56}


def test_images_of_another_size_pass_where_the_first_layers_suit_them():
    mapper = ResNet18(3, (3, 32, 32)).eval()
    assert mapper(torch.rand(2, 3, 24, 40)).shape == (2, 3)
    with pytest.raises(
        InputError, match=r"for small images, but these have 24 x 80 pixels; set image_shape="
    ):
        mapper(torch.rand(2, 3, 24, 80))
    with pytest.raises(
        InputError, match=r"for large images, but these have 32 x 32 pixels; set image_shape="
    ):
        ResNet18(3)(torch.rand(2, 3, 32, 32))
    assert ResNet18(3, stem="image").eval()(torch.rand(2, 3, 32, 32)).shape == (2, 3)


@pytest.mark.parametrize(
    ("make", "x", "words"),
    [
        (
            lambda: ResNet18(3, SMALL),
            torch.rand(2, 3, 8, 8),
            r"shape \(1, height, width\), or rows of 64 numbers",
        ),
        (lambda: ResNet18(3, SMALL), torch.rand(2, 63), r"rows of shape \(63,\); set image_shape="),
        (KINDS["ViT"], torch.rand(2, 1, 8, 12), r"shape \(1, 8, 8\), or rows of 64 numbers"),
    ],
)
def test_what_is_no_such_image_is_refused(make, x, words):
    with pytest.raises(InputError, match=words):
        make()(x)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ResNet18(0), "embedding_dim=0"),
        (lambda: ResNet18(8, input_scale=0), "input_scale=0"),
        (lambda: ResNet50(8, (3, 8)), r"image_shape=\(3, 8\)"),
        (lambda: ResNet34(8, stem="tiny"), "stem='tiny' is unknown"),
        (lambda: ResNet18(8, projector=(0,)), "projector=0"),
        (lambda: ViT(8, (3, 30, 32), patch_size=8), "does not divide into patches"),
        (lambda: ViT(8, width=100, heads=3), "width=100 must be a multiple of heads=3"),
    ],
)
def test_wrong_arguments_are_refused(make, words):
    with pytest.raises(OptionError, match=words):
        make()


def views(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x + 0.1 * torch.randn(x.shape, generator=generator)


@pytest.mark.parametrize("name", KINDS)
def test_fitting_again_gives_the_same_bits(name):
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), KINDS[name]())
    found = [
        model.fit(IMAGES.numpy(), max_iter=2, lr=0.01, augment=views).transform(IMAGES.numpy())
        for _ in range(2)
    ]
    assert (found[0] == found[1]).all()
    assert found[0].shape == (6, 5)


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_model_embeds_the_same(name, tmp_path):
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), KINDS[name](3))
    model.fit(IMAGES.numpy(), max_iter=1, augment=views)
    save(model, tmp_path / "model")
    assert (load(tmp_path / "model").transform(IMAGES.numpy()) == model.transform(IMAGES.numpy())).all()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ResNet18", {"image_shape": [1 << 22, 8, 8]}),
        ("ViT", {"image_shape": [1, 1 << 20, 1 << 20]}),
        ("ViT", {"depth": 1 << 40}),
        ("ViT", {"embedding_dim": 1 << 40}),
    ],
)
def test_a_file_that_claims_a_huge_network_is_refused(name, change, tmp_path):
    save(ICon(Augmentation(2), Gaussian(0.7, metric="cos"), KINDS[name]()), tmp_path / "model")
    path = tmp_path / "model.json"
    told = json.loads(path.read_text())
    assert told["model"]["args"]["mapper"]["args"].keys() >= change.keys()
    told["model"]["args"]["mapper"]["args"] |= change
    path.write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match="is described with"):
        load(tmp_path / "model")


def test_gradients_reach_every_weight():
    for make in KINDS.values():
        mapper = make()
        mapper(IMAGES).square().sum().backward()
        assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in mapper.parameters())
        teacher = copy.deepcopy(mapper)
        assert torch.equal(teacher.eval()(IMAGES), mapper.eval()(IMAGES))


def test_without_transformers_the_extra_is_named():
    code = "import sys; sys.modules['transformers'] = None; import iconlearn; iconlearn.ResNet18(8)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 1
    assert 'pip install "iconlearn[features]"' in told.stderr
