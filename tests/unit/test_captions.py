"""Images with texts: read in pairs from parquet files, turned into ids, and learnt from by two towers."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, PreTrainedTokenizerFast

from iconlearn import (
    CNN,
    CrossModal,
    FileFormatError,
    Gaussian,
    ICon,
    InputError,
    OptionError,
    PerView,
    Pretrained,
    load_captioned_images,
    load_images,
    tokenize,
)
from iconlearn.extraction import ImageError

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 210), "grey": (120, 120, 120)}
WORDS = ["[PAD]", "[UNK]", "a", "field", "of", *COLOURS]


def png(colour: tuple[int, int, int], seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(-25, 26, (10, 10, 3))
    file = io.BytesIO()
    Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


NAMES = [list(COLOURS)[k % 4] for k in range(48)]
IMAGES = [png(COLOURS[name], k) for k, name in enumerate(NAMES)]
CAPTIONS = [f"a field of {name}" for name in NAMES]


def written(folder: Path, images=IMAGES, **columns) -> Path:
    path = folder / "pairs.parquet"
    parquet.write_table(pa.table({"image": images, **columns}), path, row_group_size=10)
    return path


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
    )


def test_images_come_with_their_texts(tmp_path):
    path = written(tmp_path, caption=CAPTIONS, alt=[[name, "other"] for name in NAMES])
    pairs = load_captioned_images(path, (3, 8, 8))
    np.testing.assert_array_equal(pairs.X, load_images(path, (3, 8, 8)).X)
    assert pairs.texts == CAPTIONS
    assert pairs.image_shape == (3, 8, 8)
    assert load_captioned_images(path, (3, 8, 8), text="alt").texts == NAMES  # of several the first


def test_a_damaged_image_takes_its_text_with_it(tmp_path):
    images = [*IMAGES[:3], b"no image", *IMAGES[4:]]
    path = written(tmp_path, images, caption=CAPTIONS)
    with pytest.raises(ImageError):
        load_captioned_images(path, (3, 8, 8))
    pairs = load_captioned_images(path, (3, 8, 8), skip_corrupt=1)
    assert pairs.texts == CAPTIONS[:3] + CAPTIONS[4:]
    np.testing.assert_array_equal(pairs.X[3], load_images(path, (3, 8, 8), skip_corrupt=1).X[3])


def test_what_has_no_texts_is_told(tmp_path):
    with pytest.raises(InputError, match="2 of 48 images have no text, the first in row 5"):
        load_captioned_images(
            written(tmp_path, caption=[*CAPTIONS[:5], None, "  ", *CAPTIONS[7:]]), (3, 8, 8)
        )
    with pytest.raises(InputError, match="no column is called caption or captions or text; name it"):
        load_captioned_images(written(tmp_path, words=CAPTIONS), (3, 8, 8))
    with pytest.raises(InputError, match=r"text='word' is no column.*words"):
        load_captioned_images(written(tmp_path, words=CAPTIONS), (3, 8, 8), text="word")
    with pytest.raises(OptionError, match=r"image_shape=\(2, 8, 8\) has 2 channels, not 1 or 3"):
        load_captioned_images(written(tmp_path, caption=CAPTIONS), (2, 8, 8))
    with pytest.raises(InputError, match="digits of scikit-learn have no texts"):
        load_captioned_images("digits", (1, 8, 8))


def test_texts_become_ids(tokenizer, tmp_path):
    ids = tokenize(["a field of red", "grey", "a boat"], tokenizer)
    assert ids.dtype == np.int64
    assert ids.tolist() == [[2, 3, 4, 5], [8, 0, 0, 0], [2, 1, 0, 0]]
    assert tokenize(["a field of red"], tokenizer, 2).tolist() == [[2, 3]]
    assert tokenize(["red"], tokenizer, 3).tolist() == [[5, 0, 0]]
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text('{"model_type": "bert"}')
    np.testing.assert_array_equal(tokenize(CAPTIONS, tmp_path / "model"), tokenize(CAPTIONS, tokenizer))


def test_what_is_no_text_is_told(tokenizer, tmp_path):
    with pytest.raises(InputError, match="the text of row 1 is ''"):
        tokenize(["a", ""], tokenizer)
    with pytest.raises(InputError, match="a list of one text or more"):
        tokenize("a field", tokenizer)
    bare = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0}, unk_token="a")))
    with pytest.raises(InputError, match="has no token for padding"):
        tokenize(["a"], bare)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(FileFormatError, match="holds no vocabulary"):
        tokenize(["a"], tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(FileFormatError, match="its tokenizer cannot be loaded"):
        tokenize(["a"], tmp_path)


def test_two_towers_name_what_they_have_not_seen(tokenizer, tmp_path):
    pairs = load_captioned_images(written(tmp_path, caption=CAPTIONS), (3, 8, 8))
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=16,
    )  # fmt: skip
    towers = PerView(CNN((3, 8, 8), 8, input_scale=255.0), Pretrained(config, 8, modality="text"))
    model = ICon(CrossModal(), Gaussian(0.3, "cos", pairs="cross_view"), towers)
    train, test = slice(0, 32), slice(32, 48)
    ids = tokenize(pairs.texts, tokenizer)
    model.fit((pairs.X[train], ids[train]), batch_size=16, epochs=40, lr=3e-3, optimizer="adamw")
    with torch.no_grad():
        image, text = (tower.eval() for tower in towers.mappers)
        seen = torch.nn.functional.normalize(image(torch.from_numpy(pairs.X[test])))
        named = torch.nn.functional.normalize(text(torch.from_numpy(tokenize(CAPTIONS[:4], tokenizer))))
    found = (seen @ named.T).argmax(1).numpy()
    assert np.mean(found == np.arange(32, 48) % 4) > 0.9
