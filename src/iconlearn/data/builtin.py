"""Built-in data sets, one for each form of data: the digits of scikit-learn in four of them, and a toy language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from iconlearn.data.dataset import Dataset
from iconlearn.data.forms import table_of

NEIGHBOURS, SCALE_NEIGHBOUR = 10, 7  # of the graph, and the one whose distance is a node's own scale
SENTENCES, LENGTH = 1500, 12

_DETERMINERS = (("the", "a", "this", "every"), ("the", "some", "these", "many"))  # of one, of several
_NOUNS = (
    ("dog", "cat", "child", "bird", "teacher"),
    ("dogs", "cats", "children", "birds", "teachers"),
)
_VERBS = (("sees", "likes", "follows", "hears"), ("see", "like", "follow", "hear"))
_SAME = {  # words of one form
    "A": ("small", "big", "young", "wise", "red", "quick", "quiet", "happy"),
    "P": ("near", "with", "behind"),
    "M": ("often", "never"),
    "C": ("and", "while"),
    ".": (".",),
}
# D determiner, A adjective, N noun, P preposition, M adverb, V verb, C conjunction: each of 12 words.
_TEMPLATES = ("DNVDNCDNVDN.", "DANPDANVDAN.", "DANVDANPDAN.", "DNPDNMVDAAN.")

#: The words of "sentences"; a token is a place in this tuple.
WORDS: tuple[str, ...] = tuple(
    dict.fromkeys(
        word for group in (*reversed(_SAME.values()), *_DETERMINERS, *_NOUNS, *_VERBS) for word in group
    )
)


def load_digits_dataset() -> Dataset:
    """The 1797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    Returns
    -------
    Dataset
        X float32 (1797, 64) with values 0 to 16, y 0 to 9, image_shape (1, 8, 8).

    References
    ----------
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_digits_dataset
    >>> load_digits_dataset().X.shape
    (1797, 64)
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Dataset("digits", X.astype(np.float32), y.astype(np.int64), [str(i) for i in range(10)], (1, 8, 8))


def load_digits_graph() -> Dataset:
    """The graph of the 10 nearest neighbours of the digits, with self-tuning weights.

    Two digits are joined where either is among the 10 nearest of the other, by
    ``w_ij = exp(-|x_i - x_j|^2 / (s_i s_j))`` with s_i the distance of x_i to its 7th neighbour.

    Returns
    -------
    Dataset
        source: symmetric csr_array (1797, 1797); X, y, classes and image_shape are those of the digits.

    References
    ----------
    Zelnik-Manor and Perona (2004), Self-Tuning Spectral Clustering.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_digits_graph
    >>> load_digits_graph().source.shape
    (1797, 1797)
    """
    from scipy import sparse
    from sklearn.neighbors import NearestNeighbors

    digits = load_digits_dataset()
    X = digits.X.astype(np.float64)
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(X)
    distance, cols = search.kneighbors()  # without the points themselves
    scale = distance[:, SCALE_NEIGHBOUR - 1]
    weight = np.exp(-(distance**2) / (scale[:, None] * scale[cols]))
    places = np.repeat(np.arange(len(X)), NEIGHBOURS), cols.ravel()
    one_way = sparse.csr_array((weight.ravel(), places), shape=(len(X), len(X)))
    # the weight of a pair is the same from both ends, up to rounding
    graph = sparse.csr_array(one_way.maximum(one_way.T))
    return replace(digits, name="digits-graph", form="graph", source=graph)


def load_digits_halves() -> Dataset:
    """The digits in two modalities: the upper and the lower half of each image.

    Returns
    -------
    Dataset
        source: two float32 tables (1797, 32); X, y, classes and image_shape are those of the digits.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_digits_halves
    >>> [half.shape for half in load_digits_halves().source]
    [(1797, 32), (1797, 32)]
    """
    digits = load_digits_dataset()
    halves = tuple(np.ascontiguousarray(half) for half in np.split(digits.X, 2, axis=1))
    return _of_digits(digits, "digits-halves", "modalities", halves)


def load_digits_captions() -> Dataset:
    """The digits with generated captions, for demonstrations only: a caption tells the label.

    A caption has 14 features: the class as 0 and 1 with Gaussian noise of deviation 0.3 on all ten, and four
    that are standardised and divided by 3: the ink of the image, its height over its width (of deviations of
    the ink from its centre), its slant (their correlation) and its height above the middle. Scores against
    the labels of what was learned from these captions say how well they were used, not what was found.

    Returns
    -------
    Dataset
        source: float32 images (1797, 64) and captions (1797, 14); the rest is that of the digits.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_digits_captions
    >>> [part.shape for part in load_digits_captions().source]
    [(1797, 64), (1797, 14)]
    """
    digits = load_digits_dataset()
    noise = np.random.default_rng(0).normal(scale=0.3, size=(len(digits.X), 10))
    looks = _looks(digits.X.reshape(-1, 8, 8).astype(np.float64))
    looks = (looks - looks.mean(0)) / looks.std(0) / 3
    captions = np.concatenate([np.eye(10)[digits.y] + noise, looks], axis=1).astype(np.float32)
    return _of_digits(digits, "digits-captions", "captioned rows", (digits.X, captions))


def _looks(images: np.ndarray) -> np.ndarray:
    """Ink, aspect, slant and height of the centre of images (n, h, w), as (n, 4)."""
    ink = images.sum((1, 2))
    place = np.arange(images.shape[1], dtype=np.float64)
    down, right = images.sum(2) @ place / ink, images.sum(1) @ place / ink
    far_down, far_right = place - down[:, None], place - right[:, None]
    tall = np.sqrt((images.sum(2) * far_down**2).sum(1) / ink)
    wide = np.sqrt((images.sum(1) * far_right**2).sum(1) / ink)
    slant = np.einsum("nhw,nh,nw->n", images, far_down, far_right) / ink / (tall * wide)
    return np.stack([ink, tall / wide, slant, -down], axis=1)


def _of_digits(digits: Dataset, name: str, form: str, source: Any) -> Dataset:
    return replace(digits, name=name, X=table_of(form, source), form=form, source=source)


def load_sentences() -> Dataset:
    """Sentences of a toy language, 12 words each, with agreement in number.

    One of four templates, such as "the dog sees a cat while these birds like a child ."; determiner and noun
    agree, and the verb agrees with the first noun of its clause, even where another one stands between them
    ("the dogs near a child often see ..."). The k-th word of a kind is drawn with a chance in proportion to
    1 / k.

    Returns
    -------
    Dataset
        source: int64 ids (1500, 12), places in `WORDS`; X holds the same as numbers; no labels.

    Examples
    --------
    >>> from iconlearn.data.builtin import WORDS, load_sentences
    >>> " ".join(WORDS[k] for k in load_sentences().source[0])
    'the dogs near every cat never like many red small birds .'
    """
    rng = np.random.default_rng(0)
    ids = np.array([_sentence(rng) for _ in range(SENTENCES)], dtype=np.int64)
    return Dataset("sentences", table_of("tokens", ids), None, list(WORDS), form="tokens", source=ids)


def _sentence(rng: np.random.Generator) -> list[int]:
    """The ids of one sentence."""
    ids, number, subject = [], 0, None
    for kind in _TEMPLATES[rng.integers(len(_TEMPLATES))]:
        if kind == "D":
            number = int(rng.integers(2))
            subject = number if subject is None else subject
        elif kind == "C":
            subject = None  # the next clause has its own
        forms = {"D": _DETERMINERS[number], "N": _NOUNS[number], "V": _VERBS[subject or 0], **_SAME}[kind]
        chance = np.cumsum(1 / np.arange(1, len(forms) + 1))
        k = int(np.searchsorted(chance, rng.random() * chance[-1], side="right"))
        ids.append(WORDS.index(forms[k]))
    return ids


#: Makers of the built-in data sets by name.
BUILT_IN: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits_dataset,
    "digits-graph": load_digits_graph,
    "digits-halves": load_digits_halves,
    "digits-captions": load_digits_captions,
    "sentences": load_sentences,
}

#: The built-in data set of every form.
EXAMPLES: dict[str, str] = {
    "rows": "digits",
    "graph": "digits-graph",
    "modalities": "digits-halves",
    "captioned rows": "digits-captions",
    "tokens": "sentences",
}
