"""Pretrained at the door: nothing from elsewhere is loaded, nothing huge is built, and errors say what to do."""

from __future__ import annotations

import json
import os

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from vision import MEAN, SMALL, SQUARE, STD

from iconlearn import FileFormatError, InputError, OptionError, Pretrained
from iconlearn.pretrained import Held, Pixels, Source
from iconlearn.pretrained.safety import FOREIGN, held_by, no_more_than

VIT = {"model_type": "vit", **SMALL, **SQUARE}
BERT = {"model_type": "bert", **SMALL, "vocab_size": 50, "max_position_embeddings": 8}


pytestmark = pytest.mark.usefixtures("offline")
REMOTE = {
    "backbone": "evil/model",
    "use_timm_backbone": True,
    "backbone_config": {"model_type": "timm_backbone", "backbone": "resnet18"},
    "auto_map": {"AutoModel": "evil/code--model.Model"},
    "quantization_config": {"quant_method": "awq"},
    "kernel_config": {"x": "y"},
    "transformers_weights": "../../weights.bin",
    "attn_implementation": "kernels-community/flash-attn",
    "_attn_implementation": "flash_attention_2",
    "experts_implementation": "evil/kernel",
}


@pytest.mark.parametrize("name", REMOTE)
@pytest.mark.parametrize("deep", [False, True])
def test_settings_that_load_from_elsewhere_are_refused_however_deep(own, name, deep):
    setting = {name: REMOTE[name]}
    folder = own(**({"more": [{"inner": setting}]} if deep else setting))
    with pytest.raises(FileFormatError, match=rf"config.json: {name}="):
        Pretrained(folder)
    with pytest.raises(FileFormatError, match=rf"the configuration: {name}="):
        Pretrained(VIT | setting)


def test_settings_that_load_nothing_pass(own):
    harmless = dict.fromkeys(FOREIGN) | {"use_timm_backbone": False, "attn_implementation": "eager"}
    assert Pretrained(own(**harmless)).features_dim == 32


def test_code_and_pickles_of_a_folder_are_never_run(own, tmp_path):
    folder = own(auto_map={"AutoModel": "code.Model"}, model_type="nobody-knows")
    (folder / "code.py").write_text(f"import os; os.mkdir({str(tmp_path / 'ran')!r})")
    with pytest.raises(FileFormatError, match="auto_map"):
        Pretrained(folder)
    (folder / "config.json").write_text(json.dumps(VIT))
    (folder / "model.safetensors").unlink()

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"x": Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(FileFormatError, match="other formats can run code"):
        Pretrained(folder)
    assert not (tmp_path / "ran").exists()


def test_an_adapter_of_another_model_is_refused(own):
    folder = own()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "evil/model"}))
    with pytest.raises(FileFormatError, match="an adapter of another model"):
        Pretrained(folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden_size": 1 << 20}, "describes a network of .* numbers and more"),
        ({"intermediate_size": 1 << 40}, "describes a network of .* numbers and more|no ViTModel"),
        ({"num_hidden_layers": 1 << 40}, r"num_hidden_layers=1099511627776 is more than the \d+ tensors"),
        ({"num_hidden_layers": 30}, "describes a network of|cannot be loaded|lacks"),
        ({"num_labels": 1 << 40, "encoder_layers": [1 << 40]}, "encoder_layers"),
        ({"image_size": 1 << 20}, "beyond"),
        ({"image_size": [32, -1]}, "image_size, patch_size and num_channels are"),
        ({"patch_size": 0}, "image_size, patch_size and num_channels are"),
        ({"num_channels": 1 << 24}, "beyond"),
        ({"hidden_act": "nothing"}, "no ViTModel has these settings"),
        ({"hidden_size": "wide"}, "no vit model has these settings|no ViTModel"),
        ({"hidden_size": 48}, "cannot be loaded"),
        ({"image_size": 1e12}, "image_size, patch_size and num_channels are|no vit model has these settings"),
        ({"num_attention_heads": -1}, "ViTModel cannot read a sample"),
        (
            {"return_dict": False, "output_attentions": True, "num_attention_heads": 0},
            "no ViTModel|cannot read",
        ),
    ],
)
def test_a_configuration_that_is_not_of_its_weights_is_refused(own, settings, words):
    with pytest.raises(FileFormatError, match=words):
        Pretrained(own(**settings))


def test_labels_of_a_classifier_are_not_built_and_outputs_are_the_usual_ones(own):
    told = {"num_labels": 1 << 40, "return_dict": False, "output_hidden_states": True}
    assert Pretrained(own(**told)).features_dim == 32


def test_no_more_is_built_than_a_file_holds():
    with pytest.raises(FileFormatError, match="a network of 65 parts"), no_more_than(Held(0, 10), "x"):
        torch.nn.Sequential(*(torch.nn.Identity() for _ in range(100)))
    with (
        pytest.raises(FileFormatError, match="numbers and more, but the weights are 10 numbers"),
        no_more_than(Held(5, 10), "x"),
        torch.device("meta"),
    ):
        torch.nn.Linear(1 << 20, 1 << 20)
    torch.nn.Linear(1 << 10, 1 << 11)  # outside of it, anything goes


def test_weights_that_are_missing_or_damaged_are_refused(own):
    folder = own()
    file = folder / "model.safetensors"
    whole = load_file(file)
    key = next(name for name in whole if "layernorm" in name)
    save_file({name: weight for name, weight in whole.items() if name != key}, file, {"format": "pt"})
    with pytest.raises(FileFormatError, match="lacks 1 weights"):
        Pretrained(folder)
    save_file(
        {name: weight for name, weight in whole.items() if "pooler" not in name}, file, {"format": "pt"}
    )
    assert Pretrained(folder).source.pool == "cls"
    with pytest.raises(OptionError, match="whose weights are not in the checkpoint"):
        Pretrained(folder, pool="pooler")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="missing or damaged"):
        Pretrained(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(FileFormatError, match="config.json: is not JSON"):
        Pretrained(folder)
    (folder / "config.json").write_text("[1]")
    with pytest.raises(FileFormatError, match="holds a list"):
        Pretrained(folder)


def test_weights_in_several_files_are_those_in_one(folders, own):
    folder = own()
    model = transformers.ViTModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*-of-*.safetensors"))) > 1
    assert Pretrained(folder).weights_digest == Pretrained(folders["vit"]).weights_digest
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": "../model.safetensors"}}))
    with pytest.raises(FileFormatError, match="files outside of its folder"):
        held_by(folder)


def test_weights_of_half_precision_are_read_in_full(own):
    folder = own()
    transformers.ViTModel.from_pretrained(folder).half().save_pretrained(folder)
    mapper = Pretrained(folder)
    assert {weight.dtype for weight in mapper.net.parameters()} == {torch.float32}
    assert mapper(torch.rand(2, 3, 32, 32)).dtype == torch.float32


def test_loading_leaves_random_states(folders):
    before = torch.get_rng_state()
    Pretrained(folders["vit"], 3)
    Pretrained(VIT, 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_name_of_the_hub_is_fetched_without_pickles_and_code(folders, monkeypatch):
    asked = []

    def snapshot(name, **options):
        asked.append((name, options["allow_patterns"], options["local_files_only"]))
        return str(folders["vit"])

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    mapper = Pretrained("someone/model", 4)
    assert mapper.weights_digest == Pretrained(folders["vit"]).weights_digest
    assert [name for name, *_ in asked] == ["someone/model"]
    fresh = {name: weight.clone() for name, weight in mapper.net.state_dict().items()}
    mapper.net.requires_grad_(False).layernorm.weight.add_(1)
    mapper.initialize(None, None, torch.Generator())
    assert all(torch.equal(weight, fresh[name]) for name, weight in mapper.net.state_dict().items())
    assert len(asked) == 1
    assert not any(
        ending in pattern for _, patterns, _ in asked for pattern in patterns for ending in (".bin", ".py")
    )
    assert not any(only_here for *_, only_here in asked)
    asked.clear()
    held = Held(1000, sum(weight.numel() for weight in mapper.state_dict().values()))
    again = Pretrained.restored(json.loads(json.dumps(mapper.describe())), held)
    assert asked == []
    again.net.requires_grad_(False).layernorm.weight.add_(1)
    again.initialize(None, None, torch.Generator())
    assert {only_here for *_, only_here in asked} == {True}


def test_what_is_no_model_is_refused_in_words(folders, tmp_path):
    with pytest.raises(FileFormatError, match="no such folder"):
        Pretrained("./nowhere")
    with pytest.raises(FileFormatError, match="has no config.json"):
        Pretrained(tmp_path)
    with pytest.raises(FileFormatError, match="cannot be fetched from the hub"):
        Pretrained("nobody/nothing")
    with pytest.raises(OptionError, match="must be the folder of a model, a name"):
        Pretrained(3)
    with pytest.raises(OptionError, match="JSON does not know"):
        Pretrained({"model_type": "vit", "hidden_size": object()})
    with pytest.raises(OptionError, match="no ViTModel has these settings"):
        Pretrained({**VIT, "hidden_act": "nothing"})


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("clip", {}, "is of images and texts; say modality='image' or modality='text'"),
        ("vit", {"modality": "text"}, "a vit model reads images, so modality='text' does not fit"),
        ("vit", {"modality": "sound"}, "modality='sound' is unknown"),
        ("vit", {"pool": "last"}, "pool='last' is for texts"),
        ("vit", {"pool": "projection"}, "is for models such as CLIP; ViTModel has none"),
        ("resnet", {"pool": "cls"}, "ResNetModel has no CLS token"),
        ("vit", {"trainable": "some"}, "trainable='some' must be an integer"),
        ("vit", {"trainable": 0}, "trainable=0 must be"),
        ("vit", {"embedding_dim": 0}, "embedding_dim=0"),
        ("vit", {"projector": (8,)}, "give embedding_dim="),
        ("vit", {"image_shape": (2, 8, 8)}, "has 2 channels, but ViTModel reads 3"),
        ("clip", {"modality": "text", "pool": "cls"}, "sees no other; use 'last' or 'mean'"),
        ("clip", {"modality": "text", "pool": "pooler"}, "has no pooler whose weights are there"),
    ],
)
def test_wrong_options_are_refused(folders, model, options, words):
    with pytest.raises(OptionError, match=words):
        Pretrained(folders[model], **options)


@pytest.mark.parametrize(
    "kind", ["bart", "t5", "marian", "blip", "flava", "vilt", "vision-encoder-decoder", None]
)
def test_models_without_features_of_one_sample_are_refused_in_words(kind):
    settings = {"model_type": kind, "is_encoder_decoder": kind in ("bart", "t5", "marian")}
    with pytest.raises(OptionError, match="an encoder with a decoder|none of those whose features are known"):
        Pretrained(settings)
    with pytest.raises(OptionError, match="did you mean 'bert'"):
        Pretrained({"model_type": "bertt"})


def test_images_that_do_not_fit_are_refused(folders):
    mapper = Pretrained(folders["vit"])
    with pytest.raises(InputError, match=r"takes images of shape \(3, height, width\), or with one channel"):
        mapper(torch.rand(2, 2, 32, 32))
    with pytest.raises(
        InputError, match="the largest is 200 after division by input_scale=1; give input_scale=255"
    ):
        mapper(torch.full((2, 3, 32, 32), 200, dtype=torch.uint8))
    with pytest.raises(InputError, match="cannot read images of 2 x 2 pixels; it was trained on 32 x 32"):
        mapper(torch.rand(2, 3, 2, 2))


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([[3, 50]], "knows tokens from 0 to 49, and 0 for padding, but the batch has 50"),
        ([[3, -1]], "but the batch has -1"),
        ([[3, 1], [0, 4]], "text 1 begins with padding"),
        ([[3, 0, 4]], "text 0 begins with padding, or has some before a token"),
        ([[0, 0]], "text 0 begins with padding"),
        ([[3] * 9], "reads texts of up to 8 tokens, but the batch has 9"),
        ([[0.5, 1]], "rows of token ids"),
        ([3, 4], "rows of token ids"),
    ],
)
def test_texts_that_do_not_fit_are_refused(ids, words):
    with pytest.raises(InputError, match=words):
        Pretrained(BERT)(torch.tensor(ids))


def test_positions_behind_padding_are_counted():
    mapper = Pretrained(
        {**BERT, "model_type": "roberta", "pad_token_id": 1, "max_position_embeddings": 10}
    ).eval()
    short = torch.cat([torch.full((1, 8), 5), torch.ones(1, 30, dtype=torch.int64)], 1)
    assert torch.allclose(mapper(short), mapper(short[:, :8]), atol=1e-6)
    with pytest.raises(InputError, match="up to 8 tokens"):
        mapper(torch.full((1, 9), 5))


@pytest.mark.parametrize(
    ("told", "of_half"),
    [
        ({"image_mean": MEAN, "image_std": STD}, [(0.5 - m) / s for m, s in zip(MEAN, STD, strict=True)]),
        ({"image_mean": MEAN, "image_std": STD, "do_normalize": False}, [0.5] * 3),
        ({"do_rescale": True, "rescale_factor": 1 / 127.5, "rescale_offset": True}, [0.0] * 3),
        ({"do_rescale": False}, [127.5] * 3),
    ],
)
def test_processors_of_images_are_followed(own, told, of_half):
    folder = own()
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    seen = Pretrained(folder).samples.normalized(torch.full((1, 3, 32, 32), 0.5))
    assert torch.allclose(seen[0, :, 0, 0], torch.tensor(of_half), atol=1e-5)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.1, 0.2]}))
    with pytest.raises(FileFormatError, match="do not fit the 3 channels"):
        Pretrained(folder)
    assert Pixels.of_processor({"do_flip_channel_order": True}, 3).order.tolist() == [2, 1, 0]


def test_documents_that_are_none_are_refused():
    document = Source.of(VIT, "auto").describe()
    for change in ({"settings": 3}, {"origin": 3}, {"digest": None}, {"settings": {"model_type": "clip"}}):
        with pytest.raises(FileFormatError):
            Source.saved({**document, **change}, Held(100, 1 << 20))
