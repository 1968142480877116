"""ICon: the equation with everything a user wants round it: fit, embed, transform, explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._describe import rebuild
from iconlearn._errors import InputError, NonFiniteError, OptionError
from iconlearn._parallel import one_thread_each
from iconlearn.divergences import Divergence, as_divergence
from iconlearn.door import fit_inputs, with_neighbors
from iconlearn.engines.plan import free_memory
from iconlearn.explain import Explanation, evaluating, explain
from iconlearn.features import Features
from iconlearn.inputs import Inputs, as_inputs
from iconlearn.mappers import Table, embed, representation
from iconlearn.mappers.threads import threads_of
from iconlearn.neighbors import neighbors_of
from iconlearn.objective import Objective
from iconlearn.processes import Processes
from iconlearn.train.budget import Budget, Sizes, dimension, estimate, sizes_of
from iconlearn.train.loop import train as run_training
from iconlearn.train.options import History, training_options
from iconlearn.train.placing import OwnRows, place
from iconlearn.train.processes import join
from iconlearn.train.suggestions import suggested


class ICon(Objective):
    r"""A representation-learning method: a target distribution, a learned one, a mapper, a divergence.

    .. math:: L = \sum_i w_i\, D\bigl(p(\cdot|i)\,\|\,q(\cdot|i)\bigr)

    with w uniform over the rows on which p has mass. p is ``target_dist`` applied to the data, q is
    ``learned_dist`` applied to the mapper's embedding of it. An ``ICon`` is an ordinary loss module
    (``loss = model(batch)``) for anybody's training loop; :meth:`fit` is a loop of its own.

    Parameters
    ----------
    target_dist, learned_dist : Distribution
        p and q; both row-normalised or both joint.
    mapper : nn.Module
        Turns samples into embeddings (n, dim); any module does.
    mapper_j : nn.Module, optional
        Makes the columns, where they are not the embedded rows: ``Prototypes``, ``Momentum``, ``Queue``, or
        a module of the user's.
    divergence : str or Divergence, default "kl"
        "kl", "reverse_kl", "jeffreys", "js", "tv", "hellinger", "chi2" or "alpha(a)".
    direction : {"forward", "reverse"}, default "forward"
        D(p||q) or D(q||p).
    engine : {"auto", "dense", "tiled", "direct", "grid", "factored", "product", "sampled"}, Grid, Sampled or callable
        How the sums are evaluated; "auto", the default, plans by kernel, size and free memory.
        ``Grid(tolerance=...)`` and ``Sampled(columns=...)`` of ``iconlearn.engines`` set the accuracy of the steps of
        a run.

    Raises
    ------
    OptionError
        If an argument is of the wrong kind or two of them do not go together.

    References
    ----------
    Alshammari et al., I-Con: A Unifying Framework for Representation Learning, ICLR 2025.

    Examples
    --------
    >>> from iconlearn import Embedding, Gaussian, ICon
    >>> ICon(target_dist=Gaussian(sigma=2), learned_dist=Gaussian(sigma=1), mapper=Embedding(50, dim=2))
    ICon(target_dist=Gaussian(sigma=2), learned_dist=Gaussian(), mapper=Embedding(num_embeddings=50))
    """

    history: History | None = None
    training_data: Inputs | None = None
    unit: float = 1.0

    def fit(self, X: Any, y: Any = None, *, neighbors: Any = None, **options: Any) -> ICon:
        """Train the mapper so that q meets p.

        Mappers of this library start anew, so a refit gives the same bits; a module of your own goes on from
        the weights that it has. Data of extreme scale is divided by a power of two, the model's ``unit``.

        With ``checkpoint`` a run that was killed goes on to the bits that it would have had: call the same ``fit``
        again. The file keeps weights, optimiser, step, losses, random states and the order of the batches; while
        ``restarts`` race, those of all that are still in it. A run that has come to its end is returned at once. A run
        of other data, of another model or with other options, more steps too, is refused: schedules count all
        steps, so a longer run is another one (go on from a finished one with ``warm_start``). State that is in
        none of these, such as a module of yours may keep outside of its ``state_dict``, is not kept.

        Parameters
        ----------
        X : array (n, d) or (n, ...), tuple of views, dict, or Features
            Data as for :meth:`forward`. ``open_features(path)`` gives rows that stay on disk: they are read a batch
            at a time, so ``batch_size`` is needed; of several stored views a batch takes as many as the target
            compares, at random.
        y : array of shape (n,), optional
            Labels, for targets and columns that compare them; -1 is unlabelled.
        neighbors : NeighborGraph, optional
            The nearest neighbours of the rows, found already: targets that need them take them from here.
        max_iter : int, default 500
            Optimiser steps. Of a map (``mapper=Embedding(...)``) the default is 300, with the optimiser and schedules
            of maps, unless you name an optimiser, a step size or batches yourself.
        epochs : int, optional
            Passes over the data, in place of ``max_iter``.
        batch_size : int, optional
            Samples of a step; all of them when left out.
        accumulate : int, default 1
            In how many pieces a network embeds a batch, one after another. The activations of a piece are not kept:
            the gradient makes them again, so they need the memory of one piece, for a third more work. The loss still
            compares all samples of the batch, and gradients are those of the whole batch; dropout draws for each
            piece, and batch normalisation takes the moments of a piece.
        positives : int, default 0
            How many of the samples that are positives of it under the target, such as its neighbours, each sample
            of a batch brings along, drawn by their probability. A batch of many clusters holds few otherwise.
        precision : {"32-true", "bf16-mixed", "16-mixed"}, default "32-true"
            Types in which networks compute; parameters, distributions and divergences stay in float32. "16-mixed"
            scales the loss, so that small gradients are not lost, and leaves out a step whose gradients are too large.
        classes_per_batch : int, optional
            Every batch has equally many samples (``batch_size`` over this) of so many classes, both drawn anew: losses
            that compare labels find positives in it. Needs ``y``; samples without a label are left out.
        optimizer : {"adam", "adamw", "sgd", "lars", "delta-bar-delta"}, default "adam"
            "lars" is that of large batches; its step size is usually 0.3 times the samples of a step over 256.
        lr, momentum, gain, weight_decay, exaggeration, temperature : float or schedule, optional
            A schedule maps (step, steps) to a number: ``Constant``, ``Steps``, ``Cosine``; ``lr=PerSample(...)`` is
            one times the number of samples. Momentum, gain and weight decay are those of the optimiser, exaggeration
            multiplies the attraction of the target, temperature divides the learned scores.
        max_grad_norm : float, optional
            The longest gradient, over all trained parameters, that a step takes as it is; longer ones are scaled
            down to it. The event of a step notes the length before (``grad_norm``).
        augment : callable (x, generator) -> view, or several, optional
            Makes the views of every batch; several make them in turn, such as those of
            ``iconlearn.augmentations.image_views("simclr", (3, 32, 32))``.
        restarts : int, default 1
            Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three
            tenths the best twelfth of them all, and of that the best one. Of starts that are on their way to one
            solution only the best goes on.
        baseline : float, optional
            Of a ``SoftmaxHead``: keep the best of eleven k-means solutions, one from the trained clusters, unless the
            modularity of the target's graph is larger by this share after training.
        random_state : int or None, default 0
            Seed of everything random; None draws one.
        tol : float, optional
            Stop when the loss has moved by no more than this share of itself over 50 steps, all of them after the last
            change of a schedule (``lr`` too). Needs losses that can be compared: one target on all rows.
        warm_start : bool, default False
            Go on from the weights that the mappers have, a map from its positions, in the unit of the last fit.
        checkpoint : path, optional
            File to which the state of the run is written every minute, at Ctrl-C and at the end, and from which the
            run goes on if it is there. Ctrl-C then waits for the end of the step; a second one does not. The search
            of the neighbours of rows on disk keeps its state in a folder of this name with ``.neighbors`` behind it.
        checkpoint_every : int, optional
            Steps between two writes, in place of a minute.
        callbacks : tuple of callable, default ()
            Called with every :class:`Event`; returning False stops. Of several processes the first one calls them.
        processes : None, 1 or Fabric, optional
            Under torchrun every process calls the same ``fit``, and they share each batch: a process reads and embeds
            its piece, gradients are those of the whole batch, and all end with the same weights, which are those of
            one process up to float rounding. None joins them, 1 stays alone, a launched Fabric of
            lightning_fabric brings its own settings.

        Returns
        -------
        ICon
            The model itself, fitted. Ctrl-C returns the best state so far.

        Raises
        ------
        InputError
            If the data cannot be used; names row and column.
        OptionError
            If an option is unknown or out of range.
        NonFiniteError
            If the loss stops being finite; names step, tensor and rows.
        MemoryBudgetError
            If the fit needs more memory than is free, by an estimate before any work is done.
        ProcessError
            If another process of the job is gone or has stopped, within a minute; names it.
        FileFormatError
            If the checkpoint is damaged, newer than this version, or that of another run.
        """
        settings = training_options("fit", {"callbacks": (), **suggested(self, options)})
        unit = (
            vars(self).get("unit") if settings.warm_start else None
        )  # weights go with the unit they were fitted in
        across = join(settings.processes, self.device)
        across.place(self)
        with across.telling():
            data = fit_inputs(X, y, unit=unit)
            if data.stored is not None and settings.batch_size is None:
                raise OptionError(
                    f"fit: {data.stored!r} stays on disk and is read a batch at a time; give batch_size=, such as 4096"
                )
            data = self._with_neighbors(data, neighbors, across, settings.checkpoint).to(self.device)
            self.unit = data.unit
            self.history = run_training(self, replace(data, across=across), settings)
        keeps_rows = any(getattr(m, "reads", "value") == "id" for m in self.mapper.modules())
        self.training_data = data if keeps_rows else None
        return self

    def _with_neighbors(self, data: Inputs, neighbors: Any, across: Processes, checkpoint: Any) -> Inputs:
        """The data with the graph that was given, or with one of rows on disk, which only a search of its own finds."""
        if neighbors is None and data.stored is not None:
            if not isinstance(data.stored, Features) and self.target_dist.searches():
                raise InputError(
                    f"fit: {self.target_dist!r} looks for neighbours, but {data.stored!r} are read a batch at a time; "
                    "give neighbors=NeighborGraph.of(features), of features of the same images"
                )
            kept = None if checkpoint is None else f"{checkpoint}.neighbors"
            neighbors = neighbors_of(self.target_dist, data.stored, across.lead, checkpoint=kept)
        return with_neighbors(data, neighbors)

    @torch.no_grad()
    def embed(self, batch: Any) -> Tensor:
        """Embeddings of a batch, (views * n, dim), views below one another; no gradient, training mode off."""
        with evaluating(self.mapper):
            return embed(representation(self.mapper), as_inputs(batch).to(self.device))

    def transform(self, X: Any) -> np.ndarray:
        """Embeddings of rows, (n, dim) float32.

        A parametric mapper is applied. With a table (``Embedding``, ``Assignments``) rows of the training data
        return their own entry, and new rows are placed against the fixed fitted columns; ``{"id": ids}`` alone
        returns the entries of those samples.
        """
        data = fit_inputs(X, None, min_rows=1, unit=self.unit)
        if self.training_data is not None:
            with one_thread_each():
                return self._placed(data)
        views = max(1, len(data.views))
        parts = [part.reshape(views, -1, part.shape[1]) for part in self.transform_pieces(data)]
        return np.concatenate(parts, 1).reshape(views * data.n, -1)

    def transform_pieces(self, X: Any) -> Iterator[np.ndarray]:
        """:meth:`transform`, some thousand rows at a time: what is never held whole, such as stored ``Features``.

        Only where the mapper is parametric. Of several views, those of the rows of a piece lie below one another.

        Examples
        --------
        >>> import numpy as np
        >>> from iconlearn import ICon, KNN, SoftmaxHead, UniformCluster
        >>> X = np.random.default_rng(0).normal(size=(50, 4))
        >>> model = ICon(KNN(5), UniformCluster(), SoftmaxHead(4, 3)).fit(X, max_iter=5)
        >>> [piece.shape for piece in model.transform_pieces(X)]
        [(50, 3)]
        """
        data = fit_inputs(X, None, min_rows=1, unit=self.unit)
        for rows in torch.arange(data.n).split(data.rows_at_once):
            with threads_of(self.mapper):
                piece = finite(self.embed(data.take(rows)).cpu())
            yield piece

    def _placed(self, data: Inputs) -> np.ndarray:
        assert self.training_data is not None
        own = OwnRows.of(self.training_data).find(data)
        fitted = self.embed(self.training_data).cpu()
        out = fitted[own.clamp(min=0)]
        new = (own < 0).nonzero().flatten()
        if len(new):
            columns = replace(self.training_data, neighbors=None)  # those of the fitted rows; a file has none
            out[new] = place(self, columns, data.take(new).to(self.device)).cpu()
        return finite(out)

    def fit_transform(self, X: Any, y: Any = None, **options: Any) -> np.ndarray:
        """``fit`` and then the embedding of the same rows."""
        return self.fit(X, y, **options).transform(X)

    def explain(self, X: Any = None, y: Any = None) -> Explanation:
        """The equation in words and numbers: p, q, the mapper, the plan, the entropies, what is exact.

        Parameters
        ----------
        X, y : optional
            A batch to measure on; without one, only what does not depend on data is told.
        """
        if X is None:
            return explain(self, None)
        batch = fit_inputs(X, y, unit=self.unit).to(self.device)
        told = explain(self, batch)
        budget = estimate(self, sizes_of(self, batch))
        figures = {**told.figures, "fit_bytes": float(budget.bytes)}
        return replace(
            told, lines=(*told.lines, f"memory of a fit of all these rows: {budget}"), figures=figures
        )

    def budget(self, n: int, d: int, batch_size: int | None = None) -> Budget:
        """The estimated peak memory of a fit, within a factor of 1.5; nothing is run.

        It counts what a fit adds to the data as given: a copy, neighbours, both distributions, the optimiser and
        the libraries. What a network holds of its rows comes on top.

        Parameters
        ----------
        n, d : int
            Rows (of all views) and features.
        batch_size : int, optional
            Rows of a step; all when left out.

        Returns
        -------
        Budget
            ``bytes`` at the peak, ``phases`` with the bytes of each, ``free`` bytes now; printable.

        Examples
        --------
        >>> from iconlearn import Embedding, Gaussian, ICon, Perplexity, StudentT
        >>> target = Gaussian(Perplexity(30)).symmetrize()
        >>> model = ICon(target, StudentT(normalize="joint"), Embedding(100_000, 2))
        >>> budget = model.budget(100_000, d=50)
        >>> budget.phase, budget.bytes < 2e9
        ('symmetrising', True)
        """
        n, d = (check_number("budget", k, v, low=1, integer=True) for k, v in (("n", n), ("d", d)))
        if batch_size is not None:
            check_number("budget", "batch_size", batch_size, low=1, integer=True)
        return estimate(self, Sizes(n, d, dimension(self), batch_size, free_memory(torch.device("cpu"))))

    @torch.no_grad()
    def row_losses(self, X: Any = None, y: Any = None) -> np.ndarray:
        r"""Every row's share of the divergence, (n,) float64; NaN for rows on which p has no mass.

        .. math:: D_i = D\bigl(p(\cdot|i)\,\|\,q(\cdot|i)\bigr)

        Their mean over the other rows is the loss on all rows; where p and q are joint, their sum is.

        Parameters
        ----------
        X, y : optional
            The data, as for ``fit``. A model with a table remembers it; views lie below one another.

        Raises
        ------
        InputError
            If X is left out and the model has no data of its own.

        Examples
        --------
        >>> import numpy as np
        >>> from iconlearn import KNN, Embedding, ICon, StudentT
        >>> X = np.random.default_rng(0).normal(size=(30, 4))
        >>> model = ICon(KNN(5), StudentT(), Embedding(30, 2)).fit(X, max_iter=50, lr=0.1)
        >>> model.row_losses().shape
        (30,)
        """
        data = self.training_data if X is None else fit_inputs(X, y, unit=self.unit)
        if data is None:
            raise InputError("row_losses: the model keeps no data; pass the rows: row_losses(X)")
        data = data.to(self.device)
        points = data.points()
        for table in (part for part in self.mapper.modules() if isinstance(part, Table)):
            table.check_rows(points)
        before = self.prepared
        self.hold(self.target_dist.prepare(points))
        try:
            with one_thread_each(), evaluating(self):
                pair = self.pair(data)
                rows = self.measure.rows(pair.target, pair.learned).double()
        finally:
            self.hold(before)
        return rows.masked_fill(pair.target.empty, float("nan")).cpu().numpy()

    def __repr__(self) -> str:
        return rebuild(self, divergence=named(self.divergence))


def named(divergence: str | Divergence) -> str | Divergence:
    """The name that makes this divergence again; the divergence itself if no name does."""
    if isinstance(divergence, str):
        return divergence
    try:
        found = as_divergence(divergence.name)
    except OptionError:
        return divergence
    same = replace(found, formula=divergence.formula) == divergence  # the formula is for people
    return divergence.name if same else divergence


def finite(embedding: Tensor) -> np.ndarray:
    """The embedding as float32, refused if a number in it is not finite."""
    out = embedding.float()
    if not bool(out.isfinite().all()):
        rows = (~out.isfinite()).any(-1).nonzero().flatten()[:5].tolist()
        raise NonFiniteError(
            f"the embedding of rows {rows} is not finite; bring them to the scale of the data that fit was given"
        )
    return out.numpy()
