"""What a configuration may ask for: nothing from elsewhere, and no more memory than its weights fill."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.nn.modules import module as registration

from iconlearn._errors import FileFormatError

MAX_JSON = 16 << 20
# Settings by which transformers asks the hub, runs code that comes with a model, or reads another file.
FOREIGN = (
    "adapter_config", "auto_map", "backbone", "backbone_config", "backbone_kwargs", "compression_config",
    "custom_pipelines", "distributed_config", "fusion_config", "kernel_config", "quantization_config",
    "transformers_weights", "trust_remote_code", "use_kernels", "use_pretrained_backbone", "use_timm_backbone",
)  # fmt: skip
IMPLEMENTATION = re.compile(r"_?(attn|experts)_implementation(_internal)?")
OWN = (None, "eager", "sdpa", "grouped_mm")  # others are compiled kernels, which may come from the hub
# Settings that may be how often something is made, or how far an image is widened.
COUNTED = re.compile(r"layer|depth|block|stage|expert|^(padding|strides|pool_size)$")
NOT_NEEDED = (
    "_name_or_path", "architectures", "id2label", "label2id", "num_labels", "transformers_version",
    "output_attentions", "output_hidden_states", "return_dict", "torchscript", "use_return_dict",
)  # fmt: skip
FEW = 1024  # of anything may be built, whatever the file holds
SPARE = 1 << 20  # numbers that a network may have beyond twice those of the file: poolers, tables
PARTS = 64  # modules of a network for every tensor of the file
IMAGE = 1 << 26  # numbers of an image
PATCHES = 1 << 14  # patches of an image


@dataclass(frozen=True)
class Held:
    """How many tensors and numbers a file has."""

    tensors: int
    numbers: int


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file of a model.

    Raises
    ------
    FileFormatError
        It cannot be read, is too large, or is no JSON object.
    """
    try:
        if path.stat().st_size > MAX_JSON:
            raise FileFormatError(f"{path}: is larger than {MAX_JSON >> 20} MiB, so it is no configuration")
        found = json.loads(path.read_bytes())
    except OSError as cause:
        raise FileFormatError(f"{path}: cannot be read ({cause.strerror}); check the path") from cause
    except (ValueError, RecursionError) as cause:
        raise FileFormatError(f"{path}: is not JSON ({cause}); fetch the model again") from cause
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: holds a {type(found).__name__}, not the settings of a model")
    return found


def needed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings on which a network without a classifier depends, whose outputs are those that it usually has."""
    return {name: value for name, value in settings.items() if name not in NOT_NEEDED}


def check_own(settings: Any, where: str) -> None:
    """Refuse settings, however deep, that make transformers fetch something or run code of others.

    Raises
    ------
    FileFormatError
        Names the file and the setting.

    Examples
    --------
    >>> check_own({"model_type": "vit", "auto_map": None}, "config.json")
    """
    if isinstance(settings, (list, tuple)):
        for value in settings:
            check_own(value, where)
    if not isinstance(settings, Mapping):
        return
    for name, value in settings.items():
        told = f"{where}: {name}={json.dumps(value, default=repr)[:80]}"
        if name in FOREIGN and value not in (None, False, {}):
            raise FileFormatError(
                f"{told} makes transformers load what is not in this folder; give a model of one architecture whose "
                "weights are all there, without this setting"
            )
        if IMPLEMENTATION.fullmatch(str(name)) and not (value is None or value in OWN):
            raise FileFormatError(
                f"{told} may be code from the hub; take this setting out, or make it one of {OWN[1:]}"
            )
        check_own(value, where)


def check_counts(settings: Any, held: Held, where: str) -> None:
    """Refuse settings by which more is built, in Python, than a file has tensors.

    Raises
    ------
    FileFormatError
        Names the file and the setting.
    """
    pairs = settings.items() if isinstance(settings, Mapping) else enumerate(settings)
    for name, value in pairs:
        if isinstance(value, Mapping):
            check_counts(value, held, where)
        elif COUNTED.search(str(name)):
            numbers = value if isinstance(value, (list, tuple)) else [value]
            largest = max((n for n in numbers if type(n) is int), default=0)
            if max(largest, len(numbers)) > max(held.tensors, FEW):
                raise FileFormatError(
                    f"{where}: {name}={str(value)[:80]} is more than the {held.tensors} tensors of the weights; they "
                    "are not of this model"
                )


def check_images(settings: Mapping[str, Any], where: str) -> None:
    """Refuse a claim of images that are too large to try the model on one.

    Raises
    ------
    FileFormatError
        Names the file and the setting.
    """
    sides, patch = (
        list(value) if isinstance(value, (list, tuple)) else [value] * 2
        for value in (settings.get("image_size") or 1, settings.get("patch_size", 1))
    )
    numbers = [*sides, *patch, settings.get("num_channels", 3)]
    if len(sides) != 2 or not all(type(number) is int and 0 < number <= IMAGE for number in numbers):
        raise FileFormatError(
            f"{where}: image_size, patch_size and num_channels are {numbers}; fetch it again"
        )
    height, width, *_, channels = numbers
    if height * width * channels > IMAGE or (height // patch[0]) * (width // patch[-1]) > PATCHES:
        raise FileFormatError(
            f"{where}: image_size={settings.get('image_size')} in patches of {settings.get('patch_size')} is beyond "
            f"{IMAGE} numbers or {PATCHES} patches an image; give a model of smaller images"
        )


def held_by(folder: Path) -> Held:
    """How much there is in the safetensors files of a folder, by their headers.

    Raises
    ------
    FileFormatError
        There are none, or a file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    names = ["model.safetensors"]
    index = folder / "model.safetensors.index.json"
    if not (folder / names[0]).is_file() and index.is_file():
        parts = read_json(index).get("weight_map")
        names = sorted(set(map(str, parts.values()))) if isinstance(parts, dict) else []
        if any(Path(name).name != name for name in names):
            raise FileFormatError(f"{index}: names files outside of its folder; fetch the model again")
    tensors = numbers = 0
    for name in names:
        try:
            with safe_open(folder / name, "pt") as file:
                shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118
        except (OSError, SafetensorError) as cause:
            raise FileFormatError(
                f"{folder}: cannot be loaded, as its weights in safetensors ({name}) are missing or damaged ({cause}); "
                "other formats can run code and are not read"
            ) from cause
        tensors += len(shapes)
        for shape in shapes:
            count = 1
            for side in shape:
                count *= side
            numbers += count
    return Held(tensors, numbers)


@contextmanager
def no_more_than(held: Held, where: str) -> Iterator[None]:
    """Refuse to build a network with many more modules or numbers than a file holds, while it is being built.

    Raises
    ------
    FileFormatError
        Names the file and both numbers.
    """
    mine, parts, numbers = threading.get_ident(), 0, 0

    def refuse(what: str, count: int, there: int) -> None:
        raise FileFormatError(
            f"{where}: describes a network of {count} {what} and more, but the weights are {there} numbers in "
            f"{held.tensors} tensors; they are not of this model"
        )

    def count_module(module: Any, name: str, child: Any) -> None:
        nonlocal parts
        parts += threading.get_ident() == mine
        if parts > PARTS * (held.tensors + 1):
            refuse("parts", parts, held.numbers)

    def count_numbers(module: Any, name: str, tensor: Any) -> None:
        nonlocal numbers
        if tensor is not None and threading.get_ident() == mine:
            numbers += tensor.numel()
        if numbers > 2 * held.numbers + SPARE:
            refuse("numbers", numbers, held.numbers)

    hooks = (
        registration.register_module_module_registration_hook(count_module),
        registration.register_module_parameter_registration_hook(count_numbers),
        registration.register_module_buffer_registration_hook(count_numbers),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
