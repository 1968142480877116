"""Images and texts as models of transformers read them, and which of the outputs is the feature."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._errors import InputError, OptionError
from iconlearn.pretrained import (
    POOLS,
    Pixels,
    Source,
    choose_pool,
    own_shape,
    pooled,
    pooled_text,
    takes,
)

SIDE = 64  # of the images by which a model is tried out that has no size of its own
BRIGHTEST = 16  # of pixels that are thought to lie between 0 and 1; bytes are beyond it
PROJECTIONS = ("image_embeds", "text_embeds")
Found = tuple[Any, Tensor]  # what a model returns, and what has to be known of the batch to read it


def name_of(net: nn.Module) -> str:
    """What a network is called in messages."""
    return f"Pretrained: {type(net).__name__}"


def projection(found: Any) -> Tensor | None:
    """The output in the space of images and texts, where there is one."""
    return next((found[name] for name in PROJECTIONS if name in found), None)


def own_option(pool: str, source: Source) -> str:
    """What ``pool="auto"`` is for this architecture, where it does not depend on the network."""
    known = source.architecture
    if pool == "projection" and known.auto != "projection":
        raise OptionError(f"Pretrained: pool='projection' is for models such as CLIP; {known.model} has none")
    return known.auto if pool == "auto" and known.auto else pool


class Images(nn.Module):
    """Images (n, channels, height, width) or flat rows, divided, repeated over channels, and normalised.

    Parameters
    ----------
    net : nn.Module
    source : Source
        Its folder may have an image processor.
    image_shape : (channels, height, width) or None
        Of flat rows.
    input_scale : float
    """

    scale: Tensor
    offset: Tensor
    order: Tensor

    def __init__(
        self, net: nn.Module, source: Source, image_shape: tuple[int, int, int] | None, input_scale: float
    ) -> None:
        super().__init__()
        config: Any = net.config
        self.source, self.input_scale, self.owner = source, input_scale, name_of(net)
        self.channels = int(config.num_channels)
        self.own = own_shape(net)
        self.shape = image_shape or ((self.channels, *self.own) if self.own else None)
        if self.shape is not None and self.shape[0] not in (1, self.channels):
            raise OptionError(
                f"Pretrained: image_shape={self.shape} has {self.shape[0]} channels, but {type(net).__name__} reads "
                f"{self.channels}; give as many, or 1 for grey images"
            )
        if source.folder is None:
            pixels = Pixels.as_they_are(self.channels)
        else:
            pixels = Pixels.of_folder(source.folder, self.channels)
        self.register_buffer("scale", pixels.scale)
        self.register_buffer("offset", pixels.offset)
        self.register_buffer("order", pixels.order)

    def try_out(self, net: nn.Module) -> Found:
        """What the model makes of one grey image."""
        sides = self.own or (SIDE, SIDE)
        return self.run(net, torch.zeros(1, self.channels, *sides))

    def choose(self, net: nn.Module, found: Found, pool: str, trained_pooler: bool) -> str:
        """Which output is the feature."""
        pool = own_option(pool, self.source)
        if pool == "last":
            raise OptionError(
                "Pretrained: pool='last' is for texts; use 'cls', 'mean', 'pooler' or 'auto' for images"
            )
        return choose_pool(type(net).__name__, net, found[0], pool, trained_pooler) if pool in POOLS else pool

    def forward(self, net: nn.Module, x: Tensor) -> Found:
        pixels = self.normalized(x)
        own = tuple(pixels.shape[2:]) == self.own
        try:
            return self.run(net, pixels)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError) as cause:  # each model has its own smallest size, or one size alone
            if own:
                raise
            height, width = pixels.shape[2:]
            told = f"; it was trained on {self.own[0]} x {self.own[1]}" if self.own else ""
            raise InputError(
                f"{self.owner} cannot read images of {height} x {width} pixels{told}; resize them "
                f"({' '.join(str(cause).split())[:120]})"
            ) from cause

    def normalized(self, x: Tensor) -> Tensor:
        """Images as the model was trained to see them."""
        flat = self.shape is not None and x.ndim == 2 and x.shape[1] == math.prod(self.shape)
        images = x.unflatten(1, self.shape) if flat and self.shape is not None else x
        if images.ndim != 4 or images.shape[1] not in (1, self.channels):
            rows = f", or rows of {math.prod(self.shape)} numbers" if self.shape is not None else ""
            raise InputError(
                f"{self.owner} takes images of shape ({self.channels}, height, width), or with one channel{rows}, but "
                f"the data has rows of shape {tuple(x.shape[1:])}; set image_shape= to that of the data"
            )
        images = images.to(self.scale.dtype) / self.input_scale
        if self.source.origin is not None and len(images) and float(images.max()) > BRIGHTEST:
            raise InputError(
                f"{self.owner} reads pixels from 0 to 1, but the largest is {float(images.max()):.3g} after division "
                f"by input_scale={self.input_scale:g}; give input_scale=255 for bytes"
            )
        return images.expand(-1, self.channels, -1, -1)[:, self.order] * self.scale + self.offset

    def run(self, net: nn.Module, pixels: Tensor) -> Found:
        """What the model makes of normalised pixels."""
        resized = tuple(pixels.shape[2:]) != self.own and takes(net, "interpolate_pos_encoding")
        found = net(pixel_values=pixels, **({"interpolate_pos_encoding": True} if resized else {}))
        return found, pixels

    def read(self, net: nn.Module, found: Any, pixels: Tensor, pool: str) -> Tensor:
        """Features of what the model has found."""
        shared = projection(found) if pool == "projection" else None
        return pooled(net, found, pool) if shared is None else shared


class Texts(nn.Module):
    """Texts as rows of token ids, (n, length), with padding behind the end of shorter ones.

    Parameters
    ----------
    net : nn.Module
    source : Source
    padding_id : int or None
        None is the model's own, or -1 where it has none or reads no mask.
    """

    def __init__(self, net: nn.Module, source: Source, padding_id: int | None) -> None:
        super().__init__()
        config: Any = net.config
        self.source, self.owner = source, name_of(net)
        own = getattr(config, "pad_token_id", None)
        self.blank = (
            own if isinstance(own, int) and own >= 0 else 0
        )  # what the model reads where there is nothing
        # models without a mask were not trained to tell padding, and the id in their configuration may be a word's
        told = own if source.architecture.masked and own is not None else -1
        self.padding = told if padding_id is None else padding_id
        self.words = int(config.vocab_size)
        longest = getattr(config, "max_position_embeddings", None)
        self.longest = int(longest) - self.reserved(net) if longest else None

    def reserved(self, net: nn.Module) -> int:
        """Positions before the first one, of models that count from behind their padding."""
        counted = getattr(getattr(net, "embeddings", None), "padding_idx", None)
        return 0 if counted is None else int(counted) + 1

    def try_out(self, net: nn.Module) -> Found:
        """What the model makes of one text."""
        ids = torch.zeros(1, 4, dtype=torch.int64)
        return self.run(net, ids, torch.ones_like(ids, dtype=torch.bool))

    def choose(self, net: nn.Module, found: Found, pool: str, trained_pooler: bool) -> str:
        """Which output is the feature."""
        known, pool = self.source.architecture, own_option(pool, self.source)
        if pool == "cls" and known.causal:
            raise OptionError(
                f"Pretrained: pool='cls' is the first token, which in {known.model} sees no other; use 'last' or 'mean'"
            )
        if pool == "pooler" and not (trained_pooler and found[0].get("pooler_output") is not None):
            raise OptionError(
                f"Pretrained: pool='pooler', but {known.model} has no pooler whose weights are there; use 'mean'"
            )
        return pool

    def forward(self, net: nn.Module, x: Tensor) -> Found:
        if x.ndim != 2 or x.shape[1] == 0 or (x.is_floating_point() and bool((x != x.round()).any())):
            raise InputError(
                f"{self.owner} reads rows of token ids, (n, length) whole numbers, but the batch has shape "
                f"{tuple(x.shape)} and type {x.dtype}"
            )
        ids = x.long()
        there = ids != self.padding
        self.check(ids, there)
        if self.source.architecture.masked:  # others may read a text to the end of its row
            longest = int(there.sum(1).max()) if len(ids) else 1
            ids, there = ids[:, :longest], there[:, :longest]
        if self.longest is not None and ids.shape[1] > self.longest:
            raise InputError(
                f"{self.owner} reads texts of up to {self.longest} tokens, but the batch has {ids.shape[1]}; cut them"
            )
        return self.run(net, ids, there)

    def check(self, ids: Tensor, there: Tensor) -> None:
        """Refuse texts that are empty, padded elsewhere than behind, or of unknown tokens."""
        broken = ~there[:, 0] | (there[:, 1:] & ~there[:, :-1]).any(1)
        if bool(broken.any()):
            row = int(broken.nonzero()[0, 0])
            raise InputError(
                f"{self.owner}: text {row} begins with padding, or has some before a token (padding_id={self.padding}"
                "); put all of it at the end, or say padding_id="
            )
        wrong = there & ((ids < 0) | (ids >= self.words))
        if bool(wrong.any()):
            raise InputError(
                f"{self.owner} knows tokens from 0 to {self.words - 1}, and {self.padding} for padding, but the batch "
                f"has {int(ids[wrong][0])}; use the tokenizer of this model, or say padding_id="
            )

    def run(self, net: nn.Module, ids: Tensor, there: Tensor) -> Found:
        """What the model makes of tokens."""
        if not self.source.architecture.masked:
            return net(input_ids=torch.where(ids < 0, self.blank, ids)), there
        kept = {"use_cache": False} if takes(net, "use_cache") else {}  # of what generates texts
        return net(input_ids=torch.where(there, ids, self.blank), attention_mask=there.long(), **kept), there

    def read(self, net: nn.Module, found: Any, there: Tensor, pool: str) -> Tensor:
        """Features of what the model has found."""
        shared = projection(found) if pool == "projection" else None
        return pooled_text(found, pool, there) if shared is None else shared
