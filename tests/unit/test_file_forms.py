"""data.files: modalities, captioned rows and tokens are told by the keys of a file, and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from table_files import CODES, TEXT, X

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.files import load_dataset, load_table
from iconlearn.intake import INTAKES

IDS = np.arange(18).reshape(6, 3) % 5
KEYS = {"modalities": {"X_1": X, "X_2": X[:, :2]}, "captioned rows": {"X": X, "captions": X[:, :2]}}
KEYS |= {"tokens": {"tokens": IDS}, "rows": {"X": X}}


def save(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """An archive of the kind that the path says."""
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)
    return path


archives = pytest.mark.parametrize("suffix", [".npz", ".safetensors"])


@archives
@pytest.mark.parametrize("form", KEYS)
def test_the_keys_tell_the_form(tmp_path, suffix, form):
    data = load_dataset(save(tmp_path / f"a{suffix}", KEYS[form] | {"y": np.array(CODES)}))
    assert (data.form, data.y.tolist(), data.classes) == (form, CODES, ["0", "1", "2"])
    expected = list(KEYS[form].values())
    found = data.learns_from if isinstance(data.learns_from, tuple) else (data.learns_from,)
    for part, array in zip(found, expected, strict=True):
        np.testing.assert_array_equal(part, array)
    shown = {"modalities": np.hstack(expected), "tokens": IDS}.get(form, X)
    np.testing.assert_array_equal(data.X, shown)
    assert data.X.dtype == np.float64
    assert (data.source is None) == (form == "rows")
    INTAKES[form].read(data.learns_from, "test")  # the door lets it in


@archives
def test_what_the_keys_do_not_say(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    for arrays in (
        {"X": X, "X_1": X, "X_2": X, "tokens": IDS},  # X names the table
        {"X_1": X},
        {"X_a": X},
        {"captions": X},
    ):
        data = load_table(save(path, arrays))
        assert (data.form, data.source) == ("rows", None)
        np.testing.assert_array_equal(data.X, X)
    data = load_table(save(path, {"X": X, "captions": np.array(CODES)}), labels="captions")
    assert (data.form, data.y.tolist()) == ("rows", CODES)


@archives
@pytest.mark.parametrize("form", list(KEYS)[:3])
def test_labels_by_key_and_file(tmp_path, suffix, form):
    path = save(tmp_path / f"a{suffix}", KEYS[form] | {"kind": np.array(CODES)})
    assert load_table(path).y is None
    assert load_table(path, labels="kind").y.tolist() == CODES
    np.save(tmp_path / "y.npy", np.array(TEXT))
    assert load_table(path, labels=tmp_path / "y.npy").classes == ["ant", "cat", "dog"]
    with pytest.raises(InputError, match="did you mean 'kind'"):
        load_table(path, labels="kinds")
    np.save(tmp_path / "y.npy", np.array(TEXT[:5]))
    with pytest.raises(InputError, match=rf"5 labels for 6 {'sequences' if form == 'tokens' else 'rows'}"):
        load_table(path, labels=tmp_path / "y.npy")


def test_modalities_in_numbers_order_and_with_images(tmp_path):
    parts = {f"X_{k}": np.full((2, 1), float(k)) for k in (10, 9, 8, 7, 6, 5, 4, 3, 1)}
    data = load_table(save(tmp_path / "a.npz", parts | {"X_2": np.ones((2, 3, 4), np.uint8)}))
    assert [part[0, 0] for part in data.source] == [1, 1, *range(3, 11)]
    assert data.source[1].shape == (2, 12)
    assert data.image_shape is None


def test_captioned_images_keep_their_shape(tmp_path):
    images = np.arange(48, dtype=np.float32).reshape(4, 3, 2, 2)
    data = load_table(save(tmp_path / "a.npz", {"X": images, "captions": np.eye(4)}))
    assert data.image_shape == (3, 2, 2)
    np.testing.assert_array_equal(data.source[0], images.reshape(4, 12))
    assert data.X is data.source[0]


@archives
@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"X_1": X, "X_3": X}, r"'X_1', 'X_3'.*without gaps; rename"),
        ({"X_0": X, "X_1": X}, "without gaps"),
        ({"X_1": X, "X_01": X}, "without gaps"),
        ({"X_1": X, "X_2": X, "tokens": IDS}, "both modalities .* and tokens; keep one"),
        ({"X_1": X, "X_2": X[:4]}, r"numbers of rows \(X_1: 6, X_2: 4\); row i of each"),
        ({"X_1": X, "X_2": X[:, 0]}, r"X_2: shape \(6,\).*reshape\(-1, 1\)"),
        ({"X_1": X, "X_2": X[:, :0]}, r"X_2: shape \(6, 0\)"),
        ({"X_1": X, "X_2": X * [1, 1, np.nan]}, "X_2: NaN, missing or infinite in 6 of 18 values"),
        ({"X": X, "captions": X[:5]}, r"numbers of rows \(X: 6, captions: 5\)"),
        ({"X": X, "captions": X[:, 0]}, r"captions: shape \(6,\)"),
        ({"X": X[0], "captions": X}, r"X: shape \(3,\)"),
        ({"tokens": X}, r"tokens of type float64, but ids are integers; save tokens\.astype\(int\)"),
        ({"tokens": IDS > 1}, "tokens of type bool"),
        ({"tokens": IDS[0]}, r"tokens of shape \(3,\).*pad or cut"),
        ({"tokens": IDS[:, :1]}, r"tokens of shape \(6, 1\)"),
        ({"tokens": IDS[:0]}, r"tokens of shape \(0, 3\)"),
        ({"tokens": IDS - 1}, r"tokens from -1 to 3, .*np\.unique"),
        ({"tokens": IDS.astype(np.uint64) + np.uint64(2**63)}, "tokens from 9223372036854775808 to"),
    ],
)
def test_archives_that_cannot_be_used(tmp_path, suffix, arrays, words):
    with pytest.raises(InputError, match=rf"a{suffix}: .*{words}"):
        load_table(save(tmp_path / f"a{suffix}", arrays))


def test_captions_of_text_and_pickles(tmp_path):
    with pytest.raises(InputError, match="captions of type <U3.*encode them as numbers, or rename the key"):
        load_table(save(tmp_path / "a.npz", {"X": X, "captions": np.array(TEXT)}))
    for arrays in ({"X": X, "captions": np.array([{}] * 6)}, {"tokens": np.array([[{}, {}]])}):
        with pytest.raises(FileFormatError, match="pickled.*never loaded"):
            load_table(save(tmp_path / "a.npz", arrays))


@pytest.mark.parametrize("form", list(KEYS)[:3])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_flipped_bytes_never_give_a_raw_error(tmp_path_factory, form, seed):
    path = save(tmp_path_factory.mktemp("flip") / "a.safetensors", KEYS[form])
    rng, content = np.random.default_rng(seed), bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), 3):
        content[place] = rng.integers(256)
    path.write_bytes(bytes(content))
    try:
        assert np.isfinite(load_table(path).X).all()
    except (FileFormatError, InputError) as error:
        assert path.name in str(error)
