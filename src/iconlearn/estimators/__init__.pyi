"""Written by ``python -m iconlearn.estimators.stubs`` from the table of methods; do not edit."""
# ruff: noqa: I001

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from numpy.random import RandomState

from iconlearn.estimators.base import (
    MethodEstimator as MethodEstimator,
)
from iconlearn.estimators.factory import (
    ESTIMATORS as ESTIMATORS,
    make_estimator as make_estimator,
)
from iconlearn.estimators.kinds import (
    ClusterEstimator as ClusterEstimator,
    FixedMapEstimator as FixedMapEstimator,
    MapEstimator as MapEstimator,
    PrototypeClassifier as PrototypeClassifier,
)
from iconlearn.metrics import Metric

class AverageMarginCLIP(MapEstimator):
    """Average-margin CLIP (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``CrossModal()``, q = ``Gaussian(sigma=float('inf'), metric='cos', pairs='cross_view')``, divergence
    ``kl``: the cell (Cross-modal pairs, Gaussian, sigma -> inf) of the table; family: multimodal.

    Rewards: Pairs nearer than the average of all pairs; no negative is harder than another.
    Degenerates: Two opposite heaps, matched across the modalities, are optimal.

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class AverageMarginSupCon(MapEstimator):
    """Average-margin SupCon (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Label()``, q = ``Gaussian(sigma=float('inf'), metric='cos')``, divergence ``kl``: the cell (Uniform
    over classes, Gaussian, sigma -> inf) of the table; family: supervised.

    Rewards: Distances within a class below the average of all distances.
    Degenerates: Classes may share a pole: two heaps have all the spread that the loss can see.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class CLIP(MapEstimator):
    """CLIP (Radford et al. 2021), as a scikit-learn estimator.

    p = ``CrossModal().debias(0)``, q = ``Gaussian(sigma=Learnable(0.2645751311064591, at_least=0.1),
    metric='cos', pairs='cross_view')``, divergence ``kl``: the cell (Cross-modal pairs, Gaussian) of the table;
    family: multimodal.

    Rewards: An image finds its text and a text its image; the temperature is learned.
    Degenerates: What only one modality shows is thrown away; both need not meet on the sphere (a gap stays).

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    temperature : float, default 0.07
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.07,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class CMC(MapEstimator):
    """CMC (Tian et al. 2020), as a scikit-learn estimator.

    p = ``CrossModal().debias(0)``, q = ``Gaussian(sigma=0.2645751311064591, metric='cos',
    pairs='cross_view')``, divergence ``kl``: the cell (Cross-modal pairs, Gaussian) of the table; family:
    multimodal.

    Rewards: A sample finds itself in every other modality, any number of them at once.
    Degenerates: Only what all pairs of modalities share is kept.

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    temperature : float, default 0.07
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.07,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class ContrastiveKMeans(ClusterEstimator):
    """Contrastive k-means (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=0.1414213562373095, metric='cos', pairs='all')``, q = ``UniformCluster()``, divergence
    ``reverse_kl``: the cell (Gaussian, Uniform on clusters) of the table; family: clustering.

    Rewards: Large cosines within clusters: k-means on the sphere, without its centres.
    Degenerates: Data all in one direction has cosines near 1 everywhere; centre it first. The bonus -H(q)
    favours large and unequal clusters; it vanishes with the width.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    temperature : float, default 0.02
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        temperature: float = 0.02,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class CrossEntropy(PrototypeClassifier):
    """Cross entropy (Good 1963), as a scikit-learn estimator.

    p = ``DataLabel().debias(0)``, q = ``Gaussian(metric='dot', pairs='all')``, divergence ``kl``: the cell
    (Data-label pairs, Gaussian) of the table; family: supervised.

    Rewards: The prototype of the right class wins the softmax.
    Degenerates: On separable data the logits grow without end; alpha > 0 (label smoothing) bounds them.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class CrossModalClustering(ClusterEstimator):
    """Cross-modal pairs | Uniform on clusters (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``CrossModal().debias(0)``, q = ``UniformCluster(pairs='cross_view')``, divergence ``kl``: the cell
    (Cross-modal pairs, Uniform on clusters) of the table; family: clustering.

    Rewards: Both modalities put a sample into the same cluster, and clusters are evenly filled.
    Degenerates: Any even partition that both modalities can tell is as good as any other.

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class DCD(ClusterEstimator):
    """DCD (Yang & Oja 2012), as a scikit-learn estimator.

    p = ``KNN(k=10)``, q = ``UniformCluster()``, divergence ``kl``: the cell (Uniform kNN, Uniform on clusters)
    of the table; family: clustering.

    Rewards: A walk over a shared cluster leads to the neighbours: the free assignment, undebiased.
    Degenerates: An edge between hard clusters costs infinitely much, so assignments stay soft there.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    n_neighbors : int, default 10
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        n_neighbors: int = 10,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class DebiasedContrastiveLoss(MapEstimator):
    """DCL (Chuang et al. 2020), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``DCL()``, divergence ``kl``: the cell (Positive pairs, DCL (not a
    distribution)) of the table; family: contrastive.

    Rewards: As SimCLR, with the expected share of false negatives taken off the denominator.
    Degenerates: A baseline: its q does not sum to one, and its clamp presumes cosines.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    temperature : float, default 0.5
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    tau_plus : float, default 0.1
        Assumed share of false negatives among the negatives, in [0, 1).
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.5,
        tau_plus: float = 0.1,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class DoublyTSNE(MapEstimator):
    """Doubly t-SNE (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``StudentT(width=KthNeighbor(k=15)).nearest(45).symmetrize()``, q = ``StudentT(normalize='joint')``,
    divergence ``kl``: the cell (Student-t, Student-t) of the table; family: dimension reduction.

    Rewards: Heavy tails on both sides: neighbours count by the ratio of their distances.
    Degenerates: A p that is nearly uniform (a large perplexity, coincident rows) is met by one point.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 1.0,
        n_neighbors: int = 15,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class DualTSNE(MapEstimator):
    """Dual t-SNE (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``StudentT(width=KthNeighbor(k=15)).nearest(45)``, q = ``Gaussian(sigma=0.7071067811865476)``,
    divergence ``kl``: the cell (Student-t, Gaussian) of the table; family: dimension reduction.

    Rewards: The farther neighbours still count: a heavy-tailed p is matched by a light-tailed q.
    Degenerates: A p that is nearly uniform (a large perplexity, coincident rows) is met by one point.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 1.0,
        n_neighbors: int = 15,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class ErrorRate(PrototypeClassifier):
    """Error rate (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``DataLabel()``, q = ``Gaussian(sigma=0.31622776601683794, metric='cos', pairs='all')``, divergence
    ``tv``: the cell (Data-label pairs, Gaussian, sigma -> 0) of the table; family: supervised.

    Rewards: The share of samples whose nearest prototype is right: total variation at a small width.
    Degenerates: Far from the boundary the slope is zero, so a hopeless sample stays so at a small temperature.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GaussianToNarrow(MapEstimator):
    """Gaussian | Gaussian, σ → 0 (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30))``, q = ``Gaussian(sigma=0)``, divergence ``kl``: the cell (Gaussian,
    Gaussian, sigma -> 0) of the table; family: dimension reduction.

    Rewards: Neighbours no farther than the nearest impostor: a projection with a neighbour margin of zero.
    Degenerates: Shrinking lowers it, but for the orthonormal map; p on more than one point cannot reach 0.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GaussianToWide(MapEstimator):
    """Gaussian | Gaussian, σ → ∞ (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30))``, q = ``Gaussian(sigma=float('inf'), pairs='all')``, divergence
    ``kl``: the cell (Gaussian, Gaussian, sigma -> inf) of the table; family: dimension reduction.

    Rewards: Large variance and short neighbour distances together: PCA minus a local scatter.
    Degenerates: Neighbour distances are far below the variance in most data, so it is nearly PCA.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GraphSNE(FixedMapEstimator):
    """SNE graph embedding (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Graph(weights=<ndarray (8, 8)>)``, q = ``Gaussian(sigma=0.7071067811865476)``, divergence ``kl``: the
    cell (Graph weights, Gaussian) of the table; family: dimension reduction.

    Rewards: Nodes with a heavy edge end close; each node spreads its attention by its own weights.
    Degenerates: Pieces of the graph without an edge between them repel one another without end.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_components : int, default 2
        Number of columns of the embedding.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GraphTSNE(FixedMapEstimator):
    """t-SNE graph embedding (Kruiger et al. 2017), as a scikit-learn estimator.

    p = ``Graph(weights=<ndarray (8, 8)>).symmetrize()``, q = ``StudentT(normalize='joint')``, divergence
    ``kl``: the cell (Graph weights, Student-t) of the table; family: dimension reduction.

    Rewards: Nodes with a heavy edge end close; the heavy tail leaves room between communities.
    Degenerates: Only edges attract: nodes two steps apart are treated like strangers.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_components : int, default 2
        Number of columns of the embedding.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GraphToNarrow(FixedMapEstimator):
    """Graph weights | Gaussian, σ → 0 (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Graph(weights=<ndarray (8, 8)>)``, q = ``Gaussian(sigma=0, metric='cos')``, divergence ``kl``: the
    cell (Graph weights, Gaussian, sigma -> 0) of the table; family: dimension reduction.

    Rewards: No node nearer than the nodes that it has edges to.
    Degenerates: All nodes in one place reach 0: there is no repulsion beyond the nearest impostor.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_components : int, default 3
        Number of columns of the embedding.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 3,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class GraphToWide(FixedMapEstimator):
    """Graph weights | Gaussian, σ → ∞ (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Graph(weights=<ndarray (8, 8)>)``, q = ``Gaussian(sigma=float('inf'), metric='cos', pairs='all')``,
    divergence ``kl``: the cell (Graph weights, Gaussian, sigma -> inf) of the table; family: dimension
    reduction.

    Rewards: Short edges on a sphere whose points balance: a spectral layout with positions of equal length.
    Degenerates: Only mean and edges count, so two tight heaps at opposite poles can be optimal.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_components : int, default 3
        Number of columns of the embedding.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 3,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class HarmonicLoss(PrototypeClassifier):
    """Harmonic loss (Baek et al. 2025), as a scikit-learn estimator.

    p = ``DataLabel().debias(0)``, q = ``Harmonic(n=4, pairs='all')``, divergence ``kl``: the cell (Data-label
    pairs, Student-t) of the table; family: supervised.

    Rewards: The nearest prototype is that of the class, in ratio of distances: the scale is free.
    Degenerates: A sample on top of its prototype has an infinite slope; squared distances are floored.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    exponent : float, default 8.0
        Power with which distances to the prototypes lose weight, above 0.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        exponent: float = 8.0,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class IdentityToClusters(ClusterEstimator):
    """Identity | Uniform on clusters (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Identity()``, q = ``UniformCluster()``, divergence ``kl``: the cell (Identity, Uniform on clusters) of
    the table; family: clustering.

    Rewards: Decided and evenly filled clusters, by a linear head: each point back to itself.
    Degenerates: Any even partition is optimal; that of a linear head started at k-means stays near it.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class IdentityToGaussian(MapEstimator):
    """Identity | Gaussian (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Identity()``, q = ``Gaussian(sigma=0.7071067811865476, metric='cos', pairs='all')``, divergence
    ``kl``: the cell (Identity, Gaussian) of the table; family: dimension reduction.

    Rewards: Points spread evenly over the sphere: the uniformity term of contrastive learning, alone.
    Degenerates: Nothing attracts: what lies next to what is left to the smoothness of the network.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    temperature : float, default 0.5
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 3
        Number of columns of the embedding.
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.5,
        embedding_dim: int = 3,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class IdentityToNarrow(MapEstimator):
    """Identity | Gaussian, σ → 0 (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Identity()``, q = ``Gaussian(sigma=0, metric='cos', pairs='all')``, divergence ``kl``: the cell
    (Identity, Gaussian, sigma -> 0) of the table; family: dimension reduction.

    Rewards: Each row nearest to its own entry of a learned table: instance classification by margin zero.
    Degenerates: All rows and entries in one place reach 0; within one table it would be 0 everywhere.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    embedding_dim : int, default 16
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 16,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class IdentityToStudent(MapEstimator):
    """Identity | Student-t (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Identity()``, q = ``StudentT(metric='cos', pairs='all')``, divergence ``kl``: the cell (Identity,
    Student-t) of the table; family: dimension reduction.

    Rewards: Points spread evenly over the sphere, with a repulsion that reaches far.
    Degenerates: Nothing attracts: what lies next to what is left to the smoothness of the network.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    embedding_dim : int, default 3
        Number of columns of the embedding.
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 1.0,
        embedding_dim: int = 3,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class InfoNCE(MapEstimator):
    """InfoNCE (Bachman et al. 2019), as a scikit-learn estimator.

    p = ``Augmentation(pairs='cross_view').debias(0)``, q = ``Gaussian(sigma=0.31622776601683794, metric='cos',
    pairs='cross_view')``, divergence ``kl``: the cell (Positive pairs, Gaussian) of the table; family:
    contrastive.

    Rewards: Each view finds the other views of its sample among the other views of all samples.
    Degenerates: What the augmentations change is thrown away, whether it mattered or not.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    num_views : int, default 2
        Views that are made of every sample, at least 2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        num_views: int = 2,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class InfoNCEClustering(ClusterEstimator):
    """InfoNCE clustering (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``KNN(k=10)``, q = ``ClusterAgreement(balance=0.7).debias(0.1)``, divergence ``kl``: the cell (Positive
    pairs, Uniform on clusters) of the table; family: clustering.

    Rewards: Positives, here the k nearest rows, share a cluster, and clusters are about evenly filled.
    Degenerates: balance=1 cuts large classes and merges small ones; near 0, one cluster takes all.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    n_neighbors : int, default 10
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    steps : int, default 1
        Longest random walk on the neighbour graph that still joins two rows.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    views : int, default 1
        Views of every sample that are positives too: of stored features some of those that they hold
        (``FeatureWriter(views=...)``), of a table jittered rows; with 1 the neighbours alone are positives.
    alpha : float, default 0.1
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    debias : str, default 'learned'
        Where ``alpha`` goes: "learned" (what a pair can cost is bounded), "target", or "both". On the target
        every step looks at all pairs of its rows.
    balance : NoneType, default None
        Weight of the evenness of cluster sizes in the loss, at least 0: 1 is I-Con's, for classes of one size;
        less leaves unequal classes whole; 0 puts everything into one cluster. None takes 0.7, but 1 where
        ``debias`` is "target", which draws clusters together, or the divergence is another than "kl".
    divergence : str, default 'kl'
        D(p || q): "kl", or with ``balance=1`` "tv", "js", "hellinger" and others.
    hidden : int, default 0
        Width of a hidden layer beside the linear map of the head; 0 leaves the head linear.
    teacher : float, default 0.0
        Share of the old weights in a moving average of the head that gives the columns; 0 is without one.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    baseline : float | None, default None
        Gain over k-means, as a share of the modularity of the neighbour graph, below which the k-means solution
        is kept: where classes are round and overlap, it is near the best. None takes the method's own; -1 never
        keeps it.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        n_neighbors: int = 10,
        steps: int = 1,
        metric: str = "euclidean",
        views: int = 1,
        alpha: float = 0.1,
        debias: str = "learned",
        balance: float | None = None,
        divergence: str = "kl",
        hidden: int = 0,
        teacher: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        baseline: float | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class KMeans(ClusterEstimator):
    """k-means (MacQueen 1967), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Spread(share=0.1), pairs='all')``, q = ``UniformCluster()``, divergence ``reverse_kl``:
    the cell (Gaussian, Uniform on clusters) of the table; family: clustering.

    Rewards: Small squared distances to the cluster means: exact k-means as the width goes to 0.
    Degenerates: The bonus -H(q) favours large and unequal clusters; it vanishes with the width.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    share : float, default 0.1
        Width of the kernel on the data, as a share of the data's spread.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        share: float = 0.1,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class KNNToNarrow(MapEstimator):
    """Uniform kNN | Gaussian, σ → 0 (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``KNN()``, q = ``Gaussian(sigma=0)``, divergence ``kl``: the cell (Uniform kNN, Gaussian, sigma -> 0) of
    the table; family: dimension reduction.

    Rewards: The k neighbours as near as the nearest impostor, in a linear projection.
    Degenerates: Shrinking lowers it, so directions of least variance are favoured.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class KNNToWide(MapEstimator):
    """Uniform kNN | Gaussian, σ → ∞ (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``KNN()``, q = ``Gaussian(sigma=float('inf'), pairs='all')``, divergence ``kl``: the cell (Uniform kNN,
    Gaussian, sigma -> inf) of the table; family: dimension reduction.

    Rewards: Large variance and short edges of the neighbour graph: kin of locality preserving projections.
    Degenerates: Edges are far shorter than the spread in most data, so it is nearly PCA.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class LGSimCLR(MapEstimator):
    """LGSimCLR (El Banani et al. 2023), as a scikit-learn estimator.

    p = ``KNN(k=1, metric='cos').on('caption').debias(0)``, q = ``Gaussian(sigma=0.31622776601683794,
    metric='cos')``, divergence ``kl``: the cell (Uniform kNN, Gaussian) of the table; family: contrastive.

    Rewards: Rows with the nearest captions lie close: language chooses the positives.
    Degenerates: Identical captions make arbitrary neighbours; positives outside the batch do not count.

    ``fit`` takes a tuple (X, captions) of two tables with the same rows.

    Parameters
    ----------
    n_neighbors : int, default 1
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 1,
        temperature: float = 0.1,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class LabelToClusters(PrototypeClassifier):
    """Data-label pairs | Uniform on clusters (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``DataLabel().debias(0)``, q = ``UniformCluster()``, divergence ``kl``: the cell (Data-label pairs,
    Uniform on clusters) of the table; family: supervised.

    Rewards: Samples choose clusters and clusters choose classes: a classifier with a bottleneck of clusters.
    Degenerates: With fewer clusters than classes the loss stays above zero: q has no rank for every class.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    n_clusters : int, default 16
        Number of clusters; with fewer rows it is refused.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 16,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class LabelToWide(PrototypeClassifier):
    """Data-label pairs | Gaussian, σ → ∞ (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``DataLabel()``, q = ``Gaussian(sigma=float('inf'), metric='cos', pairs='all')``, divergence ``kl``: the
    cell (Data-label pairs, Gaussian, sigma -> inf) of the table; family: supervised.

    Rewards: The own prototype nearer than the prototypes on average.
    Degenerates: No competition between classes: one class may sit on another's prototype unpunished.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class MIClustering(ClusterEstimator):
    """Mutual-information clustering (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``UniformCluster()``, divergence ``kl``: the cell (Positive pairs, Uniform on
    clusters) of the table; family: clustering.

    Rewards: Both views of a sample get the same cluster, and clusters are evenly filled.
    Degenerates: Any even partition that the augmentation does not cross is optimal.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class MaskedLM(MapEstimator):
    """Masked language modelling (Devlin et al. 2019), as a scikit-learn estimator.

    p = ``Context().debias(0)``, q = ``Gaussian(metric='dot', pairs='all')``, divergence ``kl``: the cell
    (Context-token counts, Gaussian) of the table; family: language.

    Rewards: The tokens round a gap tell what was in it.
    Degenerates: A context that is as wide as the sequences are long can learn them by heart.

    ``fit`` takes sequences of token ids, an integer array of shape (n, length).

    Parameters
    ----------
    context : int, default 7
        Number of tokens that the encoder is shown.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        context: int = 7,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class MoCoV3(MapEstimator):
    """MoCo v3 (Chen et al. 2021), as a scikit-learn estimator.

    p = ``Augmentation(pairs='cross_view').debias(0)``, q = ``Gaussian(sigma=0.4472135954999579, metric='cos',
    pairs='cross_view')``, divergence ``kl``: the cell (Positive pairs, Gaussian) of the table; family:
    contrastive.

    Rewards: A predicted view finds the key of the other view, keys being made by a slow teacher.
    Degenerates: A teacher that follows at once (rate 0) gives moving targets; at rate 1 it never learns.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    temperature : float, default 0.2
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    rate : float, default 0.99
        Share of the old weights that the moving average of the encoder keeps in a step, in [0, 1].
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.2,
        rate: float = 0.99,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class NextToken(MapEstimator):
    """Next-token prediction (Bengio et al. 2003), as a scikit-learn estimator.

    p = ``Context().debias(0)``, q = ``Gaussian(metric='dot', pairs='all')``, divergence ``kl``: the cell
    (Context-token counts, Gaussian) of the table; family: language.

    Rewards: The tokens before a position tell what comes next.
    Degenerates: Contexts met once have a one-hot p, so a large network learns them by heart.

    ``fit`` takes sequences of token ids, an integer array of shape (n, length).

    Parameters
    ----------
    context : int, default 6
        Number of tokens that the encoder is shown.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        context: int = 6,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class NormalizedCuts(ClusterEstimator):
    """Normalised cuts (Shi & Malik 2000), as a scikit-learn estimator.

    p = ``DegreeSoftmax(weights=<ndarray (8, 8)>, temperature=0.0001)``, q =
    ``UniformCluster(weight='degree')``, divergence ``reverse_kl``: the cell (Graph weights, Uniform on
    clusters) of the table; family: clustering.

    Rewards: Little weight cut, in proportion to the volume of the parts.
    Degenerates: The bonus -H(q) favours large and unequal clusters; it vanishes with the width.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    temperature : float, default 0.0001
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        temperature: float = 0.0001,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class PCA(MapEstimator):
    """PCA (Pearson 1901), as a scikit-learn estimator.

    p = ``Identity()``, q = ``Gaussian(sigma=float('inf'), pairs='all')``, divergence ``kl``: the cell
    (Identity, Gaussian, sigma -> inf) of the table; family: dimension reduction.

    Rewards: The largest variance after an orthonormal projection: nothing but spread counts.
    Degenerates: Without the orthonormal constraint it has no bound; equal eigenvalues leave a rotation free.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_components : int, default 2
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class PMIClustering(ClusterEstimator):
    """PMI clustering (Adaloglou et al. 2023), as a scikit-learn estimator.

    p = ``KNN(k=10)``, q = ``UniformCluster()``, divergence ``kl``: the cell (Uniform kNN, Uniform on clusters)
    of the table; family: clustering.

    Rewards: Neighbours share a cluster more often than by chance: pointwise mutual information.
    Degenerates: A linear head cannot follow curved clusters; an edge between hard clusters costs much.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    n_neighbors : int, default 10
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        n_neighbors: int = 10,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class ParametricSNE(MapEstimator):
    """Parametric SNE (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30))``, q = ``Gaussian(sigma=0.7071067811865476)``, divergence ``kl``: the
    cell (Gaussian, Gaussian) of the table; family: dimension reduction.

    Rewards: As SNE, by a network: new rows are mapped without a fit of their own.
    Degenerates: A small network cannot fold the data; in small batches the neighbours are missing.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class ParametricTSNE(MapEstimator):
    """Parametric t-SNE (van der Maaten 2009), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30)).symmetrize()``, q = ``StudentT(normalize='joint')``, divergence ``kl``:
    the cell (Gaussian, Student-t) of the table; family: dimension reduction.

    Rewards: As t-SNE, by a network: new rows are mapped without a fit of their own.
    Degenerates: A small network cannot fold the data; in small batches the neighbours are missing.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class RowTSNE(MapEstimator):
    """t-SNE by rows (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30))``, q = ``StudentT()``, divergence ``kl``: the cell (Gaussian,
    Student-t) of the table; family: dimension reduction.

    Rewards: As t-SNE, but each row is normalised by itself: the form of corollary 1 of I-Con.
    Degenerates: Outliers are drawn in as strongly as everybody else, for each row counts the same.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SCAN(ClusterEstimator):
    """SCAN (Van Gansbeke et al. 2020), as a scikit-learn estimator.

    p = ``KNN(k=20)``, q = ``ClusterAgreement(balance=0, entropy=5)``, divergence ``kl``: the cell (Uniform kNN,
    Cluster agreement) of the table; family: clustering.

    Rewards: Neighbours agree on a cluster, and the mean assignment has a large entropy; q is no probability.
    Degenerates: With a small weight of the entropy one cluster takes all; with a large one sizes are equal.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    n_neighbors : int, default 20
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    entropy : float, default 5.0
        Weight of the entropy of the cluster sizes, at least 0; more makes them more even.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        n_neighbors: int = 20,
        entropy: float = 5.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SNE(MapEstimator):
    """SNE (Hinton & Roweis 2002), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30))``, q = ``Gaussian(sigma=0.7071067811865476)``, divergence ``kl``: the
    cell (Gaussian, Gaussian) of the table; family: dimension reduction.

    Rewards: Each point keeps its own neighbours, whatever its density: every row counts the same.
    Degenerates: Points of one neighbourhood are crowded together: exp(-d^2) has no room for the moderately far.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SimCLR(MapEstimator):
    """SimCLR (Chen et al. 2020), as a scikit-learn estimator.

    p = ``Augmentation().debias(0)``, q = ``Gaussian(sigma=0.31622776601683794, metric='cos')``, divergence
    ``kl``: the cell (Positive pairs, Gaussian) of the table; family: contrastive.

    Rewards: Two views of a sample lie close on the sphere, and everything else spreads out.
    Degenerates: Samples of one class repel like any others; a small batch knows few negatives.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SoftKMeans(ClusterEstimator):
    """Soft k-means (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Spread(share=0.3), pairs='all')``, q = ``UniformCluster()``, divergence ``reverse_kl``:
    the cell (Gaussian, Uniform on clusters) of the table; family: clustering.

    Rewards: As k-means at a wider p: assignments may stay undecided between clusters.
    Degenerates: At a width near the spread of the data the entropy wins, and all clusters become one.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    share : float, default 0.3
        Width of the kernel on the data, as a share of the data's spread.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        share: float = 0.3,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SpectralClustering(ClusterEstimator):
    """Spectral clustering (Ng et al. 2001), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Spread(share=0.1), pairs='all')``, q = ``UniformCluster()``, divergence ``reverse_kl``:
    the cell (Gaussian, Uniform on clusters) of the table; family: clustering.

    Rewards: k-means in the coordinates of the leading eigenvectors: clusters of any shape, if connected.
    Degenerates: A graph in more pieces than clusters has coordinates that only tell the pieces.

    ``fit`` takes a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse.

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    share : float, default 0.1
        Width of the kernel on the data, as a share of the data's spread.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        share: float = 0.1,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class StudentToNarrow(MapEstimator):
    """Student-t | Gaussian, σ → 0 (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``StudentT(width=KthNeighbor(k=15)).nearest(45)``, q = ``Gaussian(sigma=0)``, divergence ``kl``: the
    cell (Student-t, Gaussian, sigma -> 0) of the table; family: dimension reduction.

    Rewards: A small mean distance under a heavy-tailed p against that to the nearest point.
    Degenerates: Shrinking lowers it, so directions of least variance are favoured.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 1.0,
        n_neighbors: int = 15,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class StudentToWide(MapEstimator):
    """Student-t | Gaussian, σ → ∞ (blank in Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``StudentT(width=KthNeighbor(k=15)).nearest(45)``, q = ``Gaussian(sigma=float('inf'), pairs='all')``,
    divergence ``kl``: the cell (Student-t, Gaussian, sigma -> inf) of the table; family: dimension reduction.

    Rewards: Large variance, less a scatter of heavy-tailed neighbourhoods.
    Degenerates: Neighbour distances are far below the variance in most data, so it is nearly PCA.

    ``fit`` takes a table X of shape (n, d); labels y may be partial, see ``label_weight``.

    Parameters
    ----------
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 1.0,
        n_neighbors: int = 15,
        n_components: int = 2,
        label_weight: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SupCon(MapEstimator):
    """SupCon (Khosla et al. 2020), as a scikit-learn estimator.

    p = ``Label().debias(0)``, q = ``Gaussian(sigma=0.31622776601683794, metric='cos')``, divergence ``kl``: the
    cell (Uniform over classes, Gaussian) of the table; family: supervised.

    Rewards: Samples of one class lie close on the sphere, the classes apart.
    Degenerates: Differences within a class are thrown away; a class of one member teaches nothing.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SupervisedClustering(ClusterEstimator):
    """Supervised clustering (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Label(pairs='all').debias(0)``, q = ``UniformCluster()``, divergence ``kl``: the cell (Uniform over
    classes, Uniform on clusters) of the table; family: clustering.

    Rewards: A linear head whose clusters are the classes.
    Degenerates: With fewer clusters than classes some must share; with more, a class may spread over several.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    n_clusters : int, default 10
        Number of clusters; with fewer rows it is refused.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 10,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class SymmetricSNE(MapEstimator):
    """Symmetric SNE (Cook et al. 2007), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30)).symmetrize()``, q = ``Gaussian(sigma=0.7071067811865476,
    normalize='joint')``, divergence ``kl``: the cell (Gaussian, Gaussian) of the table; family: dimension
    reduction.

    Rewards: Pairs that are close in both directions end close, as one distribution over all pairs.
    Degenerates: Points of one neighbourhood are crowded together: exp(-d^2) has no room for the moderately far.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TCLIP(MapEstimator):
    """t-CLIP (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``CrossModal().debias(0)``, q = ``StudentT(df=2, pairs='cross_view')``, divergence ``kl``: the cell
    (Cross-modal pairs, Student-t) of the table; family: multimodal.

    Rewards: As CLIP in plain space with a heavy tail: badly matched pairs are forgiven.
    Degenerates: Norms are free: features may grow for as long as that separates the pairs.

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    df : float, default 2.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 2.0,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TEMI(ClusterEstimator):
    """TEMI (Adaloglou et al. 2023), as a scikit-learn estimator.

    p = ``KNN(k=25)``, q = ``ClusterAgreement(beta=0.6, sizes=0.9, weighted=True)``, divergence ``kl``: the cell
    (Uniform kNN, Cluster agreement) of the table; family: clustering.

    Rewards: Neighbours agree on a cluster with the teacher, small clusters count more; q is no probability.
    Degenerates: Pairs weigh as much as the teacher agrees on them, so it may settle on what it started with.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    n_neighbors : int, default 25
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    beta : float, default 0.6
        Exponent of the agreement on each cluster, above 0; below 1 weak shared clusters count more.
    sizes : float, default 0.9
        Momentum of the running average of the cluster sizes, in [0, 1); 0 takes those of the batch.
    rate : float, default 0.9
        Share of the old weights that the moving average of the encoder keeps in a step, in [0, 1].
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        n_neighbors: int = 25,
        beta: float = 0.6,
        sizes: float = 0.9,
        rate: float = 0.9,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TKMeans(ClusterEstimator):
    """t k-means (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``StudentT(width=Spread(share=0.1), pairs='all')``, q = ``UniformCluster()``, divergence ``reverse_kl``:
    the cell (Student-t, Uniform on clusters) of the table; family: clustering.

    Rewards: Small log(1 + d^2) within clusters: a far point costs little, so means resist outliers.
    Degenerates: A heavy tail makes p nearly uniform, and the entropy bonus merges clusters.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters; with fewer rows it is refused.
    df : float, default 1.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    share : float, default 0.1
        Width of the kernel on the data, as a share of the data's spread.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_clusters: int = 8,
        df: float = 1.0,
        share: float = 0.1,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TSNE(MapEstimator):
    """t-SNE (van der Maaten & Hinton 2008), as a scikit-learn estimator.

    p = ``Gaussian(sigma=Perplexity(30)).symmetrize()``, q = ``StudentT(normalize='joint')``, divergence ``kl``:
    the cell (Gaussian, Student-t) of the table; family: dimension reduction.

    Rewards: Close pairs end close; the heavy tail of q lets moderately far ones move far apart.
    Degenerates: Distances between separate islands mean little; a small perplexity breaks up true clusters.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    perplexity : float, default 30.0
        Effective number of neighbours of every row, above 1; typical are 5 to 50.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        perplexity: float = 30.0,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TSimCLR(MapEstimator):
    """t-SimCLR (Hu et al. 2023), as a scikit-learn estimator.

    p = ``Augmentation().debias(0)``, q = ``StudentT(df=2)``, divergence ``kl``: the cell (Positive pairs,
    Student-t) of the table; family: contrastive.

    Rewards: As SimCLR in plain space, with a heavy tail that tolerates outliers.
    Degenerates: Norms are free: features may grow for as long as that separates the views.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    df : float, default 2.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 2.0,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TSimCNE(MapEstimator):
    """t-SimCNE (Böhm et al. 2023), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``StudentT()``, divergence ``kl``: the cell (Positive pairs, Student-t) of the
    table; family: dimension reduction.

    Rewards: A plane in which views of a sample coincide and unlike samples spread out.
    Degenerates: Trained in two dimensions from the start (pretraining=0) it may stay in a poor optimum.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    n_components : int, default 2
        Number of columns of the embedding.
    pretraining : float, default 0.3
        Share of the steps, at most 0.9, in which the network is trained in 128 dimensions; then a linear layer
        into ``n_components`` learns alone for a twentieth of that, and at last all of it. The paper has 2/3 of
        1500 epochs; 0 trains all of it from the start.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        pretraining: float = 0.3,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TSupCon(MapEstimator):
    """t-SupCon (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Label().debias(0)``, q = ``StudentT(df=2)``, divergence ``kl``: the cell (Uniform over classes,
    Student-t) of the table; family: supervised.

    Rewards: As SupCon in plain space, with a heavy tail that forgives wrong labels.
    Degenerates: Differences within a class are thrown away; a class of one member teaches nothing.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    df : float, default 2.0
        Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        df: float = 2.0,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class Triplet(MapEstimator):
    """Triplet loss (Schroff et al. 2015), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``MarginGaussian()``, divergence ``kl``: the cell (Positive pairs, Gaussian,
    sigma -> 0) of the table; family: contrastive.

    Rewards: The other view nearer than the hardest negative by a margin.
    Degenerates: Hardest negatives may collapse a fresh network; sigma=0.4 or semi-hard ones are softer.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    margin : float, default 0.2
        How much nearer than its negatives a positive has to be, in units of the metric.
    sigma : float, default 0.0
        Width of the kernel, at least 0: at 0 only the hardest negative counts, with more all of them, by their
        distance (a softmax of cosines with temperature sigma^2 and an additive margin).
    negatives : str, default 'all'
        Which negatives count: "all", or "semi-hard", those that are farther than the positive (FaceNet).
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        margin: float = 0.2,
        sigma: float = 0.0,
        negatives: str = "all",
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TripletCLIP(MapEstimator):
    """Triplet CLIP (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``CrossModal()``, q = ``MarginGaussian(pairs='cross_view')``, divergence ``kl``: the cell (Cross-modal
    pairs, Gaussian, sigma -> 0) of the table; family: multimodal.

    Rewards: A sample's other modality nearer than the hardest impostor by a margin.
    Degenerates: Hardest impostors may collapse fresh networks to one place; sigma=0.4 is soft.

    ``fit`` takes a tuple of two or more tables with the same rows, such as (images, texts).

    Parameters
    ----------
    margin : float, default 0.2
        How much nearer than its negatives a positive has to be, in units of the metric.
    sigma : float, default 0.0
        Width of the kernel, at least 0: at 0 only the hardest negative counts, with more all of them, by their
        distance (a softmax of cosines with temperature sigma^2 and an additive margin).
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        margin: float = 0.2,
        sigma: float = 0.0,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class TripletSupCon(MapEstimator):
    """Triplet SupCon (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``Label()``, q = ``MarginGaussian(key='label')``, divergence ``kl``: the cell (Uniform over classes,
    Gaussian, sigma -> 0) of the table; family: supervised.

    Rewards: The class all equally near, and nearer than the hardest impostor by a margin.
    Degenerates: One place for everything costs no more than the margin, and early training may stay there.

    ``fit`` takes a table X of shape (n, d), and labels y.

    Parameters
    ----------
    margin : float, default 0.2
        How much nearer than its negatives a positive has to be, in units of the metric.
    sigma : float, default 0.0
        Width of the kernel, at least 0: at 0 only the hardest negative counts, with more all of them, by their
        distance (a softmax of cosines with temperature sigma^2 and an additive margin).
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        margin: float = 0.2,
        sigma: float = 0.0,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class UniformSNE(MapEstimator):
    """SNE with uniform affinities (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``KNN()``, q = ``Gaussian(sigma=0.7071067811865476)``, divergence ``kl``: the cell (Uniform kNN,
    Gaussian) of the table; family: dimension reduction.

    Rewards: The k nearest neighbours stay near, all alike: only ranks of distances matter.
    Degenerates: Points of one neighbourhood are crowded together: exp(-d^2) has no room for the moderately far.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class UniformTSNE(MapEstimator):
    """t-SNE with uniform affinities (Alshammari et al. 2025), as a scikit-learn estimator.

    p = ``KNN().symmetrize()``, q = ``StudentT(normalize='joint')``, divergence ``kl``: the cell (Uniform kNN,
    Student-t) of the table; family: dimension reduction.

    Rewards: The k nearest neighbours stay near, with the heavy tail of t-SNE between clusters.
    Degenerates: A neighbour graph in several pieces says nothing of how the pieces lie to one another.

    ``fit`` takes a table X of shape (n, d), or its ``NeighborGraph``; labels y may be partial, see
    ``label_weight``.

    Parameters
    ----------
    n_neighbors : int, default 15
        Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone.
    n_components : int, default 2
        Number of columns of the embedding.
    metric : str, default 'euclidean'
        How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev",
        "correlation", "dot", or a function of two tensors. Precomputed distances go in as
        ``fit(NeighborGraph.from_distances(D, k))``.
    label_weight : float, default 0.0
        Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15
        nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p
        whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.
    init : Any, default None
        Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are.
        None is the method's own start: principal components of rows, Laplacian eigenvectors of graphs.
    anchors : tuple[Any, Any] | None, default None
        (ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids),
        n_components).
    tol : float | None, default None
        Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        n_components: int = 2,
        metric: str | Metric = "euclidean",
        label_weight: float = 0.0,
        init: Any = None,
        anchors: tuple[Any, Any] | None = None,
        tol: float | None = None,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class VICReg(MapEstimator):
    """VICReg (Bardes et al. 2022), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``VarianceCovariance()``, divergence ``kl``: the cell (Positive pairs, VICReg's
    terms (not a distribution)) of the table; family: contrastive.

    Rewards: Views coincide, every dimension has a spread of one or more, and no two tell the same.
    Degenerates: A baseline: its q does not sum to one. Dimensions may be independent and yet tell nothing.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    invariance : float, default 25.0
        Weight of the squared distance between views, at least 0.
    variance : float, default 25.0
        Weight of the hinge that keeps the deviation of each dimension at 1, at least 0.
    covariance : float, default 1.0
        Weight of the squared covariances of dimensions, at least 0; more makes them tell different things.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class VIReg(MapEstimator):
    """VI-Reg (Bardes et al. 2021), as a scikit-learn estimator.

    p = ``Augmentation()``, q = ``Gaussian(sigma=float('inf'), metric='cos', pairs='all')``, divergence ``kl``:
    the cell (Positive pairs, Gaussian, sigma -> inf) of the table; family: contrastive.

    Rewards: Invariance to the augmentation and variance over the data, in the ratio of one to two.
    Degenerates: Two opposite heaps have all the variance there is: dimensions may collapse unseen.

    ``fit`` takes a table X of shape (n, d).

    Parameters
    ----------
    embedding_dim : int, default 64
        Number of columns of the embedding.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    augment : str | Sequence[Callable[..., Any]] | None, default None
        Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr",
        "moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter",
        which suits tables and images of a few pixels.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        embedding_dim: int = 64,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        augment: str | Sequence[Callable[..., Any]] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...

class XSample(MapEstimator):
    """X-Sample contrastive (Sobal et al. 2025), as a scikit-learn estimator.

    p = ``Gaussian(sigma=0.31622776601683794, metric='cos').on('caption').debias(0)``, q =
    ``Gaussian(sigma=0.31622776601683794, metric='cos')``, divergence ``kl``: the cell (Gaussian, Gaussian) of
    the table; family: contrastive.

    Rewards: Similarity of embeddings follows similarity of captions, in degrees and not only yes or no.
    Degenerates: Captions that are all alike make p uniform, and one point meets it.

    ``fit`` takes a tuple (X, captions) of two tables with the same rows.

    Parameters
    ----------
    temperature : float, default 0.1
        Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.
    target_temperature : float, default 0.1
        Temperature of the softmax that makes the target, above 0.
    embedding_dim : int, default 64
        Number of columns of the embedding.
    alpha : float, default 0.0
        Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias``
        says otherwise.
    warm_start : bool, default False
        Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The
        data must have the same shape.
    checkpoint : str | PathLike[str] | None, default None
        File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.
    image_shape : tuple[int, int, int] | None, default None
        (channels, height, width) if rows are images; encoders are then convolutional and views are of images.
    backbone : str | Callable[..., Any] | None, default None
        Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name of a
        pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and
        input_scale. None is a small convolutional network.
    projector : Sequence[int] | None, default None
        Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an
        MLP with one. Features are then what comes before them. None is one linear layer.
    lr : Any, default None
        Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.
    epochs : int | None, default None
        Passes over the rows, in place of ``max_iter``; None takes the method's own number.
    batch_size : int | None, default None
        Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of
        a table is all rows.
    accumulate : int | None, default None
        Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its
        gradient are those of the whole batch. None is one piece.
    device : str | None, default None
        Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.
    precision : str | None, default None
        Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".
    optimizer : str | None, default None
        "adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method's
        own.
    weight_decay : float | None, default None
        Of the optimiser; None takes its own.
    max_grad_norm : float | None, default None
        Longer gradients are scaled down to this length; None takes all.
    max_iter : int | None, default None
        Optimiser steps; None takes the method's own number.
    restarts : int | None, default None
        Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
        tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.
    random_state : int | RandomState | None, default 0
        Seed of everything random; None draws one, so that fits differ.
    callbacks : Sequence[Callable[[Any], Any]], default ()
        Functions called with every ``Event`` of the run; False stops it.
    verbose : int, default 0
        1 shows a progress bar.
    """

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        target_temperature: float = 0.1,
        embedding_dim: int = 64,
        alpha: float = 0.0,
        warm_start: bool = False,
        checkpoint: str | PathLike[str] | None = None,
        image_shape: tuple[int, int, int] | None = None,
        backbone: str | Callable[..., Any] | None = None,
        projector: Sequence[int] | None = None,
        lr: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        accumulate: int | None = None,
        device: str | None = None,
        precision: str | None = None,
        optimizer: str | None = None,
        weight_decay: float | None = None,
        max_grad_norm: float | None = None,
        max_iter: int | None = None,
        restarts: int | None = None,
        random_state: int | RandomState | None = 0,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        verbose: int = 0,
    ) -> None: ...
