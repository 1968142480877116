"""Runs that tests kill and resume; as a program: ``resuming.py NAME CHECKPOINT STEP KIND`` is killed after that step.

KIND is "step", or "search" for one of the race of the starts.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile

import numpy as np
import torch
from torch import nn

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    Embedding,
    Gaussian,
    ICon,
    Linear,
    Momentum,
    NeighborGraph,
    Perplexity,
    Queue,
    SoftmaxHead,
    StudentT,
    UniformCluster,
    open_features,
)
from iconlearn.train.schedules import Cosine, Steps

X = np.random.default_rng(0).normal(size=(50, 5)) + 4 * (np.arange(50) % 2)[:, None]


def noisy(x, generator):
    return x + 0.1 * torch.randn(x.shape, generator=generator)


def a_map():
    joint = StudentT(normalize="joint")
    return ICon(Gaussian(Perplexity(6)).symmetrize(), joint, Embedding(50, 2, init="random"))


def an_encoder():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 3))
    return ICon(Augmentation(2), Gaussian(0.7, "cos"), network)


def a_clustering():
    return ICon(KNN(5), UniformCluster(), MLP(5, 4))


def a_head():
    return ICon(KNN(5), UniformCluster(), SoftmaxHead(5, 4))


def a_queue():
    return ICon(Augmentation(2), Gaussian(0.7, "cos"), Linear(5, 3), mapper_j=Queue(30, keys=Momentum(0.9)))


GRAPH = NeighborGraph.of(X, k=5)
MAP = {
    "optimizer": "delta-bar-delta",
    "max_iter": 60,
    "exaggeration": Steps((12.0, 1.0), until=(0.25,)),
    "momentum": Steps((0.5, 0.8), until=(0.5,)),
}
VIEWS = {"augment": noisy, "batch_size": 12, "epochs": 12, "lr": Cosine(0.01)}
RUNS = {
    "map": (a_map, MAP),
    "encoder": (an_encoder, {**VIEWS, "optimizer": "adam"}),
    "restarts": (a_clustering, {"restarts": 3, "max_iter": 40, "batch_size": 20, "lr": 0.01}),
    "stored": (
        a_head,
        {"restarts": 3, "batch_size": 16, "positives": 1, "epochs": 6, "lr": Cosine(0.01)},
    ),
    "race": (a_clustering, {"restarts": 18, "max_iter": 40, "batch_size": 20, "lr": 0.01}),
    "stored race": (
        a_head,
        {"restarts": 18, "batch_size": 16, "positives": 1, "epochs": 6, "lr": Cosine(0.01)},
    ),
    "queue": (a_queue, {**VIEWS, "optimizer": "sgd"}),
}


def fit(name, **options):
    """A new model of this name, fitted."""
    make, given = RUNS[name]
    if not name.startswith("stored"):
        return make().fit(X, **{**given, **options})
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", X)
        return make().fit(open_features(f"{folder}/x.npy"), **{**given, "neighbors": GRAPH, **options})


def after(step, act, kind="step"):
    """A callback that acts once, when this step is done."""

    def look(event):
        if event.kind == kind and event.step == step:
            act()

    return look


if __name__ == "__main__":
    torch.set_num_threads(1)
    name, path, step, kind = sys.argv[1:]
    fit(
        name,
        checkpoint=path,
        checkpoint_every=7,
        callbacks=(after(int(step), lambda: os.kill(os.getpid(), signal.SIGKILL), kind),),
    )
