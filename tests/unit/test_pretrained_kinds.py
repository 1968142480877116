"""Every architecture that is known: features of a sample, blocks in order, and nothing built beyond a file."""

from __future__ import annotations

import json

import pytest
import torch
from vision import SMALL, SQUARE

from iconlearn import FileFormatError, Pretrained
from iconlearn.pretrained import Held
from iconlearn.pretrained.architectures import ARCHITECTURES, DUAL

pytestmark = pytest.mark.usefixtures("offline")
SIZES = {
    "bit": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "num_groups": 4},
    "convnext": {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2, "image_size": 32},
    "efficientnet": {"width_coefficient": 0.25, "depth_coefficient": 0.2, "hidden_dim": 320, "image_size": 32},
    "focalnet": {"embed_dim": 8, "depths": [1, 2], "hidden_sizes": [8, 16], "focal_levels": [2, 2],
                 "focal_windows": [3, 3], "image_size": 32},
    "mobilenet_v2": {"depth_multiplier": 0.25, "image_size": 32},
    "poolformer": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 2, 1]},
    "pvt_v2": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 2], "num_attention_heads": [1, 1, 2, 2],
               "image_size": 32},
    "regnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "groups_width": 8},
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2]},
    "swin": {"embed_dim": 8, "depths": [1, 2], "num_heads": [2, 2], "window_size": 4, **SQUARE, "patch_size": 4},
    "gpt2": {"vocab_size": 50, "n_embd": 16, "n_layer": 3, "n_head": 2},
    "distilbert": {"vocab_size": 50, "dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32},
}  # fmt: skip
SIZES |= {"convnextv2": SIZES["convnext"], "swinv2": SIZES["swin"]}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_architecture_has_features_and_blocks_that_follow_one_another(kind):
    known = ARCHITECTURES[kind]
    heads = {"num_key_value_heads": 4, "head_dim": 8, "pad_token_id": 2, "bos_token_id": 0, "eos_token_id": 1}
    words = {**SMALL, **heads, "vocab_size": 50, "max_position_embeddings": 16}
    usual = words if known.modality == "text" else {**SMALL, **SQUARE}
    settings = {"model_type": kind, **SIZES.get(kind, usual)}
    x = (
        torch.tensor([[5, 6, 7, 8], [9, 5, -1, -1]])
        if known.modality == "text"
        else torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    )
    mapper = Pretrained(settings, padding_id=-1, trainable=1 if known.blocks else "all")
    mapper(x).sum().backward()
    free = [p.requires_grad for p in mapper.net.parameters()]
    assert any(free)
    assert all(free) == (not known.blocks)
    mapper.eval()
    draws = torch.Generator().manual_seed(0)
    with torch.no_grad():
        # fresh ones are nearly 0, and features would hardly depend on images
        for weight in mapper.net.parameters():
            weight.copy_(0.3 * torch.randn(weight.shape, generator=draws))
        together = mapper(x)
        assert together.shape == (2, mapper.features_dim)
        assert together.isfinite().all()
        assert (together[0] - together[1]).abs().max() > 0
        again = mapper(x.flip(0)).flip(0)
        assert torch.allclose(together, again, rtol=1e-3, atol=1e-4)
        held = Held(len(mapper.state_dict()), sum(weight.numel() for weight in mapper.state_dict().values()))
        restored = Pretrained.restored(json.loads(json.dumps(mapper.describe())), held).eval()
        restored.load_state_dict(mapper.state_dict())
        assert torch.equal(restored(x), together)
        if known.modality == "text" and known.masked:
            assert torch.allclose(together[1], mapper(x[1:, :2])[0], rtol=1e-3, atol=1e-4)


def test_every_dual_model_has_both_halves():
    for kind in DUAL:
        for half in ("vision", "text"):
            assert ARCHITECTURES[f"{kind}_{half}_model"].modality == ("image" if half == "vision" else "text")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("vit", {"image_size": 1e12}),
        ("poolformer", {"padding": [20_000] * 4}),
        ("efficientnet", {"depth_coefficient": 1e12}),
        ("efficientnet", {"width_coefficient": 1e6}),
        ("gpt2", {"n_positions": 1 << 40}),
        ("swin", {"window_size": 1 << 14}),
    ],
)
def test_saved_networks_that_claim_much_are_refused_before_they_are_built(kind, change):
    mapper = Pretrained({"model_type": kind, **SIZES.get(kind, {**SMALL, **SQUARE})})
    weights = mapper.state_dict().values()
    document = mapper.describe()
    document["model"] = {**document["model"], "settings": {**mapper.source.settings, **change}}
    with pytest.raises(FileFormatError):
        Pretrained.restored(document, Held(len(weights), sum(weight.numel() for weight in weights)))
