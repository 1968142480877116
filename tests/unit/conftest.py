"""What tests of extraction share: a small model, a folder of images, and shards of four rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from extracting import COUNTS
from pictures import write_images
from vision import save_model

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
