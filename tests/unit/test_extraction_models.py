"""Frozen models: the features are those of the model itself on its own pixels, and nothing unsafe is loaded."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import socket
import sys

import numpy as np
import pytest
import torch
from pictures import picture
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPModel,
    Dinov2WithRegistersModel,
    ResNetModel,
    ViTModel,
)
from vision import CROPPED, MEAN, STD, save_model

from iconlearn import FileFormatError, InputError, OptionError
from iconlearn.extraction import load_backbone
from iconlearn.extraction.augmentation import Augmentation
from iconlearn.extraction.preprocessing import CentralCrop, ModelProcessor, fixed_shape
from iconlearn.extraction.views import Views

IMAGES = [picture(k, (44 + 3 * k, 36)) for k in range(3)]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder of every small model, made when first asked for."""
    made = {}

    def folder(name: str):
        if name not in made:
            made[name] = save_model(name, tmp_path_factory.mktemp(name))
        return made[name]

    return folder


@pytest.fixture
def own(models, tmp_path):
    """A copy of a model's folder that a test may damage."""
    return lambda name: shutil.copytree(models(name), tmp_path / name)


def squeezed(image) -> np.ndarray:
    """What `SQUEEZED` says, in plain PIL and numpy."""
    return np.asarray(image.resize((32, 32), 2), dtype=np.float64)


def cropped(image) -> np.ndarray:
    """What `CROPPED` says, in plain PIL and numpy: the shorter side to 40, the central 32 x 32."""
    width = int(40 * image.width / image.height)
    left = (width - 32) // 2
    return np.asarray(image.resize((width, 40), 3), dtype=np.float64)[4:36, left : left + 32]


def normalized(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)).float()


@torch.no_grad()
def directly(model, x: torch.Tensor, pool: str) -> torch.Tensor:
    out = model.eval()(pixel_values=x)
    hidden = out.last_hidden_state
    registers = 3 if isinstance(model, Dinov2WithRegistersModel) else 0
    return {
        "pooler": lambda: out.pooler_output.flatten(1),
        "cls": lambda: hidden[:, 0],
        "mean": lambda: hidden.mean((2, 3)) if hidden.ndim == 4 else hidden[:, 1 + registers :].mean(1),
    }[pool]()


@pytest.mark.parametrize(
    ("name", "kind", "pixels", "pool", "reads"),
    [
        ("vit", ViTModel, squeezed, "auto", "pooler"),
        ("vit", ViTModel, squeezed, "cls", "cls"),
        ("vit", ViTModel, squeezed, "mean", "mean"),
        ("no-pooler", ViTModel, squeezed, "auto", "cls"),
        ("registers", Dinov2WithRegistersModel, cropped, "auto", "cls"),
        ("registers", Dinov2WithRegistersModel, cropped, "mean", "mean"),
    ],
)
def test_features_are_those_of_the_model_on_its_own_pixels(models, name, kind, pixels, pool, reads):
    backbone = load_backbone(models(name), pool=pool)
    seen = torch.stack([backbone.prepare(image) for image in IMAGES])
    expected = torch.stack([normalized(pixels(image)) for image in IMAGES])
    assert torch.allclose(backbone.prepare.normalize(seen), expected, atol=1e-5)
    features = backbone(seen)
    model = kind.from_pretrained(models(name))
    assert torch.allclose(features, directly(model, expected, reads), atol=1e-4, rtol=1e-4)
    assert features.shape == (3, backbone.dim)
    assert (features[0] - features[1]).abs().max() > 0.01  # the model does see its images


def test_convolutional_net_without_a_processor(models, caplog):
    with caplog.at_level(logging.WARNING, "iconlearn"):
        backbone = load_backbone(models("resnet"), image_size=32)
    assert "no image processor" in caplog.text
    x = torch.stack([backbone.prepare(image) for image in IMAGES])
    model = ResNetModel.from_pretrained(models("resnet"))
    for pool in ("auto", "mean"):
        found = load_backbone(models("resnet"), image_size=32, pool=pool)(x)
        assert torch.allclose(found, directly(model, backbone.prepare.normalize(x), "mean"), atol=1e-4)
    image = picture(0, (36, 36))
    side = np.asarray(image.resize((37, 37), 3), dtype=np.float64)[2:34, 2:34] / 255
    expected = (side - CentralCrop.mean) / CentralCrop.std
    seen = CentralCrop(32).normalize(CentralCrop(32)(image))
    assert np.allclose(seen, expected.transpose(2, 0, 1), atol=1e-5)


def test_models_of_images_and_text_give_image_features(models):
    backbone = load_backbone(models("clip"))
    pixels = torch.stack([backbone.prepare(image) for image in IMAGES])
    x = torch.stack([normalized(cropped(image)) for image in IMAGES])
    model = CLIPModel.from_pretrained(models("clip")).eval()
    with torch.no_grad():
        tower = model.vision_model(pixel_values=x)
        expected = model.visual_projection(tower.pooler_output)
    assert torch.allclose(backbone(pixels), expected, atol=1e-4, rtol=1e-4)
    cls = load_backbone(models("clip"), pool="cls")
    assert torch.allclose(cls(pixels), tower.last_hidden_state[:, 0], atol=1e-4, rtol=1e-4)
    assert (backbone.dim, cls.dim) == (12, 32 // 2)


@pytest.mark.parametrize("name", ["vit", "registers", "clip"])
def test_another_image_size(models, name):
    backbone = load_backbone(models(name), image_size=48)
    assert fixed_shape(backbone.prepare) == (48, 48)
    views = Views(backbone.prepare, 3, 0, Augmentation())(IMAGES[0], 0)
    assert views.shape == (3, 3, 48, 48)
    assert backbone(views).isfinite().all()


def test_changed_views_are_normalised_as_the_model_asks(models):
    prepare = load_backbone(models("registers")).prepare
    grey = torch.from_numpy((np.full((32, 32, 3), 99) / 255 - MEAN) / STD).permute(2, 0, 1).float()
    views = Views(prepare, 3, 0, Augmentation(jitter=0, blur=0))(picture(0).point(lambda _: 99), 0)
    assert torch.allclose(prepare.normalize(views), grey.expand(3, -1, -1, -1), atol=1e-5)


class Processor:
    """An image processor that does one thing more than it should."""

    resample, do_rescale, do_normalize = 2, True, True

    def __init__(self, change, flipped: bool = False) -> None:
        self.change, self.step = change, -1 if flipped else 1

    def __call__(self, images, return_tensors, input_data_format, do_rescale=True, do_normalize=True):
        values = np.asarray(images, dtype=np.float32).transpose(2, 0, 1)[:: self.step]
        return {"pixel_values": [self.change(values / 255 - 0.5) if do_rescale else values]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (np.sqrt, "does more than"),
        (np.flip, "does more than"),
        (lambda values: values - values.mean(), "does more than"),
        (lambda values: values[None], r"shape \(1, 3, 64, 64\)"),
    ],
    ids=["curve", "mirror", "centre", "tiles"],
)
def test_processors_that_do_more_are_refused(change, words):
    assert torch.equal(ModelProcessor(Processor(lambda values: values)).offset, torch.full((3, 1, 1), -0.5))
    with np.errstate(invalid="ignore"), pytest.raises(OptionError, match=words):
        ModelProcessor(Processor(change))


def test_processors_that_put_blue_first():
    image = picture(0)
    prepare = ModelProcessor(Processor(lambda values: values, flipped=True))
    assert np.array_equal(prepare.as_is(image).numpy()[::-1], np.asarray(image).transpose(2, 0, 1))


def test_processors_that_keep_proportions_need_a_size(own):
    folder = own("registers")
    free = {**CROPPED, "do_center_crop": False}
    (folder / "preprocessor_config.json").write_text(json.dumps(free))
    with pytest.raises(OptionError, match="keeps the proportions"):
        fixed_shape(load_backbone(folder).prepare)


def test_loading_asks_no_network_and_leaves_random_states_and_settings(models, monkeypatch):
    def refuse(*args):
        raise AssertionError("the network was asked")

    import transformers

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    bars = transformers.utils.logging.is_progress_bar_enabled()
    backbone = load_backbone(models("vit"))
    backbone(backbone.prepare(IMAGES[0])[None])
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert transformers.utils.logging.is_progress_bar_enabled() == bars
    assert not backbone.model.training
    assert not any(weight.requires_grad for weight in backbone.model.parameters())


def test_digests_follow_the_weights(own):
    folder = own("vit")
    before = load_backbone(folder).digest()
    assert load_backbone(folder).digest() == before
    weights = load_file(folder / "model.safetensors")
    weights["layernorm.weight"] += 0.5
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert load_backbone(folder).digest() != before


def test_weights_that_are_missing_are_never_made_up(own):
    folder = own("vit")
    weights = load_file(folder / "model.safetensors")
    poolerless = {name: weight for name, weight in weights.items() if "pooler" not in name}
    save_file(poolerless, folder / "model.safetensors", {"format": "pt"})
    assert load_backbone(folder).pool == "cls"
    with pytest.raises(OptionError, match="whose weights are not in the checkpoint"):
        load_backbone(folder, pool="pooler")
    del poolerless["layernorm.weight"]
    save_file(poolerless, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(FileFormatError, match="lacks 1 weights.*layernorm.weight"):
        load_backbone(folder)


class Bomb:
    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickled_weights_are_refused_unread(own, tmp_path):
    folder = own("vit")
    (folder / "model.safetensors").unlink()
    torch.save({"x": Bomb(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(FileFormatError, match="safetensors"):
        load_backbone(folder)
    assert not (tmp_path / "ran").exists()


def test_code_in_a_model_folder_is_never_run(own, tmp_path, monkeypatch):
    folder = own("vit")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "nobody-knows", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"import os; os.mkdir({str(tmp_path / 'ran')!r})")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 9))
    with pytest.raises(FileFormatError, match="cannot be loaded"):
        load_backbone(folder)
    assert not (tmp_path / "ran").exists()


def test_models_that_cannot_be_used(models, own, tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="BertModel does not take images"):
        load_backbone(models("text"))
    with pytest.raises(OptionError, match="ResNetModel has no CLS token"):
        load_backbone(models("resnet"), pool="cls", image_size=32)
    with pytest.raises(OptionError, match="a pooler whose weights are not in the checkpoint"):
        load_backbone(models("no-pooler"), pool="pooler")
    with pytest.raises(OptionError, match="pool='max' is unknown"):
        load_backbone(models("vit"), pool="max")
    with pytest.raises(OptionError, match="device='cuda:77' is not available"):
        load_backbone(models("vit"), device="cuda:77")
    with pytest.raises(OptionError, match="image_size=3 "):
        load_backbone(models("vit"), image_size=3)
    with pytest.raises(FileFormatError, match="has no config.json"):
        load_backbone(tmp_path)
    with pytest.raises(FileFormatError, match="no such folder"):
        load_backbone(tmp_path / "none")
    with pytest.raises(FileFormatError, match="model nobody/nothing: cannot be loaded"):
        load_backbone("nobody/nothing")
    folder = own("vit")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="cannot be loaded"):
        load_backbone(folder)
    (folder / "preprocessor_config.json").write_text("{")
    shutil.copy(models("vit") / "model.safetensors", folder)
    with pytest.raises(FileFormatError, match="image processor cannot be loaded"):
        load_backbone(folder)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r'pip install "iconlearn\[features\]"'):
        load_backbone(models("vit"))
