"""What encoders learn of real images: `python benchmarks/encoders.py`.

The 1797 digits of scikit-learn, brought to 32 x 32 pixels. A small residual network with a 64-d output is trained on a
stratified half, without labels but for SupCon; a linear classifier on its features is judged on the other half, beside
the same network untrained and the pixels. CLIP is trained on digits with captions of several wordings, and names the
digits of the other half by the captions alone. All are estimators with their default loss; seeds draw halves, weights
and views.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn

import iconlearn
from iconlearn.augmentations import image_views
from iconlearn.evaluation import linear_probe
from iconlearn.mappers import MLP, PerView
from iconlearn.mappers.backbones import ResNet
from iconlearn.train.schedules import Cosine
from reporting import Report, header, table

SIDE, DIM, ALPHA = 32, 64, 0.1
SHAPE = (1, SIDE, SIDE)
VIEWS = image_views("characters", SHAPE, peak=255)
TRAINING = {"epochs": 30, "batch_size": 128, "lr": 3e-3, "augment": VIEWS}
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDINGS = ("the digit {}", "a handwritten {}", "this is {}", "number {} in ink", "somebody wrote {}")


class SmallResNet(ResNet):
    """Three stages of one block: 0.08 million weights."""

    stem_width, depths, widths = 16, (1, 1, 1), (16, 32, 64)


def trained(name: str, X: np.ndarray, y: np.ndarray, seed: int, **options: Any) -> nn.Module:
    """The encoder of one of the library's estimators."""
    chosen = {"embedding_dim": DIM, "image_shape": SHAPE, "backbone": SmallResNet, "random_state": seed}
    estimator = getattr(iconlearn, name)(**chosen, **TRAINING, **options)
    estimator.fit(X, y if estimator.row.needs_labels else None)
    return iconlearn.mappers.representation(estimator.model_.mapper)


def features(encoder: nn.Module, X: np.ndarray) -> np.ndarray:
    """What the projector is given."""
    with torch.no_grad():
        pieces = torch.from_numpy(X).split(256)
        return torch.cat([encoder.eval().features(piece) for piece in pieces]).numpy()


def probe(encoder: nn.Module, X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    """Accuracy of a linear classifier on the other half."""
    made = features(encoder, X)
    return linear_probe(made[train], y[train], made[test], y[test])


def captions(y: np.ndarray, wordings: np.ndarray) -> np.ndarray:
    """Counts of pairs of letters of a caption for every digit, (n, 27 * 27)."""
    counts = np.zeros((len(y), 27 * 27), np.float32)
    for row, (digit, wording) in enumerate(zip(y, wordings, strict=True)):
        text = f" {WORDINGS[wording].format(WORDS[digit])} "
        code = [0 if letter == " " else ord(letter) - ord("a") + 1 for letter in text]
        np.add.at(counts[row], [27 * a + b for a, b in pairwise(code)], 1)
    return counts


def zero_shot(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> float:
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
    return float(np.mean(cosine.argmax(1).numpy() == y[test]))


def by_estimator(name: str, **options: Any) -> Callable[..., float]:
    """The probe of an estimator."""

    def run(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> float:
        return probe(trained(name, X[train], y[train], seed, **options), X, y, train, test)

    return run


def untrained(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> float:
    """The probe of the network as it is drawn."""
    return probe(SmallResNet(DIM, SHAPE, seed=seed, input_scale=255), X, y, train, test)


RUNS: dict[str, Callable[..., float]] = {
    "SimCLR": by_estimator("SimCLR"),
    "SimCLR, debiased": by_estimator("SimCLR", alpha=ALPHA),
    "t-SimCLR": by_estimator("TSimCLR"),
    "MoCo v3": by_estimator("MoCoV3"),
    "VICReg": by_estimator("VICReg"),
    "SupCon": by_estimator("SupCon"),
    "CLIP, zero shot": zero_shot,
    "untrained": untrained,
}
EVERY_SEED = ("SimCLR", "SimCLR, debiased")  # which are compared on the mean of all seeds


def main() -> None:
    """Train, judge and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"of {', '.join(RUNS)}; separated by semicolons")
    parser.add_argument("--seeds", type=int, default=5, help="of SimCLR, plain and debiased (default 5)")
    parser.add_argument("--fewer", type=int, default=2, help="seeds of the others (default 2)")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    given = parser.parse_args()
    names = list(RUNS) if given.only is None else given.only.split(";")
    digits = iconlearn.load_images("digits", SHAPE)
    assert digits.y is not None
    report, lines = Report(given.out), []
    report(header())
    for name in names:
        scores, began = [], time.perf_counter()
        for seed in range(given.seeds if name in EVERY_SEED else given.fewer):
            halves = {"test_size": 0.5, "random_state": seed, "stratify": digits.y}
            train, test = train_test_split(np.arange(len(digits.X)), **halves)
            scores.append(RUNS[name](digits.X, digits.y, train, test, seed))
            print(name, seed, scores[-1], file=sys.stderr, flush=True)
        seconds = (time.perf_counter() - began) / len(scores)
        shown = " ".join(f"{score:.3f}" for score in scores)
        lines.append((name, f"{statistics.fmean(scores):.4f}", f"{min(scores):.4f}", f"{seconds:.0f}", shown))
    report(table(("accuracy on the other half", "mean", "lowest", "seconds each", "by seed"), lines) + "\n")


if __name__ == "__main__":
    main()
