"""What every hyper-parameter of the table means: said once, for docstrings and stubs."""

from __future__ import annotations

from collections.abc import Mapping

PARAMETERS: Mapping[str, str] = {
    "alpha": (
        "Uniform mass, in [0, 1]: the share that is spread over all candidates, of the target unless ``debias`` says "
        "otherwise."
    ),
    "beta": "Exponent of the agreement on each cluster, above 0; below 1 weak shared clusters count more.",
    "balance": (
        "Weight of the evenness of cluster sizes in the loss, at least 0: 1 is I-Con's, for classes of one size; less "
        "leaves unequal classes whole; 0 puts everything into one cluster. None takes 0.7, but 1 where ``debias`` is "
        '"target", which draws clusters together, or the divergence is another than "kl".'
    ),
    "context": "Number of tokens that the encoder is shown.",
    "covariance": "Weight of the squared covariances of dimensions, at least 0; more makes them tell different things.",
    "debias": (
        'Where ``alpha`` goes: "learned" (what a pair can cost is bounded), "target", or "both". On the target every '
        "step looks at all pairs of its rows."
    ),
    "df": "Degrees of freedom of the Student-t, above 0; 1 is the Cauchy of t-SNE, inf a Gaussian.",
    "divergence": 'D(p || q): "kl", or with ``balance=1`` "tv", "js", "hellinger" and others.',
    "embedding_dim": "Number of columns of the embedding.",
    "entropy": "Weight of the entropy of the cluster sizes, at least 0; more makes them more even.",
    "exponent": "Power with which distances to the prototypes lose weight, above 0.",
    "hidden": "Width of a hidden layer beside the linear map of the head; 0 leaves the head linear.",
    "invariance": "Weight of the squared distance between views, at least 0.",
    "margin": "How much nearer than its negatives a positive has to be, in units of the metric.",
    "metric": (
        'How distances between rows of X are measured: "euclidean", "cos", "manhattan", "chebyshev", "correlation", '
        '"dot", or a function of two tensors. Precomputed distances go in as '
        "``fit(NeighborGraph.from_distances(D, k))``."
    ),
    "negatives": (
        'Which negatives count: "all", or "semi-hard", those that are farther than the positive (FaceNet).'
    ),
    "n_clusters": "Number of clusters; with fewer rows it is refused.",
    "n_components": "Number of columns of the embedding.",
    "n_neighbors": (
        "Nearest neighbours of a row that count as its own; of a method with ``views``, 0 leaves those alone."
    ),
    "num_views": "Views that are made of every sample, at least 2.",
    "perplexity": "Effective number of neighbours of every row, above 1; typical are 5 to 50.",
    "pretraining": (
        "Share of the steps, at most 0.9, in which the network is trained in 128 dimensions; then a linear layer into "
        "``n_components`` learns alone for a twentieth of that, and at last all of it. The paper has 2/3 of 1500 "
        "epochs; 0 trains all of it from the start."
    ),
    "rate": "Share of the old weights that the moving average of the encoder keeps in a step, in [0, 1].",
    "share": "Width of the kernel on the data, as a share of the data's spread.",
    "sigma": (
        "Width of the kernel, at least 0: at 0 only the hardest negative counts, with more all of them, by their "
        "distance (a softmax of cosines with temperature sigma^2 and an additive margin)."
    ),
    "sizes": "Momentum of the running average of the cluster sizes, in [0, 1); 0 takes those of the batch.",
    "steps": "Longest random walk on the neighbour graph that still joins two rows.",
    "tau_plus": "Assumed share of false negatives among the negatives, in [0, 1).",
    "target_temperature": "Temperature of the softmax that makes the target, above 0.",
    "teacher": "Share of the old weights in a moving average of the head that gives the columns; 0 is without one.",
    "temperature": "Divides the scores of the learned softmax, above 0; lower is harder. It is sigma^2.",
    "variance": "Weight of the hinge that keeps the deviation of each dimension at 1, at least 0.",
    "views": (
        "Views of every sample that are positives too: of stored features some of those that they hold "
        "(``FeatureWriter(views=...)``), of a table jittered rows; with 1 the neighbours alone are positives."
    ),
}

ATTRIBUTES: Mapping[str, str] = {
    "embedding_": "ndarray (n, dim) float32 : what fit made of its samples; of modalities a tuple of them.",
    "labels_": "ndarray (n,) int64 : cluster of every fitted sample.",
    "assignment_": (
        "ndarray (n, n_clusters) : soft assignment of every fitted sample, rows sum to one; not of rows on disk."
    ),
    "confidence_": "ndarray (n,) : the probability of the cluster that every fitted sample was given.",
    "kept_baseline_": (
        "bool : whether the k-means solution was kept (``baseline``). Probabilities are then a softmax of squared "
        "distances to its centres: they rank rows, and no hyper-parameter of the loss has moved them."
    ),
    "classes_": "ndarray (n_classes,) : classes in sorted order, where labels were read.",
    "model_": "ICon : the fitted model; ``model_.explain(X)`` tells what it is made of.",
    "loss_curve_": "ndarray (n_iter_,) float64 : the loss before every step.",
    "n_iter_": "int : steps taken.",
    "diagnostics_": (
        "ndarray (n,) : share of every fitted sample in the loss, NaN where p has no mass; computed when asked for."
    ),
    "n_features_in_": "int : number of columns of X.",
    "feature_names_in_": "ndarray (n_features_in_,) of str : columns of X, where it had names.",
}

RAISES: Mapping[str, str] = {
    "InputError": "If the data cannot be used, with row and column of what is wrong (a ValueError).",
    "OptionError": "If an option is unknown, out of range, or does not go with another (a ValueError).",
    "NonFiniteError": "If the loss stops being finite, with step and rows.",
}

# What a parameter of a user's own method is said to be.
UNKNOWN = "A hyper-parameter of the method."
