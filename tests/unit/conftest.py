"""What tests of extraction and of pretrained models share: small models, a folder of images, shards of four rows."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
from extracting import COUNTS
from pictures import write_images
from vision import MODELS, save_model

import iconlearn.extraction.extract as extract


@pytest.fixture(scope="session")
def vit(tmp_path_factory) -> Path:
    return save_model("vit", tmp_path_factory.mktemp("models") / "vit")


@pytest.fixture
def images(tmp_path) -> Path:
    return write_images(tmp_path / "images", COUNTS)


@pytest.fixture
def small_shards(monkeypatch) -> None:
    monkeypatch.setattr(extract, "SHARD_ROWS", 4)


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> dict[str, str]:
    """Folders of small models, by their names."""
    root = tmp_path_factory.mktemp("models")
    return {name: str(save_model(name, root / name)) for name in MODELS}


@pytest.fixture
def own(folders, tmp_path):
    """A copy of a model's folder with other settings."""

    def copied(name="vit", **settings) -> Path:
        folder = shutil.copytree(folders[name], tmp_path / name)
        file = folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        return folder

    return copied


@pytest.fixture
def offline(monkeypatch):
    """No test may ask the network."""

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
