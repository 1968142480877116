"""Random views of images: seeded, in range, each image by itself, and what every operation is for."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from iconlearn import CNN, Augmentation, Gaussian, ICon, InputError, OptionError
from iconlearn.augmentations import PRESETS, ImageView, image_views

SHAPE = (3, 16, 16)
NOTHING = {"crop": (1.0, 1.0), "flip": 0, "jitter": 0, "grey": 0, "blur": 0}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


IMAGES = torch.rand(64, *SHAPE, generator=seeded(1))


def only(**operation) -> torch.Tensor:
    """Views by one operation alone."""
    return ImageView(SHAPE, **{**NOTHING, **operation})(IMAGES, seeded())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("channels", [1, 3])
def test_views_are_images_in_range_from_the_generator(preset, channels):
    x = torch.rand(8, channels, 20, 24, generator=seeded(1))
    for view in image_views(preset, (channels, 16, 12)):
        state = torch.get_rng_state()
        one, same, other = (view(x, seeded(s)) for s in (3, 3, 4))
        assert torch.equal(torch.get_rng_state(), state)
        assert one.shape == (8, channels, 16, 12)
        assert 0 <= one.min() <= one.max() <= 1
        assert torch.equal(one, same)
        assert not torch.equal(one, other)
        assert pickle.loads(pickle.dumps(view)) == view


def test_every_image_is_changed_in_its_own_way():
    x = IMAGES[:1].expand(6, -1, -1, -1)
    made = image_views("simclr", SHAPE)[0](x, seeded())
    assert len(torch.unique(made.flatten(1), dim=0)) == 6


def test_nothing_changes_where_nothing_is_asked_for():
    assert torch.allclose(only(), IMAGES, atol=1e-6)
    grey = (255 * IMAGES).byte()
    view = ImageView(SHAPE, **NOTHING)
    assert torch.allclose(ImageView(SHAPE, **NOTHING, peak=255)(grey, seeded()), grey.float(), atol=1e-3)
    flat = view(IMAGES.flatten(1), seeded())
    assert flat.shape == (64, 768)
    assert torch.allclose(flat, IMAGES.flatten(1), atol=1e-6)


def test_each_operation_does_what_it_is_called():
    flipped = only(flip=0.5)
    mirrored = (flipped - IMAGES.flip(-1)).abs().amax((1, 2, 3)) < 1e-6
    assert 0.3 < mirrored.double().mean() < 0.7
    assert torch.allclose(flipped[~mirrored], IMAGES[~mirrored], atol=1e-6)
    grey = only(grey=1)
    assert torch.allclose(grey, grey[:, :1].expand_as(grey), atol=1e-6)
    blurred = only(blur=1)
    assert (
        blurred.diff(dim=-1).abs().mean((1, 2, 3)) <= IMAGES.diff(dim=-1).abs().mean((1, 2, 3)) + 1e-6
    ).all()
    solarized = only(solarize=1)
    assert torch.allclose(solarized, torch.where(IMAGES >= 0.5, 1 - IMAGES, IMAGES), atol=1e-6)
    jittered = only(jitter=1)
    assert (jittered - IMAGES).abs().amax((1, 2, 3)).min() > 1e-3


def test_grey_images_keep_the_order_of_their_pixels():
    ramp = torch.linspace(0.1, 0.5, 64).view(1, 1, 8, 8).expand(200, -1, -1, -1)
    view = ImageView((1, 8, 8), **{**NOTHING, "jitter": 1}, hue=0.0)
    made = view(ramp, seeded()).flatten(1)
    assert (made.diff(dim=1) >= -1e-6).all()
    assert (made[:, -1] - made[:, 0]).min() > 0.01  # none is one value
    assert made[:, 0].std() > 0.02


def test_bytes_are_views_of_the_same_pixels_in_a_fit():
    grey = (255 * IMAGES).byte()
    options = {"max_iter": 2, "batch_size": 16}
    found = []
    for x, peak in ((grey.numpy(), 255.0), (grey.float().numpy() / 255, 1.0)):
        model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), CNN(SHAPE, 4, input_scale=peak))
        model.fit(x, augment=image_views("small", SHAPE, peak=peak), **options)
        found.append(model.transform(x))
    assert np.allclose(*found, atol=1e-4)


def test_a_crop_keeps_the_share_that_it_says():
    ramp = torch.arange(32.0).view(1, 1, 1, 32).expand(200, 1, 32, 32) / 31
    kept = ImageView((1, 32, 32), **{**NOTHING, "crop": (0.25, 0.25)})(ramp, seeded())
    width = kept.amax((1, 2, 3)) - kept.amin((1, 2, 3))  # of an area of 1/4, at ratios from 3/4 to 4/3
    assert 0.4 < width.min() < 0.5 < width.max() < 0.62


def test_views_are_made_by_the_makers_in_turn():
    seen = []

    def maker(name):
        return lambda x, generator: seen.append(name) or x + 0.1 * torch.rand(x.shape, generator=generator)

    model = ICon(Augmentation(3), Gaussian(0.7, metric="cos"), CNN(SHAPE, 4))
    model.fit(IMAGES.numpy(), max_iter=2, batch_size=8, augment=(maker("a"), maker("b")))
    assert seen == ["a", "b", "a"] * 2
    with pytest.raises(OptionError, match=r"must be a function \(x, generator\) -> view of x, or a tuple"):
        model.fit(IMAGES.numpy(), augment=(maker("a"), 3))
    with pytest.raises(OptionError, match="or a tuple"):
        model.fit(IMAGES.numpy(), augment=())


def test_a_fit_on_views_repeats_itself():
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), CNN(SHAPE, 4))
    options = {"max_iter": 3, "batch_size": 16, "augment": image_views("moco-v3", SHAPE)}
    one, two = (model.fit(IMAGES.numpy(), **options).transform(IMAGES.numpy()) for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"flip": 2}, "flip=2"),
        ({"hue": 0.7}, "hue=0.7"),
        ({"crop": (0, 1)}, r"crop=\(0, 1\) must be two shares"),
        ({"crop": 0.5}, "crop=0.5 must be two shares"),
        ({"peak": 0}, "peak=0"),
        ({"image_shape": (4, 16, 16)}, "has 4 channels, not 1 or 3"),
        ({"image_shape": (16, 16)}, r"image_shape=\(16, 16\)"),
    ],
)
def test_wrong_arguments_are_refused(change, words):
    with pytest.raises(OptionError, match=words):
        ImageView(**{"image_shape": SHAPE, **change})


def test_wrong_batches_and_presets_are_refused():
    view = ImageView(SHAPE)
    with pytest.raises(InputError, match="takes pixels from 0 to 1, but the images have 0 to 16; set peak="):
        view(torch.linspace(0, 16, 768).view(1, *SHAPE), seeded())
    with pytest.raises(InputError, match="ImageView takes images of shape"):
        view(IMAGES[:, :1], seeded())
    with pytest.raises(OptionError, match="preset='simclr2' is unknown"):
        image_views("simclr2", SHAPE)
    with pytest.raises(OptionError, match="no option 'flipp'"):
        image_views("simclr", SHAPE, flipp=0)


def test_without_kornia_the_extra_is_named():
    code = (
        "import sys; sys.modules['kornia'] = None; sys.modules['kornia.augmentation'] = None; import torch\n"
        "from iconlearn.augmentations import ImageView\n"
        "ImageView((3, 8, 8))(torch.rand(2, 3, 8, 8), torch.Generator())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 1
    assert 'pip install "iconlearn[encoders]"' in told.stderr
