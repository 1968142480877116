"""Messages of refused arguments: the owner, the argument, its value, what is allowed, the nearest name."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from iconlearn._checks import check_choice, check_names, check_number, nearest_name
from iconlearn._errors import IConLearnError, InputError, OptionError
from iconlearn.bandwidth import Perplexity
from iconlearn.distributions import (
    KNN,
    Augmentation,
    Context,
    CrossModal,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Label,
    StudentT,
    UniformCluster,
)
from iconlearn.distributions.wrappers import Debiased
from iconlearn.engines import Dense
from iconlearn.points import Points

REFUSED = {
    "KNN: k=0 must be an integer in [1, inf]": lambda: KNN(0),
    "KNN: k=2.5 must be an integer": lambda: KNN(2.5),
    "KNN: k=inf must be an integer": lambda: KNN(math.inf),
    "KNN: k=nan must be an integer": lambda: KNN(math.nan),
    "KNN: k='3' must be an integer": lambda: KNN("3"),
    "KNN: k=True must be an integer": lambda: KNN(True),
    "KNN: k=tensor([1., 1.]) must be an integer": lambda: KNN(torch.ones(2)),
    "KNN: metric='euclid' is unknown; allowed: 'chebyshev', 'correlation', 'cos', 'dot', 'euclidean', 'manhattan'; "
    "did you mean 'euclidean'?": (lambda: KNN(metric="euclid")),
    "StudentT: df=0 must be a number in (0, inf]": lambda: StudentT(0),
    "StudentT: df=array([1., 1.]) must be a number": lambda: StudentT(np.ones(2)),
    "Harmonic: n=inf must be a number in (0, 1e+06]": lambda: Harmonic(math.inf),
    "Harmonic: eps=2 must be a number in (0, 1]": lambda: Harmonic(eps=2),
    "Harmonic: metric='dot' can be negative; use 'euclidean' or 'cos'": lambda: Harmonic(metric="dot"),
    "Gaussian: normalize='rows' is unknown; allowed: 'joint', 'row'; did you mean 'row'?": lambda: Gaussian(
        normalize="rows"
    ),
    "Gaussian: pairs='crossview' is unknown; allowed: 'all', 'cross_view', 'distinct'; did you mean 'cross": (
        lambda: Gaussian(pairs="crossview")
    ),
    "Augmentation: num_views=1 must be an integer in [2, inf]; a positive is another view": lambda: (
        Augmentation(1)
    ),
    "Augmentation: pairs='all' would make a view its own positive; use 'distinct'": lambda: Augmentation(
        pairs="all"
    ),
    "CrossModal: num_modalities=1 must be an integer": lambda: CrossModal(1),
    "UniformCluster: inputs='logit' is unknown; allowed: 'logits', 'probabilities'; did you mean 'logits'?": (
        lambda: UniformCluster("logit")
    ),
    "debias: alpha=1.5 must be a number in [0, 1]; alpha is the share of uniform mass": lambda: (
        Label().debias(1.5)
    ),
    "propagate: steps=0 must be an integer in [1, inf]": lambda: KNN().propagate(0),
    "KNN(normalize='joint').propagate: walks need rows that sum to one; symmetrize afterwards": lambda: KNN(
        normalize="joint"
    ).propagate(2),
    "nearest: k=-1 must be an integer": lambda: StudentT().nearest(-1),
    "temper: temperature=0 must be a number in (0, 1e+30]": lambda: StudentT().temper(0),
    "temper: temperature=inf must be a number": lambda: StudentT().temper(math.inf),
    "Debiased: base='KNN' must be a distribution": lambda: Debiased("KNN", 0.1),
    "mixture: weight=0 must be a number in (0, 1e+30]": lambda: 0 * KNN() + 1 * Label(),
    "mixture: weight=inf must be a number": lambda: math.inf * KNN() + 1 * Label(),
    "cannot add Label() to a mixture; write a * P + b * R": lambda: 0.5 * KNN() + Label(),
    "Label(normalize='joint') is joint-normalised but KNN() is row-normalised; a mixture needs": lambda: (
        0.5 * KNN() + 0.5 * Label(normalize="joint")
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused_options(message):
    with pytest.raises(OptionError, match=re.escape(message)):
        REFUSED[message]()


def apply(dist, columns=None, **fields):
    i = Points.of(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)), **fields)
    return dist(i, i if columns is None else Points.of(torch.ones(columns, 2)), Dense)


UNUSABLE = {
    "Label() compares labels but the points have none; pass y=": lambda: apply(Label()),
    "Context(): the rows have no field 'tokens' (fields: none)": lambda: apply(Context()),
    ".on('caption'): the points carry no field 'caption'": lambda: apply(KNN(2).on("caption")),
    "KNN(k=2).symmetrize() needs the same points as rows and columns, but the 4 rows and 3": lambda: apply(
        KNN(2).symmetrize(), columns=3
    ),
    "Graph: a weight is -1; weights must be finite and not negative": lambda: Graph([[0, -1.0], [1, 0]]),
    "Graph: a weight is nan": lambda: Graph([[0, math.nan], [1, 0]]),
    "Graph: none of the 0 weights is positive": lambda: Graph(np.zeros((3, 3))),
    "Graph: weights have shape (3,); a matrix (N, N) is needed": lambda: Graph([1.0, 2, 3]),
    "has weights of 3 samples, but a point has the unknown id 3": lambda: apply(Graph(np.ones((3, 3)))),
    "UniformCluster compares features": lambda: UniformCluster()(
        Points.of(None, n=3), Points.of(None, n=3), Dense
    ),
    "Perplexity(5) needs at least 5 candidate neighbours a row, but there are 3": lambda: apply(
        Gaussian(Perplexity(5))
    ),
}


@pytest.mark.parametrize("message", UNUSABLE)
def test_unusable_data(message):
    with pytest.raises(InputError, match=re.escape(message)):
        UNUSABLE[message]()


def test_every_error_is_a_value_error_of_the_package():
    for error in (InputError, OptionError):
        assert issubclass(error, (IConLearnError, ValueError))
        assert issubclass(error, IConLearnError)
        assert issubclass(error, ValueError)


def test_nearest_name():
    assert nearest_name("kll", ["kl", "tv"]) == "; did you mean 'kl'?"
    assert nearest_name("zzz", ["kl", "tv"]) == ""


def test_check_choice_and_names():
    assert check_choice("A", "b", "x", ("x", "y")) == "x"
    with pytest.raises(OptionError, match=r"A: b=None is unknown; allowed: 'x', 'y'$"):
        check_choice("A", "b", None, ("x", "y"))
    check_names("A", ["lr"], {"lr"})
    with pytest.raises(OptionError, match=r"A has no option 'lrr'; options: epochs, lr; did you mean 'lr'\?"):
        check_names("A", ["lr", "lrr"], ["lr", "epochs"])
    with pytest.raises(OptionError, match=r"A has no option 'x'; options: none$"):
        check_names("A", ["x"], [])


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float32(3), torch.tensor(3), torch.tensor(3.0)])
def test_numbers_of_every_kind(value):
    whole = check_number("A", "b", value, low=1, integer=True)
    assert (whole, type(whole)) == (3, int)
    number = check_number("A", "b", value, low=3, high=3)
    assert (number, type(number)) == (3.0, float)


def test_open_and_closed_ends():
    assert check_number("A", "b", 0, low=0) == 0
    with pytest.raises(OptionError, match=r"A: b=0 must be a number in \(0, inf\]; think"):
        check_number("A", "b", 0, low=0, open_low=True, hint="think")
    with pytest.raises(OptionError, match=r"in \[0, 1\]"):
        check_number("A", "b", 1.0000001, low=0, high=1)
    with pytest.raises(OptionError):
        check_number("A", "b", 10**400, low=0)


def test_identity_takes_no_pairs():
    assert Identity().pairs == "all"
    with pytest.raises(TypeError):
        Identity(pairs="distinct")
