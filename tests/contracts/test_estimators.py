"""scikit-learn's own checks on every estimator, and what users of pipelines rely on."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from toys import PLAIN, ROWS, blobs, small, source_of

import iconlearn
from iconlearn import InputError, OptionError
from iconlearn.estimators import ESTIMATORS, ClusterEstimator

X, Y = blobs()
QUICK = {"max_iter": 5, "restarts": 2}
# scikit-learn's checks fit as few as ten rows.
TINY = {"perplexity": 3.0, "n_neighbors": 3, "n_clusters": 3, "embedding_dim": 4}
# These have to classify for scikit-learn, and start slowly.
SLOW_STARTS = ("error-rate", "harmonic", "label-to-wide")
PLAIN_ROWS = [row for row in ROWS if row.name in PLAIN]

SPARSE_PROBABILITIES = (
    "scikit-learn's check reads classifier_tags of all that has predict_proba; a clusterer has none"
)


def tiny(row):
    """An estimator of the row for the smallest data."""
    chosen = {name: value for name, value in TINY.items() if name in row.parameters}
    steps = {"max_iter": 60} if row.name in SLOW_STARTS else {"max_iter": 3}
    return ESTIMATORS[row.estimator](**chosen, **steps, restarts=1)


def quick(row, **changed):
    """An estimator of the row for sixty points."""
    return ESTIMATORS[row.estimator](**small(row), **{**QUICK, **changed})


def expected_failures(estimator):
    if isinstance(estimator, ClusterEstimator):
        sparse = dict.fromkeys(
            ("check_estimator_sparse_array", "check_estimator_sparse_matrix"), SPARSE_PROBABILITIES
        )
        return sparse | ({"check_clustering": "it fits without labels"} if estimator.row.needs_labels else {})
    return {}


# Half a hundred checks each: of every kind of estimator one or two, and all others with the slow tests.
OF_EVERY_KIND = (
    *("t-sne", "pca", "k-means", "infonce-clustering", "label-to-clusters"),
    *("simclr", "cross-entropy"),
)


@parametrize_with_checks(
    [tiny(row) for row in PLAIN_ROWS if row.name in OF_EVERY_KIND], expected_failed_checks=expected_failures
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [tiny(row) for row in PLAIN_ROWS if row.name not in OF_EVERY_KIND],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_all(estimator, check):
    check(estimator)


def test_the_quick_checks_are_of_every_kind():
    kinds = {type(tiny(row)).__mro__[1] for row in PLAIN_ROWS}
    assert {type(tiny(row)).__mro__[1] for row in PLAIN_ROWS if row.name in OF_EVERY_KIND} == kinds
    assert {row.name for row in PLAIN_ROWS} >= set(OF_EVERY_KIND)


def test_every_row_has_its_own_public_estimator():
    assert len({row.estimator for row in ROWS}) == len(ROWS)
    for row in ROWS:
        cls = getattr(iconlearn, row.estimator)
        assert cls is ESTIMATORS[row.estimator]
        assert cls.__name__ == row.estimator
        assert row.paper in cls.__doc__
        assert row.estimator in dir(iconlearn)


@pytest.mark.parametrize("row", PLAIN_ROWS, ids=PLAIN)
def test_clone_pickle_refit_and_sparse_agree(row):
    estimator = quick(row).fit(X, Y)
    read = "predict_proba" if row.clusters else "transform"
    first = getattr(estimator, read)(X)
    assert np.isfinite(first).all()
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(getattr(again, read)(X), first)
    copy = clone(estimator)
    assert not hasattr(copy, "model_")
    assert copy.get_params() == estimator.get_params()
    np.testing.assert_array_equal(getattr(copy.fit(X, Y), read)(X), first)
    np.testing.assert_array_equal(getattr(estimator.fit(X, Y), read)(X), first)
    from scipy.sparse import csr_array

    np.testing.assert_array_equal(getattr(estimator.fit(csr_array(X), Y), read)(csr_array(X)), first)
    assert estimator.n_features_in_ == 6
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 5


@pytest.mark.parametrize("row", [r for r in PLAIN_ROWS if not r.clusters], ids=lambda r: r.name)
def test_transformers_fit_pipelines_and_pandas(row):
    import pandas

    estimator = quick(row)
    both = estimator.fit_transform(X, Y)
    np.testing.assert_array_equal(both, estimator.transform(X))
    np.testing.assert_array_equal(both, estimator.embedding_)
    names = estimator.get_feature_names_out()
    assert len(names) == both.shape[1] == len(set(names))
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    table = clone(estimator).set_output(transform="pandas").fit(frame, Y).transform(frame)
    assert list(table.columns) == list(names)
    np.testing.assert_array_equal(table.to_numpy(), both)
    pipeline = make_pipeline(StandardScaler(), clone(estimator))
    assert pipeline.fit(frame, Y).transform(frame).shape == both.shape
    named = clone(estimator).fit(frame, Y)
    assert list(named.feature_names_in_) == list("abcdef")
    with pytest.raises(InputError, match="feature names"):
        named.transform(frame[list("fedcba")])


@pytest.mark.parametrize("row", [r for r in PLAIN_ROWS if r.clusters], ids=lambda r: r.name)
def test_clusterings_predict_soft_and_hard(row):
    estimator = quick(row, max_iter=30)
    labels = estimator.fit_predict(X, Y)
    np.testing.assert_array_equal(labels, estimator.labels_)
    np.testing.assert_array_equal(labels, estimator.predict(X))
    fresh = X + 0.05
    for rows in (X, fresh, fresh[:1]):
        soft = estimator.predict_proba(rows)
        assert soft.shape == (len(rows), 4)
        np.testing.assert_allclose(soft.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(
        estimator.predict_proba(fresh[5:8]), estimator.predict_proba(fresh)[5:8], rtol=1e-3, atol=1e-5
    )
    assert (estimator.predict(fresh) == labels).mean() > 0.9


OTHER_FORMS = [row for row in ROWS if row.name not in PLAIN]


@pytest.mark.parametrize("row", OTHER_FORMS, ids=lambda r: r.name)
def test_other_forms_of_data_fit_and_embed(row):
    source = source_of(row, X)
    estimator = quick(row).fit(source)
    again = pickle.loads(pickle.dumps(estimator))
    if not row.takes.places_new:
        assert not hasattr(estimator, "transform")
        assert not hasattr(estimator, "predict")
        kept = "labels_" if row.clusters else "embedding_"
        np.testing.assert_array_equal(getattr(again, kept), getattr(clone(estimator).fit(source), kept))
        assert len(getattr(estimator, kept)) == 60
        return
    read = "predict_proba" if row.clusters else "transform"
    first, second = getattr(estimator, read)(source), getattr(again, read)(source)
    for mine, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.isfinite(np.concatenate(first)).all()


@pytest.mark.parametrize("row", OTHER_FORMS, ids=lambda r: r.name)
def test_the_wrong_form_of_data_is_refused_with_the_remedy(row):
    wrong = [X, X[:, 0], (X,), (X[:10], X), X.astype(str)]
    if row.takes.name == "graph":
        wrong = [
            X,
            -np.ones((9, 9)),
            np.triu(np.ones((9, 9)), 1),
            np.eye(5)[::-1] * 0,
            np.full((4, 4), np.nan),
        ]
    for data in wrong:
        with pytest.raises(InputError) as error:
            quick(row).fit(data)
        assert len(str(error.value)) > 30


@pytest.mark.parametrize("row", [r for r in PLAIN_ROWS if r.recipe().mapper_j], ids=lambda r: r.name)
def test_probabilities_sum_to_one(row):
    estimator = quick(row, max_iter=20).fit(X, Y)
    if hasattr(estimator, "predict_proba"):
        np.testing.assert_allclose(estimator.predict_proba(X).sum(1), 1, atol=1e-6)


def test_cross_entropy_classifies_with_names():
    names = np.array(["ant", "bee", "cat", "dog"])[Y]
    row = next(r for r in ROWS if r.name == "cross-entropy")
    estimator = quick(row, max_iter=40).fit(X, names)
    assert estimator.score(X, names) > 0.9
    assert set(estimator.predict(X)) <= set(names)
    np.testing.assert_allclose(estimator.predict_proba(X).sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["TSNE", "InfoNCEClustering", "SimCLR", "SupCon", "CrossEntropy"])
def test_bad_input_is_a_typed_error(name):
    row = next(r for r in ROWS if r.estimator == name)
    with pytest.raises(NotFittedError):
        quick(row).predict(X) if row.clusters else quick(row).transform(X)
    estimator = quick(row).fit(X, Y)
    read = estimator.predict if row.clusters else estimator.transform
    with pytest.raises(InputError, match="3 features.*6 features"):
        read(X[:, :3])
    bad = X.copy()
    bad[1, 0] = np.nan
    with pytest.raises(InputError, match="row 1, column 0"):
        quick(row).fit(bad, Y)
    with pytest.raises(InputError, match="Reshape your data"):
        quick(row).fit(X[:, 0], Y)
    for given in ({"image_shape": (1, 2, 2)}, {"image_shape": 5}, {"image_shape": (1, 2, "x")}):
        with pytest.raises((InputError, OptionError), match="image_shape"):
            quick(row, **given).fit(X, Y)
    for given in ({"random_state": -1}, {"random_state": "x"}, {"callbacks": print}, {"restarts": 0}):
        with pytest.raises(OptionError, match=next(iter(given))):
            quick(row, **given).fit(X, Y)
    with pytest.raises(OptionError, match="did you mean 'max_iter'"):
        ESTIMATORS[name](maxiter=3)


def test_bad_labels_are_typed_errors():
    row = next(r for r in ROWS if r.name == "supcon")
    cases = {
        "target y is None": None,
        r"shape \(59,\)": Y[:-1],
        r"shape \(60, 2\)": np.stack([Y, Y], 1),
        "continuous": Y + 0.5,
        "NaN or infinite in row 3": np.where(np.arange(60) == 3, np.nan, Y),
        "codes or names": np.array([0, "a", None] * 20, dtype=object),
    }
    for message, labels in cases.items():
        with pytest.raises(InputError, match=message):
            quick(row).fit(X, labels)


def test_random_states(monkeypatch):
    row = next(r for r in ROWS if r.name == "pca")
    first = quick(row, random_state=np.random.RandomState(3)).fit(X).embedding_
    np.testing.assert_array_equal(quick(row, random_state=np.random.RandomState(3)).fit(X).embedding_, first)
    assert not np.array_equal(quick(row, random_state=4).fit(X).embedding_, first)
    one, two = (quick(row, random_state=None).fit(X).embedding_ for _ in range(2))
    assert not np.array_equal(one, two)


def test_options_of_all_estimators_do_something(capsys):
    row = next(r for r in ROWS if r.name == "infonce-clustering")
    estimator = quick(row, verbose=1, restarts=3).fit(X)
    assert "infonce-clustering" in capsys.readouterr().err
    assert len(estimator.model_.history.restart_losses) > 0
    assert len(quick(row, max_iter=7).fit(X).loss_curve_) == 7
    seen = []
    quick(row, callbacks=(seen.append,)).fit(X)
    assert {event.kind for event in seen} == {"search", "start", "step", "end"}


@pytest.mark.parametrize("row", OTHER_FORMS, ids=lambda r: r.name)
def test_a_part_of_the_data_is_embedded_as_in_the_whole(row):
    if not row.takes.places_new:
        return
    source = row.takes.read(source_of(row, X), row.name)
    estimator = quick(row).fit(source)
    read = estimator.predict_proba if row.clusters else estimator.transform
    part = row.takes.take(source, np.arange(20))
    if row.takes.name == "tokens":
        part = np.minimum(part, 7)  # without the largest tokens
        source = np.concatenate([part, source])
        whole = read(source)[: part.size]
    elif row.takes.name == "modalities" and not row.clusters:
        whole = [view[:20] for view in read(source)]
    else:
        whole = read(source)[:20]
    np.testing.assert_allclose(np.asarray(read(part)), np.asarray(whole), atol=1e-5)


def test_modalities_name_their_columns():
    import pandas

    row = next(r for r in ROWS if r.name == "clip")
    source = source_of(row, X)
    estimator = quick(row).set_output(transform="pandas").fit(source)
    first, second = estimator.transform(source)
    assert isinstance(first, pandas.DataFrame)
    assert list(first.columns) == list(estimator.get_feature_names_out())
    assert np.shape(second) == first.shape


def test_graphs_in_pieces_are_cut_into_them():
    from sklearn.metrics import adjusted_rand_score
    from sklearn.neighbors import kneighbors_graph

    rng = np.random.default_rng(0)
    codes = np.arange(1200) % 6
    graph = kneighbors_graph(20 * np.eye(6)[codes] + rng.normal(size=(1200, 6)), 10)
    graph = graph + graph.T
    for name in ("SpectralClustering", "NormalizedCuts"):
        labels = ESTIMATORS[name](n_clusters=6, max_iter=3, restarts=2).fit_predict(graph)
        assert adjusted_rand_score(codes, labels) == 1, name
    ring = np.roll(np.eye(600), 1, 0) + np.roll(np.eye(600), -1, 0)  # every vector of degrees is constant
    one, two = (
        ESTIMATORS["NormalizedCuts"](n_clusters=3, max_iter=2, restarts=1).fit_predict(ring) for _ in "ab"
    )
    np.testing.assert_array_equal(one, two)
