"""One image: every mode and orientation becomes RGB, and nothing damaged or hostile gets through."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import picture
from PIL import Image

from iconlearn import FileFormatError, OptionError
from iconlearn.extraction import Augmentation, ImageError, read_image
from iconlearn.extraction.augmentation import shift_hue
from iconlearn.extraction.preprocessing import CentralCrop
from iconlearn.extraction.views import Views


def encoded(image: Image.Image, form: str = "PNG", **options) -> bytes:
    body = io.BytesIO()
    image.save(body, form, **options)
    return body.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_becomes_the_same_colours(mode):
    given = picture(1).convert(mode)
    found = read_image(encoded(given), "x")
    assert found.mode == "RGB"
    assert np.array_equal(np.asarray(found), np.asarray(given.convert("RGB")))


def test_cmyk_jpeg_is_close_to_the_colours_it_was_made_of():
    found = read_image(encoded(picture(1).convert("CMYK"), "JPEG", quality=95), "x")
    assert np.abs(np.asarray(found, dtype=int) - np.asarray(picture(1), dtype=int)).mean() < 5


def test_palette_with_transparent_bytes_is_no_error():
    image = picture(1).quantize(8)
    assert read_image(encoded(image, transparency=bytes(range(8))), "x").size == image.size


def test_sixteen_bits_keep_their_gradations():
    values = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    found = np.asarray(read_image(encoded(Image.fromarray(values)), "x"))
    assert np.array_equal(found[..., 0], values // 257)


def test_exif_turns_the_image_upright_and_damaged_exif_is_ignored():
    image = picture(2)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    found = read_image(encoded(image, exif=exif), "x")
    assert np.array_equal(np.asarray(found), np.asarray(image.transpose(Image.Transpose.ROTATE_270)))
    damaged = encoded(image, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff broken")
    assert read_image(damaged, "x").size == image.size


def test_first_frame_of_an_animation():
    body = encoded(picture(1).quantize(), "GIF", save_all=True, append_images=[picture(2).quantize()])
    assert np.array_equal(np.asarray(read_image(body, "x")), np.asarray(picture(1).quantize().convert("RGB")))


def fake_png(width: int, height: int) -> bytes:
    """A PNG that promises more pixels than it has."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"x"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no image",
        encoded(picture(1))[:200],
        encoded(picture(1), "JPEG")[:300],
        fake_png(100_000, 100_000),
        fake_png(12_000, 9_000),  # PIL itself would only warn
        encoded(Image.new("RGB", (101, 1))),
        encoded(Image.new("F", (4, 4)), "TIFF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",  # would start another program
    ],
    ids=["empty", "text", "cut-png", "cut-jpeg", "bomb", "large", "uneven", "float", "postscript"],
)
def test_damaged_and_hostile_images_are_refused_by_name_and_cost_little(body):
    tracemalloc.start()
    with pytest.raises(ImageError, match="holiday.png.*skip_corrupt"):
        read_image(body, "holiday.png")
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_a_file_that_is_gone_is_no_corrupt_image(tmp_path):
    with pytest.raises(FileFormatError, match="gone.png: the file cannot be read"):
        read_image(tmp_path / "gone.png", str(tmp_path / "gone.png"))


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (3, 1), (3, 3), (100, 1)])
def test_tiny_images_can_be_prepared_and_changed(size):
    image = read_image(encoded(Image.new("RGB", size, (10, 200, 30))), "x")
    seen = Views(CentralCrop(16), 3, 0, Augmentation(jitter=0))(image, 0)
    assert (seen.numpy() == np.array([10, 200, 30])[:, None, None]).all()


def test_views_follow_from_seed_image_and_view_alone():
    images = [picture(k) for k in range(3)]
    make = Views(CentralCrop(24), 3, 5, Augmentation())
    once = [make(image, k) for k, image in enumerate(images)]
    again = [Views(CentralCrop(24), 4, 5, Augmentation())(images[k], k) for k in (2, 0, 1)]
    for k, views in zip((2, 0, 1), again, strict=True):
        assert np.array_equal(once[k], views[:3])
    other = Views(CentralCrop(24), 3, 6, Augmentation())(images[0], 0)
    assert np.array_equal(once[0][0], other[0])
    assert not np.array_equal(once[0][1], other[1])
    assert not np.array_equal(once[0][1], once[0][2])
    assert not np.array_equal(make(images[0], 1)[1], once[0][1])


def test_a_view_without_changes_is_the_image_itself():
    still = Augmentation(scale=(1, 1), ratio=(1, 1), jitter=0, blur=0)
    image = picture(3, (24, 24))
    seen = Views(CentralCrop(24), 2, 0, still)(image, 0)
    assert np.array_equal(seen[1], np.asarray(image).transpose(2, 0, 1))


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    scale=st.floats(0.05, 1),
    seed=st.integers(0, 99),
)
def test_crops_lie_inside_and_keep_their_share_of_the_area(size, scale, seed):
    left, top, right, bottom = Augmentation(scale=(scale, scale)).crop(size, np.random.default_rng(seed))
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    share = (right - left) * (bottom - top) / (size[0] * size[1])
    assert share <= scale * (1 + 1e-9)
    if scale <= 0.5 and size[0] == size[1]:
        assert share == pytest.approx(scale)


@pytest.mark.parametrize("change", [0, 1, 2, 3])
def test_each_change_of_colour_changes_what_it_should(change):
    image = picture(4)
    before, after = (
        np.asarray(i.convert("HSV"), dtype=float)
        for i in (image, Augmentation().recolor(image, change, np.random.default_rng(0)))
    )
    assert not np.array_equal(before, after)
    if change == 3:
        assert np.abs(before[..., 2] - after[..., 2]).max() <= 2
    grey = Image.new("RGB", (4, 4), (90, 90, 90))
    changed = np.asarray(Augmentation().recolor(grey, change, np.random.default_rng(0)))
    assert (changed == changed[0, 0, 0]).all()
    assert (changed[0, 0, 0] == 90) == (change != 0)


def test_hue_turns_by_the_share_of_the_wheel():
    assert shift_hue(Image.new("RGB", (1, 1), (255, 0, 0)), 1 / 3).getpixel((0, 0)) == (0, 255, 0)
    assert shift_hue(Image.new("RGB", (1, 1), (0, 0, 255)), 0.0).getpixel((0, 0)) == (0, 0, 255)


def test_blur_smooths():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    sharp, blurred = (
        Augmentation(scale=(1, 1), ratio=(1, 1), jitter=0, blur=b, sigma=(5, 5))(
            noise, (64, 64), np.random.default_rng(0)
        )
        for b in (0, 1)
    )
    assert np.asarray(blurred).std() < 0.8 * np.asarray(sharp).std()


@pytest.mark.parametrize(
    "options",
    [{"hue": 0.7}, {"jitter": 2}, {"scale": (0, 1)}, {"scale": (0.5, 1.5)}, {"ratio": (2, 1)}, {"blur": "x"}],
    ids=str,
)
def test_impossible_changes_are_refused(options):
    with pytest.raises(OptionError, match=f"Augmentation: {next(iter(options))}"):
        Augmentation(**options)
