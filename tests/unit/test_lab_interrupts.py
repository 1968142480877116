"""Ctrl-C within a fit of an experiment: no half-trained encoder is taken for a finished one."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from iconlearn import Augmentation, Gaussian, ICon, Linear
from iconlearn.lab import Bench
from iconlearn.lab.notebook import Notebook
from iconlearn.theory.mixtures.encoders import train


def fit(bench, seed):
    """A linear encoder whose training is interrupted at its third step."""
    rows = np.random.default_rng(seed).normal(size=(2, 400, 3))
    model = ICon(
        Augmentation(2, pairs="cross_view"), Gaussian(1, metric="dot", pairs="cross_view"), Linear(3, 2)
    )

    def press(event):
        if event.kind == "step" and event.step == 2:
            signal.raise_signal(signal.SIGINT)

    train(model, tuple(rows), lr=0.01, epochs=2, batch_size=20, callbacks=(press,))
    return {"steps": len(model.history.losses)}


def test_an_interrupted_encoder_is_no_piece(tmp_path):
    book = Notebook(tmp_path / "numbers.json")
    with pytest.raises(KeyboardInterrupt):
        Bench((0, 1), 1.0, book).by_seed(fit)
    assert book.pieces == {}
    assert not (tmp_path / "numbers.json").exists()
