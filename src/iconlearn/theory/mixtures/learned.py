"""Linear encoders learned from pairs, each by :class:`iconlearn.ICon` and its ``fit``: InfoNCE, CLIP, SimSiam."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn.data.features import check_features
from iconlearn.distributions import Augmentation, CrossModal, Gaussian, VarianceCovariance
from iconlearn.evaluation._inputs import same_length
from iconlearn.mappers import Linear, Momentum, PerView, Predicted
from iconlearn.metrics import unit_vectors
from iconlearn.model import ICon
from iconlearn.theory.mixtures.encoders import LinearEncoder, Scale, train
from iconlearn.theory.mixtures.estimated import check_pairs

SIMILARITIES = ("cos", "dot", "euclidean")


def linear_infonce(
    x: Any,
    positive: Any,
    dim: int,
    *,
    similarity: str = "dot",
    temperature: float = 1.0,
    epochs: int = 1,
    batch_size: int = 256,
    lr: float = 2e-2,
    random_state: int = 0,
) -> LinearEncoder:
    r"""A linear encoder by InfoNCE, each point of a pair against the other points of its batch.

    .. math:: L = -\frac{1}{2B} \sum_i \log \frac{e^{s(z_i, z_i^+)}}{\sum_j e^{s(z_i, z_j^+)}}
              + \log \frac{e^{s(z_i, z_i^+)}}{\sum_j e^{s(z_j, z_i^+)}}, \qquad z = A^T (x - \bar x)

    with s the inner product, the cosine or -1/2 of the squared distance, over the temperature. Of pairs of a mixture
    the columns of A come to lie in the Fisher subspace: proven for the inner product and the law itself
    (:class:`PopulationInfoNCE`), measured for the others and for batches. The start is that of
    :class:`iconlearn.Linear`; a smaller one (0.05 in place of about 0.13) was no better.

    Parameters
    ----------
    x, positive : array-like, shape (n, d)
        Row i of one and row i of the other are a pair. Draw as many as there are to be steps times ``batch_size``.
    dim : int
        Columns of A.
    similarity : {"dot", "cos", "euclidean"}, default "dot"
    temperature : float, default 1
        Of the inner product it is a scale of A only. Rows have a mean square of one a dimension.
    epochs : int, default 1
        How often every pair is used; a run has epochs * (n // batch_size) steps.
    batch_size : int, default 256
    lr : float, default 0.02
        First step size of Adam; it falls to 1/200 of that as a cosine.
    random_state : int, default 0

    Returns
    -------
    LinearEncoder

    Raises
    ------
    InputError
        Unequal shapes, NaN or inf, or rows that do not vary.
    OptionError
        A number out of range or an unknown similarity.

    References
    ----------
    van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, 2018; Bansal, Kavis &
    Sanghavi, Understanding Contrastive Learning via Gaussian Mixture Models, NeurIPS 2025 (whose training is not known
    here: this recipe is a reconstruction).

    Examples
    --------
    >>> from iconlearn.theory.mixtures import fisher_subspace, pancake_mixture, principal_angles
    >>> mixture = pancake_mixture(dim=3, components=2)
    >>> x, positive, _, _ = mixture.pairs(64 * 100)
    >>> encoder = linear_infonce(x, positive, 1, batch_size=64, lr=0.1)
    >>> encoder, len(encoder.losses)
    (LinearEncoder(in_features=3, dim=1), 100)
    >>> bool(principal_angles(encoder.projection, fisher_subspace(mixture))[0] < 3)
    True
    """
    owner = "linear_infonce"
    check_choice(owner, "similarity", similarity, SIMILARITIES)
    temperature = check_number(owner, "temperature", temperature, low=0, open_low=True, high=1e30)
    first, second = check_pairs(owner, x, positive)
    dim = check_number(owner, "dim", dim, low=1, integer=True)
    scale = Scale.of(owner, first, second)
    mapper = Linear(first.shape[1], dim, bias=False)
    kernel = Gaussian(temperature**0.5, metric=similarity, pairs="cross_view")
    model = ICon(Augmentation(2, pairs="cross_view"), kernel, mapper)
    views = scale.apply(first), scale.apply(second)
    train(model, views, epochs=epochs, batch_size=batch_size, lr=lr, random_state=random_state)
    return scale.encoder(mapper, model)


def linear_clip(
    x: Any,
    y: Any,
    dim: int,
    *,
    temperature: float = 1.0,
    epochs: int = 1,
    batch_size: int = 256,
    lr: float = 2e-2,
    random_state: int = 0,
) -> tuple[LinearEncoder, LinearEncoder]:
    r"""One linear encoder for each of two modalities, by the symmetric loss of CLIP with inner products.

    .. math:: L = -\frac{1}{2B} \sum_i \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
              + \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}, \qquad s_{ij} = \langle A^T x_i, B^T y_j \rangle / \tau

    Of a :class:`PairedMixture` the columns of A and of B lie in the Fisher subspaces of their modality (proven, for the
    law itself); directions that the other modality cannot tell are left out, so they may span less (measured).

    Parameters
    ----------
    x, y : array-like, shapes (n, d1) and (n, d2)
        Row i of one and row i of the other are a pair.
    dim, temperature, epochs, batch_size, lr, random_state
        As in :func:`linear_infonce`.

    Returns
    -------
    LinearEncoder, LinearEncoder
        Of x and of y; they share ``model`` and ``losses``.

    Raises
    ------
    InputError
        Unequal lengths, NaN or inf, or rows that do not vary.
    OptionError
        A number out of range.

    References
    ----------
    Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021; Bansal, Kavis &
    Sanghavi, 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.theory.mixtures import PairedMixture
    >>> pairs = PairedMixture(np.eye(2) * 5, np.eye(2, 3) * 5, np.eye(2), np.eye(3), np.eye(2) / 2)
    >>> x, y, _, _ = pairs.sample(64 * 10)
    >>> linear_clip(x, y, 2, batch_size=64)
    (LinearEncoder(in_features=2, dim=2), LinearEncoder(in_features=3, dim=2))
    """
    owner = "linear_clip"
    temperature = check_number(owner, "temperature", temperature, low=0, open_low=True, high=1e30)
    first = check_features(x, f"{owner}: x").astype(np.float64)
    second = check_features(y, f"{owner}: y").astype(np.float64)
    same_length(f"{owner}: x", first, "y", second)
    dim = check_number(owner, "dim", dim, low=1, integer=True)
    scales = Scale.of(owner, first), Scale.of(owner, second)
    mappers = [Linear(rows.shape[1], dim, bias=False) for rows in (first, second)]
    kernel = Gaussian(temperature**0.5, metric="dot", pairs="cross_view")
    model = ICon(CrossModal(), kernel, PerView(*mappers))
    views = scales[0].apply(first), scales[1].apply(second)
    train(model, views, epochs=epochs, batch_size=batch_size, lr=lr, random_state=random_state)
    return scales[0].encoder(mappers[0], model), scales[1].encoder(mappers[1], model)


def linear_simsiam(
    x: Any,
    positive: Any,
    dim: int,
    *,
    weight_decay: float = 1e-4,
    epochs: int = 1,
    batch_size: int = 512,
    lr: float = 1e-2,
    random_state: int = 0,
) -> LinearEncoder:
    r"""A linear encoder by SimSiam: a linear predictor, cosines, no gradient into the other side, no negatives.

    .. math:: L = 1 - \frac{1}{2B} \sum_i \cos(P z_i, \bar z_i^+) + \cos(P z_i^+, \bar z_i), \qquad z = A^T (x - \bar x)

    with the bar for no gradient. Only directions in which the two points of a pair covary withstand the weight decay,
    which of a mixture are those of the Fisher subspace. That is a sketch of a proof, and measured; it needs data whose
    variance is the same in all directions, so sphere it first.

    Parameters
    ----------
    x, positive : array-like, shape (n, d)
        Row i of one and row i of the other are a pair.
    dim : int
        Columns of A.
    weight_decay : float, default 1e-4
        Of the encoder and of the predictor.
    epochs, batch_size, lr, random_state
        As in :func:`linear_infonce`; defaults are 1, 512, 0.01 and 0.

    Returns
    -------
    LinearEncoder
        Without the predictor.

    Raises
    ------
    InputError
        Unequal shapes, NaN or inf, or rows that do not vary.
    OptionError
        A number out of range.

    References
    ----------
    Chen & He, Exploring Simple Siamese Representation Learning, CVPR 2021; Bansal, Kavis & Sanghavi, version 2, 2025
    (whose theorem on SimSiam was not read).

    Examples
    --------
    >>> from iconlearn.theory.mixtures import Sphering, pancake_mixture
    >>> x, positive, _, _ = pancake_mixture(dim=4, components=2).pairs(64 * 10)
    >>> sphering = Sphering.of(x)
    >>> found = linear_simsiam(sphering.transform(x), sphering.transform(positive), 2, batch_size=64)
    >>> found.before(sphering).transform(x).shape
    (640, 2)
    """
    owner = "linear_simsiam"
    first, second = check_pairs(owner, x, positive)
    dim = check_number(owner, "dim", dim, low=1, integer=True)
    scale = Scale.of(owner, first, second)
    mapper = Linear(first.shape[1], dim, bias=False)
    model = simsiam(mapper)
    options = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "random_state": random_state}
    train(model, (scale.apply(first), scale.apply(second)), **options, weight_decay=weight_decay)
    return scale.encoder(mapper, model)


def simsiam(encoder: Linear) -> ICon:
    """SimSiam as a model: with |u - v|^2 = 2 - 2 cos of unit vectors, half of it is 1 - cos.

    A momentum of 0 is the encoder itself, without gradient. The predictor is linear without bias, so the length that
    its argument has does not matter to the cosine.
    """
    predictor = Linear(encoder.out_features, encoder.out_features, bias=False)
    mapper = Predicted(nn.Sequential(encoder, UnitNorm()), nn.Sequential(predictor, UnitNorm()))
    # this kernel divides squared distances by the number of dimensions
    cosine = VarianceCovariance(encoder.out_features / 2, 0, 0, pairs="cross_view")
    return ICon(Augmentation(2, pairs="cross_view"), cosine, mapper, mapper_j=Momentum(0.0))


class UnitNorm(nn.Module):
    """Rows divided by their length."""

    def forward(self, x: Tensor) -> Tensor:
        return unit_vectors(x)
