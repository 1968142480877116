"""Where the files of a model lie: in a folder of the user's, or where those of the hub are kept."""

from __future__ import annotations

from pathlib import Path

from iconlearn._errors import FileFormatError
from iconlearn.pretrained.loading import import_transformers, locate, reason

# What is fetched from the hub: no pickles, no code, no weights in other forms or of other precision.
FETCHED = ("config.json", "*processor_config.json", "model.safetensors*", "model-*-of-*.safetensors")


def folder_of(name: str, *, fetch: bool = True) -> Path:
    """The folder of a model: itself, or where the files of the hub lie on this machine.

    Raises
    ------
    FileFormatError
        There is none, or it cannot be fetched, or it would change how the model is loaded.
    """
    where, local = locate(name)
    folder = Path(where) if local else from_hub(name, fetch)
    if (folder / "adapter_config.json").exists():
        raise FileFormatError(
            f"{folder}: cannot be loaded, as it is an adapter of another model (adapter_config.json); merge the two "
            "(merge_and_unload of peft) and save the result"
        )
    return folder


def from_hub(name: str, fetch: bool) -> Path:
    """Where the files of a model of the hub lie on this machine; with ``fetch`` the hub is asked for them."""
    import_transformers()
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(name, allow_patterns=list(FETCHED), local_files_only=not fetch)
    except Exception as error:  # no network, no such model, no rights, each in a class of its own
        what = "cannot be fetched from the hub" if fetch else "is not on this machine any more"
        raise FileFormatError(
            f"model {name}: cannot be loaded, as it {what} ({reason(error)}); give the folder of a model, or check the "
            "name and the network"
        ) from error
    if not (Path(found) / "config.json").is_file():
        raise FileFormatError(f"model {name}: cannot be loaded, as it has no config.json")
    return Path(found)
