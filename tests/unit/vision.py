"""Small vision models with random weights, saved by the tests themselves."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: nothing here may ask the network

import json
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPModel,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTModel,
)

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SQUARE = {"image_size": 32, "patch_size": 8}
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
COMMON = {"image_mean": MEAN, "image_std": STD, "do_rescale": True, "do_normalize": True, "do_resize": True}
CROPPED = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 40},
    "crop_size": {"height": 32, "width": 32},
    "do_center_crop": True,
    "resample": 3,
    **COMMON,
}
SQUEEZED = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 32},
    "resample": 2,
    **COMMON,
}


def clip() -> CLIPModel:
    small = {**SMALL, "hidden_size": 16, "intermediate_size": 16}
    text = {**small, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    return CLIPModel(CLIPConfig(text_config=text, vision_config={**small, **SQUARE}, projection_dim=12))


MODELS: dict[str, tuple[Callable[[], torch.nn.Module], dict | None]] = {
    "vit": (lambda: ViTModel(ViTConfig(**SMALL, **SQUARE)), SQUEEZED),
    "no-pooler": (lambda: ViTModel(ViTConfig(**SMALL, **SQUARE), add_pooling_layer=False), SQUEEZED),
    "registers": (
        lambda: Dinov2WithRegistersModel(
            Dinov2WithRegistersConfig(**SMALL, **SQUARE, mlp_ratio=2, num_register_tokens=3)
        ),
        CROPPED,
    ),
    "resnet": (
        lambda: ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])),
        None,
    ),
    "clip": (clip, CROPPED),
    "text": (lambda: BertModel(BertConfig(**SMALL, vocab_size=50)), None),
}


def save_model(name: str, folder: Path) -> Path:
    """A model of the list with its weights from a seed, and its processor where it has one."""
    make, processor = MODELS[name]
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make()
        for (
            weight
        ) in model.parameters():  # fresh ones are nearly 0, and features would hardly depend on images
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    if processor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder
