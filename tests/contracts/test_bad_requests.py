"""What a method cannot do it refuses at construction or at the door: argument, value, what is allowed, remedy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import blobs

import iconlearn
from iconlearn import (
    DCL,
    KNN,
    Augmentation,
    CrossModal,
    DataLabel,
    DegreeSoftmax,
    Embedding,
    Gaussian,
    Graph,
    Harmonic,
    ICon,
    IConLearnError,
    InputError,
    Linear,
    MarginGaussian,
    OptionError,
    Perplexity,
    PerView,
    Predicted,
    Prototypes,
    StudentT,
    TokenEncoder,
)

X, Y = blobs()
GRAPH = np.exp(-np.square(X[:, None] - X[None]).sum(-1) / 50) * (1 - np.eye(60))

REQUESTS = {
    "a graph method without a graph": (
        lambda: iconlearn.GraphTSNE().fit(X),
        "shape \\(60, 6\\).*kneighbors_graph",
    ),
    "a cut of rows": (lambda: iconlearn.NormalizedCuts().fit(X), "learns from a graph"),
    "a directed graph": (lambda: iconlearn.GraphSNE().fit(np.triu(GRAPH)), "symmetric.*\\.T"),
    "a node without an edge": (
        lambda: iconlearn.SpectralClustering().fit(
            GRAPH * (np.arange(60) > 0) * (np.arange(60) > 0)[:, None]
        ),
        "node 0.*leave them out",
    ),
    "CLIP with one modality": (lambda: iconlearn.CLIP().fit(X), "holds 1 modality.*pass a tuple"),
    "CLIP with a tuple of one": (lambda: iconlearn.CLIP().fit((X,)), "holds 1 modality.*pass a tuple"),
    "modalities of different lengths": (lambda: iconlearn.CMC().fit((X, X[:50])), "\\[60, 50\\] rows"),
    "CLIP with texts": (lambda: iconlearn.CLIP().fit((X, ["a"] * 60)), "X\\[1\\] holds texts.*encode them"),
    "X-Sample with texts": (lambda: iconlearn.XSample().fit((X, ["a"] * 60)), "X\\[1\\] holds texts"),
    "X-Sample without captions": (lambda: iconlearn.XSample().fit(X), "captions.*pass a tuple"),
    "captions of another length": (lambda: iconlearn.LGSimCLR().fit((X, X[:9])), "60 rows but 9 captions"),
    "tokens that are fractions": (lambda: iconlearn.NextToken().fit(X), "token ids"),
    "tokens below zero": (lambda: iconlearn.MaskedLM().fit(np.full((9, 5), -1)), "ids from -1"),
    "a token that the fit did not see": (
        lambda: (
            iconlearn.NextToken(max_iter=1)
            .fit(np.arange(30).reshape(3, 10))
            .transform(np.arange(21, 31).reshape(1, 10))
        ),
        "token id 30, but fit was given ids from 0 to 29",
    ),
    "a token beyond any vocabulary": (
        lambda: iconlearn.NextToken().fit(np.array([[0, 1 << 40]] * 3)),
        "np.unique",
    ),
    "more clusters than rows": (
        lambda: iconlearn.KMeans(n_clusters=61).fit(X),
        "n_clusters=61.*60 rows.*at most 60",
    ),
    "more clusters than rows, by a head": (
        lambda: iconlearn.PMIClustering(n_clusters=61).fit(X),
        "61 clusters.*60 rows.*at most 60",
    ),
    "labels missing": (lambda: iconlearn.TSupCon().fit(X), "requires y.*fit\\(X, y\\)"),
    "labels missing for prototypes": (lambda: iconlearn.HarmonicLoss().fit(X), "requires y"),
    "labels of the wrong length": (
        lambda: iconlearn.SupCon().fit(X, Y[:-1]),
        "y has shape \\(59,\\) but X has 60 rows",
    ),
    "sigma = -1": (lambda: Gaussian(-1), "sigma=-1 must be > 0"),
    "sigma = 0 as target": (
        lambda: ICon(Gaussian(0), Gaussian(1), Linear(6, 2))(X),
        "KNN\\(1\\)|finite sigma",
    ),
    "width = 0": (lambda: StudentT(width=0), "width=0 must be > 0"),
    "a perplexity for a Student-t": (lambda: StudentT(width=Perplexity(5)), "KthNeighbor, Spread"),
    "a temperature of 0": (lambda: iconlearn.CLIP(temperature=0).fit((X, X)), "temperature=0 must be"),
    "alpha = 1.5": (lambda: KNN(5).debias(1.5), "alpha=1.5 must be a number in \\[0, 1\\]"),
    "alpha = -0.1 of an estimator": (lambda: iconlearn.SimCLR(alpha=-0.1).fit(X), "alpha=-0.1 must be"),
    "tau_plus = 1": (lambda: DCL(tau_plus=1), "tau_plus=1 must be"),
    "semi-hard negatives on average": (
        lambda: MarginGaussian(float("inf"), negatives="semi-hard"),
        "negatives='semi-hard' leaves candidates out",
    ),
    "a negative margin": (lambda: MarginGaussian(margin=-1), "margin=-1 must be"),
    "positives by something else": (
        lambda: MarginGaussian(key="name"),
        "key='name' is unknown; allowed: 'id', 'label'",
    ),
    "a negative exponent": (lambda: Harmonic(-2), "n=-2 must be"),
    "an exponent that is no number": (
        lambda: iconlearn.HarmonicLoss(exponent="x").fit(X, Y),
        "exponent='x' must be",
    ),
    "too high a perplexity": (lambda: iconlearn.SNE(perplexity=99).fit(X), "Perplexity\\(99\\).*at most 59"),
    "views that are not there": (
        lambda: ICon(Augmentation(2), Gaussian(0.5, "cos"), Linear(6, 2)).fit(X),
        "compares 2 views.*augment=",
    ),
    "positives among prototypes": (
        lambda: ICon(Augmentation(2), StudentT(), Linear(6, 2), mapper_j=Prototypes(5, 2))((X, X)),
        "columns are prototypes.*DataLabel",
    ),
    "a q that does not learn": (
        lambda: ICon(KNN(5), KNN(3), Embedding(60, 2), divergence="js").fit(X),
        "does not depend on the embedding.*StudentT",
    ),
    "a reverse divergence of a sparse target": (
        lambda: ICon(Graph(GRAPH * (GRAPH > 0.5)), StudentT(), Embedding(60, 2), divergence="reverse_kl")(
            {"id": range(60)}
        ),
        "sparse.*debias",
    ),
    "a graph of others": (
        lambda: ICon(DegreeSoftmax(GRAPH[:9, :9]), StudentT(), Embedding(60, 2))({"id": list(range(60))}),
        "unknown id 9",
    ),
    "a predictor that is no module": (lambda: Predicted(Linear(2, 2), 3), "predictor=3 must be an nn.Module"),
    "a window of other tokens": (lambda: TokenEncoder(5, 3, 2)(torch.zeros(1, 2)), "windows of 3"),
    "an empty batch": (
        lambda: ICon(Augmentation(2), Gaussian(1.0), Linear(6, 2))((X[:0], X[:0])),
        "holds no samples",
    ),
    "towers of different widths": (
        lambda: ICon(CrossModal(), Gaussian(1.0), PerView(Linear(6, 3), Linear(6, 2)))((X, X)),
        "different shapes \\[\\(3,\\), \\(2,\\)\\].*same number",
    ),
    "prototypes of another width": (
        lambda: ICon(DataLabel(), Gaussian(1.0, pairs="all"), Linear(6, 3), mapper_j=Prototypes(3, 2))(X, Y),
        "rows of shape \\(3,\\).*have \\(2,\\).*same number",
    ),
    "a method that is not there": (lambda: iconlearn.verify("t-sme"), "did you mean 't-sne'"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_refused_with_argument_value_and_remedy(name):
    ask, words = REQUESTS[name]
    with pytest.raises(IConLearnError, match=words) as error:
        ask()
    assert isinstance(error.value, (InputError, OptionError))
    assert 30 < len(str(error.value)) < 400
