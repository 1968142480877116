"""Models of transformers from a folder or the hub: found, loaded in silence, refused where they are not whole."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, InputError

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
# Weights that a checkpoint may lack: an untrained pooler is not used, and masks are for training.
NEVER_NEEDED = re.compile(r"pooler|mask_token|text_model|text_projection|logit_scale|logit_bias|position_ids")


def import_transformers() -> Any:
    """The library, which is an extra.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise InputError(
            'models of Hugging Face need transformers, which is not installed: pip install "iconlearn[features]"'
        ) from error
    return transformers


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
    """The model, and the names of weights that its checkpoint lacks, none of which its features need.

    Raises
    ------
    FileFormatError
        The model cannot be loaded, is not in safetensors, or lacks weights.
    """
    try:
        model, info = transformers.AutoModel.from_pretrained(
            where,
            local_files_only=local,
            use_safetensors=True,  # other formats are pickles
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # the loader raises many types, for damaged files any
        raise FileFormatError(
            f"model {where}: cannot be loaded ({reason(error)}); it needs config.json and weights in safetensors, of "
            "an architecture that transformers knows"
        ) from error
    return model, lacks(where, info)


def lacks(where: str, info: dict[str, Any], spare: re.Pattern[str] = NEVER_NEEDED) -> list[str]:
    """Names of weights that a checkpoint lacks, as the loader tells; refused but for those of ``spare`` names.

    Raises
    ------
    FileFormatError
        Names the first of them.
    """
    lacking = sorted(info["missing_keys"])
    needed = [key for key in lacking if not spare.search(key)]
    if needed:
        raise FileFormatError(
            f"{where}: the checkpoint lacks {len(needed)} weights ({', '.join(needed[:3])}, ...), which would be "
            "random numbers; give the folder of a whole model"
        )
    return lacking


def reason(error: BaseException) -> str:
    """What went wrong in a library, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


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
