"""Frozen vision models of transformers, and which of their outputs is the feature of an image."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn.extraction.pooling import POOLS, choose_pool, own_shape, prefix_tokens, takes
from iconlearn.extraction.preprocessing import CentralCrop, ModelProcessor, Preprocessing

log = logging.getLogger("iconlearn")

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
# Weights that a checkpoint may lack: an untrained pooler is not used, and masks are for training.
NEVER_NEEDED = re.compile(r"pooler|mask_token|text_model|text_projection|logit_scale|logit_bias|position_ids")


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
        elif self.pool == "pooler":
            features = found.pooler_output.flatten(1)
        elif found.last_hidden_state.ndim == 4:  # (b, channels, h, w) of a convolutional net
            features = found.last_hidden_state.mean((2, 3))
        elif self.pool == "cls":
            features = found.last_hidden_state[:, 0]
        else:
            features = found.last_hidden_state[:, prefix_tokens(self.tower) :].mean(1)
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
    needed = [key for key in lacking if not NEVER_NEEDED.search(key)]
    if needed:
        raise FileFormatError(
            f"{where}: the checkpoint lacks {len(needed)} weights ({', '.join(needed[:3])}, ...), which would be "
            "random numbers; give the folder of a whole model"
        )
    side = image_size or max(own_shape(model), default=224)  # of images, where no processor tells it
    prepare = CentralCrop(side) if processor is None else ModelProcessor(processor, image_size)
    trained_pooler = not any("pooler" in key for key in lacking)
    backbone = Backbone(model, prepare, pool, device_of(device), trained_pooler)
    if processor is None:
        log.warning(
            "%s has no image processor: central crops of %d pixels, ImageNet's normalisation", where, side
        )
    return backbone


def import_transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise InputError(
            'features of images need transformers, which is not installed: pip install "iconlearn[features]"'
        ) from error
    return transformers


def device_of(name: str) -> torch.device:
    """A device that is there."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # torch raises several types, AssertionError among them
        cause = " ".join(str(error).split())[:120]
        raise OptionError(f"device={name!r} is not available ({cause}); use device='cpu'") from error
    return device


def locate(name: str | Path) -> tuple[str, bool]:
    """What transformers is to load, and whether it is a folder here."""
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise FileFormatError(f"{path}: has no config.json, so it is not a model's folder")
        return str(path), True
    if path.exists() or not HUB_NAME.fullmatch(str(name)) or str(name).startswith("."):
        raise FileFormatError(
            f"model={str(name)!r}: no such folder (looked from {Path.cwd()}), and no name on the Hugging Face hub"
        )
    return str(name), False


def load_model(transformers: Any, where: str, local: bool) -> tuple[Any, list[str]]:
    """The model, and the names of weights that its checkpoint lacks."""
    try:
        model, info = transformers.AutoModel.from_pretrained(
            where,
            local_files_only=local,
            use_safetensors=True,  # other formats are pickles
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # the loader raises many types, for damaged files any
        cause = " ".join(str(error).split())[:300]
        raise FileFormatError(
            f"model {where}: cannot be loaded ({type(error).__name__}: {cause}); it needs config.json and weights in "
            "safetensors, of an architecture that transformers knows"
        ) from error
    return model, sorted(info["missing_keys"])


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


@contextlib.contextmanager
def quietly(transformers: Any) -> Iterator[None]:
    """Without the bars and notes that transformers writes while it loads."""
    logs = transformers.utils.logging
    level, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(level)
        if bars:
            logs.enable_progress_bar()
