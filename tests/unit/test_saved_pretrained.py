"""Saved models with Pretrained in them need no other file, and their runs go on to the same bits."""

from __future__ import annotations

import functools
import json
import socket

import numpy as np
import pytest
import torch
from pretraining import IMAGES, VIT, WORDS, fitted, views
from safetensors.torch import load_file, save_file

from iconlearn import (
    Augmentation,
    CrossModal,
    FileFormatError,
    Gaussian,
    ICon,
    Momentum,
    PerView,
    Pretrained,
    load,
    save,
)


def change_weights(folder) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: weight + 1 for name, weight in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [("vit", {}), ("no-pooler", {}), ("resnet", {}), ("clip", {"modality": "image"})],
)
def test_a_saved_model_needs_no_other_file(folders, own, name, options, tmp_path, monkeypatch):
    folder = own(name)
    mapper = Pretrained(folder, 8, trainable=1, projector=(9,), image_shape=(1, 32, 32), **options)
    model = fitted(mapper)
    save(model, tmp_path / "model")
    expected = model.transform(IMAGES.numpy())
    folder.rename(tmp_path / "away")
    monkeypatch.setattr(socket.socket, "connect", None)
    again = load(tmp_path / "model")
    assert np.array_equal(again.transform(IMAGES.numpy()), expected)
    assert repr(again) == repr(model)
    assert again.mapper.frozen == mapper.frozen
    again.fit(IMAGES.numpy(), max_iter=1, augment=views, warm_start=True)
    with pytest.raises(FileFormatError, match="no such folder"):
        again.fit(IMAGES.numpy(), max_iter=1, augment=views)
    (tmp_path / "away").rename(folder)
    again.fit(IMAGES.numpy(), max_iter=2, lr=0.01, augment=views)
    assert np.array_equal(again.transform(IMAGES.numpy()), expected)
    change_weights(folder)
    with pytest.raises(FileFormatError, match="holds other weights than those that this model started from"):
        again.fit(IMAGES.numpy(), max_iter=1, augment=views)


def test_saved_towers_and_random_weights_come_back(folders, tmp_path):
    towers = PerView(Pretrained(VIT, 6), Pretrained(folders["text"], 6, padding_id=0))
    model = ICon(CrossModal(), Gaussian(0.3, metric="cos", pairs="cross_view"), towers)
    data = (IMAGES.numpy(), WORDS.numpy())
    model.fit(data, max_iter=1)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    assert np.array_equal(again.transform(data), model.transform(data))
    again.fit(data, max_iter=1)
    assert np.array_equal(again.transform(data), model.transform(data))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden_size": 1 << 20}, "describes a network of"),
        ({"num_hidden_layers": 1 << 40}, "more than the .* tensors"),
        ({"image_size": 1 << 20}, "beyond"),
        ({"intermediate_size": 1 << 40}, "describes a network of|no ViTModel"),
        ({"auto_map": {"AutoModel": "evil--code.Model"}}, "auto_map"),
        ({"model_type": "timm_wrapper"}, "none of those"),
    ],
)
def test_a_file_that_claims_another_network_is_refused(change, words, tmp_path):
    save(ICon(Augmentation(2), Gaussian(0.7, metric="cos"), Pretrained(VIT, 8)), tmp_path / "model")
    path = tmp_path / "model.json"
    told = json.loads(path.read_text())
    told["model"]["args"]["mapper"]["args"]["model"]["settings"] |= change
    path.write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match=words):
        load(tmp_path / "model")
    told["model"]["args"]["mapper"]["args"]["model"]["settings"] = VIT
    told["model"]["args"]["mapper"]["args"]["projector"] = [1 << 40]
    path.write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match="a projector of"):
        load(tmp_path / "model")


def test_the_checkpoint_of_other_weights_is_refused(own, tmp_path):
    folder = own("vit")
    run = functools.partial(fitted, checkpoint=tmp_path / "run.ckpt")
    done = run(Pretrained(folder, 8)).transform(IMAGES.numpy())
    assert np.array_equal(run(Pretrained(folder, 8)).transform(IMAGES.numpy()), done)
    change_weights(folder)
    with pytest.raises(FileFormatError, match="the pretrained weights differ"):
        run(Pretrained(folder, 8))


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(folders, tmp_path):
    def stop(event) -> None:
        if event.step == 2:
            raise KeyboardInterrupt

    made = functools.partial(Pretrained, folders["resnet"], 8, trainable=1)
    run = functools.partial(fitted, steps=5, batch_size=3)
    whole = run(made(), mapper_j=Momentum(0.9))
    held = {"checkpoint": tmp_path / "run.ckpt"}
    assert len(run(made(), mapper_j=Momentum(0.9), callbacks=(stop,), **held).history.losses) < 5
    again = run(made(), mapper_j=Momentum(0.9), **held)
    assert again.history.losses == whole.history.losses
    assert all(torch.equal(weight, again.state_dict()[name]) for name, weight in whole.state_dict().items())
