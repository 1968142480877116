"""data.builtin: a data set for every form, the same every time, that holds what it says."""

from __future__ import annotations

import numpy as np
import pytest

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.builtin import BUILT_IN, EXAMPLES, WORDS
from iconlearn.data.files import load_dataset, load_digits_dataset
from iconlearn.intake import INTAKES

# The grammar of "sentences", said once more: (of one, of several); "the" goes with both.
NOUNS = {"dog": "dogs", "cat": "cats", "child": "children", "bird": "birds", "teacher": "teachers"}
VERBS = {"sees": "see", "likes": "like", "follows": "follow", "hears": "hear"}
DETERMINERS = {"a": "some", "this": "these", "every": "many"}
NUMBER = {one: 0 for kind in (NOUNS, VERBS, DETERMINERS) for one in kind}
NUMBER |= {several: 1 for kind in (NOUNS, VERBS, DETERMINERS) for several in kind.values()}


def is_of(kind: dict[str, str], word: str) -> bool:
    return word in kind or word in kind.values()


def parts_of(source) -> list[np.ndarray]:
    if isinstance(source, tuple):
        return list(source)
    return [source.toarray() if hasattr(source, "toarray") else source]


@pytest.mark.parametrize(("form", "name"), EXAMPLES.items())
def test_every_form_has_a_set_that_its_intake_takes_unchanged(form, name):
    data, again = load_dataset(name), load_dataset(name)
    assert (data.name, data.form) == (name, form)
    taken = parts_of(INTAKES[form].read(data.learns_from, "test"))
    for first, second, read in zip(
        parts_of(data.learns_from), parts_of(again.learns_from), taken, strict=True
    ):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, read)
    assert data.X.ndim == 2
    assert data.X.dtype.kind == "f"
    assert data.X.flags.c_contiguous
    assert np.isfinite(data.X).all()
    assert INTAKES[form].length(data.learns_from) == len(data.X)


def test_the_names_are_those_of_the_forms():
    assert list(EXAMPLES) == list(INTAKES)
    assert set(EXAMPLES.values()) == set(BUILT_IN)


def test_digits():
    data = load_digits_dataset()
    assert (data.X.shape, data.X.dtype, data.image_shape) == ((1797, 64), np.float32, (1, 8, 8))
    assert (data.X.min(), data.X.max(), data.y.dtype) == (0, 16, np.int64)
    assert data.classes == list("0123456789")
    assert set(data.y.tolist()) == set(range(10))
    assert data.learns_from is data.X


@pytest.mark.parametrize("name", ["digits-graph", "digits-halves", "digits-captions"])
def test_digits_in_other_forms_can_be_shown_as_digits(name):
    data, digits = load_dataset(name), load_digits_dataset()
    np.testing.assert_array_equal(data.X, digits.X)
    np.testing.assert_array_equal(data.y, digits.y)
    assert (data.classes, data.image_shape) == (digits.classes, digits.image_shape)


def test_graph_against_its_formula():
    graph, X = load_dataset("digits-graph").source.toarray(), load_digits_dataset().X.astype(int)
    squares = ((X[:, None] - X[None]) ** 2).sum(-1)  # whole numbers, so exact
    np.testing.assert_array_equal(graph, graph.T)
    assert not graph.diagonal().any()
    squares += np.diag(np.full(len(X), 10**9))
    ordered = np.sort(squares, axis=1)
    scale = np.sqrt(ordered[:, 6])
    near = squares <= ordered[:, 9:10]  # with ties, of which the graph keeps some
    sure = squares < ordered[:, 9:10]
    joined = graph > 0
    assert not (joined & ~(near | near.T)).any()
    assert not ((sure | sure.T) & ~joined).any()
    assert joined.sum(1).min() >= 10
    expected = np.exp(-squares / np.outer(scale, scale))
    np.testing.assert_allclose(graph[joined], expected[joined], rtol=1e-10)


def test_halves_are_the_rows_of_pixels():
    upper, lower = load_dataset("digits-halves").source
    images = load_digits_dataset().X.reshape(-1, 8, 8)
    np.testing.assert_array_equal(upper.reshape(-1, 4, 8), images[:, :4])
    np.testing.assert_array_equal(lower.reshape(-1, 4, 8), images[:, 4:])


def test_captions_tell_the_class_and_not_only_that():
    data = load_dataset("digits-captions")
    rows, captions = data.source
    np.testing.assert_array_equal(rows, data.X)
    assert (captions.shape, captions.dtype) == ((1797, 14), np.float32)
    right = captions[:, :10].argmax(1) == data.y
    assert 0.9 < right.mean() < 1  # noisy
    ink = np.corrcoef(captions[:, 10], rows.sum(1))[0, 1]
    assert ink == pytest.approx(1, abs=1e-5)
    images = rows.reshape(-1, 8, 8)
    # of the narrowest and the widest tenth, the bounding boxes say the same
    wide = (images.max(1) > 4).sum(1) / (images.max(2) > 4).sum(1)
    order = captions[:, 11].argsort()
    assert wide[order[:180]].mean() > 1.3 * wide[order[-180:]].mean()
    # the upper half holds more of the ink where the centre is higher
    up = images[:, :4].sum((1, 2)) / images.sum((1, 2))
    assert np.corrcoef(captions[:, 13], up)[0, 1] > 0.8
    # a slash goes down to the left, where rows and columns are negatively correlated
    slash, back = images[:, ::-1].trace(axis1=1, axis2=2), images.trace(axis1=1, axis2=2)
    assert np.corrcoef(captions[:, 12], back - slash)[0, 1] > 0.6
    within = [captions[data.y == k, 10:].std(0).min() for k in range(10)]
    assert min(within) > 0.05  # not the class once more


def test_sentences_follow_their_grammar():
    data = load_dataset("sentences")
    assert (data.source.shape, data.source.dtype) == ((1500, 12), np.int64)
    np.testing.assert_array_equal(data.X, data.source)
    assert (data.y, data.classes, data.image_shape) == (None, list(WORDS), None)
    assert len(set(WORDS)) == len(WORDS) == 41
    assert set(data.source.ravel().tolist()) == set(range(len(WORDS)))
    across = 0
    for ids in data.source:
        words = [WORDS[k] for k in ids]
        assert words[-1] == "."
        subject = number = None
        for word in words:
            if word in ("and", "while"):
                subject = None
            elif word == "the" or is_of(DETERMINERS, word):
                number = NUMBER.get(word)
            elif is_of(NOUNS, word):
                assert number in (None, NUMBER[word]), words
                number = NUMBER[word]
                subject = number if subject is None else subject
            elif is_of(VERBS, word):
                assert NUMBER[word] == subject, words
                across += number != subject
    assert across > 100  # where the nearest noun misleads
    assert len({tuple(ids) for ids in data.source.tolist()}) > 1400


def test_names_that_are_not_built_in():
    with pytest.raises(FileFormatError, match="'digits-graph', .*'sentences'.*did you mean 'digits-halves'"):
        load_dataset("digits-halfs")
    with pytest.raises(FileFormatError, match="did you mean 'sentences'"):
        load_dataset("sentence")
    for name in BUILT_IN:
        with pytest.raises(InputError, match=rf"{name}: labels='y'.*own labels or none; leave it out"):
            load_dataset(name, labels="y")
