"""Pretrained: the features of the models themselves, and what is frozen stays."""

from __future__ import annotations

import contextlib
import copy
import functools
import json

import numpy as np
import pytest
import torch
import transformers
from pictures import picture
from pretraining import BERT, IMAGES, TINY, VIT, WORDS, fitted, views
from vision import SQUARE

from iconlearn import (
    Augmentation,
    CrossModal,
    Gaussian,
    ICon,
    Momentum,
    OptionError,
    PerView,
    Pretrained,
    SimCLR,
    load,
    save,
)
from iconlearn.extraction import load_backbone
from iconlearn.mappers import MAPPERS, before_projector
from iconlearn.mappers.threads import threads_of


def state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


POOLED = {
    (name, pool) for name in ("vit", "no-pooler", "registers", "clip") for pool in ("auto", "cls", "mean")
}


@pytest.mark.parametrize(("name", "pool"), sorted(POOLED | {("resnet", "auto"), ("resnet", "mean")}))
def test_features_are_those_that_the_frozen_model_extracts(folders, name, pool):
    backbone = load_backbone(folders[name], pool=pool, image_size=32)
    seen = torch.stack([backbone.prepare(picture(k, (40, 40))) for k in range(3)])
    mapper = Pretrained(folders[name], modality="image", pool=pool, input_scale=255).eval()
    if name == "resnet":  # of which only the extraction has a normalisation
        seen_by_both = backbone.prepare.normalize(seen)
        backbone.prepare.normalize = lambda pixels: pixels
        expected, found = backbone(seen_by_both), mapper(255 * seen_by_both)
    else:
        expected, found = backbone(seen), mapper(seen)
    assert torch.allclose(found, expected, atol=1e-4, rtol=1e-4)
    assert mapper.features_dim == expected.shape[1]


def test_grey_and_flat_images_are_images_too(folders):
    mapper = Pretrained(folders["vit"]).eval()
    grey = IMAGES[:, :1]
    expected = mapper(grey.expand(-1, 3, -1, -1))
    assert torch.equal(mapper(grey), expected)
    flat = Pretrained(folders["vit"], image_shape=(1, 32, 32), input_scale=255).eval()
    assert torch.allclose(flat((255 * grey).flatten(1)), expected, atol=1e-5)
    assert torch.allclose(mapper(IMAGES.flatten(1)), mapper(IMAGES))
    assert Pretrained(folders["vit"]).eval()(torch.rand(2, 3, 48, 40)).shape == (2, 32)


@pytest.mark.parametrize("pool", ["mean", "last"])
def test_texts_of_unequal_lengths_are_those_of_each_alone(folders, pool):
    mapper = Pretrained(folders["text"], pool=pool).eval()
    alone = torch.cat([mapper(row[row > 0].unsqueeze(0)) for row in WORDS])
    assert torch.allclose(mapper(WORDS), alone, atol=1e-5)
    other = Pretrained(folders["text"], pool=pool, padding_id=-1).eval()
    assert torch.allclose(other(torch.where(WORDS > 0, WORDS, -1)), alone, atol=1e-5)
    model = transformers.AutoModel.from_pretrained(folders["text"]).eval()
    with torch.no_grad():
        states = model(input_ids=WORDS, attention_mask=(WORDS > 0).long()).last_hidden_state
    by_hand = [
        row[:n].mean(0) if pool == "mean" else row[n - 1]
        for row, n in zip(states, (WORDS > 0).sum(1), strict=True)
    ]
    assert torch.allclose(mapper(WORDS), torch.stack(by_hand), atol=1e-5)
    cls = Pretrained(folders["text"], pool="cls").eval()
    assert torch.allclose(cls(WORDS), states[:, 0], atol=1e-5)


def test_texts_of_dual_models_are_in_the_space_of_the_images(folders, tmp_path):
    ids = torch.tensor([[5, 6, 1, 2], [7, 8, 9, 1]])
    clip = transformers.CLIPModel.from_pretrained(folders["clip"]).eval()
    text = {**TINY, "vocab_size": 50, "max_position_embeddings": 4, "projection_size": 16}
    config = transformers.SiglipConfig(text_config=text, vision_config={**TINY, **SQUARE})
    siglip = transformers.SiglipModel(config).eval()
    siglip.save_pretrained(tmp_path)
    for whole, folder in ((clip, folders["clip"]), (siglip, str(tmp_path))):
        for modality, x, run in (
            ("image", IMAGES, lambda whole, x: whole.get_image_features(pixel_values=x)),
            ("text", ids, lambda whole, x: whole.get_text_features(input_ids=x)),
        ):
            mapper = Pretrained(folder, modality=modality).eval()
            with torch.no_grad():
                seen = x if modality == "text" else mapper.samples.normalized(x)
                expected = run(whole, seen)
                expected = expected if isinstance(expected, torch.Tensor) else expected.pooler_output
                assert torch.allclose(mapper(x), expected, atol=1e-5)
            other = "text" if modality == "image" else "vision"
            assert not any(other in name for name, _ in mapper.net.named_modules())


def test_a_dual_encoder_is_one_of_each(folders):
    towers = PerView(
        *(Pretrained(folders["clip"], 6, modality, trainable=1) for modality in ("image", "text"))
    )
    model = ICon(CrossModal(), Gaussian(0.3, metric="cos", pairs="cross_view"), towers)
    data = (IMAGES.numpy(), WORDS.numpy())
    model.fit(data, max_iter=3)
    assert model.transform(data).shape == (10, 6)
    assert model.history.losses[-1] < model.history.losses[0]


def test_a_table_of_tokens_is_texts_too():
    mapper = Pretrained({**BERT, "hidden_dropout_prob": 0.1}, 8)
    model = ICon(Augmentation(2), Gaussian(0.3, metric="cos"), mapper)
    model.fit((WORDS.numpy(), WORDS.numpy()), max_iter=3)  # two views of a text differ by dropout alone
    with torch.no_grad():
        expected = mapper.eval()(WORDS).numpy()
    assert np.allclose(model.transform(WORDS.numpy()), expected, atol=1e-6)


def test_a_masked_autoencoder_sees_all_patches(tmp_path):
    settings = {"decoder_hidden_size": 16, "decoder_num_hidden_layers": 1, "decoder_intermediate_size": 16}
    config = transformers.ViTMAEConfig(**TINY, **SQUARE, **settings, decoder_num_attention_heads=2)
    transformers.ViTMAEForPreTraining(config).save_pretrained(tmp_path)
    mapper = Pretrained(tmp_path, pool="cls").eval()
    assert torch.equal(mapper(IMAGES), mapper(IMAGES))
    whole = transformers.ViTMAEModel.from_pretrained(tmp_path, mask_ratio=0.0).eval()
    order = torch.arange(16.0).expand(5, 16)
    with torch.no_grad():
        expected = whole(pixel_values=IMAGES, noise=order).last_hidden_state[:, 0]
    assert torch.allclose(mapper(IMAGES), expected, atol=1e-5)


def parts_of(names) -> set[str]:
    """Block numbers, and the first words of what is in no block."""
    return {next((part for part in name.split(".") if part.isdigit()), name.split(".")[0]) for name in names}


@pytest.mark.parametrize(
    ("trainable", "moves"),
    [("all", {"embeddings", "0", "1", "2", "layernorm"}), ("none", set()), (1, {"2", "layernorm"})],
)
def test_what_is_frozen_stays(trainable, moves):
    mapper = Pretrained({**VIT, "hidden_dropout_prob": 0.3}, 8, pool="cls", trainable=trainable)
    before = state(mapper.net)
    fitted(mapper, warm_start=True)
    after = mapper.net.state_dict()
    assert (
        parts_of(name for name in after if not torch.equal(after[name], before[name])) - {"pooler"} == moves
    )
    assert {name for name, p in mapper.net.named_parameters() if p.requires_grad} == {
        name for name in before if trainable == "all" or (parts_of([name]) & {*moves, "pooler"} and moves)
    }
    modes = {name: part.training for name, part in mapper.train().net.named_modules()}
    assert all(modes[name] == (trainable == "all") for name in ("", "embeddings.dropout"))
    assert modes["layernorm"] == (trainable != "none")


def test_a_wholly_frozen_net_draws_nothing_and_keeps_no_graph():
    mapper = Pretrained({**BERT, "hidden_dropout_prob": 0.5}, 8, trainable="none").train()
    features = mapper.features(WORDS)
    assert not features.requires_grad
    assert torch.equal(features, mapper.features(WORDS))
    assert mapper(WORDS).requires_grad


@pytest.mark.parametrize("trainable", [1, "none"])
def test_running_moments_of_frozen_layers_stay_and_of_others_move(folders, trainable):
    mapper = Pretrained(folders["resnet"], 4, trainable=trainable)
    before = {name: buffer.clone() for name, buffer in mapper.net.named_buffers()}
    model = fitted(mapper, mapper_j=Momentum(0.9))
    moved = {name for name, buffer in mapper.net.named_buffers() if not torch.equal(buffer, before[name])}
    assert all("stages.1" in name for name in moved)
    assert bool(moved) == (trainable == 1)
    assert model.mapper_j.teacher.frozen == mapper.frozen


KINDS = {
    "deberta-v2": ({"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 4}, 3),
    "gpt2": ({"n_embd": 16, "n_layer": 3, "n_head": 2}, 3),
    "poolformer": ({"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 2, 1]}, 5),
    "swin": ({"embed_dim": 8, "depths": [1, 2], "num_heads": [2, 2], "window_size": 4, "image_size": 32}, 3),
    "convnext": ({"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2, "image_size": 32}, 3),
    "siglip_vision_model": (SQUARE, 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_the_last_blocks_and_what_comes_after_and_nothing_else(kind):
    settings, count = KINDS[kind]
    wide = {} if {"n_embd", "hidden_sizes", "embed_dim"} & settings.keys() else TINY
    settings = {"model_type": kind, "vocab_size": 50, **wide, **settings}
    x = WORDS if kind in ("gpt2", "deberta-v2") else IMAGES
    sizes = []
    for trainable in (*range(1, count + 1), "all"):
        mapper = Pretrained(settings, 4, pool="mean" if x is WORDS else "auto", trainable=trainable)
        mapper(x).square().sum().backward()
        free = {name for name, p in mapper.net.named_parameters() if p.requires_grad}
        assert {name for name, p in mapper.net.named_parameters() if p.grad is not None} <= free
        sizes.append(len(free))
        owners = mapper.source.architecture.blocks
        blocks = [name for name, part in mapper.net.named_modules() if type(part).__name__ in owners]
        trained = [any(name.startswith(f"{block}.") for name in free) for block in blocks]
        assert len(blocks) == count
        assert trained == [k >= count - (count if trainable == "all" else trainable) for k in range(count)]
        if trainable != "all":
            assert not [name for name in free if "embeddings.weight" in name or "rel_embeddings" in name]
    assert sizes == sorted(set(sizes))


def test_weights_that_take_no_part_in_order_are_refused_in_words():
    albert = {**BERT, "model_type": "albert", "embedding_size": 8}
    assert Pretrained(albert, trainable="none").eval()(WORDS).shape == (5, 16)
    with pytest.raises(
        OptionError, match="AlbertModel has no blocks that follow .* one of these: .*bert, .*vit"
    ):
        Pretrained(albert, trainable=1)
    with pytest.raises(OptionError, match="trainable=4, but ViTModel has 3 blocks"):
        Pretrained(VIT, trainable=4)


@pytest.mark.parametrize("source", ["folder", "configuration"])
def test_fitting_again_gives_the_same_bits_and_leaves_the_global_state(folders, source):
    before = torch.get_rng_state()
    model = fitted(Pretrained(folders["vit"] if source == "folder" else VIT, 8))
    first = model.transform(IMAGES.numpy())
    model.fit(IMAGES.numpy(), max_iter=2, lr=0.01, augment=views)
    assert np.array_equal(first, model.transform(IMAGES.numpy()))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fit_starts_from_the_pretrained_weights_and_seeds_draw_others(folders):
    mapper = Pretrained(folders["vit"], 8)
    before = state(mapper.net)
    fitted(mapper)
    assert any(not torch.equal(tensor, before[name]) for name, tensor in mapper.net.state_dict().items())
    mapper.initialize(None, None, torch.Generator().manual_seed(1))
    assert all(torch.equal(tensor, before[name]) for name, tensor in mapper.net.state_dict().items())
    one, same, other = (Pretrained(VIT, 8, seed=seed).eval()(IMAGES) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_estimators_and_teachers_take_it(folders):
    x = (255 * IMAGES[:, :1]).flatten(1).numpy()
    backbone = functools.partial(Pretrained, folders["vit"], trainable=1)
    simclr = SimCLR(backbone=backbone, image_shape=(1, 32, 32), embedding_dim=8, max_iter=1).fit(x)
    assert simclr.transform(x).shape == (5, 8)
    encoder = simclr.model_.mapper
    assert encoder.input_scale == pytest.approx(x.max())
    with torch.no_grad():
        assert before_projector(encoder)(torch.from_numpy(x)).shape == (5, 32)
    teacher = copy.deepcopy(encoder).eval()
    assert torch.equal(teacher(torch.from_numpy(x)), encoder.eval()(torch.from_numpy(x)))
    assert eval(repr(encoder), dict(MAPPERS)).features_dim == 32


def test_configurations_are_told_by_what_they_change(tmp_path):
    config = transformers.ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_labels=7)
    mapper = Pretrained(config, 4)
    assert all(told in repr(mapper) for told in ("'vit'", "'hidden_size': 16", "'num_attention_heads': 2"))
    assert not any(told in repr(mapper) for told in ("intermediate_size", "patch_size", "label", "version"))
    again = eval(repr(mapper), dict(MAPPERS))
    assert all(torch.equal(weight, mapper.state_dict()[name]) for name, weight in again.state_dict().items())
    save(ICon(Augmentation(2), Gaussian(0.7, metric="cos"), mapper), tmp_path / "model")
    assert repr(load(tmp_path / "model").mapper) == repr(mapper)
    whole = json.loads((tmp_path / "model.json").read_text())["model"]["args"]["mapper"]["args"]["model"]
    assert whole["settings"]["intermediate_size"] == 3072  # the file does not depend on what is usual


def test_layers_of_large_texts_have_all_threads():
    for width, all_of_them in ((16, False), (256, True)):
        mapper = Pretrained({**BERT, "hidden_size": width, "num_hidden_layers": 1})
        assert isinstance(threads_of(mapper), contextlib.nullcontext) == all_of_them
