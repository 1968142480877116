"""Where a network comes from: a folder, the hub, a configuration or a saved model; checked before it is built."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.pretrained.architectures import ARCHITECTURES, DUAL, Architecture, architecture_of
from iconlearn.pretrained.folders import folder_of
from iconlearn.pretrained.loading import import_transformers, lacks, quietly, reason
from iconlearn.pretrained.safety import (
    Held,
    check_counts,
    check_images,
    check_own,
    held_by,
    needed,
    no_more_than,
    read_json,
)
from iconlearn.pretrained.settings import CONFIGURATION, configured, one_tower, settings_of

SPARE = re.compile(r"pooler|mask_token|position_ids")  # weights without which there are features


@dataclass(frozen=True)
class Source:
    """The configuration of a network, and whose weights it starts from.

    Attributes
    ----------
    settings : dict
        The configuration, as JSON.
    origin : str, optional
        The folder, or name on the hub, of the weights; None where they are random numbers.
    digest : str
        Of the weights; "" until they have been read.
    pool : str
        The output that is the feature, once it is known.
    folder : Path, optional
        Where the files of ``origin`` lie, once they have been found.
    held : Held, optional
        What is in the saved file that this comes from. Its weights are put in later, and the hub is not asked for
        those of ``origin``.
    """

    settings: dict[str, Any]
    origin: str | None = None
    digest: str = ""
    pool: str = ""
    folder: Path | None = None
    held: Held | None = None

    @classmethod
    def of(cls, model: Any, modality: str) -> Source:
        """From what a user gives: a folder, a name, a configuration as an object or as a mapping.

        Raises
        ------
        OptionError
            It is none of these, or not an architecture whose features are known.
        FileFormatError
            There is no such model, or its configuration asks for what is elsewhere.
        """
        if isinstance(model, Source):
            return model
        if isinstance(model, (str, Path)):
            folder = folder_of(str(model))
            where = str(folder / "config.json")
            settings = needed(read_json(Path(where)))
            check_own(settings, where)
            check_counts(settings, held_by(folder), where)
            return cls(one_tower(settings, modality, where), str(model), folder=folder)
        settings = settings_of(model)
        check_own(settings, CONFIGURATION)
        return cls(one_tower(needed(settings), modality, CONFIGURATION))

    @classmethod
    def saved(cls, document: Any, held: Held) -> Source:
        """From a document of `describe`, in a file that holds so much."""
        settings, origin, digest, pool = (document[name] for name in ("settings", "origin", "digest", "pool"))
        texts = all(isinstance(text, str) for text in (digest, pool, origin or ""))
        if not texts or not isinstance(settings, dict) or settings.get("model_type") in DUAL:
            raise FileFormatError("Pretrained is described without a configuration; save it again")
        check_own(settings, CONFIGURATION)
        check_counts(settings, held, CONFIGURATION)
        architecture_of(settings, "auto")
        source = cls(settings, origin, digest, pool, held=held)
        source.check_size(held, CONFIGURATION)
        return source

    def describe(self) -> dict[str, Any]:
        """As JSON, for a saved model."""
        return {
            "settings": self.settings,
            "origin": self.origin,
            "digest": self.digest,
            "pool": self.pool,
        }

    def with_pool(self, pool: str) -> Source:
        """The same, with the output that is the feature."""
        return replace(self, pool=pool)

    @property
    def architecture(self) -> Architecture:
        """What is known of the network."""
        return ARCHITECTURES[self.settings["model_type"]]

    def drawn(self) -> nn.Module:
        """The network with random weights, drawn from torch's global state.

        Raises
        ------
        OptionError
            The settings do not go together.
        """
        kind, config = self.made(CONFIGURATION)
        try:
            return kind(config).float()
        except Exception as error:  # models raise many types for settings that do not go together
            raise OptionError(
                f"Pretrained: no {kind.__name__} has these settings ({reason(error)}): {self.settings}"
            ) from error

    def loaded(self) -> tuple[nn.Module, list[str], Source]:
        """The network with the weights of its origin, names of those that these lack, and this with their digest.

        Raises
        ------
        FileFormatError
            The model cannot be loaded, is not in safetensors, lacks weights, or is another than it was.
        """
        transformers = import_transformers()
        assert self.origin is not None
        folder = self.folder or folder_of(self.origin, fetch=self.held is None)
        self.check_size(held_by(folder), str(folder / "config.json"))
        kind, config = self.made(str(folder / "config.json"))
        try:
            with quietly(transformers):
                net, info = kind.from_pretrained(
                    str(folder),
                    config=config,
                    local_files_only=True,
                    use_safetensors=True,  # other formats are pickles
                    output_loading_info=True,
                )
        except Exception as error:  # the loader raises many types, for damaged files any
            raise FileFormatError(
                f"model {self.origin}: cannot be loaded ({reason(error)}); fetch it again"
            ) from error
        net = net.float()
        lacking = lacks(self.origin, info, SPARE)
        with torch.no_grad():  # no feature depends on them, but the loader has drawn them at random
            for name, weight in net.state_dict().items():
                if name in lacking:
                    weight.zero_()
        digest = digest_of(net)
        if self.digest not in ("", digest):
            raise FileFormatError(
                f"{self.origin}: holds other weights than those that this model started from; a fit would start from "
                "these: put the old ones back, go on from where the model is (warm_start=True), or make "
                "Pretrained(...) anew"
            )
        return net, lacking, replace(self, digest=digest)

    def made(self, where: str) -> tuple[Any, Any]:
        """The class of the network, and its configuration as an object."""
        transformers = import_transformers()
        known = self.architecture
        kind = getattr(transformers, known.model, None)
        if kind is None:
            raise OptionError(
                f"Pretrained: transformers {transformers.__version__} has no {known.model}; install a newer one"
            )
        return kind, configured(known.read_as or self.settings["model_type"], self.settings, where)

    def check_size(self, held: Held, where: str) -> None:
        """Refuse a network that is much larger than what a file holds, before memory is taken for it."""
        check_images(self.settings, where)
        kind, config = self.made(where)
        try:
            with torch.device("meta"), no_more_than(held, where):
                kind(config)
        except FileFormatError:
            raise
        except Exception as error:  # of numbers that do not go together, or are beyond what an index can be
            raise FileFormatError(
                f"{where}: no {kind.__name__} has these settings ({reason(error)}); fetch the model again"
            ) from error


def digest_of(net: nn.Module) -> str:
    """SHA-256 of the names, shapes and numbers of all weights."""
    found = hashlib.sha256()
    for name, weight in sorted(net.state_dict().items()):
        held: Tensor = weight.detach().cpu().contiguous()
        found.update(f"{name}:{held.dtype}{tuple(held.shape)}:".encode())
        found.update(held.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
