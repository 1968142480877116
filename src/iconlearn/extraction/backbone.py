"""Frozen vision models of transformers, and which of their outputs is the feature of an image."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import FileFormatError, OptionError
from iconlearn.extraction.preprocessing import CentralCrop, ModelProcessor, Preprocessing
from iconlearn.pretrained import (
    POOLS,
    choose_pool,
    import_transformers,
    load_model,
    locate,
    own_shape,
    pooled,
    quietly,
    takes,
)

log = logging.getLogger("iconlearn")


class Backbone:
    """A frozen model with its preprocessing: pixels in, one feature an image out.

    Made by `load_backbone`.

    Attributes
    ----------
    dim : int
        Numbers a feature.
    prepare : Preprocessing
        The model's own.
    pool : str
        What is read: "pooler", "cls", "mean" or, of a model of images and text, "image features".
    """

    def __init__(
        self, model: Any, prepare: Preprocessing, pool: str, device: torch.device, trained_pooler: bool
    ) -> None:
        check_choice("features", "pool", pool, POOLS)
        self.model = model.float().to(device).eval().requires_grad_(False)
        self.prepare, self.device, self.name = prepare, device, type(model).__name__
        with_text = hasattr(model, "get_image_features")
        if not with_text and getattr(model, "main_input_name", "") != "pixel_values":
            raise OptionError(
                f"model: {self.name} does not take images; give a vision model, such as facebook/dinov2-base"
            )
        grey = prepare(Image.new("RGB", (64, 64), (128, 128, 128)))[None]
        self.pool = "image features" if with_text and pool == "auto" else pool
        self.tower = self.model.vision_model if with_text and pool != "auto" else self.model
        if self.pool != "image features":
            self.pool = choose_pool(self.name, self.tower, self._forward(grey), pool, trained_pooler)
        self.dim = int(self(grey).shape[1])

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Features (b, dim), float32 on the CPU, of prepared pixels (b, 3, h, w), uint8."""
        found = self._forward(pixels)
        if self.pool == "image features":
            features = found if isinstance(found, Tensor) else found.pooler_output  # transformers 4, 5
        else:
            features = pooled(self.tower, found, self.pool)
        return features.float().cpu()

    @torch.inference_mode()
    def _forward(self, pixels: Tensor) -> Any:
        run = self.model.get_image_features if self.pool == "image features" else self.tower
        options = {}
        if tuple(pixels.shape[2:]) != own_shape(self.model) and takes(run, "interpolate_pos_encoding"):
            options["interpolate_pos_encoding"] = True
        return run(pixel_values=self.prepare.normalize(pixels.to(self.device)), **options)

    def digest(self) -> str:
        """sha256 over the names and shapes of all weights and a few hundred of the numbers in each."""
        digest = hashlib.sha256(self.name.encode())
        for name, weight in self.model.state_dict().items():
            flat = weight.reshape(-1)
            some = flat[:: max(1, len(flat) // 256)].cpu().double().numpy()
            digest.update(f"{name}{tuple(weight.shape)}".encode() + some.astype("<f8").tobytes())
        return digest.hexdigest()


def load_backbone(
    name: str | Path, *, pool: str = "auto", image_size: int | None = None, device: str = "cpu"
) -> Backbone:
    """Load a vision model and its image processor.

    Parameters
    ----------
    name : str or Path
        A folder with ``config.json`` and safetensors weights, for which the network is never asked; or a name on
        the Hugging Face hub, such as "facebook/dinov2-base".
    pool : {"auto", "cls", "mean", "pooler"}, default "auto"
        Which output: of the trained pooler, of the CLS token, or the mean over patches (places of a convolutional
        net); "auto" is the first of these that there is, and for models of images and text, such as CLIP, the
        image features in the space that both share.
    image_size : int, optional
        Side of the images in pixels; the model's own by default.
    device : str, default "cpu"

    Returns
    -------
    Backbone

    Raises
    ------
    OptionError
        No such device, not a vision model, an output that it does not have.
    FileFormatError
        The model cannot be loaded, is not in safetensors, or lacks weights.
    InputError
        transformers is not installed.
    """
    transformers = import_transformers()
    if image_size is not None:
        check_number("features", "image_size", image_size, low=8, high=4096, integer=True)
    where, local = locate(name)
    with quietly(transformers):
        model, lacking = load_model(transformers, where, local)
        processor = load_processor(transformers, where, local)
    side = image_size or max(own_shape(model), default=224)  # of images, where no processor tells it
    prepare = CentralCrop(side) if processor is None else ModelProcessor(processor, image_size)
    trained_pooler = not any("pooler" in key for key in lacking)
    backbone = Backbone(model, prepare, pool, device_of(device), trained_pooler)
    if processor is None:
        log.warning(
            "%s has no image processor: central crops of %d pixels, ImageNet's normalisation", where, side
        )
    return backbone


def device_of(name: str) -> torch.device:
    """A device that is there."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # torch raises several types, AssertionError among them
        cause = " ".join(str(error).split())[:120]
        raise OptionError(f"device={name!r} is not available ({cause}); use device='cpu'") from error
    return device


def load_processor(transformers: Any, where: str, local: bool) -> Any:
    """The image processor that works on PIL images, the same whether torchvision is there or not; or None."""
    new = int(transformers.__version__.partition(".")[0]) >= 5
    backend: dict[str, Any] = {"backend": "pil"} if new else {"use_fast": False}
    try:
        return transformers.AutoImageProcessor.from_pretrained(
            where, local_files_only=local, trust_remote_code=False, **backend
        )
    except (OSError, ValueError) as error:
        files = ("preprocessor_config.json", "processor_config.json")
        if local and any((Path(where) / file).exists() for file in files):
            cause = " ".join(str(error).split())[:300]
            raise FileFormatError(f"{where}: its image processor cannot be loaded ({cause})") from error
        return None
