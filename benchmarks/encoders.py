"""What encoders learn of real images: `python benchmarks/encoders.py`.

The 1797 digits of scikit-learn, brought to 32 x 32 pixels. A small residual network with 64 features is trained on a
stratified half, without labels but for SupCon. Its features are judged on the other half, beside those of the same
network untrained: by a linear classifier that is told all labels of the first half (the digits are so easy that there
is little to gain), by one that is told three of each class, and by the label of the nearest neighbour. CLIP is trained
on digits with captions of several wordings, and names the digits of the other half by the captions alone. All are
estimators with their default loss; seeds draw halves, weights and views.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

import iconlearn
from iconlearn.augmentations import image_views
from iconlearn.evaluation import knn_probe, linear_probe
from iconlearn.mappers import MLP, PerView
from iconlearn.mappers.backbones import ResNet
from iconlearn.train.schedules import Cosine
from reporting import Report, header, table

SIDE, DIM, ALPHA = 32, 64, 0.1
SHAPE = (1, SIDE, SIDE)
VIEWS = image_views("characters", SHAPE, peak=255)
HIDDEN = (256,)  # of the projector
TRAINING = {"epochs": 30, "batch_size": 128, "lr": 3e-3}
FEW = 3  # labels of a class
COLUMNS = ("linear", f"{FEW} labels a class", "nearest neighbour")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDINGS = ("the digit {}", "a handwritten {}", "this is {}", "number {} in ink", "somebody wrote {}")


Scores = tuple[float, ...]


class SmallResNet(ResNet):
    """Three stages of one block: 0.08 million weights."""

    stem_width, depths, widths = 16, (1, 1, 1), (16, 32, 64)


def trained(name: str, X: np.ndarray, y: np.ndarray, seed: int, **options: Any) -> nn.Module:
    """The encoder of one of the library's estimators."""
    network = {"image_shape": SHAPE, "backbone": partial(SmallResNet, projector=HIDDEN), "embedding_dim": DIM}
    estimator = getattr(iconlearn, name)(**{**network, **TRAINING, **options}, random_state=seed)
    estimator.fit(X, y if estimator.row.needs_labels else None)
    return iconlearn.mappers.representation(estimator.model_.mapper)


def features(encoder: nn.Module, X: np.ndarray) -> np.ndarray:
    """What the projector is given."""
    with torch.no_grad():
        pieces = torch.from_numpy(X).split(256)
        return torch.cat([encoder.eval().features(piece) for piece in pieces]).numpy()


def judged(encoder: nn.Module, X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> Scores:
    """Accuracies on the other half: of a linear classifier told all labels or a few, and of the nearest neighbour."""
    made = features(encoder, X)
    few = np.concatenate([train[y[train] == digit][:FEW] for digit in range(10)])
    return (
        linear_probe(made[train], y[train], made[test], y[test]),
        linear_probe(made[few], y[few], made[test], y[test]),
        knn_probe(made[train], y[train], made[test], y[test], k=1),
    )


def captions(y: np.ndarray, wordings: np.ndarray) -> np.ndarray:
    """Counts of pairs of letters of a caption for every digit, (n, 27 * 27)."""
    counts = np.zeros((len(y), 27 * 27), np.float32)
    for row, (digit, wording) in enumerate(zip(y, wordings, strict=True)):
        text = f" {WORDINGS[wording].format(WORDS[digit])} "
        code = [0 if letter == " " else ord(letter) - ord("a") + 1 for letter in text]
        np.add.at(counts[row], [27 * a + b for a, b in pairwise(code)], 1)
    return counts


def zero_shot(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> Scores:
    """Share of the other half that CLIP gives the right caption, of a wording for all digits."""
    drawn = np.random.default_rng(seed).integers(len(WORDINGS), size=len(train))
    image = SmallResNet(DIM, SHAPE, seed=seed, input_scale=255)
    text = MLP(27 * 27, DIM, hidden=(128,), seed=seed)
    learned = iconlearn.Gaussian(iconlearn.Learnable(0.3, at_least=0.1), "cos", pairs="cross_view")
    model = iconlearn.ICon(iconlearn.CrossModal(), learned, PerView(image, text))
    options = {"optimizer": "adamw", "epochs": 30, "batch_size": 128, "lr": Cosine(3e-3)}
    model.fit((X[train], captions(y[train], drawn)), random_state=seed, **options)
    with torch.no_grad():
        named = text.eval()(torch.from_numpy(captions(np.arange(10), np.zeros(10, int))))
        seen = torch.cat([image.eval()(piece) for piece in torch.from_numpy(X[test]).split(256)])
    cosine = nn.functional.normalize(seen) @ nn.functional.normalize(named).T
    return (float(np.mean(cosine.argmax(1).numpy() == y[test])),)


def untrained(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> Scores:
    """The network as it is drawn."""
    return judged(SmallResNet(DIM, SHAPE, seed=seed, input_scale=255), X, y, train, test)


ESTIMATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "SimCLR": ("SimCLR", {"augment": VIEWS}),
    "SimCLR, debiased": ("SimCLR", {"augment": VIEWS, "alpha": ALPHA}),
    "t-SimCLR": ("TSimCLR", {"augment": VIEWS}),
    "MoCo v3": ("MoCoV3", {"augment": VIEWS}),
    "VICReg": ("VICReg", {"augment": VIEWS, "embedding_dim": 256}),  # it compares dimensions, and wants many
    "SupCon": ("SupCon", {}),  # compares labels, and takes the images as they are
}
OTHERS: dict[str, Callable[..., Scores]] = {"untrained": untrained, "CLIP, zero shot": zero_shot}
NAMES = (*ESTIMATORS, *OTHERS)
EVERY_SEED = ("SimCLR", "SimCLR, debiased")  # which are compared on the mean of all seeds


def run(name: str, seed: int) -> tuple[Scores, float]:
    """Scores of one training, and its seconds."""
    torch.set_num_threads(1)  # processes share the cores
    digits = iconlearn.load_images("digits", SHAPE)
    X, y = digits.X, np.asarray(digits.y)
    halves = {"test_size": 0.5, "random_state": seed, "stratify": y}
    train, test = train_test_split(np.arange(len(X)), **halves)
    began = time.perf_counter()
    if name in OTHERS:
        scores = OTHERS[name](X, y, train, test, seed)
    else:
        estimator, options = ESTIMATORS[name]
        scores = judged(trained(estimator, X[train], y[train], seed, **options), X, y, train, test)
    print(name, seed, scores, file=sys.stderr, flush=True)
    return scores, time.perf_counter() - began


def main() -> None:
    """Train, judge and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"of {', '.join(NAMES)}; separated by semicolons")
    parser.add_argument("--seeds", type=int, default=5, help="of SimCLR, plain and debiased (default 5)")
    parser.add_argument("--fewer", type=int, default=3, help="seeds of the others (default 3)")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, a thread each (default 2)")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    given = parser.parse_args()
    names = NAMES if given.only is None else given.only.split(";")
    jobs = [
        (name, seed) for name in names for seed in range(given.seeds if name in EVERY_SEED else given.fewer)
    ]
    report, began = Report(given.out), time.perf_counter()
    report(header())
    with ProcessPoolExecutor(given.jobs) as pool:
        found = list(pool.map(run, *zip(*jobs, strict=True)))
    lines = []
    for name in names:
        own = [result for (other, _), result in zip(jobs, found, strict=True) if other == name]
        scores = np.array([result[0] for result in own])
        shown = [
            f"{mean:.4f} (from {least:.3f})"
            for mean, least in zip(scores.mean(0), scores.min(0), strict=True)
        ]
        shown += [""] * (len(COLUMNS) - len(shown))
        lines.append((name, str(len(own)), *shown, f"{np.mean([result[1] for result in own]):.0f}"))
    report(table(("accuracy on the other half", "seeds", *COLUMNS, "seconds each"), lines))
    report(f"all of it: {(time.perf_counter() - began) / 60:.1f} min, {given.jobs} at a time\n")


if __name__ == "__main__":
    main()
