"""Encoders by command: chosen networks and views, what a run leaves, and its features and probes afterwards."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTConfig, ViTModel

from iconlearn import (
    METHODS,
    TSNE,
    InputError,
    OptionError,
    Pretrained,
    ResNet18,
    SimCLR,
    ViT,
    load,
    open_features,
)
from iconlearn._errors import FileFormatError
from iconlearn.cli import main
from iconlearn.data.files import Dataset, load_digits_dataset
from iconlearn.estimators import ESTIMATORS
from iconlearn.estimators.options import options_of
from iconlearn.mappers import before_projector
from iconlearn.run import RunOptions, embed_run, probe_run, run_method
from iconlearn.train.schedules import Cosine

DIGITS = load_digits_dataset()
FEW = Dataset("few", DIGITS.X[:80], DIGITS.y[:80], DIGITS.classes, DIGITS.image_shape)
TRAINED = {"backbone", "projector", "lr", "accumulate", "optimizer", "weight_decay", "max_grad_norm"}
SHORT = {"epochs": 1, "batch_size": 20}


def test_a_network_and_views_are_chosen_by_name():
    fitted = SimCLR(
        backbone="resnet18", augment="characters", image_shape=(1, 8, 8), embedding_dim=5, lr=1e-3, **SHORT
    ).fit(FEW.X)
    encoder = fitted.model_.mapper
    assert isinstance(encoder, ResNet18)
    assert (encoder.embedding_dim, encoder.input_scale, encoder.small) == (5, 16.0, True)
    assert fitted.n_iter_ == 4
    assert fitted._options(fitted._recipe(), fitted._shape(FEW.X, None, 0), 0)["lr"] == Cosine(1e-3)
    assert fitted.transform(FEW.X).shape == (80, 5)


def test_a_network_may_be_a_function():
    made = []

    def small(embedding_dim, image_shape, seed, input_scale):
        made.append((embedding_dim, image_shape, seed, input_scale))
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, embedding_dim))

    model = SimCLR(backbone=small, image_shape=(1, 8, 8), embedding_dim=3, random_state=4, max_iter=2)
    assert model.fit(FEW.X).transform(FEW.X).shape == (80, 3)
    assert made == [(3, (1, 8, 8), 4, 16.0)]


def test_a_projector_stands_between_features_and_embedding():
    images = {"image_shape": (1, 8, 8), "embedding_dim": 5, "max_iter": 1, "batch_size": 10}
    model = SimCLR(backbone="resnet18", projector=[32, 16], **images).fit(FEW.X).model_
    assert model.mapper.projector == (32, 16)
    assert [
        tuple(layer.weight.shape) for layer in model.mapper.head.modules() if hasattr(layer, "weight")
    ] == [
        (32, 512),
        (16, 32),
        (5, 16),
    ]
    plain = SimCLR(backbone="resnet18", **images).fit(FEW.X).model_
    assert plain.mapper.projector == ()


def test_a_transformer_has_patches_that_suit_the_images():
    model = ESTIMATORS["TSimCLR"](backbone="vit", image_shape=(1, 8, 8), max_iter=1, batch_size=10).fit(FEW.X)
    assert isinstance(model.model_.mapper, ViT)
    assert model.model_.mapper.patch_size == 4


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"backbone": "resnet19", "image_shape": (1, 8, 8)}, "did you mean 'resnet18'"),
        ({"backbone": "resnet18"}, r"backbone='resnet18' is for images; give image_shape="),
        ({"projector": (8,), "image_shape": (1, 8, 8)}, "the small network has no features.*'resnet18'"),
        (
            {"projector": 8, "backbone": "vit", "image_shape": (1, 8, 8)},
            r"a sequence of widths, such as \(512,\)",
        ),
        ({"projector": (0,), "backbone": "vit", "image_shape": (1, 8, 8)}, "projector=0"),
        ({"projector": (8,), "backbone": len, "image_shape": (1, 8, 8)}, "a function makes its own"),
        ({"augment": "small"}, r"augment='small' is for images"),
        ({"augment": "flips", "image_shape": (1, 8, 8)}, "augment='flips'"),
        ({"augment": (len, 3), "image_shape": (1, 8, 8)}, r"or functions \(x, generator\)"),
        ({"epochs": 2, "max_iter": 3}, "both say how long"),
        ({"lr": -1.0}, "lr=-1"),
    ],
)
def test_what_cannot_be_is_refused(options, match):
    with pytest.raises(OptionError, match=match):
        SimCLR(**options).fit(FEW.X)


def test_how_a_network_is_trained_may_be_chosen():
    chosen = {"optimizer": "lars", "weight_decay": 0.1, "max_grad_norm": 0.5}

    def fitted(**options):
        model = SimCLR(image_shape=(1, 8, 8), embedding_dim=3, **{"max_iter": 2, "batch_size": 12} | options)
        return model.fit(FEW.X)

    plain = fitted().embedding_
    for name, value in chosen.items():
        assert not np.array_equal(fitted(**{name: value}).embedding_, plain), name
    np.testing.assert_allclose(fitted(accumulate=3).embedding_, plain, atol=1e-5)
    with pytest.raises(OptionError, match="accumulate=13 pieces of a batch of 12"):
        fitted(accumulate=13)


def test_only_methods_that_train_networks_have_these_options():
    for row in METHODS.values():
        have = TRAINED & set(options_of(row))
        assert have in (TRAINED, set())
        assert not (have and (row.clusters or row.recipe().is_map)), row.name
    assert "backbone" in options_of(METHODS["supcon"])
    assert "augment" in options_of(METHODS["vicreg"])
    assert "augment" not in options_of(METHODS["infonce-clustering"])
    with pytest.raises(OptionError, match="backbone"):
        TSNE(backbone="resnet18")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    np.savez(folder / "few.npz", X=FEW.X.reshape(-1, 1, 8, 8), y=FEW.y)
    command = [
        "train",
        "simclr",
        str(folder / "few.npz"),
        "--out",
        str(folder / "run"),
        "--backbone",
        "resnet18",
    ]
    command += ["--augment", "characters", "--epochs", "1", "--batch-size", "20", "--lr", "0.001", "--quiet"]
    command += ["--accumulate", "2", "--optimizer", "adam", "--weight-decay", "0.01", "--max-grad-norm", "5"]
    command += ["--projector", "16"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    return folder


def test_a_run_leaves_probes_curves_and_pictures(run):
    record = json.loads((run / "run" / "run.json").read_text())
    assert {"linear_probe", "linear_probe_untrained"} <= set(record["metrics"])
    assert record["options"]["backbone"] == "resnet18"
    chosen = {"accumulate": 2, "optimizer": "adam", "weight_decay": 0.01, "max_grad_norm": 5.0}
    assert chosen.items() <= record["options"].items()
    assert record["options"]["projector"] == [16]
    for name in ("map.png", "p_vs_q.png", "loss.png", "training.gif", "embedding.csv"):
        assert (run / "run" / name).exists() or (run / "run" / name.replace(".csv", ".parquet")).exists(), (
            name
        )


def test_images_are_read_brought_to_a_size_and_watched(tmp_path):
    for k in range(12):
        place = tmp_path / "images" / "ab"[k % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(k).integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{k}.png")
    command = [
        "train",
        "vicreg",
        str(tmp_path / "images"),
        "--image-size",
        "16",
        "--out",
        str(tmp_path / "run"),
    ]
    command += ["--epochs", "2", "--batch-size", "6", "--log", str(tmp_path / "log"), "--quiet"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["data"]["image_shape"] == [3, 16, 16]
    assert record["data"]["classes"] == ["a", "b"]
    lines = [json.loads(line) for line in (tmp_path / "log" / "log.jsonl").read_text().splitlines()]
    assert {"loss", "lr", "epoch", "embedding/effective_rank"} <= set(lines[-1])
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "embed",
                str(tmp_path / "run"),
                str(tmp_path / "images"),
                "--images",
                "--out",
                str(tmp_path / "made"),
            ]
        )
    assert ended.value.code == 0
    assert open_features(tmp_path / "made").n == 12


def test_an_encoder_may_learn_from_all_rows(run, tmp_path, capsys):
    command = ["train", "supcon", str(run / "few.npz"), "--out", str(tmp_path / "all"), "--epochs", "1", "-q"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--batch-size", "20", "--all-rows"])
    assert ended.value.code == 0
    record = json.loads((tmp_path / "all" / "run.json").read_text())
    assert (record["rows"], record["steps"]) == ("fitted on all 80 rows", 4)
    assert "linear_probe" not in record["metrics"]


def test_features_of_another_encoder_or_of_other_rows_are_not_mixed_in(run, tmp_path):
    other = run_method("simclr", FEW, tmp_path / "other", RunOptions({}, 1, max_iter=1, backbone="resnet18"))
    embed_run(run / "run", FEW, tmp_path / "features")
    changed = Dataset("few", FEW.X[::-1].copy(), FEW.y, FEW.classes, FEW.image_shape)
    for again in ((other.out, FEW), (run / "run", changed)):
        with pytest.raises(OptionError, match="other"):
            embed_run(*again, tmp_path / "features")
    assert embed_run(run / "run", FEW, tmp_path / "features").n == 80  # the same call finds its features


def test_a_layer_called_features_is_no_way_to_them():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features, self.last = torch.nn.Linear(3, 9), torch.nn.Linear(9, 2)

        def forward(self, x):
            return self.last(self.features(x))

    network, encoder = Theirs(), ResNet18(4, (1, 8, 8))
    assert before_projector(network) is network
    assert before_projector(encoder) == encoder.features


def test_a_part_of_no_images_is_refused(run, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "simclr", str(run / "few.npz"), "--split", "train", "--out", str(run / "none")])
    assert ended.value.code == 2
    assert "give --image-size too" in capsys.readouterr().err


def test_features_are_those_before_the_projector(run, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["embed", str(run / "run"), str(run / "few.npz"), "--out", str(run / "features")])
    assert ended.value.code == 0
    assert "80 rows of 512 features" in capsys.readouterr().out
    features = open_features(run / "features")
    encoder = load(run / "run" / "model").mapper.eval()
    with torch.no_grad():
        own = encoder.features(torch.from_numpy(FEW.X)).numpy()
    np.testing.assert_allclose(features.take(np.arange(80)), own, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(features.label, FEW.y)
    projected = embed_run(run / "run", FEW, run / "projected", projected=True)
    assert projected.d == encoder.embedding_dim


def test_probes_judge_the_half_not_learned_from(run, capsys):
    with pytest.raises(SystemExit):
        main(["probe", str(run / "run"), str(run / "few.npz")])
    printed = capsys.readouterr().out
    assert "linear probe " in printed
    found = probe_run(run / "run", FEW)
    assert f"{found['linear_probe']:.4f}" in printed
    assert 0.3 < found["linear_probe_raw"] <= 1


def test_what_is_no_run_of_an_encoder_is_refused(run, tmp_path):
    with pytest.raises(FileFormatError, match="holds no finished run"):
        probe_run(tmp_path, FEW)
    clusters = run_method("k-means", FEW, tmp_path / "clusters", RunOptions({"n_clusters": 3}, max_iter=2))
    with pytest.raises(OptionError, match="trains no encoder of rows"):
        embed_run(clusters.out, FEW, tmp_path / "features")
    with pytest.raises(InputError, match="has no labels"):
        probe_run(run / "run", Dataset("bare", FEW.X, None, None, FEW.image_shape))
    with pytest.raises(InputError, match="two classes or more"):
        probe_run(run / "run", Dataset("one", FEW.X, np.zeros(80, np.int64), ["a"], FEW.image_shape))


def test_a_pretrained_model_is_named_by_its_folder(tmp_path):
    config = ViTConfig(
        image_size=8,
        patch_size=4,
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
    )
    ViTModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "tiny")
    images = Dataset("few", np.repeat(FEW.X, 3, axis=1), FEW.y, FEW.classes, (3, 8, 8))
    options = RunOptions(
        {"embedding_dim": 5}, epochs=1, batch_size=20, backbone=str(tmp_path / "tiny"), projector=(7,)
    )
    run = run_method("supcon", images, tmp_path / "run", options)
    encoder = load(run.out / "model").mapper
    assert isinstance(encoder, Pretrained)
    assert (encoder.projector, encoder.features_dim, encoder.samples.input_scale) == ((7,), 12, 16.0)
    assert embed_run(run.out, images, tmp_path / "features").shape == (80, 12)
    with pytest.raises(FileFormatError, match="no such folder|has no config.json"):
        SimCLR(backbone=str(tmp_path / "none"), image_shape=(3, 8, 8), **SHORT).fit(images.X)


def test_features_of_a_run_become_a_map_with_labels(tmp_path):
    run = run_method("simclr", FEW, tmp_path / "run", RunOptions({"embedding_dim": 4}, max_iter=2))
    embed_run(run.out, FEW, tmp_path / "features")
    with pytest.raises(SystemExit) as end:
        main(
            [
                "fit",
                "pca",
                str(tmp_path / "features"),
                "-q",
                "--max-iter",
                "2",
                "--out",
                str(tmp_path / "map"),
            ]
        )
    assert end.value.code == 0
    record = json.loads((tmp_path / "map" / "run.json").read_text())
    assert (record["data"]["name"], record["data"]["labelled"]) == ("features", 80)
    assert "knn_accuracy" in record["metrics"]


@pytest.mark.parametrize("device", ["cuda:99", "gpu", 3.5])
def test_a_device_that_is_not_at_hand_is_told(device):
    with pytest.raises(OptionError, match=f"device={device!r} is not at hand"):
        SimCLR(device=device, **SHORT).fit(FEW.X)


def test_the_device_is_that_of_the_network():
    assert SimCLR(device="cpu", **SHORT).fit(FEW.X).model_.device == torch.device("cpu")
