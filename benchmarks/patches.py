"""Patches of two photographs, clustered without a label: `python benchmarks/patches.py --out patches/`.

The whole way from images to a contact sheet, without a download (less than a minute on two cores). The photographs are
those that scikit-learn brings along. They are cut into patches, which are kept as image files; a small ResNet
learns for some seconds to know a patch again in changed views (SimCLR), and is saved as transformers saves models;
its features are written to disk, and clustered from there. `make demo` runs it too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import nn

import iconlearn
from iconlearn import Augmentation, Gaussian, ICon
from iconlearn.data.views import ImageJitter
from iconlearn.extraction import extract_features
from iconlearn.features import Features
from iconlearn.pretrained import quietly
from iconlearn.train.schedules import Cosine
from iconlearn.viz import class_colors, contact_sheet_figure, save_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PHOTOGRAPHS = ("china", "flower")
SIDE, STRIDE = 32, 16  # pixels of a patch, and from one to the next
MEAN, STD = 0.5, 0.25  # by which pixels from 0 to 1 are normalised
STEPS, BATCH, TEMPERATURE = 50, 256, 0.2  # of SimCLR
VIEWS = ImageJitter((3, SIDE, SIDE), rotation=20, scale=0.3, shift=5, contrast=0.2, noise=0.02)
CLUSTERS = 12
# Rows on disk are taken to be millions, for which a few passes and starts are enough; these are two thousand.
FIT: dict[str, Any] = {"epochs": 60, "restarts": 16}
TINT = 0.55  # share of a cluster's colour in a painted photograph
WIDE = 4.6  # inches of a photograph


@dataclass(frozen=True)
class Patches:
    """Square pieces of the photographs, row by row: uint8 (n, SIDE, SIDE, 3)."""

    pixels: np.ndarray
    grids: tuple[tuple[int, int], ...]  # rows and columns of the patches of each photograph

    @classmethod
    def cut(cls, photographs: list[np.ndarray], folder: Path) -> Patches:
        """Cut photographs up and write every patch to an image file, in one folder a photograph."""
        found, grids = [], []
        for name, photograph in zip(PHOTOGRAPHS, photographs, strict=True):
            (folder / name).mkdir(parents=True)
            tops, lefts = (range(0, length - SIDE + 1, STRIDE) for length in photograph.shape[:2])
            grids.append((len(tops), len(lefts)))
            for top in tops:
                for left in lefts:
                    found.append(photograph[top : top + SIDE, left : left + SIDE])
                    # names in the order of the patches, for files are read in the order of their names
                    Image.fromarray(found[-1]).save(folder / name / f"{top:03d}-{left:03d}.png")
        return cls(np.stack(found), tuple(grids))


class Encoder(nn.Module):
    """A vision model of transformers and the head that SimCLR trains with it and throws away."""

    def __init__(self, backbone: Any, dim: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.backbone(pixel_values=x).pooler_output.flatten(1))


def train_backbone(pixels: np.ndarray, folder: Path, seed: int) -> list[float]:
    """Save a small ResNet that has learned from the patches alone; return the losses of its steps."""
    import transformers

    shape = {"embedding_size": 32, "hidden_sizes": [32, 64], "depths": [1, 1], "layer_type": "basic"}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        encoder = Encoder(transformers.ResNetModel(transformers.ResNetConfig(**shape)), dim=64)
    model = ICon(Augmentation(2), Gaussian(TEMPERATURE**0.5, metric="cos"), encoder)
    X = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - MEAN) / STD
    options: dict[str, Any] = {"optimizer": "adamw", "lr": Cosine(3e-3), "random_state": seed}
    model.fit(X, max_iter=STEPS, batch_size=BATCH, augment=VIEWS, **options)
    with quietly(transformers):
        encoder.backbone.save_pretrained(folder)
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": SIDE, "width": SIDE},
        "image_mean": [MEAN] * 3,
        "image_std": [STD] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor, indent=2))
    assert model.history is not None
    return list(model.history.losses)


def by_photograph(patches: Patches, features: Features, assigned: np.ndarray) -> list[int]:
    """Clusters in the order in which they are shown: those of the first photograph first, light ones before dark."""
    light = patches.pixels.mean((1, 2, 3))
    origin = np.asarray(features.label)

    def key(cluster: int) -> tuple[int, float]:
        members = assigned == cluster
        return round(origin[members].mean()), -light[members].mean()

    return sorted(np.unique(assigned).tolist(), key=key)


def painted_figure(photographs: list[np.ndarray], patches: Patches, assigned: np.ndarray) -> Figure:
    """The photographs, and beside each the same with every patch in the colour of its cluster."""
    gap, side = 0.15, WIDE * photographs[0].shape[0] / photographs[0].shape[1]
    top = style.heading_height("x", "x") + 0.05
    rows, start = len(photographs), 0
    figure = style.new_figure(2 * WIDE + 3 * gap, top + rows * (side + gap), dpi=120)
    words = f"{len(patches.pixels):,} patches in {assigned.max() + 1} clusters, with their numbers"
    style.heading(figure, "What belongs together", words, gap)
    colors = class_colors(CLUSTERS)
    for row, (photograph, grid) in enumerate(zip(photographs, patches.grids, strict=True)):
        count = grid[0] * grid[1]
        cells = assigned[start : start + count].reshape(grid)
        start += count
        for column in range(2):
            ax = style.add_axes(figure, gap + column * (WIDE + gap), top + row * (side + gap), WIDE, side)
            style.hide_ticks(ax)
            if column:
                paint(ax, photograph, cells, colors)
            else:
                ax.imshow(photograph, aspect="auto")
    return figure


def paint(ax: Any, photograph: np.ndarray, cells: np.ndarray, colors: list[str]) -> None:
    """Tint every patch's middle in the colour of its cluster, and number the places where a cluster is at home."""
    from scipy.ndimage import distance_transform_edt, label

    height, width = photograph.shape[:2]
    edge = (SIDE - STRIDE) // 2  # what lies outside of all middles goes with the nearest
    rows, columns = (
        np.clip((np.arange(length) - edge) // STRIDE, 0, most - 1)
        for length, most in zip((height, width), cells.shape, strict=True)
    )
    shades = np.array([[int(color[k : k + 2], 16) for k in (1, 3, 5)] for color in colors])
    tint = shades[cells[np.ix_(rows, columns)]]
    grey = photograph.mean(2, keepdims=True)
    ax.imshow((TINT * tint + (1 - TINT) * grey).astype(np.uint8), aspect="auto")
    for cluster in np.unique(cells):
        pieces: Any = label(cells == cluster)[0]  # type: ignore[index]
        for piece in range(1, pieces.max() + 1):
            depth: Any = distance_transform_edt(np.pad(pieces == piece, 1))
            depth = depth[1:-1, 1:-1]
            if depth.max() < 2:  # too small for a number
                continue
            y, x = np.unravel_index(depth.argmax(), depth.shape)
            style.text(
                ax,
                edge + (x + 0.5) * STRIDE,
                edge + (y + 0.5) * STRIDE,
                str(cluster),
                fontweight="bold",
                ha="center",
                va="center",
                path_effects=style.halo(2.0),
            )


def sheet_figure(patches: Patches, features: Features, found: Any, n_images: int) -> Figure:
    """The contact sheet of all clusters, with the share of the photograph that most of their patches come from."""
    return contact_sheet_figure(
        patches.pixels,
        found.labels_,
        found.confidence_,
        features.label,
        features.classes,
        clusters=by_photograph(patches, features, found.labels_),
        n_images=n_images,
        title="Patches of two photographs, clustered without a label",
        subtitle="InfoNCE clustering of features of a small ResNet that saw nothing but these patches; orange: of the "
        "other photograph than most",
    )


def save_small(figure: Figure, path: Path) -> None:
    """Save a figure in few bytes: fewer pixels, and 192 colours."""
    figure.set_dpi(100)
    save_figure(figure, path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(192, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def cluster_patches(out: Path, seed: int = 0, picture: Path | None = None) -> None:
    """Patches, backbone, features, clusters and their pictures, in the folder ``out``."""
    from sklearn.datasets import load_sample_image

    start = time.perf_counter()

    def say(words: str) -> None:
        print(f"  {time.perf_counter() - start:4.0f} s  {words}", flush=True)

    for part in ("images", "backbone", "features"):
        shutil.rmtree(out / part, ignore_errors=True)
    photographs = [load_sample_image(f"{name}.jpg") for name in PHOTOGRAPHS]
    patches = Patches.cut(photographs, out / "images")
    say(f"{len(patches.pixels)} patches of {SIDE} x {SIDE} pixels in {out / 'images'}/")
    losses = train_backbone(patches.pixels, out / "backbone", seed)
    say(f"a ResNet trained by SimCLR for {STEPS} steps, loss {losses[0]:.2f} -> {losses[-1]:.2f}")
    features = extract_features(
        out / "images", out / "backbone", out / "features", views=1, batch_size=BATCH, seed=seed
    )
    say(f"features {features.shape} in {out / 'features'}/")
    clustering: Any = iconlearn.InfoNCEClustering(n_clusters=CLUSTERS, random_state=seed, **FIT)
    clustering.fit(features)
    sizes = np.sort(np.bincount(clustering.labels_, minlength=CLUSTERS))[::-1]
    say(f"{CLUSTERS} clusters from disk, of {', '.join(map(str, sizes))} patches")
    save_figure(sheet_figure(patches, features, clustering, 14), out / "contact_sheet.png")
    save_figure(painted_figure(photographs, patches, clustering.labels_), out / "photographs.png")
    if picture is not None:
        save_small(sheet_figure(patches, features, clustering, 10), picture)
    iconlearn.save(clustering, out / "model")
    say(f"{out / 'contact_sheet.png'}, {out / 'photographs.png'}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("patches"), help="folder for all that is made")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--picture", type=Path, help="also a small contact sheet, as in docs/images/patches.png"
    )
    arguments = parser.parse_args()
    cluster_patches(arguments.out, arguments.seed, arguments.picture)


if __name__ == "__main__":
    main()
